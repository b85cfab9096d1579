package session_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// damagedPC is a locked account with a backup of yesterday, one item that came since and one that never reached the server; then the
// file is damaged.
func damagedPC(t *testing.T, damage func(t *testing.T, path string)) (pc *testpc.PC, account id.ID) {
	t.Helper()
	pc, u, now := backedUp(t)
	testpc.Save(t, u, testpc.Login("Old", "anna", "x"))
	testpc.Sync(t, u)
	session.BackUpIfDue(u)
	*now = now.Add(time.Hour)
	testpc.Save(t, u, testpc.Login("Synced since", "anna", "x"))
	testpc.Sync(t, u)
	testpc.Save(t, u, testpc.Login("Never synced", "anna", "x"))
	account = u.Account().ID
	u.Lock()
	damage(t, pc.Paths.Account(account))
	return pc, account
}

func rescue(t *testing.T, pc *testpc.PC, account id.ID) (*session.Unlocked, session.Reloaded) {
	t.Helper()
	u, done, err := pc.Reload(t.Context(), account, testpc.Typed(testpc.Password), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	return u, done
}

func titles(u *session.Unlocked) string {
	var all []byte
	for _, s := range u.Vault().Query(vault.Filter{}) {
		all = append(all, s.Title+"; "...)
	}
	return string(all)
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// rootPage is the number of a table's first page.
func rootPage(t *testing.T, path, table string) (page int) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(`SELECT rootpage FROM sqlite_master WHERE name = ?`, table).Scan(&page); err != nil {
		t.Fatal(err)
	}
	return page
}

func TestDamagedFileGoesOnFromABackup(t *testing.T) {
	const all, synced = "Never synced; Old; Synced since; ", "Old; Synced since; "
	for name, c := range map[string]struct {
		damage func(t *testing.T, path string)
		want   string
	}{
		"no database": {func(t *testing.T, path string) { write(t, path, bytes.Repeat([]byte("no database "), 1000)) }, synced},
		"truncated":   {func(t *testing.T, path string) { write(t, path, read(t, path)[:5000]) }, synced},
		"gone":        {func(t *testing.T, path string) { os.Remove(path) }, synced},
		"one page": {func(t *testing.T, path string) {
			data, page := read(t, path), rootPage(t, path, "local_value")
			copy(data[(page-1)*4096:], "no page")
			write(t, path, data)
		}, all},
	} {
		t.Run(name, func(t *testing.T) {
			pc, account := damagedPC(t, c.damage)
			if all := pc.Accounts(); len(all) != 1 || all[0].ID != account || all[0].Email != email {
				t.Errorf("the account is not listed: %v", all)
			}
			if _, err := pc.Manager.Unlock(t.Context(), account, testpc.Typed(testpc.Password)); !errors.Is(err, vault.ErrCorrupt) {
				t.Errorf("unlock: %v", err)
			}
			u, done := rescue(t, pc, account)
			if got := titles(u); got != c.want && got != all {
				t.Errorf("items %s (%+v)", got, done)
			}
			testpc.Sync(t, u)
			if err := u.Verify(t.Context()); err != nil {
				t.Error(err)
			}
			u.Lock()
			pc.Unlock(t).Lock()
			aside, err := filepath.Glob(pc.Paths.Account(account) + ".damaged-*")
			if err != nil || (len(aside) == 0) != (name == "gone") {
				t.Errorf("set aside: %v, %v", aside, err)
			}
		})
	}
}

// A kill between the renames leaves no vault file, and perhaps its log, which must not be applied to the backup.
func TestRescueIsRepeatedAfterAKill(t *testing.T) {
	pc, account := damagedPC(t, func(t *testing.T, path string) {
		if err := os.Rename(path, path+".damaged-20260101T000000.000Z"); err != nil {
			t.Fatal(err)
		}
		write(t, path+"-wal", []byte("log"))
		write(t, path+".new", []byte("half a copy"))
	})
	u, done := rescue(t, pc, account)
	if got := titles(u); got != "Never synced; Old; Synced since; " || done.Salvaged != 1 {
		t.Errorf("%s, %+v", got, done)
	}
}

func TestDamagedFileWithoutABackup(t *testing.T) {
	pc, account := damagedPC(t, func(t *testing.T, path string) {
		backups, err := filepath.Glob(path + ".backup-*")
		if err != nil || len(backups) != 1 {
			t.Fatal(backups, err)
		}
		write(t, backups[0], []byte("damaged too"))
		write(t, path, []byte("damaged"))
	})
	if _, _, err := pc.Reload(t.Context(), account, testpc.Typed(testpc.Password), "", nil); !errors.Is(err, vault.ErrCorrupt) {
		t.Errorf("%v", err)
	}
	if got := string(read(t, pc.Paths.Account(account))); got != "damaged" {
		t.Error("the file was changed")
	}
}
