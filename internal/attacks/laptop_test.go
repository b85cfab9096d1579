package attacks

import (
	"database/sql"
	"errors"
	"io/fs"
	"math/rand/v2"
	"net/http"
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

// What is done to the files of a computer, and to the server's: rows 21 and 28.
func init() {
	register("21", elsewhere, "database and password without the Secret Key", guessWithoutSecretKey)
	register("28", elsewhere, "the disk is scanned", scanDisk)
	register("28", elsewhere, "rows changed", changeRows)
	register("28", elsewhere, "bytes of the file flipped", flipBytes)
	register("28", elsewhere, "an older copy put back", putBackOlderCopy)
}

// laptop is a locked computer with synced and unsynced items.
func laptop(t *testing.T) (*testkit.Server, *testpc.PC) {
	t.Helper()
	server := cloud(t)
	pc := testpc.New(t, "laptop", nil)
	u := pc.SignUp(t, server, email)
	for range 5 {
		testpc.Save(t, u, canaryItem())
	}
	testpc.Sync(t, u)
	http.DefaultClient.CloseIdleConnections()
	server.Stop()
	testpc.Save(t, u, canaryItem()) // pending
	u.Lock()
	return server, pc
}

// scanDisk scans every file. While the app runs, and after lock.
func scanDisk(t *testing.T) {
	_, pc := laptop(t)
	all := secretsOf(t, pc)
	scan := func(when string) {
		err := filepath.WalkDir(pc.Paths.Home, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, set := range []secrets{canaries, all} {
				if leaked := set.in(data); leaked != "" {
					t.Errorf("%s: %s is in %s", when, leaked, filepath.Base(path))
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

// changeRows changes rows and header with another program. Each change is noticed at unlock, before the password is tried, or
// (a synced row) by the check against the signed root.
func changeRows(t *testing.T) {
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
		"hashes swapped":          {`UPDATE object SET base_hash = (SELECT o.base_hash FROM object o WHERE o.base_hash <> object.base_hash) WHERE object_id = (SELECT min(object_id) FROM object WHERE pending_hash IS NULL)`, nil},
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

// flipBytes changes single bytes all over the file, below SQLite. Whatever it hits, what the vault shows is true, or the file is
// refused with one of the errors that a screen explains; nothing panics.
func flipBytes(t *testing.T) {
	_, pc := laptop(t)
	u := pc.Unlock(t)
	want := testpc.Contents(t, u)
	u.Lock()
	random := rand.New(rand.NewPCG(28, 1))
	for range 60 {
		thief := pc.Copy(t, nil)
		account := thief.Accounts()[0].ID
		path := thief.Paths.Account(account)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		at := random.IntN(len(data))
		data[at] ^= 1 << random.IntN(8)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		u, err := thief.Manager.Unlock(t.Context(), account, testpc.Typed(testpc.Password))
		if err != nil {
			if !explained(err) {
				t.Errorf("byte %d: no screen explains %v", at, err)
			}
			continue
		}
		for item, got := range testpc.Contents(t, u) {
			if got != want[item] {
				t.Errorf("byte %d: item %s became %q", at, item, got)
			}
		}
		u.Lock()
	}
}

// explained tells whether a screen has words for what is wrong with a file.
func explained(err error) bool {
	for _, known := range []error{vault.ErrTampered, vault.ErrCorrupt, vault.ErrNewerSchema, session.ErrUnknownAccount, session.ErrKeyringLost, session.ErrWrongPassword} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
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

// putBackOlderCopy: an older copy of the whole file is put back.
func putBackOlderCopy(t *testing.T) {
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

// guessWithoutSecretKey: with the server's whole database and the right password, but without the Secret Key, nothing can be verified: the
// material that a guess would be tried on does not depend on the password alone.
func guessWithoutSecretKey(t *testing.T) {
	server := cloud(t)
	pc := testpc.New(t, "PC A", nil)
	u := pc.SignUp(t, server, email)
	testpc.Save(t, u, canaryItem())
	testpc.Sync(t, u)
	stranger := testpc.New(t, "PC X", nil).SignUp(t, server, "eve@example.com").SecretKey()
	http.DefaultClient.CloseIdleConnections()
	server.Stop()
	data, err := os.ReadFile(server.Database())
	if err != nil {
		t.Fatal(err)
	}
	u.Lock()
	if _, err := pc.UnlockWithSecretKey(t.Context(), pc.Accounts()[0].ID, testpc.Typed(testpc.Password), stranger); !errors.Is(err, session.ErrWrongPassword) {
		t.Fatalf("the right password with another Secret Key: %v", err)
	}
	for _, set := range []secrets{canaries, secretsOf(t, pc)} {
		if leaked := set.in(data); leaked != "" {
			t.Errorf("%s is in the server's database", leaked)
		}
	}
}
