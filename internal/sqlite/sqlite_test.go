//go:build cgo

package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"testing/fstest"
	"time"
)

func openTemp(t *testing.T, o Options) (*sql.DB, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a #odd? 100%.db")
	db, err := Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db, path
}

func mustExec(t *testing.T, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func TestOpenSetsEveryPragmaOnEveryConnection(t *testing.T) {
	db, path := openTemp(t, Options{})
	want := map[string]string{
		"journal_mode": "wal", "synchronous": "2", "secure_delete": "1", "trusted_schema": "0", "temp_store": "2",
		"foreign_keys": "1", "busy_timeout": "5000", "fullfsync": "1", "checkpoint_fullfsync": "1",
	}
	var conns [2]*sql.Conn
	for i := range conns {
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conns[i] = conn
	}
	for _, conn := range conns {
		for pragma, value := range want {
			var got string
			if err := conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != value {
				t.Errorf("PRAGMA %s = %q, %v; want %q", pragma, got, err, value)
			}
		}
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file is not where it was asked for: %v", err)
	}
}

func TestOpenCreatesPrivateFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no file modes")
	}
	db, path := openTemp(t, Options{})
	mustExec(t, db, `CREATE TABLE t (a)`)
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v; want 0600", filepath.Base(name), info.Mode().Perm(), err)
		}
	}
}

func TestReadOnly(t *testing.T) {
	db, path := openTemp(t, Options{})
	mustExec(t, db, `CREATE TABLE t (a); INSERT INTO t VALUES (7)`)
	reader, err := Open(t.Context(), path, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var got int
	if err := reader.QueryRow(`SELECT a FROM t`).Scan(&got); err != nil || got != 7 {
		t.Fatalf("got %d, %v", got, err)
	}
	if _, err := reader.Exec(`INSERT INTO t VALUES (8)`); !IsReadOnly(err) {
		t.Errorf("write: %v, want IsReadOnly", err)
	}
	if _, err := Open(t.Context(), path+".missing", Options{ReadOnly: true}); err == nil {
		t.Error("opening a missing file read-only succeeded")
	}
}

func TestErrorClasses(t *testing.T) {
	db, path := openTemp(t, Options{Immediate: true})
	mustExec(t, db, `CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT UNIQUE); INSERT INTO t VALUES (1, 'x')`)
	for _, insert := range []string{`INSERT INTO t VALUES (1, 'y')`, `INSERT INTO t VALUES (2, 'x')`} {
		if _, err := db.Exec(insert); !IsUnique(err) || IsBusy(err) || IsFull(err) {
			t.Errorf("%s: %v, want IsUnique alone", insert, err)
		}
	}

	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	other, err := Open(t.Context(), path, Options{Immediate: true, BusyTimeout: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.Begin(); !IsBusy(err) {
		t.Errorf("second immediate transaction: %v, want IsBusy", err)
	}
}

func TestFullDisk(t *testing.T) {
	db, _ := openTemp(t, Options{})
	db.SetMaxOpenConns(1)
	mustExec(t, db, `CREATE TABLE t (a); PRAGMA max_page_count = 4`)
	if _, err := db.Exec(`INSERT INTO t VALUES (randomblob(100000))`); !IsFull(err) {
		t.Errorf("%v, want IsFull", err)
	}
}

func TestOpenRefusesWhatIsNoDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(path, bytes.Repeat([]byte("text"), 2000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path, Options{}); !IsNotADatabase(err) {
		t.Errorf("%v, want IsNotADatabase", err)
	}
}

func migrations(scripts ...string) fs.FS {
	files := fstest.MapFS{}
	names := []string{"0001_first.sql", "0002_second.sql", "0003_third.sql"}
	for i, script := range scripts {
		files[names[i]] = &fstest.MapFile{Data: []byte(script)}
	}
	return files
}

func TestMigrate(t *testing.T) {
	db, _ := openTemp(t, Options{Immediate: true})
	one, two := `CREATE TABLE t (a); CREATE INDEX i ON t (a);`, `ALTER TABLE t ADD COLUMN b;`
	if err := Migrate(t.Context(), db, migrations(one)); err != nil {
		t.Fatal(err)
	}
	if version, err := Version(t.Context(), db); version != 1 || err != nil {
		t.Fatalf("version %d, %v; want 1", version, err)
	}
	mustExec(t, db, `INSERT INTO t (a) VALUES (1)`)
	if err := Migrate(t.Context(), db, migrations(one, two)); err != nil {
		t.Fatal(err)
	}
	mustExec(t, db, `UPDATE t SET b = 2 WHERE a = 1`)
	if err := Migrate(t.Context(), db, migrations(one)); !errors.Is(err, ErrNewerSchema) {
		t.Errorf("older program: %v, want ErrNewerSchema", err)
	}
}

func TestFailedMigrationChangesNothing(t *testing.T) {
	db, _ := openTemp(t, Options{})
	err := Migrate(t.Context(), db, migrations(`CREATE TABLE kept (a)`, `CREATE TABLE gone (a); SELECT nonsense`))
	if err == nil {
		t.Fatal("a broken migration succeeded")
	}
	if version, err := Version(t.Context(), db); version != 1 || err != nil {
		t.Errorf("version %d, %v; want 1", version, err)
	}
	if _, err := db.Exec(`SELECT * FROM gone`); err == nil {
		t.Error("the failed migration left its table")
	}
	mustExec(t, db, `SELECT * FROM kept`)
}

func TestMigrateCancelled(t *testing.T) {
	db, _ := openTemp(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Migrate(ctx, db, migrations(`CREATE TABLE t (a)`)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
	if err := Migrate(t.Context(), db, migrations(`CREATE TABLE t (a)`)); err != nil {
		t.Errorf("after a cancelled run: %v", err)
	}
}

func TestMigrateByTwoProcessesAtOnce(t *testing.T) {
	first, path := openTemp(t, Options{})
	second, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	files := migrations(`CREATE TABLE a (x)`, `CREATE TABLE b (x)`, `CREATE TABLE c (x)`)
	var wait sync.WaitGroup
	for _, db := range []*sql.DB{first, second} {
		wait.Go(func() {
			if err := Migrate(t.Context(), db, files); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
}

func TestMigrationNames(t *testing.T) {
	db, _ := openTemp(t, Options{})
	for _, name := range []string{"0002_gap.sql", "first.sql", "0000_zero.sql"} {
		if err := Migrate(t.Context(), db, fstest.MapFS{name: {Data: []byte(`SELECT 1`)}}); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
