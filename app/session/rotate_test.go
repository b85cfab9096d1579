package session_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

const newPassword = "a quite different passphrase"

// pair is an account with an item on two devices in step.
type pair struct {
	server   *testkit.Server
	pcA, pcB *testpc.PC
	a, b     *session.Unlocked
	item     id.ID
}

func newPair(t *testing.T, configure func(*session.Config)) *pair {
	t.Helper()
	p := &pair{server: testkit.Cloud(t), pcA: testpc.New(t, "PC A", configure), pcB: testpc.New(t, "PC B", nil)}
	p.a = p.pcA.SignUp(t, p.server, email)
	p.item = testpc.Save(t, p.a, testpc.Login("Mail", "anna", "first")).ID
	testpc.Save(t, p.a, testpc.Login("Bank", "anna", "second"))
	testpc.Sync(t, p.a)
	p.b = p.pcB.SignIn(t, p.server, email, p.a.SecretKey())
	testpc.Sync(t, p.a)
	return p
}

// converge edits on both devices and looks that both have the same.
func converge(t *testing.T, a, b *session.Unlocked) {
	t.Helper()
	testpc.Save(t, a, testpc.Login("from A", "a", "1"))
	testpc.Save(t, b, testpc.Login("from B", "b", "2"))
	for range 2 {
		testpc.Sync(t, a)
		testpc.Sync(t, b)
	}
	hasA, hasB := testpc.Contents(t, a), testpc.Contents(t, b)
	if !maps.Equal(hasA, hasB) || len(hasA) < 4 {
		t.Errorf("A has %d items, B %d", len(hasA), len(hasB))
	}
	for _, u := range []*session.Unlocked{a, b} {
		for _, s := range u.Vault().Query(vault.Filter{}) {
			if s.Unreadable || s.Conflict {
				t.Errorf("%s: unreadable %v, conflict %v", s.Title, s.Unreadable, s.Conflict)
			}
		}
	}
}

// adopt takes the changed keys over on a device, after the look that finds them.
func adopt(t *testing.T, u *session.Unlocked, password string) {
	t.Helper()
	if err := u.Sync(t.Context()); !errors.Is(err, session.ErrKeysChanged) {
		t.Fatalf("sync after the keys changed elsewhere: %v", err)
	}
	if !u.Status().Notices.KeysChanged {
		t.Error("the user is not told")
	}
	if err := u.AdoptKeys(t.Context(), testpc.Typed(password), ""); err != nil {
		t.Fatal(err)
	}
	if u.Status().Notices.KeysChanged {
		t.Error("the user is still told")
	}
}

// settle syncs until nothing is left to be sealed again.
func settle(t *testing.T, u *session.Unlocked) {
	t.Helper()
	for range 6 {
		testpc.Sync(t, u)
	}
	stale, err := u.Vault().Stale(t.Context())
	if err != nil || len(stale) > 0 || session.Resealing(u) {
		t.Errorf("%d objects are of an earlier epoch, resealing %v, %v", len(stale), session.Resealing(u), err)
	}
}

func TestNewMasterPassword(t *testing.T) {
	p := newPair(t, nil)
	ctx := t.Context()
	key := p.a.SecretKey()
	if err := p.a.Change(ctx, session.Change{Password: testpc.Typed("wrong"), NewPassword: testpc.Typed(newPassword)}); !errors.Is(err, session.ErrWrongPassword) {
		t.Fatalf("with a wrong password: %v", err)
	}
	if err := p.a.Change(ctx, session.Change{Password: testpc.Typed(testpc.Password), NewPassword: testpc.Typed(newPassword)}); err != nil {
		t.Fatal(err)
	}
	if p.a.SecretKey() != key {
		t.Error("the Secret Key is another one")
	}
	// B goes on with what it has, and syncs once it has the new password.
	testpc.Save(t, p.b, testpc.Login("Offline", "b", "3"))
	if err := p.b.Sync(ctx); !errors.Is(err, session.ErrKeysChanged) {
		t.Fatalf("B: %v", err)
	}
	if err := p.b.AdoptKeys(ctx, testpc.Typed(testpc.Password), ""); !errors.Is(err, session.ErrWrongPassword) {
		t.Errorf("with the old password: %v", err)
	}
	adopt(t, p.b, newPassword)
	converge(t, p.a, p.b)
	for _, pc := range []*testpc.PC{p.pcA, p.pcB} {
		account := pc.Accounts()[0].ID
		pc.Close()
		if _, err := pc.Manager.Unlock(ctx, account, testpc.Typed(testpc.Password)); !errors.Is(err, session.ErrWrongPassword) {
			t.Errorf("unlock with the old password: %v", err)
		}
		u, err := pc.Manager.Unlock(ctx, account, testpc.Typed(newPassword))
		if err != nil {
			t.Fatal(err)
		}
		testpc.Sync(t, u)
	}
}

func TestNewSecretKeyReachesTheOtherDevice(t *testing.T) {
	p := newPair(t, nil)
	ctx := t.Context()
	before, code := p.a.SecretKey(), recoveryCode(t, p.a)
	if err := p.a.Change(ctx, session.Change{Password: testpc.Typed(testpc.Password), NewSecretKey: true}); err != nil {
		t.Fatal(err)
	}
	if p.a.SecretKey() == before || recoveryCode(t, p.a) == code || !p.a.Status().Notices.KitDue {
		t.Error("the kit is not a new one")
	}
	adopt(t, p.b, testpc.Password)
	if p.b.SecretKey() != p.a.SecretKey() {
		t.Error("B has another Secret Key")
	}
	converge(t, p.a, p.b)
	var a *session.Unlocked
	for _, pc := range []*testpc.PC{p.pcB, p.pcA} {
		pc.Close()
		a = pc.Unlock(t)
		testpc.Sync(t, a)
	}
	if _, err := testpc.New(t, "PC X", nil).BeginSignIn(ctx, p.server.URL, email, testpc.Typed(testpc.Password), before); !errors.Is(err, session.ErrProofFailed) {
		t.Errorf("signing in with the old kit: %v", err)
	}
	testpc.New(t, "PC C", nil).SignIn(t, p.server, email, a.SecretKey())
}

func recoveryCode(t *testing.T, u *session.Unlocked) string {
	t.Helper()
	code, err := u.RecoveryCode(t.Context())
	if err != nil || code == "" {
		t.Fatalf("recovery code %q: %v", code, err)
	}
	return code
}

func TestTheKitIsDueUntilItIsSaved(t *testing.T) {
	server, pc := testkit.Cloud(t), testpc.New(t, "PC A", nil)
	u := pc.SignUp(t, server, email)
	code := recoveryCode(t, u)
	u.Lock()
	u = pc.Unlock(t)
	if recoveryCode(t, u) != code || !u.Status().Notices.KitDue {
		t.Error("the code is gone before the kit is saved")
	}
	if err := u.KitSaved(t.Context()); err != nil {
		t.Fatal(err)
	}
	u.Lock()
	u = pc.Unlock(t)
	if code, err := u.RecoveryCode(t.Context()); code != "" || err != nil || u.Status().Notices.KitDue {
		t.Errorf("%q, %v", code, err)
	}
}

func TestARemovedDeviceIsOut(t *testing.T) {
	p := newPair(t, nil)
	ctx := t.Context()
	pcC := testpc.New(t, "PC C", nil)
	c := pcC.SignIn(t, p.server, email, p.a.SecretKey())
	testpc.Sync(t, p.a)
	devices, err := p.a.Devices(ctx)
	if err != nil || len(devices) != 3 || devices[0].Name != "PC C" || !devices[2].This || devices[0].LastSeen.IsZero() {
		t.Fatalf("%+v, %v", devices, err)
	}
	if err := p.a.Change(ctx, session.Change{Password: testpc.Typed(testpc.Password), Remove: []id.ID{devices[0].ID}}); err != nil {
		t.Fatal(err)
	}
	if err := c.Sync(ctx); !errors.Is(err, session.ErrDeviceRevoked) {
		t.Errorf("the removed device: %v", err)
	}
	settle(t, p.a)
	adopt(t, p.b, testpc.Password)
	converge(t, p.a, p.b)
	if devices, err := p.b.Devices(ctx); err != nil || len(devices) != 2 {
		t.Errorf("%+v, %v", devices, err)
	}
	// A device that comes later opens everything, under the newest key.
	d := testpc.New(t, "PC D", nil).SignIn(t, p.server, email, p.a.SecretKey())
	if !maps.Equal(testpc.Contents(t, d), testpc.Contents(t, p.a)) {
		t.Error("a new device has something else")
	}
}

func TestRenameAndNewDevices(t *testing.T) {
	p := newPair(t, nil)
	ctx := t.Context()
	added := p.a.NewDevices()
	if len(added) != 1 || added[0].Name != "PC B" {
		t.Fatalf("A is told of %+v", added)
	}
	if len(p.b.NewDevices()) != 0 {
		t.Error("B is told of the devices that it found")
	}
	if err := p.a.RenameDevice(ctx, added[0].ID, "Laptop"); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, p.b)
	if p.b.Device() != "Laptop" {
		t.Errorf("B is called %q", p.b.Device())
	}
	if err := p.a.KnowDevices(ctx); err != nil {
		t.Fatal(err)
	}
	p.a.Lock()
	if u := p.pcA.Unlock(t); len(u.NewDevices()) != 0 {
		t.Error("told twice")
	}
}

var errKilled = errors.New("killed")

// Wherever the program is ended, the next unlock brings the rotation to its end, and both devices have the same.
func TestRotationKilledAtEveryStep(t *testing.T) {
	for _, step := range []string{"prepared", "sent", "keyring", "adopted", "resealing", "done"} {
		t.Run(step, func(t *testing.T) {
			p := newPair(t, nil)
			var left atomic.Pointer[testpc.PC] // the sync's own loop comes by here too
			session.OnStep(p.pcA.Manager, func(at string) error {
				if at == step && left.Load() == nil {
					left.Store(p.pcA.Copy(t, nil)) // what a kill leaves: file, keyring, server
				}
				if left.Load() != nil {
					return errKilled
				}
				return nil
			})
			err := p.a.Change(t.Context(), session.Change{Password: testpc.Typed(testpc.Password), NewPassword: testpc.Typed(newPassword), Rotate: true})
			for range 8 {
				if left.Load() != nil {
					break
				}
				err = p.a.Sync(t.Context())
			}
			if left.Load() == nil {
				t.Fatalf("the step never came: %v", err)
			}
			p.a.Lock()
			a := unlockEither(t, left.Load())
			settle(t, a)
			if a.Status().Notices.Changing {
				t.Error("the change is still on its way")
			}
			adopt(t, p.b, newPassword)
			converge(t, a, p.b)
			a.Lock()
			if _, err := left.Load().Manager.Unlock(t.Context(), left.Load().Accounts()[0].ID, testpc.Typed(newPassword)); err != nil {
				t.Errorf("unlock after all: %v", err)
			}
		})
	}
}

// unlockEither unlocks with the new password or, as its error says, with the old one.
func unlockEither(t *testing.T, pc *testpc.PC) *session.Unlocked {
	t.Helper()
	account := pc.Accounts()[0].ID
	u, err := pc.Manager.Unlock(t.Context(), account, testpc.Typed(newPassword))
	if errors.Is(err, session.ErrOldPassword) {
		u, err = pc.Manager.Unlock(t.Context(), account, testpc.Typed(testpc.Password))
	}
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// flaky loses the nth request, or its answer, and the stream of events is none of them.
type flaky struct {
	armed  atomic.Bool
	count  atomic.Int64
	nth    int64
	answer bool // the request arrives, and its answer is lost
}

func (f *flaky) RoundTrip(r *http.Request) (*http.Response, error) {
	if !f.armed.Load() || strings.HasSuffix(r.URL.Path, "/events") || f.count.Add(1) != f.nth {
		return http.DefaultTransport.RoundTrip(r)
	}
	if f.answer {
		if resp, err := http.DefaultTransport.RoundTrip(r); err == nil {
			resp.Body.Close()
		}
	}
	return nil, errors.New("connection lost")
}

// Whichever request or answer of a rotation is lost, it is in force on both sides in the end or on none.
func TestRotationWithEveryAnswerLost(t *testing.T) {
	for n := int64(1); n <= 6; n++ {
		for _, answer := range []bool{false, true} {
			t.Run(fmt.Sprint(n, answer), func(t *testing.T) {
				network := &flaky{nth: n, answer: answer}
				p := newPair(t, func(c *session.Config) { c.Transport = network })
				network.armed.Store(true)
				err := p.a.Change(t.Context(), session.Change{Password: testpc.Typed(testpc.Password), Rotate: true})
				network.armed.Store(false)
				if err != nil && !errors.Is(err, session.ErrOffline) {
					t.Fatalf("%v", err)
				}
				settle(t, p.a)
				if p.a.Status().Notices.Changing {
					t.Error("the change is still on its way")
				}
				if err := p.b.Sync(t.Context()); errors.Is(err, session.ErrKeysChanged) {
					adopt(t, p.b, testpc.Password)
				} else if err != nil {
					t.Fatal(err)
				}
				converge(t, p.a, p.b)
			})
		}
	}
}

func TestRotationBegunOffline(t *testing.T) {
	p := newPair(t, nil)
	step := "prepared"
	session.OnStep(p.pcA.Manager, func(at string) error {
		if at == step {
			p.server.Stop()
			step = ""
		}
		return nil
	})
	err := p.a.Change(t.Context(), session.Change{Password: testpc.Typed(testpc.Password), Rotate: true})
	if !errors.Is(err, session.ErrChangeWaits) || !p.a.Status().Notices.Changing {
		t.Fatalf("%v", err)
	}
	testpc.Save(t, p.a, testpc.Login("Offline", "a", "3"))
	p.a.Lock()
	p.server.Restart()
	a := p.pcA.Unlock(t)
	settle(t, a)
	adopt(t, p.b, testpc.Password)
	converge(t, a, p.b)
}

func TestTwoChangesAtOnce(t *testing.T) {
	p := newPair(t, nil)
	ctx := t.Context()
	step := "prepared"
	session.OnStep(p.pcA.Manager, func(at string) error {
		if at != step {
			return nil
		}
		step = ""
		return p.b.Change(ctx, session.Change{Password: testpc.Typed(testpc.Password), NewPassword: testpc.Typed(newPassword)})
	})
	err := p.a.Change(ctx, session.Change{Password: testpc.Typed(testpc.Password), Rotate: true})
	if !errors.Is(err, session.ErrChangeLost) || !p.a.Status().Notices.ChangeLost || p.a.Status().Notices.Changing {
		t.Fatalf("%v, %+v", err, p.a.Status().Notices)
	}
	adopt(t, p.a, newPassword)
	converge(t, p.a, p.b)
}

// Without a keyring a new Secret Key would be nowhere until the kit is saved.
func TestNoNewSecretKeyWithoutAKeyring(t *testing.T) {
	p := newPair(t, nil)
	p.pcA.Keyring.Fail(platform.ErrUnavailable)
	err := p.a.Change(t.Context(), session.Change{Password: testpc.Typed(testpc.Password), Rotate: true})
	if !errors.Is(err, session.ErrNoKeyring) {
		t.Errorf("%v", err)
	}
	p.pcA.Keyring.Fail(nil)
	testpc.Sync(t, p.b)
	converge(t, p.a, p.b)
}

func TestSignOutOthers(t *testing.T) {
	p := newPair(t, nil)
	testpc.Sync(t, p.b)
	if err := p.a.SignOutOthers(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.b.Sync(t.Context()); !errors.Is(err, session.ErrSignedOut) {
		t.Errorf("B: %v", err)
	}
	testpc.Until(t, p.b, "B is told", func() bool { return p.b.Status().Notices.SignedOut })
	p.b.Lock()
	testpc.Sync(t, p.pcB.Unlock(t))
	testpc.Sync(t, p.a)
}

func TestChangeEmail(t *testing.T) {
	p := newPair(t, nil)
	ctx := t.Context()
	const other = "anna@elsewhere.example"
	change, err := p.a.BeginEmailChange(ctx, testpc.Typed(testpc.Password), " Anna@Elsewhere.example")
	if err != nil {
		t.Fatal(err)
	}
	old, fresh := p.server.LastCode(t, email), p.server.LastCode(t, other)
	if err := change.Finish(ctx, fresh, old); err == nil {
		t.Fatal("the codes are interchangeable")
	}
	if err := change.Finish(ctx, old, fresh); err != nil {
		t.Fatal(err)
	}
	if p.a.Account().Email != other {
		t.Errorf("A has %s", p.a.Account().Email)
	}
	p.b.Lock()
	b := p.pcB.Unlock(t)
	testpc.Sync(t, b)
	testpc.Until(t, b, "the new address", func() bool { return b.Account().Email == other })
	testpc.New(t, "PC C", nil).SignIn(t, p.server, other, p.a.SecretKey())
}

func TestDeleteAccount(t *testing.T) {
	p := newPair(t, nil)
	ctx := t.Context()
	if err := p.a.DeleteAccount(ctx, testpc.Typed("wrong")); !errors.Is(err, session.ErrWrongPassword) {
		t.Fatalf("%v", err)
	}
	if err := p.a.DeleteAccount(ctx, testpc.Typed(testpc.Password)); err != nil {
		t.Fatal(err)
	}
	if err := p.b.Sync(ctx); err == nil {
		t.Error("B still syncs")
	}
	if _, err := testpc.New(t, "PC C", nil).BeginSignIn(ctx, p.server.URL, email, testpc.Typed(testpc.Password), p.b.SecretKey()); !errors.Is(err, session.ErrProofFailed) {
		t.Errorf("signing in: %v", err)
	}
	if len(testpc.Contents(t, p.b)) != 2 {
		t.Error("what is on the PC is gone")
	}
}
