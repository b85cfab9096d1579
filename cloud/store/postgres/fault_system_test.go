//go:build system && linux

package postgres

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/internal/testpg"
	"github.com/coffer-vault/coffer/internal/teststore"
)

// impatient opens a database of a server of its own, with short waits.
func impatient(t *testing.T) (*testpg.Cluster, *Store) {
	t.Helper()
	c, err := testpg.New("fsync=off")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Remove() })
	s, err := openTimed(t.Context(), c.Database(t), nil, slog.New(slog.DiscardHandler), timing{patience: 300 * time.Millisecond, try: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return c, s
}

func read(ctx context.Context, s *Store, a cloud.Account) error {
	return s.View(ctx, func(tx cloud.Tx) error { _, err := tx.Account(a.ID); return err })
}

// A database that is gone is an error, and no decision; when it is back the same store goes on, with all that was committed.
func TestDatabaseGone(t *testing.T) {
	c, s := impatient(t)
	a, b := teststore.Account(), teststore.Account()
	teststore.Update(t, s, func(tx cloud.Tx) error { return tx.InsertAccount(a) })
	if err := c.Kill(); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"read": read(t.Context(), s, a), "ping": s.Ping(t.Context()),
		"write": s.Update(t.Context(), func(tx cloud.Tx) error { return tx.InsertAccount(b) }),
	} {
		if err == nil || errors.Is(err, cloud.ErrNone) || errors.Is(err, cloud.ErrExists) {
			t.Errorf("%s without a database: %v", what, err)
		}
	}
	if _, _, err := s.UseNonce(t.Context(), []byte("n"), 1, 1); err == nil {
		t.Error("a nonce was taken that nobody remembers")
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if err := read(t.Context(), s, a); err != nil {
		t.Errorf("when it is back: %v", err)
	}
	teststore.Update(t, s, func(tx cloud.Tx) error { return tx.InsertAccount(b) })
}

// A database that stands still keeps nobody waiting for ever.
func TestDatabaseStandsStill(t *testing.T) {
	c, s := impatient(t)
	a := teststore.Account()
	teststore.Update(t, s, func(tx cloud.Tx) error { return tx.InsertAccount(a) })
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := read(t.Context(), s, a); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want context.DeadlineExceeded", err)
	}
	if err := c.Continue(); err != nil {
		t.Fatal(err)
	}
	if err := read(t.Context(), s, a); err != nil {
		t.Errorf("when it goes on: %v", err)
	}
}

// A server that follows another one, or is still being restored, answers and takes no writes: a load balancer is told, and a transaction
// waits for the promotion as it does for a server that is gone.
func TestStandby(t *testing.T) {
	c, err := testpg.New("fsync=off")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Remove() })
	s := openURL(t, c.Database(t), nil)
	a := teststore.Account()
	teststore.Update(t, s, func(tx cloud.Tx) error { return tx.InsertAccount(a) })
	if err := errors.Join(c.Kill(), os.WriteFile(filepath.Join(c.Dir, "data", "standby.signal"), nil, 0o644), c.Start()); err != nil {
		t.Fatal(err)
	}
	if err := testpg.Wait(func() error { return read(t.Context(), s, a) }); err != nil {
		t.Errorf("a standby is not read: %v", err)
	}
	if err := s.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "standby") {
		t.Errorf("a standby is said to be ready: %v", err)
	}
	written := make(chan error, 1)
	go func() {
		written <- s.Update(t.Context(), func(tx cloud.Tx) error { return tx.InsertAccount(teststore.Account()) })
	}()
	if err := c.Promote(); err != nil {
		t.Fatal(err)
	}
	if err := <-written; err != nil {
		t.Errorf("written over a promotion: %v", err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// A full disk is an error of the statement that met it; the transaction leaves nothing, and the next one that fits is taken.
func TestDiskFull(t *testing.T) {
	s := openTemp(t)
	_, err := s.db.ExecContext(t.Context(), `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
		$$BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END$$;
		CREATE TRIGGER full_disk BEFORE INSERT ON vaults FOR EACH ROW EXECUTE FUNCTION full_disk()`)
	if err != nil {
		t.Fatal(err)
	}
	a, runs := teststore.Account(), 0
	err = s.Update(t.Context(), func(tx cloud.Tx) error {
		runs++
		return errors.Join(tx.InsertAccount(a), tx.InsertVault(cloud.Vault{Account: a.ID}))
	})
	if err == nil || runs != 1 {
		t.Errorf("%d runs on a full disk, %v", runs, err)
	}
	if err := read(t.Context(), s, a); !errors.Is(err, cloud.ErrNone) {
		t.Errorf("half of a transaction is there: %v", err)
	}
	teststore.Update(t, s, func(tx cloud.Tx) error { return tx.InsertAccount(a) })
}

// A migration that fails half way leaves the database at the number before it, and is done when what was in its way is gone.
func TestHalfAppliedMigration(t *testing.T) {
	url := testpg.Shared.Database(t)
	name, _, _ := strings.Cut(strings.TrimPrefix(url, "postgres://coffer@/"), "?")
	if err := testpg.Shared.SQL(name, `CREATE TABLE chunks (x BIGINT)`); err != nil {
		t.Fatal(err)
	}
	if s, err := Open(t.Context(), url, nil, slog.New(slog.DiscardHandler)); err == nil {
		s.Close()
		t.Fatal("a table in the way of a migration was not noticed")
	}
	// The migration with chunks also makes attachments, before it.
	if err := testpg.Shared.SQL(name, `CREATE TABLE attachments (x BIGINT); DROP TABLE attachments; DROP TABLE chunks`); err != nil {
		t.Fatalf("half of a migration is there: %v", err)
	}
	s := openURL(t, url, nil)
	teststore.Update(t, s, func(tx cloud.Tx) error { return tx.InsertAccount(teststore.Account()) })
}
