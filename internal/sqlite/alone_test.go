//go:build cgo && !windows

package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// A process that is alone with a database has its two connections as ever, and what it committed is there after a kill: in the files as
// they are at any moment.
func TestAloneWithADatabase(t *testing.T) {
	AloneForTests()
	defer alone.Store(false)
	write, path := openTemp(t, Options{Immediate: true})
	read, err := Open(t.Context(), path, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	mustExec(t, write, `CREATE TABLE t (a); INSERT INTO t VALUES (1)`)
	if n := countRows(t, read); n != 1 {
		t.Errorf("%d rows are seen from the other connection", n)
	}
	if _, err := os.Stat(path + "-shm"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("shared memory in a file: %v", err)
	}
	var synchronous int
	if err := write.QueryRow(`PRAGMA synchronous`).Scan(&synchronous); err != nil || synchronous != 0 {
		t.Errorf("synchronous = %d, %v", synchronous, err)
	}
	killed := filepath.Join(t.TempDir(), "killed.db")
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + suffix)
		if err == nil {
			err = os.WriteFile(killed+suffix, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	alone.Store(false)
	left, err := Open(t.Context(), killed, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer left.Close()
	if n := countRows(t, left); n != 1 {
		t.Errorf("%d rows are left after a kill", n)
	}
}

func countRows(t *testing.T, db querier) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM t`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
