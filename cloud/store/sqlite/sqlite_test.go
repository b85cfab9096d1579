package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/internal/teststore"
	"github.com/coffer-vault/coffer/sync/chain"
)

func openTemp(t *testing.T) (*Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cloud.db")
	s, err := Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, path
}

func TestSuite(t *testing.T) {
	teststore.Suite(t, func(t *testing.T) cloud.Store {
		s, _ := openTemp(t)
		return s
	})
}

// A flood of readers waits for its turn.
func TestReadersAreBounded(t *testing.T) {
	s, _ := openTemp(t)
	var entered, done sync.WaitGroup
	entered.Add(maxReaders)
	leave := make(chan struct{})
	for range maxReaders {
		done.Go(func() {
			err := s.View(t.Context(), func(cloud.Tx) error { entered.Done(); <-leave; return nil })
			if err != nil {
				t.Error(err)
			}
		})
	}
	entered.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := s.View(ctx, func(cloud.Tx) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one more reader: %v", err)
	}
	close(leave)
	done.Wait()
	if n := s.read.Stats().Idle; n != maxReaders {
		t.Errorf("%d connections are kept, want %d", n, maxReaders)
	}
}

func TestDamagedColumn(t *testing.T) {
	s, path := openTemp(t)
	a := teststore.Account()
	teststore.Update(t, s, func(tx cloud.Tx) error { return tx.InsertAccount(a) })
	db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`UPDATE accounts SET login_key = x'00'`); err != nil {
		t.Fatal(err)
	}
	err = s.View(t.Context(), func(tx cloud.Tx) error { _, err := tx.Account(a.ID); return err })
	if err == nil || errors.Is(err, cloud.ErrNone) || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("short key: %v", err)
	}
}

func TestReopen(t *testing.T) {
	s, path := openTemp(t)
	a := teststore.Account()
	teststore.Update(t, s, func(tx cloud.Tx) error { return tx.InsertAccount(a) })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.View(t.Context(), func(tx cloud.Tx) error { _, err := tx.Account(a.ID); return err }); err != nil {
		t.Error(err)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	s, path := openTemp(t)
	if _, err := s.write.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := Open(t.Context(), path, nil); !errors.Is(err, ErrNewerSchema) {
		t.Errorf("%v, want ErrNewerSchema", err)
	}
}

// A migration that fails half way leaves the database at the number before it, and is done when what was in its way is gone.
func TestHalfAppliedMigration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.db")
	// Whatever a migration does, a program that starts says so within a time.
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	db, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`CREATE TABLE chunks (x BIGINT)`); err != nil {
		t.Fatal(err)
	}
	if s, err := Open(ctx, path, nil); err == nil {
		s.Close()
		t.Fatal("a table in the way of a migration was not noticed")
	} else if !strings.Contains(err.Error(), "chunks") {
		t.Errorf("it does not say what is in the way: %v", err)
	}
	// The migration with chunks also makes attachments, before it.
	if _, err := db.Exec(`CREATE TABLE attachments (x BIGINT); DROP TABLE attachments; DROP TABLE chunks`); err != nil {
		t.Fatalf("half of a migration is there: %v", err)
	}
	s, err := Open(ctx, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	teststore.Update(t, s, func(tx cloud.Tx) error { return tx.InsertAccount(teststore.Account()) })
}

// Every schema that was ever released has a dump in testdata. It must open, and hold what it held.
func TestPastSchemas(t *testing.T) {
	dumps, err := filepath.Glob("testdata/schema*.sql")
	if err != nil || len(dumps) == 0 {
		t.Fatalf("dumps %v, %v", dumps, err)
	}
	for _, dump := range dumps {
		script, err := os.ReadFile(dump)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "cloud.db")
		db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(string(script)); err != nil {
			t.Fatalf("%s: %v", dump, err)
		}
		db.Close()
		s, err := Open(t.Context(), path, nil)
		if err != nil {
			t.Fatalf("%s: %v", dump, err)
		}
		defer s.Close()
		if err := s.View(t.Context(), checkPast); err != nil {
			t.Errorf("%s: %v", dump, err)
		}
	}
}

// checkPast verifies the account, its log and its vault's chain with the code that clients verify them with.
func checkPast(tx cloud.Tx) error {
	a, err := tx.AccountByEmail("ada@example.org")
	if err != nil {
		return err
	}
	entries, err := tx.LogEntries(a.ID, -1, 1<<20)
	if err != nil {
		return err
	}
	log, err := chain.ReadLog(a.ID, entries)
	if err != nil {
		return err
	}
	vaults, err := tx.Vaults(a.ID)
	if err != nil {
		return err
	}
	for _, v := range vaults {
		if err := checkChain(tx, v, log); err != nil {
			return err
		}
	}
	return nil
}

func checkChain(tx cloud.Tx, v cloud.Vault, log *chain.Log) error {
	commits, err := tx.Commits(v.ID, 0, 100, 1<<20)
	if err != nil {
		return err
	}
	var at chain.Position
	tree := chain.NewTree(v.ID)
	for _, c := range commits {
		verified, err := chain.Verify(c, v.ID, at, log)
		if err != nil {
			return err
		}
		if _, err := tree.Apply(verified.Changes); err != nil {
			return err
		}
		if tree.Root() != verified.Commit.Root {
			return chain.ErrWrongRoot
		}
		at = verified.Position()
	}
	nodes, err := tx.Nodes(v.ID)
	if err != nil {
		return err
	}
	if err := checkBytes(tx, v); err != nil {
		return err
	}
	if at != v.At || at.Seq == 0 || chain.RootHash(v.ID, nodes) != tree.Root() {
		return errors.New("stored head or tree differs from the chain")
	}
	return nil
}

// checkBytes compares what a vault is said to have with what it has.
func checkBytes(tx cloud.Tx, v cloud.Vault) error {
	rows, _, err := tx.ObjectsAfter(v.ID, -1, id.ID{}, 1000)
	counted := int64(0)
	for _, r := range rows {
		if err != nil {
			break
		}
		var e cloud.Envelope
		if e, err = tx.Envelope(v.ID, r.Object); errors.Is(err, cloud.ErrNone) {
			err = nil // deleted
		}
		counted += int64(len(e.Sealed))
	}
	if err != nil {
		return err
	}
	if used, err := tx.UsedBytes(v.Account); err != nil || used != counted || used == 0 {
		return fmt.Errorf("%d bytes are kept, %d counted, %v", used, counted, err)
	}
	return nil
}
