// Package testpc gives tests a computer to use Coffer on: a profile folder and a keyring in memory, with the real session, vault
// and HTTP client. Programs must not import it.
package testpc

import (
	"context"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/vault"
)

// Password is the master password of every account that SignUp makes.
const Password = "correct horse battery staple"

// PC is a computer. Its Manager is the running app; Start begins another one on the same profile.
type PC struct {
	*session.Manager
	Paths   platform.Paths
	Keyring *Keyring
	Config  session.Config
}

// New returns a computer with an empty profile. configure may change the Config before the app starts; nil leaves it.
func New(t testing.TB, name string, configure func(*session.Config)) *PC {
	t.Helper()
	return start(t, filepath.Join(t.TempDir(), "profile"), NewKeyring(), name, configure)
}

func start(t testing.TB, home string, keyring *Keyring, name string, configure func(*session.Config)) *PC {
	t.Helper()
	paths, err := platform.PathsBelow(home)
	if err != nil {
		t.Fatal(err)
	}
	p := &PC{Paths: paths, Keyring: keyring}
	p.Config = session.Config{Paths: paths, Keyring: keyring, DeviceName: name, Platform: "linux"}
	if configure != nil {
		configure(&p.Config)
	}
	p.Manager = session.New(p.Config)
	t.Cleanup(p.Manager.Close)
	return p
}

// Copy returns a computer with a copy of the profile and keyring as they are now, behind a network that is transport; nil for the
// real one. The original must be locked. configure may change the Config of the copy.
func (p *PC) Copy(t testing.TB, transport http.RoundTripper, configure ...func(*session.Config)) *PC {
	t.Helper()
	home := filepath.Join(t.TempDir(), "profile")
	if err := os.CopyFS(home, os.DirFS(p.Paths.Home)); err != nil {
		t.Fatal(err)
	}
	p.Keyring.mu.Lock()
	defer p.Keyring.mu.Unlock()
	keyring := NewKeyring()
	for key, d := range p.Keyring.entries {
		keyring.entries[key] = clone(d)
	}
	return start(t, home, keyring, p.Config.DeviceName, func(c *session.Config) {
		c.Transport = transport
		for _, change := range configure {
			change(c)
		}
	})
}

// Unlock unlocks the one account on the computer.
func (p *PC) Unlock(t testing.TB) *session.Unlocked {
	t.Helper()
	accounts := p.Accounts()
	if len(accounts) != 1 {
		t.Fatalf("%d accounts on the computer", len(accounts))
	}
	u, err := p.Manager.Unlock(t.Context(), accounts[0].ID, Typed(Password))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// Typed is what a person typed.
func Typed(s string) secret.Bytes { return secret.FromString(s) }

// SignUp makes an account with the code that the server mails.
func (p *PC) SignUp(t testing.TB, server *testkit.Server, email string) *session.Unlocked {
	t.Helper()
	ctx := t.Context()
	s, err := p.BeginSignUp(ctx, server.URL, email)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(ctx, server.LastCode(t, email)); err != nil {
		t.Fatal(err)
	}
	u, err := s.Finish(ctx, Typed(Password))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// SignIn enrols the computer into an account with the code that the server mails, and confirms what it shows.
func (p *PC) SignIn(t testing.TB, server *testkit.Server, email, secretKey string) *session.Unlocked {
	t.Helper()
	u, err := p.TrySignIn(t, server, email, secretKey)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TrySignIn is SignIn where something may go wrong after the code was asked for.
func (p *PC) TrySignIn(t testing.TB, server *testkit.Server, email, secretKey string) (*session.Unlocked, error) {
	t.Helper()
	ctx := t.Context()
	s, err := p.BeginSignIn(ctx, server.URL, email, Typed(Password), secretKey)
	if err != nil {
		return nil, err
	}
	if !s.CodeNeeded() {
		t.Fatal("a new device got in without a code")
	}
	if err := s.Verify(ctx, server.LastCode(t, email)); err != nil {
		return nil, err
	}
	u, err := s.Finish(ctx, nil)
	if err != nil {
		return nil, err
	}
	return u, u.ConfirmEnrolment(ctx)
}

// Login is a login that is not saved yet.
func Login(title, user, password string) vault.Item {
	it := vault.Item{Kind: vault.Login, Title: title}
	it.Set(vault.Username, Typed(user))
	it.Set(vault.Password, Typed(password))
	return it
}

// Save saves an item.
func Save(t testing.TB, u *session.Unlocked, it vault.Item) vault.Item {
	t.Helper()
	saved, err := u.Vault().Save(t.Context(), it)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

// Get opens an item.
func Get(t testing.TB, u *session.Unlocked, item id.ID) vault.Item {
	t.Helper()
	it, err := u.Vault().Get(t.Context(), item)
	if err != nil {
		t.Fatal(err)
	}
	return it
}

// Sync syncs, which has to succeed.
func Sync(t testing.TB, u *session.Unlocked) {
	t.Helper()
	if err := u.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// patience is how long Until waits before it calls the program stuck. Nothing ever waits for it to pass.
const patience = 3 * time.Minute

// Until waits until something is so that changes the status of the account.
func Until(t testing.TB, u *session.Unlocked, what string, so func() bool) {
	t.Helper()
	changed := make(chan struct{}, 1)
	defer u.OnStatus(func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	})()
	for deadline := time.After(patience); !so(); {
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("waited in vain for: %s; %s has %+v", what, u.Device(), u.Status())
		}
	}
}

// Contents is every item of the vault that opens as text, passwords included, for comparison.
func Contents(t testing.TB, u *session.Unlocked) map[id.ID]string {
	t.Helper()
	all := map[id.ID]string{}
	for _, s := range u.Vault().Query(vault.Filter{}) {
		it, err := u.Vault().Get(t.Context(), s.ID)
		if err != nil {
			continue
		}
		all[s.ID] = it.Title + "\x00" + string(it.Value(vault.Username).Reveal()) + "\x00" + string(it.Value(vault.Password).Reveal())
	}
	return all
}

// Keyring is a keyring in memory; package platform tests the real ones.
type Keyring struct {
	mu      sync.Mutex
	entries map[string]platform.DeviceSecrets
	err     error
}

// NewKeyring returns an empty keyring.
func NewKeyring() *Keyring { return &Keyring{entries: map[string]platform.DeviceSecrets{}} }

// Fail makes every call return err until it is called with nil.
func (k *Keyring) Fail(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.err = err
}

// Clear forgets all entries.
func (k *Keyring) Clear() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.entries)
}

// Entries returns what the keyring keeps.
func (k *Keyring) Entries() map[string]platform.DeviceSecrets {
	k.mu.Lock()
	defer k.mu.Unlock()
	return maps.Clone(k.entries)
}

// Load implements session.Keyring.
func (k *Keyring) Load(_ context.Context, origin string, account id.ID) (platform.DeviceSecrets, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	d, ok := k.entries[origin+account.String()]
	if k.err == nil && !ok {
		return d, platform.ErrNotFound
	}
	return clone(d), k.err
}

// Save implements session.Keyring.
func (k *Keyring) Save(_ context.Context, origin string, account id.ID, d platform.DeviceSecrets) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err == nil {
		k.entries[origin+account.String()] = clone(d)
	}
	return k.err
}

// Delete implements session.Keyring.
func (k *Keyring) Delete(_ context.Context, origin string, account id.ID) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.entries, origin+account.String())
	return k.err
}

func clone(d platform.DeviceSecrets) platform.DeviceSecrets {
	d.SecretKey, d.DeviceSeed, d.Anchor, d.Next.SecretKey = d.SecretKey.Clone(), d.DeviceSeed.Clone(), d.Anchor.Clone(), d.Next.SecretKey.Clone()
	return d
}
