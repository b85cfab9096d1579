//go:build cgo && !windows

package testsqlite

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/coffer-vault/coffer/internal/sqlite"
)

// A process that is alone with a database has its two connections as ever, and what it committed is there after a kill: in the files as
// they are at any moment.
func TestAloneWithADatabase(t *testing.T) {
	beAlone(t)
	write, path := openTemp(t, sqlite.Options{Immediate: true})
	read, err := sqlite.Open(t.Context(), path, sqlite.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	mustExec(t, write, `CREATE TABLE t (a); INSERT INTO t VALUES (1)`)
	if n := countRows(t, read); n != 1 {
		t.Errorf("%d rows are seen from the other connection", n)
	}
	var synchronous int
	if err := write.QueryRow(`PRAGMA synchronous`).Scan(&synchronous); err != nil || synchronous != 0 {
		t.Errorf("synchronous = %d, %v", synchronous, err)
	}
	killed := filepath.Join(t.TempDir(), "killed.db")
	writeFiles(t, killed, readFiles(t, path))
	sqlite.OpenForTests(nil)
	left, err := sqlite.Open(t.Context(), killed, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer left.Close()
	if n := countRows(t, left); n != 1 {
		t.Errorf("%d rows are left after a kill", n)
	}
}

// Connections that were put aside serve on after the files were written anew, and show what is in them then.
func TestAFileIsReplacedUnderItsConnections(t *testing.T) {
	beAlone(t)
	write, path := openTemp(t, sqlite.Options{Immediate: true})
	mustExec(t, write, `CREATE TABLE t (a); INSERT INTO t VALUES (1)`)
	before := readFiles(t, path)
	mustExec(t, write, `INSERT INTO t VALUES (2); PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO t VALUES (3)`)
	after := readFiles(t, path)
	if err := write.Close(); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		files [2][]byte
		rows  int
	}{{before, 1}, {after, 3}, {before, 1}} {
		writeFiles(t, path, step.files)
		if err := Replaced(path); err != nil {
			t.Fatal(err)
		}
		for _, o := range []sqlite.Options{{Immediate: true}, {}} {
			db, err := sqlite.Open(t.Context(), path, o)
			if err != nil {
				t.Fatal(err)
			}
			if n := countRows(t, db); n != step.rows {
				t.Errorf("%d rows, want %d", n, step.rows)
			}
			mustExec(t, db, `DELETE FROM t WHERE a = 4; INSERT INTO t VALUES (4); DELETE FROM t WHERE a = 4`)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := len(kept.idle[path]); n != 2 {
		t.Errorf("%d connections are put aside, want one of each kind", n)
	}
}

// A file that takes the name of another is not read through connections to that one.
func TestAnotherFileOfThatName(t *testing.T) {
	beAlone(t)
	old, path := openTemp(t, sqlite.Options{})
	mustExec(t, old, `CREATE TABLE t (a); INSERT INTO t VALUES (1)`)
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil {
			t.Fatal(err)
		}
	}
	db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	mustExec(t, db, `CREATE TABLE t (a)`)
	if n := countRows(t, db); n != 0 {
		t.Errorf("%d rows of the other file", n)
	}
}

// A transaction that was left open ends with its connection.
func TestAnOpenTransactionIsNotKept(t *testing.T) {
	beAlone(t)
	db, path := openTemp(t, sqlite.Options{})
	mustExec(t, db, `CREATE TABLE t (a); BEGIN; INSERT INTO t VALUES (1)`)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(kept.idle[path]); n != 0 {
		t.Errorf("%d connections are put aside", n)
	}
}

func openTemp(t *testing.T, o sqlite.Options) (*sql.DB, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.db")
	db, err := sqlite.Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db, path
}

func mustExec(t *testing.T, db *sql.DB, query string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func beAlone(t *testing.T) {
	Alone()
	t.Cleanup(func() {
		sqlite.OpenForTests(nil)
		for path := range kept.idle {
			if err := Forget(path); err != nil {
				t.Error(err)
			}
		}
	})
}

// readFiles reads a database and its write-ahead log.
func readFiles(t *testing.T, path string) (files [2][]byte) {
	t.Helper()
	for i, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		files[i] = data
	}
	return files
}

func writeFiles(t *testing.T, path string, files [2][]byte) {
	t.Helper()
	for i, suffix := range []string{"", "-wal"} {
		if err := os.WriteFile(path+suffix, files[i], 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func countRows(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM t`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
