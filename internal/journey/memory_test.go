//go:build journey

package journey

import (
	"crypto/rand"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/testsecret"
	"github.com/coffer-vault/coffer/vault"
)

// TestMemoryAfterLock unlocks the program by its keyboard, shows and copies a password, locks, and reads the memory of its process:
// row 29 of the threat model, with a window and a large vault. Of keys and passwords nothing is left; names that the toolkit or something
// else keeps are printed.
func TestMemoryAfterLock(t *testing.T) {
	if err := os.MkdirAll(results, 0o755); err != nil {
		t.Fatal(err)
	}
	cloud, a := startCloud(t), newPC(t, "A")
	defer a.showFailure()
	a.settings(fmt.Sprintf(`{"clipboard_after": %d}`, clearAfter))
	typed := strings.ToLower(rand.Text())
	keys, texts := a.accountWithItem(t, cloud, typed)

	a.start("--server", cloud.api)
	a.after(func() { a.text(typed) })
	a.turn(func() {
		a.keys("Return")
		eventually(t, "the vault to be open", func() bool { return strings.Contains(a.logTail(20), "msg=sync ") })
	})
	a.selectItem(string(texts["title"]))
	a.after(func() { a.keys("ctrl+r") })
	a.keys("ctrl+shift+c")
	pass := string(keys["item password"])
	eventually(t, "the password in the clipboard", func() bool { return a.clipboard() == pass })
	a.shot("10-shown")
	before := keys.InMemory(t, a.app.Process.Pid)
	for _, name := range []string{"AK", "anchor", "item password"} {
		if before[name] == 0 {
			t.Fatalf("the scan does not find %s in a program that is unlocked: it shows nothing", name)
		}
	}
	eventually(t, "the clipboard to be cleared", func() bool { return a.clipboard() == "" })
	a.turn(func() { a.keys("ctrl+l") })
	a.shot("10-locked")

	left := a.leftInMemory(t, keys)
	for _, name := range slices.Sorted(maps.Keys(left)) {
		t.Errorf("%s is %d times in the memory of the locked program", name, left[name])
	}
	t.Logf("of the texts it keeps %v", texts.InMemory(t, a.app.Process.Pid))
}

// forgotten is how long the program may take to forget: the toolkit keeps the size of every text that it has measured for a while.
const forgotten = 150 * time.Second

// leftInMemory waits until nothing is left, for as long as the program may take, and returns what is.
func (p *pc) leftInMemory(t *testing.T, keys testsecret.Set) (left map[string]int) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(5 * time.Second) {
		before := len(left)
		left = keys.InMemory(t, p.app.Process.Pid)
		if len(left) != before {
			t.Logf("%.0f s after the lock there is %v", time.Since(began).Seconds(), left)
		}
		if len(left) == 0 || time.Since(began) > forgotten {
			return left
		}
	}
}

// accountWithItem makes an account in the computer's profile, with the keyring of its session, as the program would. It returns what
// must be forgotten at lock, and the texts of the one item.
func (p *pc) accountWithItem(t *testing.T, cloud *cloud, password string) (keys, texts testsecret.Set) {
	t.Helper()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", p.session.Address)
	paths, err := platform.PathsBelow(filepath.Join(p.home, "Coffer"))
	if err != nil {
		t.Fatal(err)
	}
	keyring := platform.NewKeyring(paths)
	m := session.New(session.Config{Paths: paths, Keyring: keyring, DeviceName: "PC A", Platform: "linux"})
	defer m.Close()
	u := p.signUpWithout(t, m, cloud, password)
	texts = testsecret.Set{"title": []byte(strings.ToLower(rand.Text())), "user name": []byte(strings.ToLower(rand.Text()))}
	it := vault.Item{Kind: vault.Login, Title: string(texts["title"])}
	pass := []byte(rand.Text())
	it.Set(vault.Username, secret.FromString(string(texts["user name"])))
	it.Set(vault.Password, secret.FromString(string(pass)))
	if _, err := u.Vault().Save(t.Context(), it); err != nil {
		t.Fatal(err)
	}
	passwords, names := withMany(t, u)
	maps.Copy(texts, names)
	if err := u.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	account, secretKey := u.Account(), u.SecretKey()
	u.Lock()
	device, err := keyring.Load(t.Context(), account.Origin, account.ID)
	if err != nil {
		t.Fatal(err)
	}
	keys = testsecret.OfAccount(t, paths.Account(account.ID), device, []byte(password))
	keys["item password"] = pass
	maps.Copy(keys, passwords)
	keys["Secret Key, as text"] = []byte(secretKey)
	return keys, texts
}

// withMany fills the vault, so that the search gathers words. It returns what the texts begin with of items that the list never shows: they
// come late in it, and have no character that is typed into the search.
func withMany(t *testing.T, u *session.Unlocked) (passwords, names testsecret.Set) {
	t.Helper()
	const shown, all = 100, 2_100
	text := func() []byte {
		b := []byte("9")
		for _, letter := range rand.Text() { // which has no 0, 1, 8 and 9
			b = append(b, "0189"[letter%4])
		}
		return b
	}
	passwords = testsecret.Set{"passwords of others": text()}
	names = testsecret.Set{"titles of others": text(), "user names of others": text()}
	items := make([]vault.Item, all)
	for n := range items {
		items[n] = vault.Item{ID: id.New(), Kind: vault.Login, Title: fmt.Sprintf("0 first %d", n)}
		items[n].Set(vault.Password, secret.FromString(fmt.Sprintf("%s%b", passwords["passwords of others"], n)))
		if n >= shown {
			items[n].Title = fmt.Sprintf("%s%b", names["titles of others"], n)
			items[n].Set(vault.Username, secret.FromString(fmt.Sprintf("%s%b", names["user names of others"], n)))
		}
	}
	if _, err := u.Vault().Batch(t.Context(), items, nil, nil); err != nil {
		t.Fatal(err)
	}
	return passwords, names
}

// signUpWithout makes the account without a window.
func (p *pc) signUpWithout(t *testing.T, m *session.Manager, cloud *cloud, password string) *session.Unlocked {
	t.Helper()
	began := time.Now()
	s, err := m.BeginSignUp(t.Context(), cloud.api, anna)
	if err == nil {
		err = s.Verify(t.Context(), cloud.code(anna, began))
	}
	if err != nil {
		t.Fatal(err)
	}
	u, err := s.Finish(t.Context(), secret.FromString(password))
	if err == nil {
		err = u.KitSaved(t.Context())
	}
	if err == nil {
		err = u.SkipBrowserImport(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return u
}
