package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// remove has A remove the other PC, which hears of it by a sync.
func (p *pair) remove(t *testing.T, change session.Change) {
	t.Helper()
	change.Password, change.Remove = testpc.Typed(testpc.Password), []id.ID{p.b.DeviceID()}
	if err := p.a.Change(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	settle(t, p.a)
	if err := p.b.Sync(t.Context()); !errors.Is(err, session.ErrDeviceRevoked) {
		t.Fatalf("the removed PC: %v", err)
	}
}

// comeBack signs a removed PC in again, in the file that it has.
func (p *pair) comeBack(t *testing.T, password, secretKey, at string) {
	t.Helper()
	r, err := p.b.BeginRejoin(t.Context(), testpc.Typed(password), secretKey, at)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Leave()
	if !r.CodeNeeded() {
		t.Fatal("a PC that was removed is let in without a code")
	}
	if at == "" {
		at = email
	}
	if err := r.Verify(t.Context(), p.server.LastCode(t, at)); err != nil {
		t.Fatal(err)
	}
	d, err := r.Compare(t.Context())
	if err != nil || d.Behind || len(d.Undone)+len(d.Again) != 0 {
		t.Fatalf("what would be undone: %+v, %v", d, err)
	}
	if p.b, _, err = r.Finish(t.Context(), d, nil); err != nil {
		t.Fatal(err)
	}
}

// What a PC has that was removed while it was offline, and nobody else, is there after it was signed in again: new items, edits of what
// others have changed since, deletions, files.
func TestARemovedPCComesBackWithWhatItHas(t *testing.T) {
	for name, c := range map[string]struct {
		change   session.Change
		password string
	}{
		"removed":                  {session.Change{}, testpc.Password},
		"and a new password":       {session.Change{NewPassword: testpc.Typed(newPassword)}, newPassword},
		"and a new Secret Key":     {session.Change{NewSecretKey: true}, testpc.Password},
		"and the vault's key, too": {session.Change{Rotate: true}, testpc.Password},
	} {
		t.Run(name, func(t *testing.T) {
			p := drivenPair(t)
			gone := testpc.Save(t, p.a, testpc.Login("Gone", "anna", "x")).ID
			testpc.Sync(t, p.a)
			testpc.Sync(t, p.b)
			typed := testpc.Save(t, p.b, testpc.Login("Typed on B", "anna", "offline")).ID
			edit(t, p.b, p.item, "of B")
			if err := p.b.Vault().DeleteForever(t.Context(), gone); err != nil {
				t.Fatal(err)
			}
			edit(t, p.a, p.item, "of A")
			testpc.Sync(t, p.a)
			p.remove(t, c.change)
			p.b.Lock() // what waits, waits in the file
			p.b = p.pcB.Unlock(t)
			former := p.b.DeviceID()
			p.comeBack(t, c.password, p.a.SecretKey(), "")
			if p.b.DeviceID() == former {
				t.Error("the device that was removed is back")
			}
			for range 2 {
				testpc.Sync(t, p.a)
				testpc.Sync(t, p.b)
			}
			for _, u := range []*session.Unlocked{p.a, p.b} {
				if got := testpc.Get(t, u, typed); string(got.Value(vault.Password).Reveal()) != "offline" {
					t.Errorf("what was typed on B: %s", got.Value(vault.Password).Reveal())
				}
				both := testpc.Get(t, u, p.item)
				has := []string{string(both.Value(vault.Password).Reveal())}
				for _, c := range both.Conflicts() {
					has = append(has, string(c.Value.Reveal()))
				}
				if slices.Sort(has); !slices.Equal(has, []string{"of A", "of B"}) {
					t.Errorf("of what both have typed there is %q", has)
				}
				if _, err := u.Vault().Get(t.Context(), gone); !errors.Is(err, vault.ErrNotFound) {
					t.Errorf("what was deleted on B: %v", err)
				}
			}
			p.b.Lock() // and it opens with the account's password
			again, err := p.pcB.Manager.Unlock(t.Context(), p.pcB.Accounts()[0].ID, testpc.Typed(c.password))
			if err != nil {
				t.Fatal(err)
			}
			testpc.Sync(t, again)
		})
	}
}

// A push has arrived when its PC is removed, and the answer was lost. What was typed after it replaces what it carried, as it would have
// had the PC never been away: it is no question, and an emptied field stays empty.
func TestARemovedPCKnowsWhatItHadSent(t *testing.T) {
	p := drivenPair(t)
	p.b.Lock()
	lose := false
	p.pcB = p.pcB.Copy(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err == nil && lose && strings.HasSuffix(r.URL.Path, "/commits") {
			answer.Body.Close()
			return nil, errors.New("the answer is lost")
		}
		return answer, err
	}), func(c *session.Config) { c.Driven = true })
	p.b = p.pcB.Unlock(t)
	testpc.Sync(t, p.b)
	it := testpc.Get(t, p.b, p.item)
	it.Set(vault.Notes, testpc.Typed("sent"))
	it.Set(vault.Password, testpc.Typed("sent"))
	it = testpc.Save(t, p.b, it)
	lose = true
	if err := p.b.Sync(t.Context()); !errors.Is(err, session.ErrOffline) {
		t.Fatal(err)
	}
	lose = false
	it.Set(vault.Notes, secret.Bytes{})
	it.Set(vault.Password, testpc.Typed("typed since"))
	testpc.Save(t, p.b, it)
	testpc.Sync(t, p.a)
	p.remove(t, session.Change{})
	p.comeBack(t, testpc.Password, p.a.SecretKey(), "")
	testpc.Sync(t, p.b)
	testpc.Sync(t, p.a)
	for _, u := range []*session.Unlocked{p.a, p.b} {
		got := testpc.Get(t, u, p.item)
		if notes, password := got.Value(vault.Notes).Reveal(), got.Value(vault.Password).Reveal(); len(notes) > 0 || string(password) != "typed since" || len(got.Conflicts()) > 0 {
			t.Errorf("notes %q, password %q, %d conflicts", notes, password, len(got.Conflicts()))
		}
	}
}

// drivenPair syncs when the test says so: until then the PCs are offline.
func drivenPair(t *testing.T) *pair {
	t.Helper()
	driven := func(c *session.Config) { c.Driven = true }
	p := &pair{server: testkit.Cloud(t), pcA: testpc.New(t, "PC A", driven), pcB: testpc.New(t, "PC B", driven)}
	p.a = p.pcA.SignUp(t, p.server, email)
	p.item = testpc.Save(t, p.a, testpc.Login("Mail", "anna", "first")).ID
	testpc.Sync(t, p.a)
	p.b = p.pcB.SignIn(t, p.server, email, p.a.SecretKey())
	testpc.Sync(t, p.a)
	return p
}

// edit replaces an item's password.
func edit(t *testing.T, u *session.Unlocked, item id.ID, password string) {
	t.Helper()
	it := testpc.Get(t, u, item)
	it.Set(vault.Password, testpc.Typed(password))
	testpc.Save(t, u, it)
}

// The address was changed while the PC was removed: the account is found at the new one.
func TestARemovedPCComesBackAtAnotherAddress(t *testing.T) {
	const other = "anna@elsewhere.example"
	p := drivenPair(t)
	testpc.Save(t, p.b, testpc.Login("Typed on B", "anna", "offline"))
	p.remove(t, session.Change{})
	change, err := p.a.BeginEmailChange(t.Context(), testpc.Typed(testpc.Password), other)
	if err == nil {
		err = change.Finish(t.Context(), p.server.LastCode(t, email), p.server.LastCode(t, other))
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.b.BeginRejoin(t.Context(), testpc.Typed(testpc.Password), p.a.SecretKey(), ""); !errors.Is(err, session.ErrProofFailed) {
		t.Errorf("at the address of before: %v", err)
	}
	p.comeBack(t, testpc.Password, p.a.SecretKey(), other)
	if p.b.Account().Email != other {
		t.Errorf("the PC has %q", p.b.Account().Email)
	}
	converge(t, p.a, p.b)
}

// failingKeyring saves a number of entries, and then none.
type failingKeyring struct {
	session.Keyring
	left int
}

func (k *failingKeyring) Save(ctx context.Context, origin string, account id.ID, d platform.DeviceSecrets) error {
	if k.left--; k.left < 0 {
		return errors.New("keyring is gone")
	}
	return k.Keyring.Save(ctx, origin, account, d)
}

// A kill between any two things that outlive the process leaves either the PC that was removed or the one that is back, and both open.
func TestAKillWhileARemovedPCComesBack(t *testing.T) {
	for saves := range 3 {
		t.Run(fmt.Sprint(saves), func(t *testing.T) {
			p := drivenPair(t)
			kept := testpc.Save(t, p.b, testpc.Login("Only here", "anna", "x")).ID
			p.remove(t, session.Change{})
			p.b.Lock()
			keyring := &failingKeyring{left: saves + 1} // the unlock saves one
			p.pcB = p.pcB.Copy(t, nil, func(c *session.Config) { c.Driven, keyring.Keyring, c.Keyring = true, c.Keyring, keyring })
			p.b = p.pcB.Unlock(t)
			keyring.left = saves
			r, err := p.b.BeginRejoin(t.Context(), testpc.Typed(testpc.Password), p.a.SecretKey(), "")
			if err == nil {
				err = r.Verify(t.Context(), p.server.LastCode(t, email))
			}
			if err != nil {
				t.Fatal(err)
			}
			seen, err := r.Compare(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			u, _, err := r.Finish(t.Context(), seen, nil)
			r.Leave()
			p.b.Lock()
			if u != nil {
				u.Lock()
			}
			if saves == 0 && err == nil {
				t.Error("a keyring that saves nothing is not noticed")
			}
			keyring.left = 100
			p.b = p.pcB.Unlock(t)
			if err := p.b.Sync(t.Context()); errors.Is(err, session.ErrDeviceRevoked) {
				p.comeBack(t, testpc.Password, p.a.SecretKey(), "")
			}
			testpc.Sync(t, p.b)
			testpc.Sync(t, p.a)
			if got := testpc.Get(t, p.a, kept); got.Title != "Only here" {
				t.Errorf("A has %q", got.Title)
			}
		})
	}
}

// Files that were on their way when the PC was removed come to the others afterwards.
func TestARemovedPCBringsItsFiles(t *testing.T) {
	a, b, item, server := twoCarriers(t)
	file := b.attach(t, item, "f", 2*chunk)
	if err := a.Change(t.Context(), session.Change{Password: testpc.Typed(testpc.Password), Remove: []id.ID{b.deviceID(t)}}); err != nil {
		t.Fatal(err)
	}
	if err := b.Sync(t.Context()); !errors.Is(err, session.ErrDeviceRevoked) {
		t.Fatal(err)
	}
	back := pair{server: server, b: b.Unlocked}
	back.comeBack(t, testpc.Password, a.SecretKey(), "")
	b.Unlocked = back.b
	b.carry(t)
	a.carry(t)
	a.expect(t, file)
}

// Who gives up on the way, or mistypes, has the PC as it was.
func TestARejoinThatIsGivenUpChangesNothing(t *testing.T) {
	p := newPair(t, nil)
	if _, err := p.b.BeginRejoin(t.Context(), testpc.Typed("wrong"), "", ""); !errors.Is(err, session.ErrProofFailed) {
		t.Errorf("a wrong password: %v", err)
	}
	r, err := p.b.BeginRejoin(t.Context(), testpc.Typed(testpc.Password), "", "")
	if err != nil {
		t.Fatal(err)
	}
	r.Leave()
	converge(t, p.a, p.b)
}
