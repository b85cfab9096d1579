package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// put stores a pending object of the given size.
func put(s *Store, n byte, size int) error {
	return s.Update(context.Background(), func(tx vault.Tx) error {
		return tx.Put(vaultA, pending(n, strings.Repeat("x", size)))
	})
}

func TestFullDisk(t *testing.T) {
	s, path := populated(t)
	if _, err := s.write.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
		t.Fatal(err)
	}
	var pages int
	if err := s.write.QueryRow(`PRAGMA page_count`).Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if _, err := s.write.Exec(fmt.Sprintf(`PRAGMA max_page_count = %d`, pages+4)); err != nil {
		t.Fatal(err)
	}
	if err := put(s, 100, 1<<20); !errors.Is(err, vault.ErrFull) {
		t.Fatalf("%v, want ErrFull", err)
	}
	if err := put(s, 101, 100); err != nil {
		t.Errorf("what fits is refused after a full disk: %v", err)
	}
	s = reopen(t, s, path)
	view(t, s, func(r vault.Reader) (bool, error) {
		_, big, err1 := r.Object(vaultA, id.ID{100, 100})
		_, small, err2 := r.Object(vaultA, id.ID{101, 101})
		if big || !small {
			t.Errorf("the refused object is there: %t; the accepted one: %t", big, small)
		}
		return false, errors.Join(err1, err2)
	})
}

func TestReadOnlyDatabase(t *testing.T) {
	s, _ := populated(t)
	if _, err := s.write.Exec(`PRAGMA query_only = ON`); err != nil {
		t.Fatal(err)
	}
	if err := put(s, 100, 10); !errors.Is(err, vault.ErrReadOnly) {
		t.Errorf("%v, want ErrReadOnly", err)
	}
	if _, err := s.Account(context.Background()); err != nil {
		t.Errorf("reading: %v", err)
	}
}

func TestBusy(t *testing.T) {
	s, path := populated(t)
	other := mustOpen(t, path)
	if err := other.Anchor(context.Background(), anchor, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := other.write.Exec(`PRAGMA busy_timeout = 1`); err != nil {
		t.Fatal(err)
	}
	update(t, s, func(tx vault.Tx) error {
		if err := put(other, 100, 10); !errors.Is(err, vault.ErrBusy) {
			t.Errorf("%v, want ErrBusy", err)
		}
		return nil
	})
	if err := put(other, 100, 10); err != nil {
		t.Errorf("after the lock is gone: %v", err)
	}
}

func TestNewerSchema(t *testing.T) {
	s, path := populated(t)
	s.Close()
	tamper(t, path, `PRAGMA user_version = 99`)
	if _, err := Open(context.Background(), path); !errors.Is(err, vault.ErrNewerSchema) {
		t.Errorf("%v, want ErrNewerSchema", err)
	}
}

func TestCancelled(t *testing.T) {
	s, _ := populated(t)
	ctx, cancel := context.WithCancel(context.Background())
	err := s.Update(ctx, func(tx vault.Tx) error {
		if err := tx.Put(vaultA, pending(50, "x")); err != nil {
			return err
		}
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := put(s, 51, 10); err != nil {
		t.Errorf("after a cancelled update: %v", err)
	}
}

// The end of a context comes between any two steps of database/sql, which then says what is gone and not why.
func TestWhatTheEndOfAContextIsCalled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	closed := errors.New("write object: sql: statement is closed")
	if err := ended(ctx, closed); errors.Is(err, context.Canceled) {
		t.Errorf("before its end: %v", err)
	}
	cancel()
	for _, gone := range []error{closed, fmt.Errorf("write object: %w", sql.ErrTxDone)} {
		if err := ended(ctx, gone); !errors.Is(err, context.Canceled) || !errors.Is(err, gone) {
			t.Errorf("%v", err)
		}
	}
	if err := ended(ctx, vault.ErrTampered); errors.Is(err, context.Canceled) || err != vault.ErrTampered {
		t.Errorf("something else: %v", err)
	}
}

// image is the file of a populated store after a checkpoint.
func image(t testing.TB) []byte {
	t.Helper()
	s, path := populated(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// use does with a file what the program does, and returns its first error.
func use(data []byte, path string) error {
	ctx := context.Background()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return err
	}
	defer os.Remove(path + "-wal")
	defer os.Remove(path + "-shm")
	s, err := Open(ctx, path)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Anchor(ctx, anchor, 0); err != nil {
		return err
	}
	err = s.View(ctx, func(r vault.Reader) error {
		_, _, err := r.Outbox(vaultA)
		return errors.Join(err, r.Objects(vaultA, func(vault.Object) error { return nil }),
			r.Rows(vaultA, func(vault.Row) error { return nil }))
	})
	if err != nil {
		return err
	}
	return put(s, 77, 10)
}

func TestTruncatedFile(t *testing.T) {
	data := image(t)
	path := filepath.Join(t.TempDir(), "vault.db")
	for size := 0; size < len(data); size += 4096 {
		if err := use(data[:size], path); err == nil {
			t.Errorf("%d of %d bytes are accepted", size, len(data))
		}
	}
	if err := use(data, path); err != nil {
		t.Errorf("the whole file: %v", err)
	}
}

func TestNoDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault.db")
	for _, content := range []string{"text that is no database, of some length", strings.Repeat("\x00", 8192), "SQLite format 3\x00"} {
		if err := use([]byte(content), path); !errors.Is(err, vault.ErrCorrupt) && !errors.Is(err, ErrNoAccount) {
			t.Errorf("%.10q: %v", content, err)
		}
	}
}

// TestFlippedBits damages one bit at a time. Either the damage shows, or it was in a place that holds nothing, or in the bytes of
// an envelope, which have a hash of their own.
func TestFlippedBits(t *testing.T) {
	data := image(t)
	path := filepath.Join(t.TempDir(), "vault.db")
	random := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		bit := random.IntN(8 * len(data))
		data[bit/8] ^= 1 << (bit % 8)
		if err := use(data, path); err != nil && !refused(err) && !errors.Is(err, vault.ErrNewerSchema) && !isDamage(err) {
			t.Errorf("bit %d: %v", bit, err)
		}
		data[bit/8] ^= 1 << (bit % 8)
	}
}

// isDamage tells errors that come of a damaged schema: SQLite finds no table, column or index of the name.
func isDamage(err error) bool {
	for _, part := range []string{"no such", "malformed", "migrat", "already exists", "constraint", "unsupported", "unrecognized", "locking"} {
		if strings.Contains(err.Error(), part) {
			return true
		}
	}
	return errors.Is(err, vault.ErrReadOnly)
}
