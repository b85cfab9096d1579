package session_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// vaultFile is the file of the PC's one account.
func vaultFile(t *testing.T, pc *testpc.PC) string {
	t.Helper()
	return pc.Paths.Account(pc.Accounts()[0].ID)
}

// closedVault is a PC with a locked account, an item in it that the server has, and one that it has not.
func closedVault(t *testing.T) (*testpc.PC, *testkit.Server, session.Account, string) {
	t.Helper()
	server := testkit.Cloud(t)
	pc := testpc.New(t, "PC", nil)
	u := pc.SignUp(t, server, "anna@example.com")
	testpc.Save(t, u, testpc.Login("Synced", "anna", "1"))
	testpc.Sync(t, u)
	secretKey := u.SecretKey()
	server.Stop()
	testpc.Save(t, u, testpc.Login("Typed here", "anna", "2"))
	u.Lock()
	account := pc.Accounts()[0]
	allInOneFile(t, pc.Paths.Account(account.ID))
	return pc, server, account, secretKey
}

// allInOneFile writes what is in the write-ahead log into the file itself, so that the test can take that elsewhere alone: a connection
// that ends late may have kept SQLite from doing so.
func allInOneFile(t *testing.T, path string) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var busy, log, done int
	err = db.QueryRow(`PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &log, &done)
	if err = errors.Join(err, db.Close()); err != nil || busy != 0 {
		t.Fatalf("checkpoint: busy %d, %v", busy, err)
	}
}

func tryUnlock(pc *testpc.PC, account session.Account) error {
	u, err := pc.Manager.Unlock(context.Background(), account.ID, testpc.Typed(testpc.Password))
	if err == nil {
		u.Lock()
	}
	return err
}

func setVersion(t *testing.T, path string, version int) {
	t.Helper()
	changeOutside(t, path, fmt.Sprintf(`PRAGMA user_version = %d`, version))
}

// changeOutside changes a vault file as who is not Coffer does.
func changeOutside(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err == nil {
		_, err = db.Exec(statement)
	}
	if err := errors.Join(err, closeDB(db)); err != nil {
		t.Fatal(err)
	}
}

func closeDB(db *sql.DB) error {
	if db == nil {
		return nil
	}
	return db.Close()
}

// What is not this account's vault file on this PC is refused by name, is not changed, and when the right file is back in its place
// everything is there.
func TestFilesThatAreNotTheVault(t *testing.T) {
	pc, server, account, secretKey := closedVault(t)
	server.Restart()
	elsewhere := testpc.New(t, "Another PC", nil)
	elsewhere.SignIn(t, server, "anna@example.com", secretKey).Lock()
	stranger := testpc.New(t, "Ben's PC", nil)
	stranger.SignUp(t, server, "ben@example.com").Lock()
	path := pc.Paths.Account(account.ID)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copied := func(from string) func(string) error {
		return func(to string) error {
			content, err := os.ReadFile(from)
			return errors.Join(err, os.WriteFile(to, content, 0o600))
		}
	}
	cut := func(length int) func(string) error {
		return func(to string) error { return os.WriteFile(to, whole[:length], 0o600) }
	}
	cases := map[string]struct {
		put  func(path string) error
		want []error // one of them
	}{
		"of another account": {copied(vaultFile(t, stranger)), []error{vault.ErrOtherAccount}},
		"of another program": {func(to string) error { return foreign(to) }, []error{vault.ErrCorrupt}},
		"of another PC":      {copied(vaultFile(t, elsewhere)), []error{vault.ErrTampered}},
		"of a newer version": {func(to string) error {
			err := copied(path + ".kept")(to)
			setVersion(t, to, 999)
			return err
		}, []error{vault.ErrNewerSchema}},
		"empty":       {cut(0), []error{session.ErrUnknownAccount}},
		"no database": {func(to string) error { return os.WriteFile(to, []byte("Dear diary"), 0o600) }, []error{vault.ErrCorrupt}},
		"a folder":    {func(to string) error { return os.Mkdir(to, 0o700) }, []error{vault.ErrNotAFile}},
		"a pipe":      {func(to string) error { return syscall.Mkfifo(to, 0o600) }, []error{vault.ErrNotAFile}},
		"a device":    {func(to string) error { return os.Symlink(os.DevNull, to) }, []error{vault.ErrNotAFile}},
		"a dead link": {func(to string) error { return os.Symlink(to+".nowhere", to) }, []error{session.ErrUnknownAccount}},
	}
	// Zeros at the end of the last page are not missed: SQLite reads what is short of a page as zeros.
	for _, length := range []int{1, 16, 99, 100, 511, 4095, 4096, 4097, 8192, len(whole) / 2, len(whole) - 4097, len(whole) - 4096} {
		c := cases["empty"]
		c.put, c.want = cut(length), []error{vault.ErrCorrupt, vault.ErrTampered}
		cases[fmt.Sprintf("half copied, %d bytes", length)] = c
	}
	if err := os.Rename(path, path+".kept"); err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if err := c.put(path); err != nil {
				t.Fatal(err)
			}
			before := contentOf(path)
			err := tryUnlock(pc, account)
			if err == nil && strings.HasPrefix(name, "half copied") {
				// What is missing was a page that nothing is in: then all of it has to be there.
				if u := pc.Unlock(t); len(u.Vault().Query(vault.Filter{})) != 2 {
					t.Error("a part of the vault was opened as the whole")
				} else {
					u.Lock()
				}
				removeAll(t, path)
				return
			}
			if !isOne(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if after := contentOf(path); len(before) > 0 && after != before {
				t.Error("the file was changed")
			}
			listed, left := pc.Manager.Accounts(), pc.Manager.Unreadable(t.Context())
			if len(listed) == 0 && left == nil && !errors.Is(err, session.ErrUnknownAccount) {
				t.Error("nobody is told that there was an account")
			}
			removeAll(t, path)
		})
	}
	if err := os.Rename(path+".kept", path); err != nil {
		t.Fatal(err)
	}
	u := pc.Unlock(t)
	if n := len(u.Vault().Query(vault.Filter{})); n != 2 {
		t.Errorf("%d items are left", n)
	}
}

// foreign writes the database of another program.
func foreign(path string) error {
	db, err := sqlite.Open(context.Background(), path, sqlite.Options{})
	if err == nil {
		_, err = db.Exec(`CREATE TABLE bookmark (url TEXT); INSERT INTO bookmark VALUES ('https://coffer.test')`)
	}
	return errors.Join(err, closeDB(db))
}

// contentOf reads what is a file; a pipe would be waited for.
func contentOf(path string) string {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	content, _ := os.ReadFile(path)
	return string(content)
}

func isOne(err error, of []error) bool {
	for _, want := range of {
		if errors.Is(err, want) {
			return true
		}
	}
	return false
}

func removeAll(t *testing.T, path string) {
	t.Helper()
	files, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if file != path+".kept" {
			if err := os.RemoveAll(file); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A vault file may lie on another disk, with a link to it.
func TestLinkToTheVaultFile(t *testing.T) {
	pc, _, account, _ := closedVault(t)
	path, moved := pc.Paths.Account(account.ID), filepath.Join(t.TempDir(), "moved.db")
	if err := errors.Join(os.Rename(path, moved), os.Symlink(moved, path)); err != nil {
		t.Fatal(err)
	}
	if err := tryUnlock(pc, account); err != nil {
		t.Error(err)
	}
}

// Without a backup a damaged file is nobody's: signing in again sets it aside, keeps it, and brings what the server has.
func TestSigningInOverADamagedFile(t *testing.T) {
	for name, damage := range map[string]func(string) error{
		"cut":   func(path string) error { return os.Truncate(path, 5000) },
		"empty": func(path string) error { return os.Truncate(path, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			pc, server, account, secretKey := closedVault(t)
			server.Restart()
			path := pc.Paths.Account(account.ID)
			if err := damage(path); err != nil {
				t.Fatal(err)
			}
			u := pc.SignIn(t, server, "anna@example.com", secretKey)
			if n := len(u.Vault().Query(vault.Filter{})); n != 1 {
				t.Errorf("%d items", n)
			}
			aside, err := filepath.Glob(path + ".damaged-*")
			if err != nil || name == "cut" && len(aside) == 0 {
				t.Errorf("set aside: %v, %v", aside, err)
			}
		})
	}
}

// A vault file that lost its content stands where a backup says whose it was: it is mended like any damaged one.
func TestEmptyFileWithABackupIsDamage(t *testing.T) {
	pc, server, account, _ := closedVault(t)
	server.Restart()
	u := pc.Unlock(t)
	if err := u.BackUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	u.Lock()
	if err := os.Truncate(pc.Paths.Account(account.ID), 0); err != nil {
		t.Fatal(err)
	}
	if err := tryUnlock(pc, account); !errors.Is(err, vault.ErrCorrupt) {
		t.Fatalf("%v, want ErrCorrupt", err)
	}
	u, _, err := pc.Manager.Reload(t.Context(), account.ID, testpc.Typed(testpc.Password), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.Lock)
	if n := len(u.Vault().Query(vault.Filter{})); n != 2 {
		t.Errorf("%d items", n)
	}
}
