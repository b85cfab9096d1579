package attacks

import (
	crand "crypto/rand"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// Garbled answers in the middle of what changes an account. Here it is not enough that the client ends: the server may have done what
// it was asked for, so afterwards, at a server that has become honest, the account must be whole under one of the two passwords.

func init() {
	register("3", existing, "changes of the account where every answer asks for keys", changeUnderEscrow)
	register("3", fresh, "a recovery where every answer asks for keys", recoverUnderEscrow)
}

// garbledChanges is how many answers each of these courses has garbled; each costs a copy of the server and of two computers.
const garbledChanges = 8

const changedPassword = "a quite different passphrase"

// estate is an account with two computers, the one with an edit that the server has not seen, and what is left of them after a lie.
type estate struct {
	server   *testkit.Server
	backup   testkit.Backup
	pcA, pcB *testpc.PC
	b        id.ID // device
	code     string
	items    map[id.ID]string
	secrets  secrets
}

func newEstate(t *testing.T) *estate {
	t.Helper()
	e := &estate{server: cloud(t), pcA: testpc.New(t, "PC A", nil), pcB: testpc.New(t, "PC B", nil)}
	a := e.pcA.SignUp(t, e.server, email)
	testpc.Save(t, a, canaryItem())
	testpc.Sync(t, a)
	e.pcB.SignIn(t, e.server, email, a.SecretKey()).Lock()
	testpc.Sync(t, a)
	var err error
	if e.code, err = a.RecoveryCode(t.Context()); err != nil {
		t.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()
	e.server.Stop()
	testpc.Save(t, a, testpc.Login("pending", "pending", "pending"))
	e.items = testpc.Contents(t, a)
	a.Lock()
	e.b, e.secrets = logOf(t, e.pcB).Devices()[1].Device, secretsOf(t, e.pcA)
	e.secrets["new password"], e.secrets["recovery code as text"] = []byte(changedPassword), []byte(e.code)
	code, err := keys.ParseRecoveryCode(e.code)
	if err != nil {
		t.Fatal(err)
	}
	e.secrets["recovery code"] = code.Bytes().Reveal()
	e.server.Restart()
	e.backup = e.server.Backup()
	return e
}

// errand is a way to change an account, on computer A behind a liar.
type errand struct {
	name string
	also []string // paths whose answers are garbled although others ask for them, too
	run  func(*estate, *testing.T, *session.Unlocked, *liar) error
}

var errands = []errand{
	{"new password", nil, changeKeys(session.Change{NewPassword: testpc.Typed(changedPassword)})},
	{"new Secret Key", nil, changeKeys(session.Change{NewSecretKey: true})},
	{"rotation", nil, changeKeys(session.Change{Rotate: true})},
	{"device removed", nil, func(e *estate, t *testing.T, u *session.Unlocked, l *liar) error {
		return changeKeys(session.Change{Remove: []id.ID{e.b}})(e, t, u, l)
	}},
	{"devices", []string{"/v1/me"}, lookAfterDevices},
	{"e-mail", []string{"/v1/me"}, changeEmail},
	{"deletion", nil, func(_ *estate, t *testing.T, u *session.Unlocked, _ *liar) error {
		return u.DeleteAccount(t.Context(), testpc.Typed(testpc.Password))
	}},
	{"keys changed elsewhere", nil, adoptKeys},
	{"recovery by another, cancelled", nil, cancelRecovery},
}

func changeKeys(c session.Change) func(*estate, *testing.T, *session.Unlocked, *liar) error {
	return func(_ *estate, t *testing.T, u *session.Unlocked, _ *liar) error {
		c := c
		c.Password = testpc.Typed(testpc.Password)
		return u.Change(t.Context(), c)
	}
}

func lookAfterDevices(e *estate, t *testing.T, u *session.Unlocked, _ *liar) error {
	_, listed := u.Devices(t.Context())
	return errors.Join(listed, u.RenameDevice(t.Context(), e.b, "PC B, upstairs"), u.SignOutOthers(t.Context()))
}

func changeEmail(e *estate, t *testing.T, u *session.Unlocked, l *liar) error {
	address := strings.ToLower(crand.Text()) + "@example.com"
	begun, err := u.BeginEmailChange(t.Context(), testpc.Typed(testpc.Password), address)
	if err != nil {
		return err
	}
	return begun.Finish(t.Context(), codeFor(t, e.server, email, address), codeFor(t, e.server, address, ""))
}

// adoptKeys lets computer B change the password first.
func adoptKeys(e *estate, t *testing.T, u *session.Unlocked, _ *liar) error {
	b := e.pcB.Copy(t, nil).Unlock(t)
	defer b.Lock()
	if err := b.Change(t.Context(), session.Change{Password: testpc.Typed(testpc.Password), NewPassword: testpc.Typed(changedPassword)}); err != nil {
		t.Fatal(err)
	}
	return u.AdoptKeys(t.Context(), testpc.Typed(changedPassword), "")
}

func cancelRecovery(e *estate, t *testing.T, u *session.Unlocked, _ *liar) error {
	r, err := e.beginRecovery(t, testpc.New(t, "PC "+crand.Text(), nil))
	if err != nil {
		t.Fatal(err)
	}
	cancelled := u.CancelRecovery(t.Context())
	if err := r.Open(t.Context()); cancelled == nil && !errors.Is(err, session.ErrRecoveryEnded) {
		t.Errorf("a recovery that was cancelled: %v", err)
	}
	return cancelled
}

func (e *estate) beginRecovery(t *testing.T, pc *testpc.PC) (*session.Recovery, error) {
	t.Helper()
	r, err := pc.BeginRecovery(t.Context(), e.server.URL, email, e.code)
	if err != nil {
		return nil, err
	}
	return r, r.Verify(t.Context(), codeFor(t, e.server, email, pc.Config.DeviceName))
}

func TestGarbledAnswersToChanges(t *testing.T) {
	for _, errand := range errands {
		t.Run(errand.name, func(t *testing.T) {
			e := newEstate(t)
			var pc *testpc.PC
			run := func(l *liar) error {
				pc = e.pcA.Copy(t, l)
				u := pc.Unlock(t)
				defer u.Lock()
				return errand.run(e, t, u, l)
			}
			e.garble(t, errand.also, run, func(t *testing.T) { e.expectWhole(t, pc, errand.name == "deletion") })
		})
	}
}

// garble runs it with an honest server, to see what it asks for, and then with garbled answers, each time from the same state. check
// looks what has become of the account, once the server is honest again.
func (e *estate) garble(t *testing.T, also []string, run func(*liar) error, check func(*testing.T)) {
	t.Helper()
	paths := append(pathsThrough(t, newLiar(t, e.server), run), also...)
	for seed := range uint64(garbledChanges) {
		random := rand.New(rand.NewPCG(seed, 30))
		path, kind := paths[random.IntN(len(paths))], garblers[random.IntN(len(garblers))]
		t.Run(fmt.Sprintf("%d %s %s", seed, kind.name, path[4:]), func(t *testing.T) {
			e.server.Restore(e.backup)
			l := newLiar(t, e.server)
			l.garble(random, path, kind)
			expectModest(t, l, func() { run(l) })
			e.nothingSent(t, l)
			l.lie(nil)
			check(t)
		})
	}
}

func (e *estate) nothingSent(t *testing.T, l *liar) {
	t.Helper()
	for _, set := range []secrets{canaries, e.secrets} {
		if leaked := set.in(l.transcript()); leaked != "" {
			t.Errorf("%s was sent to the server", leaked)
		}
	}
}

// expectWhole looks that nothing is lost on the computer nor in the account: one password opens both, with every item and the edit that
// waited, and nothing is weaker than it was.
func (e *estate) expectWhole(t *testing.T, pc *testpc.PC, deleted bool) {
	t.Helper()
	u := e.unlock(t, pc)
	e.expectItems(t, u, "at unlock")
	if err := u.Sync(t.Context()); errors.Is(err, session.ErrKeysChanged) {
		err = u.AdoptKeys(t.Context(), testpc.Typed(changedPassword), "")
		if err == nil {
			err = u.Sync(t.Context())
		}
		if err != nil {
			t.Errorf("the changed keys are not adopted: %v", err)
		}
	} else if err != nil && !deleted {
		t.Errorf("an honest server is not believed any more: %v", err)
	}
	address, secretKey := u.Account().Email, u.SecretKey()
	e.expectItems(t, u, "after a sync")
	u.Lock()
	e.unlock(t, pc).Lock()
	if profileOf(t, pc) != profileOf(t, e.pcA) {
		t.Error("the key derivation is another one")
	}
	if !deleted {
		e.expectAccount(t, address, secretKey)
	}
}

// unlock opens the account on a computer with one of the two passwords.
func (e *estate) unlock(t *testing.T, pc *testpc.PC) *session.Unlocked {
	t.Helper()
	var all error
	for _, password := range []string{testpc.Password, changedPassword} {
		u, err := pc.Manager.Unlock(t.Context(), pc.Accounts()[0].ID, testpc.Typed(password))
		if err == nil {
			return u
		}
		all = errors.Join(all, err)
	}
	t.Fatalf("no password opens the vault: %v", all)
	return nil
}

func (e *estate) expectItems(t *testing.T, u *session.Unlocked, when string) {
	t.Helper()
	if got := testpc.Contents(t, u); !maps.Equal(got, e.items) {
		t.Errorf("%s the vault has %q, not %q", when, got, e.items)
	}
}

// expectAccount signs a new computer in.
func (e *estate) expectAccount(t *testing.T, address, secretKey string) {
	t.Helper()
	e.server.Clock.Advance(25 * time.Hour) // a day has a limited number of codes
	pc := testpc.New(t, "PC "+crand.Text(), nil)
	signIn, err := pc.BeginSignIn(t.Context(), e.server.URL, address, testpc.Typed(testpc.Password), secretKey)
	if errors.Is(err, session.ErrProofFailed) {
		signIn, err = pc.BeginSignIn(t.Context(), e.server.URL, address, testpc.Typed(changedPassword), secretKey)
	}
	if err != nil {
		t.Fatalf("no password opens the account: %v", err)
	}
	if err := signIn.Verify(t.Context(), codeFor(t, e.server, address, pc.Config.DeviceName)); err != nil {
		t.Fatal(err)
	}
	u, err := signIn.Finish(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Lock()
	e.expectItems(t, u, "on a new computer")
}

// profileOf is the cost of the key derivation in a computer's file.
func profileOf(t *testing.T, pc *testpc.PC) string {
	t.Helper()
	store, err := sqlite.Open(t.Context(), pc.Paths.Account(pc.Accounts()[0].ID))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	account, err := store.Account(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return account.Profile
}

// changeUnderEscrow lets each errand meet a server that asks for keys in every answer. The client does not mind.
func changeUnderEscrow(t *testing.T) {
	e := newEstate(t)
	for _, errand := range errands {
		t.Run(errand.name, func(t *testing.T) {
			e.server.Restore(e.backup)
			l := newLiar(t, e.server)
			l.lie(addEscrow)
			u := e.pcA.Copy(t, l).Unlock(t)
			if err := errand.run(e, t, u, l); err != nil {
				t.Errorf("the client minds: %v", err)
			}
			u.Lock()
			e.nothingSent(t, l)
			onlyKnownPaths(t, l)
		})
	}
}

func recoverUnderEscrow(t *testing.T) {
	e := newEstate(t)
	l := newLiar(t, e.server)
	l.lie(addEscrow)
	r, err := e.beginRecovery(t, testpc.New(t, "PC R", func(c *session.Config) { c.Transport = l }))
	if err != nil {
		t.Fatal(err)
	}
	u, err := e.finishRecovery(t, r)
	if err != nil {
		t.Fatalf("the client minds: %v", err)
	}
	u.Lock()
	e.nothingSent(t, l)
	onlyKnownPaths(t, l)
}

// A recovery whose answers are garbled can be gone on with, or begun again, with the same paper: the code opens the account until new
// keys are in force, and these are on the computer by then.
func TestGarbledAnswersToARecovery(t *testing.T) {
	e := newEstate(t)
	var pc *testpc.PC
	run := func(l *liar) error {
		pc = testpc.New(t, "PC "+crand.Text(), func(c *session.Config) { c.Transport = l })
		r, err := e.beginRecovery(t, pc)
		if err != nil {
			return err
		}
		u, err := e.finishRecovery(t, r)
		if err != nil {
			return err
		}
		u.Lock()
		return nil
	}
	e.garble(t, nil, run, func(t *testing.T) { e.expectRecovered(t, pc) })
}

// finishRecovery waits as long as the server wants.
func (e *estate) finishRecovery(t *testing.T, r *session.Recovery) (*session.Unlocked, error) {
	t.Helper()
	e.server.Clock.Advance(25 * time.Hour)
	if err := r.Open(t.Context()); err != nil {
		return nil, err
	}
	return r.Finish(t.Context(), testpc.Typed(changedPassword), nil)
}

// expectRecovered goes on where the recovery has come to an end, and looks that both computers have everything then.
func (e *estate) expectRecovered(t *testing.T, pc *testpc.PC) {
	t.Helper()
	var u *session.Unlocked
	if len(pc.Accounts()) == 1 {
		u = e.unlock(t, pc)
	} else {
		u = e.goOnRecovering(t, pc)
	}
	defer u.Lock()
	a := e.pcA.Copy(t, nil).Unlock(t)
	defer a.Lock()
	if err := a.Sync(t.Context()); !errors.Is(err, session.ErrKeysChanged) {
		t.Fatalf("the other computer is not told: %v", err)
	}
	if err := a.AdoptKeys(t.Context(), testpc.Typed(changedPassword), ""); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, a)
	testpc.Sync(t, u)
	e.expectItems(t, a, "on the other computer")
	e.expectItems(t, u, "after the recovery")
}

func (e *estate) goOnRecovering(t *testing.T, pc *testpc.PC) *session.Unlocked {
	t.Helper()
	var r *session.Recovery
	var err error
	if pending := pc.PendingRecoveries(); len(pending) == 1 {
		r, err = pc.ResumeRecovery(pending[0], e.code)
	} else {
		pc.Close()
		again := testpc.New(t, "PC "+crand.Text(), func(c *session.Config) { c.Paths, c.Keyring = pc.Paths, pc.Keyring })
		r, err = e.beginRecovery(t, again)
	}
	if err != nil {
		t.Fatal(err)
	}
	u, err := e.finishRecovery(t, r)
	if err != nil {
		t.Fatalf("the recovery does not go on: %v", err)
	}
	return u
}
