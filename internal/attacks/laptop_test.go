package attacks

import (
	"bytes"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/vault"
)

// laptop is a locked computer with synced and unsynced items.
func laptop(t *testing.T) (*testkit.Server, *testpc.PC) {
	t.Helper()
	server := testkit.Cloud(t)
	pc := testpc.New(t, "laptop", nil)
	u := pc.SignUp(t, server, email)
	for range 5 {
		testpc.Save(t, u, testpc.Login(titleCanary, userCanary, passwordCanary))
	}
	testpc.Sync(t, u)
	server.Stop()
	testpc.Save(t, u, testpc.Login(titleCanary, userCanary, passwordCanary)) // pending
	u.Lock()
	return server, pc
}

// Attack 28: the disk is scanned. While the app runs, and after lock.
func TestAttack28_DiskHoldsNoPlaintext(t *testing.T) {
	_, pc := laptop(t)
	scan := func(when string) {
		err := filepath.WalkDir(pc.Paths.Home, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if leaked := canaryIn(data); leaked != "" {
				t.Errorf("%s: %q is in %s", when, leaked, filepath.Base(path))
			}
			for _, d := range pc.Keyring.Entries() {
				for name, s := range map[string][]byte{"Secret Key": d.SecretKey.Reveal(), "device seed": d.DeviceSeed.Reveal(), "anchor": d.Anchor.Reveal()} {
					if bytes.Contains(data, s) {
						t.Errorf("%s: %s is in %s", when, name, filepath.Base(path))
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	scan("locked")
	u := pc.Unlock(t)
	scan("unlocked")
	u.Lock()
}

// Attack 28: rows and header are changed with another program. Each change is noticed at unlock, before the password is tried, or
// (a synced row) by the check against the signed root.
func TestAttack28_DatabaseChanged(t *testing.T) {
	_, pc := laptop(t)
	for name, c := range map[string]struct {
		change string
		want   error // at unlock; nil: the check of the rows notices
	}{
		"weaker key derivation":   {`UPDATE account SET profile = 'P1'`, vault.ErrTampered},
		"another generation":      {`UPDATE account SET generation = generation + 1`, vault.ErrTampered},
		"another e-mail":          {`UPDATE account SET email = 'eve@example.com'`, vault.ErrTampered},
		"another server":          {`UPDATE account SET origin = 'https://evil.example'`, session.ErrKeyringLost},
		"sealed key changed":      {`UPDATE account SET sealed_account_key = zeroblob(200)`, vault.ErrTampered},
		"log cut":                 {`DELETE FROM log_entry WHERE seq = (SELECT max(seq) FROM log_entry)`, vault.ErrTampered},
		"pin moved back":          {`UPDATE vault SET pin_seq = 0`, vault.ErrTampered},
		"edit dropped":            {`DELETE FROM object WHERE base_revision IS NULL`, vault.ErrTampered},
		"record generation moved": {`UPDATE integrity SET generation = generation + 1`, vault.ErrTampered},
		"synced row dropped":      {`DELETE FROM object WHERE object_id = (SELECT min(object_id) FROM object WHERE pending_hash IS NULL)`, nil},
		"synced row dead":         {`UPDATE object SET base_state = 2 WHERE object_id = (SELECT min(object_id) FROM object WHERE pending_hash IS NULL)`, nil},
		"synced row older":        {`UPDATE object SET base_revision = base_revision + 1 WHERE object_id = (SELECT min(object_id) FROM object WHERE pending_hash IS NULL)`, nil},
		"hashes swapped":          {`UPDATE object SET base_hash = (SELECT max(base_hash) FROM object) WHERE object_id = (SELECT min(object_id) FROM object WHERE pending_hash IS NULL)`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			thief := pc.Copy(t, nil)
			change(t, thief, c.change)
			u, err := thief.Manager.Unlock(t.Context(), thief.Accounts()[0].ID, testpc.Typed(testpc.Password))
			if c.want != nil {
				if !errors.Is(err, c.want) {
					t.Fatalf("got %v, want %v", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatalf("the rest must stay usable: %v", err)
			}
			defer u.Lock()
			if err := u.Verify(t.Context()); !errors.Is(err, engine.ErrLocalState) {
				t.Errorf("not noticed: %v", err)
			}
		})
	}
}

// change runs SQL on the locked account's file, as a thief with another program would.
func change(t *testing.T, pc *testpc.PC, statement string) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), pc.Paths.Account(pc.Accounts()[0].ID), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	result, err := db.Exec(statement)
	if err != nil {
		t.Fatal(err)
	}
	expectChange(t, result)
}

func expectChange(t *testing.T, result sql.Result) {
	t.Helper()
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("the attack changed %d rows, %v", n, err)
	}
}

// Attack 28: an older copy of the whole file is put back.
func TestAttack28_OlderCopyPutBack(t *testing.T) {
	server, pc := laptop(t)
	server.Restart()
	path := pc.Paths.Account(pc.Accounts()[0].ID)
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	u := pc.Unlock(t)
	account := u.Account().ID
	testpc.Save(t, u, testpc.Login("later", "later", "later"))
	u.Lock()
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := pc.Manager.Unlock(t.Context(), account, testpc.Typed(testpc.Password)); !errors.Is(err, vault.ErrOlderCopy) {
		t.Fatalf("not noticed: %v", err)
	}
}

// Attack 21: with the server's whole database and the right password, but without the Secret Key, nothing can be verified: the
// material that a guess would be tried on does not depend on the password alone.
func TestAttack21_DatabaseAndPasswordWithoutSecretKey(t *testing.T) {
	server := testkit.Cloud(t)
	pc := testpc.New(t, "PC A", nil)
	u := pc.SignUp(t, server, email)
	testpc.Save(t, u, testpc.Login(titleCanary, userCanary, passwordCanary))
	testpc.Sync(t, u)
	stranger := testpc.New(t, "PC X", nil).SignUp(t, server, "eve@example.com").SecretKey()
	server.Stop()
	data, err := os.ReadFile(server.Database())
	if err != nil {
		t.Fatal(err)
	}
	if leaked := canaryIn(data); leaked != "" {
		t.Errorf("%q is in the server's database", leaked)
	}
	for _, d := range pc.Keyring.Entries() {
		if bytes.Contains(data, d.SecretKey.Reveal()) {
			t.Error("the Secret Key is in the server's database")
		}
	}
	u.Lock()
	if _, err := pc.UnlockWithSecretKey(t.Context(), pc.Accounts()[0].ID, testpc.Typed(testpc.Password), stranger); !errors.Is(err, session.ErrWrongPassword) {
		t.Errorf("the right password with another Secret Key: %v", err)
	}
}
