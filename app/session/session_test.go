package session

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/vault"
)

func TestMain(m *testing.M) {
	testkit.LowerKDFCost()
	os.Exit(m.Run())
}

// keyring is a keyring in memory; package platform tests the real ones.
type keyring struct {
	mu      sync.Mutex
	entries map[string]platform.DeviceSecrets
	err     error // what every call returns
}

func (k *keyring) Load(_ context.Context, origin string, account id.ID) (platform.DeviceSecrets, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	d, ok := k.entries[origin+account.String()]
	if k.err == nil && !ok {
		return d, platform.ErrNotFound
	}
	return clone(d), k.err
}

func (k *keyring) Save(_ context.Context, origin string, account id.ID, d platform.DeviceSecrets) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err == nil {
		k.entries[origin+account.String()] = clone(d)
	}
	return k.err
}

func (k *keyring) Delete(_ context.Context, origin string, account id.ID) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.entries, origin+account.String())
	return k.err
}

func clone(d platform.DeviceSecrets) platform.DeviceSecrets {
	return platform.DeviceSecrets{SecretKey: d.SecretKey.Clone(), DeviceSeed: d.DeviceSeed.Clone(), Anchor: d.Anchor.Clone(), Generation: d.Generation}
}

// pc is a computer: a profile folder, a keyring, and a Manager for each start of the app.
type pc struct {
	*Manager
	paths   platform.Paths
	keyring *keyring
}

func newPC(t testing.TB, name string) *pc {
	t.Helper()
	paths, err := platform.PathsBelow(filepath.Join(t.TempDir(), "profile"))
	if err != nil {
		t.Fatal(err)
	}
	p := &pc{paths: paths, keyring: &keyring{entries: map[string]platform.DeviceSecrets{}}}
	p.Manager = New(Config{Paths: paths, Keyring: p.keyring, DeviceName: name, Platform: "linux"})
	t.Cleanup(func() { p.Manager.Close() })
	return p
}

const (
	email    = "anna@example.com"
	password = "correct horse battery staple"
)

func typed(s string) secret.Bytes { return secret.FromString(s) }

func signUp(t testing.TB, server *testkit.Server, p *pc, address string) *Unlocked {
	t.Helper()
	ctx := t.Context()
	s, err := p.BeginSignUp(ctx, server.URL, address)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(ctx, server.LastCode(t, address)); err != nil {
		t.Fatal(err)
	}
	u, err := s.Finish(ctx, typed(password))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func signIn(t testing.TB, server *testkit.Server, p *pc, secretKey string) *Unlocked {
	t.Helper()
	ctx := t.Context()
	s, err := p.BeginSignIn(ctx, server.URL, email, typed(password), secretKey)
	if err != nil {
		t.Fatal(err)
	}
	if !s.CodeNeeded() {
		t.Fatal("a new device got in without a code")
	}
	if err := s.Verify(ctx, server.LastCode(t, email)); err != nil {
		t.Fatal(err)
	}
	u, err := s.Finish(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func login(title, user, pass string) vault.Item {
	it := vault.Item{Kind: vault.Login, Title: title}
	it.Set(vault.Username, typed(user))
	it.Set(vault.Password, typed(pass))
	return it
}

func save(t testing.TB, u *Unlocked, it vault.Item) vault.Item {
	t.Helper()
	saved, err := u.Vault().Save(t.Context(), it)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

func get(t testing.TB, u *Unlocked, item id.ID) vault.Item {
	t.Helper()
	it, err := u.Vault().Get(t.Context(), item)
	if err != nil {
		t.Fatal(err)
	}
	return it
}

func syncNow(t testing.TB, u *Unlocked) {
	t.Helper()
	if err := u.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestTwoDevicesHaveTheSame(t *testing.T) {
	server := testkit.Cloud(t)
	a := signUp(t, server, newPC(t, "PC A"), email)
	mail := save(t, a, login("Mail", "anna", "first"))
	syncNow(t, a)

	b := signIn(t, server, newPC(t, "PC B"), a.SecretKey())
	if got := get(t, b, mail.ID); string(got.Value(vault.Password).Reveal()) != "first" {
		t.Fatal("B has another password")
	}
	changed := get(t, b, mail.ID)
	changed.Set(vault.Password, typed("second"))
	save(t, b, changed)
	syncNow(t, b)
	syncNow(t, a)
	if got := get(t, a, mail.ID); string(got.Value(vault.Password).Reveal()) != "second" {
		t.Fatal("B's edit did not reach A")
	}
}

func TestOfflineEditsOfTheSameItemConverge(t *testing.T) {
	server := testkit.Cloud(t)
	pcB := newPC(t, "PC B")
	a := signUp(t, server, newPC(t, "PC A"), email)
	item := save(t, a, login("Mail", "anna", "base")).ID
	syncNow(t, a)
	b := signIn(t, server, pcB, a.SecretKey())
	account := b.Account().ID

	server.Stop()
	for u, pass := range map[*Unlocked]string{a: "typed on A", b: "typed on B"} {
		it := get(t, u, item)
		it.Set(vault.Password, typed(pass))
		save(t, u, it)
		if err := u.Sync(t.Context()); !errors.Is(err, ErrOffline) {
			t.Fatalf("sync without a server: %v", err)
		}
	}
	b.Lock()
	b, err := pcB.Unlock(t.Context(), account, typed(password))
	if err != nil {
		t.Fatalf("unlock offline: %v", err)
	}
	server.Restart()
	for range 2 {
		syncNow(t, a)
		syncNow(t, b)
	}
	itemA, itemB := get(t, a, item), get(t, b, item)
	if !bytes.Equal(itemA.Value(vault.Password).Reveal(), itemB.Value(vault.Password).Reveal()) {
		t.Fatal("the devices did not converge")
	}
	for _, it := range []vault.Item{itemA, itemB} {
		values := []string{string(it.Value(vault.Password).Reveal())}
		for _, past := range it.History {
			values = append(values, string(past.Value.Reveal()))
		}
		for _, want := range []string{"typed on A", "typed on B"} {
			if !contains(values, want) {
				t.Errorf("%q is gone; there is %q", want, values)
			}
		}
		if len(it.Conflicts()) != 1 {
			t.Errorf("%d conflicts", len(it.Conflicts()))
		}
	}
}

func contains(all []string, s string) bool {
	for _, x := range all {
		if x == s {
			return true
		}
	}
	return false
}

func TestWrongPasswordAndSecretKey(t *testing.T) {
	server := testkit.Cloud(t)
	p := newPC(t, "PC A")
	a := signUp(t, server, p, email)
	account, sk := a.Account().ID, a.SecretKey()
	other := signUp(t, server, newPC(t, "PC X"), "eve@example.com").SecretKey()
	a.Lock()
	ctx := t.Context()
	if _, err := p.Unlock(ctx, account, typed("wrong")); !errors.Is(err, ErrWrongPassword) {
		t.Errorf("wrong password: %v", err)
	}
	if _, err := p.Unlock(ctx, id.New(), typed(password)); !errors.Is(err, ErrUnknownAccount) {
		t.Errorf("unknown account: %v", err)
	}
	if _, err := p.UnlockWithSecretKey(ctx, account, typed(password), other); !errors.Is(err, ErrWrongPassword) {
		t.Errorf("another Secret Key: %v", err)
	}
	b := newPC(t, "PC B")
	for name, c := range map[string]struct {
		email, password, sk string
		want                error
	}{
		"password":            {email, "wrong", sk, ErrProofFailed},
		"e-mail":              {"ann@example.com", password, sk, ErrProofFailed},
		"other's Secret Key":  {email, password, other, ErrProofFailed},
		"mistyped Secret Key": {email, password, sk[:len(sk)-1] + "~", ErrSecretKeyMalformed},
	} {
		if _, err := b.BeginSignIn(ctx, server.URL, c.email, typed(c.password), c.sk); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := p.BeginSignIn(ctx, server.URL, email, typed(password), sk); !errors.Is(err, ErrAlreadyHere) {
		t.Errorf("signing in twice on one PC: %v", err)
	}
}

func TestKeyringLostOrMissing(t *testing.T) {
	server := testkit.Cloud(t)
	p := newPC(t, "PC A")
	a := signUp(t, server, p, email)
	item := save(t, a, login("Mail", "anna", "x")).ID
	account, sk := a.Account().ID, a.SecretKey()
	a.Lock()
	ctx := t.Context()

	p.keyring.err = platform.ErrUnavailable
	if _, err := p.Unlock(ctx, account, typed(password)); !errors.Is(err, ErrNoKeyring) {
		t.Fatalf("no keyring: %v", err)
	}
	u, err := p.UnlockWithSecretKey(ctx, account, typed(password), sk)
	if err != nil {
		t.Fatalf("typed Secret Key without a keyring: %v", err)
	}
	device := u.own.device.Key.Public()
	u.Lock()

	p.keyring.err, p.keyring.entries = nil, map[string]platform.DeviceSecrets{}
	if _, err := p.Unlock(ctx, account, typed(password)); !errors.Is(err, ErrKeyringLost) {
		t.Fatalf("empty keyring: %v", err)
	}
	if u, err = p.UnlockWithSecretKey(ctx, account, typed(password), sk); err != nil {
		t.Fatal(err)
	}
	get(t, u, item)
	syncNow(t, u)
	if u.own.device.Key.Public() != device {
		t.Error("the device became another one")
	}
	u.Lock()
	if u, err = p.Unlock(ctx, account, typed(password)); err != nil {
		t.Fatalf("the keyring was not written again: %v", err)
	}
}

func TestSignUpSurvivesALostAnswer(t *testing.T) {
	server := testkit.Cloud(t)
	p := newPC(t, "PC A")
	ctx := t.Context()
	s, err := p.BeginSignUp(ctx, server.URL, email)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(ctx, server.LastCode(t, email)); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	if _, err := s.Finish(ctx, typed(password)); !errors.Is(err, ErrOffline) {
		t.Fatalf("finish without a server: %v", err)
	}
	if len(p.Accounts()) != 1 {
		t.Fatal("the keys were not kept before the server was asked")
	}
	server.Restart()
	u, err := s.Finish(ctx, typed(password))
	if err != nil {
		t.Fatal(err)
	}
	save(t, u, login("Mail", "anna", "x"))
	syncNow(t, u)
}

func TestTwoUsersOnOnePC(t *testing.T) {
	server := testkit.Cloud(t)
	p := newPC(t, "PC A")
	a := signUp(t, server, p, email)
	save(t, a, login("Anna's", "anna", "x"))
	b := signUp(t, server, p, "ben@example.com")
	if n := len(b.Vault().Query(vault.Filter{})); n != 0 {
		t.Fatalf("Ben sees %d items", n)
	}
	if _, err := b.Vault().Get(t.Context(), a.Vault().Query(vault.Filter{})[0].ID); err == nil {
		t.Fatal("Ben opens Anna's item")
	}
	if n := len(p.Accounts()); n != 2 {
		t.Fatalf("%d accounts", n)
	}
}

func TestLockEndsEverything(t *testing.T) {
	server := testkit.Cloud(t)
	a := signUp(t, server, newPC(t, "PC A"), email)
	key := a.own.account.Vault.Key
	a.Lock()
	if err := a.Sync(t.Context()); !errors.Is(err, ErrLocked) {
		t.Errorf("sync after lock: %v", err)
	}
	if _, err := a.Vault().Save(t.Context(), login("x", "y", "z")); !errors.Is(err, vault.ErrClosed) {
		t.Errorf("save after lock: %v", err)
	}
	if !bytes.Equal(key.Reveal(), make([]byte, key.Len())) {
		t.Error("the vault key is still there")
	}
	a.Lock() // twice is fine
}

func TestSyncRunsByItself(t *testing.T) {
	server := testkit.Cloud(t)
	a := signUp(t, server, newPC(t, "PC A"), email)
	b := signIn(t, server, newPC(t, "PC B"), a.SecretKey())
	arrived := make(chan struct{}, 16)
	defer b.Vault().Subscribe(func(vault.Change) { arrived <- struct{}{} })()
	item := save(t, a, login("Mail", "anna", "x")).ID
	select {
	case <-arrived:
		get(t, b, item)
	case <-time.After(30 * time.Second):
		t.Fatal("the edit did not arrive by itself")
	}
}

func TestDamagedFiles(t *testing.T) {
	server := testkit.Cloud(t)
	p := newPC(t, "PC A")
	a := signUp(t, server, p, email)
	save(t, a, login("Mail", "anna", "x"))
	syncNow(t, a)
	account := a.Account().ID
	a.Lock()
	path := p.paths.Account(account)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, damaged := range map[string][]byte{
		"truncated":    whole[:len(whole)/2],
		"no database":  []byte("this is not a database, and it is long enough to be read as one, which it is not either way"),
		"zeros inside": append(append(bytes.Clone(whole[:4096]), make([]byte, 4096)...), whole[8192:]...),
	} {
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Unlock(t.Context(), account, typed(password)); err == nil {
			t.Errorf("%s: opened", name)
		} else {
			t.Logf("%s: %v", name, err)
		}
		os.Remove(path + "-wal")
		os.Remove(path + "-shm")
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Unlock(t.Context(), account, typed(password)); err != nil {
		t.Fatalf("the undamaged file: %v", err)
	}
}
