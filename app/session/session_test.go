package session_test

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const email = "anna@example.com"

func TestTwoDevicesHaveTheSame(t *testing.T) {
	server := testkit.Cloud(t)
	a := testpc.New(t, "PC A", nil).SignUp(t, server, email)
	mail := testpc.Save(t, a, testpc.Login("Mail", "anna", "first"))
	testpc.Sync(t, a)

	b := testpc.New(t, "PC B", nil).SignIn(t, server, email, a.SecretKey())
	if got := testpc.Get(t, b, mail.ID); string(got.Value(vault.Password).Reveal()) != "first" {
		t.Fatal("B has another password")
	}
	changed := testpc.Get(t, b, mail.ID)
	changed.Set(vault.Password, testpc.Typed("second"))
	testpc.Save(t, b, changed)
	testpc.Sync(t, b)
	testpc.Sync(t, a)
	if got := testpc.Get(t, a, mail.ID); string(got.Value(vault.Password).Reveal()) != "second" {
		t.Fatal("B's edit did not reach A")
	}
}

func TestOfflineEditsOfTheSameItemConverge(t *testing.T) {
	server := testkit.Cloud(t)
	pcB := testpc.New(t, "PC B", nil)
	a := testpc.New(t, "PC A", nil).SignUp(t, server, email)
	item := testpc.Save(t, a, testpc.Login("Mail", "anna", "base")).ID
	testpc.Sync(t, a)
	b := pcB.SignIn(t, server, email, a.SecretKey())
	account := b.Account().ID

	server.Stop()
	for u, pass := range map[*session.Unlocked]string{a: "typed on A", b: "typed on B"} {
		it := testpc.Get(t, u, item)
		it.Set(vault.Password, testpc.Typed(pass))
		testpc.Save(t, u, it)
		if err := u.Sync(t.Context()); !errors.Is(err, session.ErrOffline) {
			t.Fatalf("sync without a server: %v", err)
		}
	}
	b.Lock()
	b, err := pcB.Manager.Unlock(t.Context(), account, testpc.Typed(testpc.Password))
	if err != nil {
		t.Fatalf("unlock offline: %v", err)
	}
	server.Restart()
	for range 2 {
		testpc.Sync(t, a)
		testpc.Sync(t, b)
	}
	itemA, itemB := testpc.Get(t, a, item), testpc.Get(t, b, item)
	if !bytes.Equal(itemA.Value(vault.Password).Reveal(), itemB.Value(vault.Password).Reveal()) {
		t.Fatal("the devices did not converge")
	}
	for _, it := range []vault.Item{itemA, itemB} {
		values := []string{string(it.Value(vault.Password).Reveal())}
		for _, past := range it.History {
			values = append(values, string(past.Value.Reveal()))
		}
		for _, want := range []string{"typed on A", "typed on B"} {
			if !slices.Contains(values, want) {
				t.Errorf("%q is gone; there is %q", want, values)
			}
		}
		if len(it.Conflicts()) != 1 {
			t.Errorf("%d conflicts", len(it.Conflicts()))
		}
	}
}

func TestWrongPasswordAndSecretKey(t *testing.T) {
	server := testkit.Cloud(t)
	p := testpc.New(t, "PC A", nil)
	a := p.SignUp(t, server, email)
	account, sk := a.Account().ID, a.SecretKey()
	other := testpc.New(t, "PC X", nil).SignUp(t, server, "eve@example.com").SecretKey()
	a.Lock()
	ctx := t.Context()
	if _, err := p.Manager.Unlock(ctx, account, testpc.Typed("wrong")); !errors.Is(err, session.ErrWrongPassword) {
		t.Errorf("wrong password: %v", err)
	}
	if _, err := p.Manager.Unlock(ctx, id.New(), testpc.Typed(testpc.Password)); !errors.Is(err, session.ErrUnknownAccount) {
		t.Errorf("unknown account: %v", err)
	}
	if _, err := p.UnlockWithSecretKey(ctx, account, testpc.Typed(testpc.Password), other); !errors.Is(err, session.ErrWrongPassword) {
		t.Errorf("another Secret Key: %v", err)
	}
	b := testpc.New(t, "PC B", nil)
	for name, c := range map[string]struct {
		email, password, sk string
		want                error
	}{
		"password":            {email, "wrong", sk, session.ErrProofFailed},
		"e-mail":              {"ann@example.com", testpc.Password, sk, session.ErrProofFailed},
		"other's Secret Key":  {email, testpc.Password, other, session.ErrProofFailed},
		"mistyped Secret Key": {email, testpc.Password, sk[:len(sk)-1] + "~", session.ErrSecretKeyMalformed},
	} {
		if _, err := b.BeginSignIn(ctx, server.URL, c.email, testpc.Typed(c.password), c.sk); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := p.BeginSignIn(ctx, server.URL, email, testpc.Typed(testpc.Password), sk); !errors.Is(err, session.ErrAlreadyHere) {
		t.Errorf("signing in twice on one PC: %v", err)
	}
}

func TestKeyringLostOrMissing(t *testing.T) {
	server := testkit.Cloud(t)
	p := testpc.New(t, "PC A", nil)
	a := p.SignUp(t, server, email)
	item := testpc.Save(t, a, testpc.Login("Mail", "anna", "x")).ID
	account, sk := a.Account().ID, a.SecretKey()
	a.Lock()
	ctx := t.Context()

	p.Keyring.Fail(platform.ErrUnavailable)
	if _, err := p.Manager.Unlock(ctx, account, testpc.Typed(testpc.Password)); !errors.Is(err, session.ErrNoKeyring) {
		t.Fatalf("no keyring: %v", err)
	}
	u, err := p.UnlockWithSecretKey(ctx, account, testpc.Typed(testpc.Password), sk)
	if err != nil {
		t.Fatalf("typed Secret Key without a keyring: %v", err)
	}
	device := session.DeviceKey(u)
	u.Lock()

	p.Keyring.Fail(nil)
	p.Keyring.Clear()
	if _, err := p.Manager.Unlock(ctx, account, testpc.Typed(testpc.Password)); !errors.Is(err, session.ErrKeyringLost) {
		t.Fatalf("empty keyring: %v", err)
	}
	if u, err = p.UnlockWithSecretKey(ctx, account, testpc.Typed(testpc.Password), sk); err != nil {
		t.Fatal(err)
	}
	testpc.Get(t, u, item)
	testpc.Sync(t, u)
	if session.DeviceKey(u) != device {
		t.Error("the device became another one")
	}
	u.Lock()
	if _, err := p.Manager.Unlock(ctx, account, testpc.Typed(testpc.Password)); err != nil {
		t.Fatalf("the keyring was not written again: %v", err)
	}
}

func TestSignUpSurvivesALostAnswer(t *testing.T) {
	server := testkit.Cloud(t)
	p := testpc.New(t, "PC A", nil)
	ctx := t.Context()
	s, err := p.BeginSignUp(ctx, server.URL, email)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(ctx, server.LastCode(t, email)); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	if _, err := s.Finish(ctx, testpc.Typed(testpc.Password)); !errors.Is(err, session.ErrOffline) {
		t.Fatalf("finish without a server: %v", err)
	}
	if len(p.Accounts()) != 1 {
		t.Fatal("the keys were not kept before the server was asked")
	}
	server.Restart()
	u, err := s.Finish(ctx, testpc.Typed(testpc.Password))
	if err != nil {
		t.Fatal(err)
	}
	testpc.Save(t, u, testpc.Login("Mail", "anna", "x"))
	testpc.Sync(t, u)
}

func TestTwoUsersOnOnePC(t *testing.T) {
	server := testkit.Cloud(t)
	p := testpc.New(t, "PC A", nil)
	a := p.SignUp(t, server, email)
	testpc.Save(t, a, testpc.Login("Anna's", "anna", "x"))
	b := p.SignUp(t, server, "ben@example.com")
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
	a := testpc.New(t, "PC A", nil).SignUp(t, server, email)
	key := session.VaultKey(a)
	a.Lock()
	if err := a.Sync(t.Context()); !errors.Is(err, session.ErrLocked) {
		t.Errorf("sync after lock: %v", err)
	}
	if _, err := a.Vault().Save(t.Context(), testpc.Login("x", "y", "z")); !errors.Is(err, vault.ErrClosed) {
		t.Errorf("save after lock: %v", err)
	}
	if !bytes.Equal(key.Reveal(), make([]byte, key.Len())) {
		t.Error("the vault key is still there")
	}
	a.Lock() // twice is fine
}

func TestSyncRunsByItself(t *testing.T) {
	server := testkit.Cloud(t)
	a := testpc.New(t, "PC A", nil).SignUp(t, server, email)
	b := testpc.New(t, "PC B", nil).SignIn(t, server, email, a.SecretKey())
	item := testpc.Save(t, a, testpc.Login("Mail", "anna", "x")).ID
	testpc.Until(t, b, "the edit", func() bool { _, err := b.Vault().Get(t.Context(), item); return err == nil })
}

func TestDamagedFiles(t *testing.T) {
	server := testkit.Cloud(t)
	p := testpc.New(t, "PC A", nil)
	a := p.SignUp(t, server, email)
	testpc.Save(t, a, testpc.Login("Mail", "anna", "x"))
	testpc.Sync(t, a)
	account := a.Account().ID
	a.Lock()
	path := p.Paths.Account(account)
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
		if _, err := p.Manager.Unlock(t.Context(), account, testpc.Typed(testpc.Password)); err == nil {
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
	if _, err := p.Manager.Unlock(t.Context(), account, testpc.Typed(testpc.Password)); err != nil {
		t.Fatalf("the undamaged file: %v", err)
	}
}
