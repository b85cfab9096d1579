package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/vault"
)

// populated is a store in which every table that the integrity record covers has a row.
func populated(t testing.TB) (*Store, string) {
	t.Helper()
	s, path := create(t)
	edit := live(5, "edit")
	update(t, s, func(tx vault.Tx) error {
		return errors.Join(
			tx.Put(vaultA, pending(1, "one")), tx.Put(vaultA, pending(2, "two")),
			tx.Put(vaultA, vault.Object{ID: id.ID{3}, Base: live(4, "base"), Pending: &edit}),
			tx.SetPin(vaultA, vault.Pin{Seq: 1, Hash: hashOf("h"), Root: hashOf("r"), Commit: []byte("c")}),
			tx.SetSegments(vaultA, []vault.Segment{{Number: 7, Hash: hashOf("s"), Parts: [][]byte{[]byte("part"), []byte("more")}}}))
	})
	if err := s.SetLocal(context.Background(), "settings", []byte("value")); err != nil {
		t.Fatal(err)
	}
	return s, path
}

// tamper changes the file the way another program would.
func tamper(t testing.TB, path, statement string) {
	t.Helper()
	db, err := sqlite.Open(context.Background(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; ` + statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// tamperings returns a statement for every covered column, and some for whole rows.
func tamperings() []string {
	statements := []string{
		`DELETE FROM account`, `DELETE FROM integrity`, `DELETE FROM log_entry WHERE seq = 1`, `DELETE FROM local_value`,
		`DELETE FROM vault WHERE vault_id = x'0a000000000000000000000000000000'`,
		`DELETE FROM object WHERE object_id = x'01010000000000000000000000000000'`,
		`INSERT INTO log_entry VALUES (2, x'00', x'00')`, `INSERT INTO local_value VALUES ('other', x'00')`,
		`INSERT INTO vault (vault_id, epoch, sealed_key) VALUES (zeroblob(16), 1, x'00')`,
		`UPDATE object SET pending_revision = NULL, pending_state = NULL, pending_hash = NULL, base_revision = 1, base_state = 1, base_hash = zeroblob(32)`,
		`UPDATE object SET object_id = x'01020000000000000000000000000000' WHERE object_id = x'01010000000000000000000000000000'`,
		`UPDATE object SET vault_id = x'0b000000000000000000000000000000'`,
		`UPDATE integrity SET generation = generation + 1`, `UPDATE integrity SET pending = zeroblob(8192)`, `UPDATE integrity SET pending = x'00'`,
		`UPDATE integrity SET mac = zeroblob(32)`,
		`UPDATE vault SET index_hash = NULL`, `UPDATE vault SET index_hash = zeroblob(32)`,
	}
	numbers := map[string]string{
		"account": "generation", "vault": "epoch pin_seq pin_log_seq", "object": "pending_revision", "log_entry": "seq",
	}
	texts := map[string]string{"account": "email origin profile device_name", "local_value": "name"}
	ids := map[string]string{"account": "account_id device_id", "vault": "vault_id"}
	hashes := map[string]string{"vault": "pin_hash pin_root", "object": "pending_hash"}
	blobs := map[string]string{
		"account":   "sealed_account_key sealed_identity sealed_device_seed sealed_anchor sealed_session",
		"log_entry": "entry signature", "local_value": "value", "vault": "sealed_key pin_commit",
	}
	for value, tables := range map[string]map[string]string{
		"COLUMN + 9": numbers, "COLUMN || 'x'": texts, "x'ff00000000000000000000000000000f'": ids, "zeroblob(32)": hashes, "x'ff'": blobs,
	} {
		for table, columns := range tables {
			for _, column := range strings.Fields(columns) {
				where := map[string]string{"vault": " WHERE epoch = 1", "object": " WHERE base_revision IS NULL"}[table]
				statements = append(statements, strings.ReplaceAll(`UPDATE `+table+` SET COLUMN = `+value, "COLUMN", column)+where)
			}
		}
	}
	return statements
}

func TestTamperingShows(t *testing.T) {
	ctx := context.Background()
	s, path := populated(t)
	s.Close()
	original, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range tamperings() {
		t.Run(statement, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "vault.db")
			if err := os.WriteFile(path, original, 0o600); err != nil {
				t.Fatal(err)
			}
			running, err := open(ctx, path)
			if err != nil {
				t.Fatal(err)
			}
			defer running.Close()
			if err := running.Anchor(ctx, anchor, 0); err != nil {
				t.Fatal(err)
			}
			tamper(t, path, statement)
			if err := running.Anchor(ctx, anchor, 0); !refused(err) {
				t.Errorf("checked: %v", err)
			}
			// A store that is in use must not sign what was changed behind its back.
			err = running.Update(ctx, func(tx vault.Tx) error {
				var all error
				for n := range byte(4) {
					all = errors.Join(all, tx.Put(vaultA, pending(n, "mine")))
				}
				return all
			})
			if !refused(err) {
				t.Errorf("written: %v", err)
			}
		})
	}
}

func refused(err error) bool {
	return errors.Is(err, vault.ErrTampered) || errors.Is(err, vault.ErrCorrupt) || errors.Is(err, ErrNoAccount)
}

func TestWrongAnchor(t *testing.T) {
	s, path := populated(t)
	s.Close()
	s, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Anchor(context.Background(), macWith("another device"), 0); !errors.Is(err, vault.ErrTampered) {
		t.Errorf("%v", err)
	}
	if err := s.Update(context.Background(), func(vault.Tx) error { return nil }); !errors.Is(err, vault.ErrNotAnchored) {
		t.Errorf("anchored by a failed check: %v", err)
	}
}

func TestOlderCopyShows(t *testing.T) {
	ctx := context.Background()
	s, path := populated(t)
	s.Close()
	older, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s = reopen(t, mustOpen(t, path), path)
	update(t, s, func(tx vault.Tx) error { return tx.Put(vaultA, pending(9, "new")) })
	generation, err := s.Generation(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if err := os.WriteFile(path, older, 0o600); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, path)
	if err := s.Anchor(ctx, anchor, generation); !errors.Is(err, vault.ErrOlderCopy) {
		t.Fatalf("%v", err)
	}
	// What is written from here on is newer than all before.
	update(t, s, func(tx vault.Tx) error { return tx.Put(vaultA, pending(9, "new")) })
	now, _ := s.Generation(ctx)
	if now <= generation {
		t.Errorf("generation %d after %d", now, generation)
	}
	if err := s.Anchor(ctx, anchor, now); err != nil {
		t.Error(err)
	}
}

func mustOpen(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestMendAcceptsAChangedFile(t *testing.T) {
	ctx := context.Background()
	nothing := func(vault.Tx) error { return nil }
	for _, statement := range []string{
		`DELETE FROM account`, `DELETE FROM integrity`, `UPDATE integrity SET pending = x'00'`, `UPDATE account SET email = 'eve@example.com'`,
		`DELETE FROM vault WHERE vault_id = x'0a000000000000000000000000000000'`, `INSERT INTO log_entry VALUES (2, x'00', x'00')`,
		`UPDATE object SET pending_hash = zeroblob(32) WHERE base_revision IS NULL`,
	} {
		s, path := populated(t)
		tamper(t, path, statement)
		if err := s.Mend(ctx, sample(), macWith("new anchor"), 70, nothing); err != nil {
			t.Errorf("%s: %v", statement, err)
			continue
		}
		account, err := s.Account(ctx)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, statement+": account", account, sample().Account)
		log, _ := s.Log(ctx)
		equal(t, statement+": log", log, sample().Log)
		update(t, s, func(tx vault.Tx) error { return tx.Put(vaultA, pending(9, "new")) })
		s.Close()
		if err := mustOpen(t, path).Anchor(ctx, macWith("new anchor"), 72); err != nil {
			t.Error(err)
		}
	}
}

// What the caller puts right and the anchor are one transaction: if the one fails, the file is as it was.
func TestMendIsAllOrNothing(t *testing.T) {
	ctx := context.Background()
	s, path := populated(t)
	tamper(t, path, `UPDATE account SET email = 'eve@example.com'`)
	failed := errors.New("failed")
	err := s.Mend(ctx, sample(), anchor, 0, func(tx vault.Tx) error { return errors.Join(tx.Put(vaultA, pending(9, "new")), failed) })
	if !errors.Is(err, failed) {
		t.Fatalf("got %v", err)
	}
	s.Close()
	s = mustOpen(t, path)
	if err := s.Anchor(ctx, anchor, 0); !errors.Is(err, vault.ErrTampered) {
		t.Errorf("the file was blessed all the same: %v", err)
	}
	if _, found := object(t, s, vaultA, id.ID{9, 9}); found {
		t.Error("half of it was written")
	}
}

func TestCopyTo(t *testing.T) {
	s, path := populated(t)
	backup := path + ".copy"
	if err := s.CopyTo(context.Background(), backup); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(backup); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy is %v, %v", info.Mode(), err)
	}
	checkCopy := mustOpen(t, backup)
	if err := checkCopy.Anchor(context.Background(), anchor, 0); err != nil {
		t.Error(err)
	}
	if o, found := object(t, checkCopy, vaultA, id.ID{1, 1}); !found || o.Pending == nil {
		t.Error("an edit is missing in the copy")
	}
}

func object(t *testing.T, s *Store, v, object id.ID) (o vault.Object, found bool) {
	t.Helper()
	err := s.View(context.Background(), func(r vault.Reader) (err error) {
		o, found, err = r.Object(v, object)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return o, found
}
