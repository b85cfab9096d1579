package importer_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/vault/importer"
	"github.com/coffer-vault/coffer/vault/importer/importertest"
)

// liveStore lets SQLite write a database while it is open, and returns its folder.
func liveStore(t *testing.T) (*sql.DB, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "store")
	db, err := sqlite.Open(t.Context(), file, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`PRAGMA wal_autocheckpoint=0; CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)`); err != nil {
		t.Fatal(err)
	}
	return db, filepath.Dir(file)
}

func TestOpenDatabaseWhileItsProgramRuns(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	db, folder := liveStore(t)
	lock, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if _, err := lock.ExecContext(t.Context(), `BEGIN EXCLUSIVE; INSERT INTO t VALUES (3)`); err != nil {
		t.Fatal(err)
	}
	env, err := importer.NewEnvironment(nil)
	if err != nil {
		t.Fatal(err)
	}
	image, err := env.OpenDatabase(t.Context(), filepath.ToSlash(folder)+"/store")
	if err != nil {
		t.Fatal(err)
	}
	defer image.Close()
	rows, err := image.Query(`SELECT a FROM t`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		n++
	}
	if n != 2 {
		t.Errorf("%d rows, want the 2 committed ones, which are only in the log yet", n)
	}
	if entries, _ := os.ReadDir(folder); len(entries) != 3 {
		t.Errorf("reading left something behind: %v", entries)
	}
}

// changing is a machine whose file is written between two readings, until it has been read often enough.
type changing struct {
	*importertest.Machine
	change func(opened int)
	opened int
}

func (c *changing) Open(name string) (fs.File, error) {
	c.opened++
	c.change(c.opened)
	return c.Environment().Files.Open(name)
}

func (c *changing) ReadDir(name string) ([]fs.DirEntry, error) {
	return c.Environment().Files.ReadDir(name)
}

func open(t *testing.T, m *importertest.Machine, change func(opened int)) error {
	env := m.Environment()
	env.Files = &changing{Machine: m, change: change}
	db, err := env.OpenDatabase(t.Context(), m.Home()+"/store")
	if err == nil {
		db.Close()
	}
	return err
}

func TestOpenDatabaseWaitsForQuiet(t *testing.T) {
	db, folder := liveStore(t)
	db.Close()
	data, err := os.ReadFile(folder + "/store")
	if err != nil {
		t.Fatal(err)
	}
	hot := append([]byte{0xd9, 0xd5, 0x05, 0xf9}, make([]byte, 600)...)
	newMachine := func() *importertest.Machine {
		m := importertest.New("linux")
		m.Put("store", data)
		return m
	}

	m := newMachine()
	err = open(t, m, func(opened int) {
		if opened < 20 { // every reading finds other bytes
			m.Put("store", append(bytes.Clone(data), byte(opened)))
		}
	})
	if err != nil {
		t.Errorf("a file that comes to rest: %v", err)
	}
	m = newMachine()
	err = open(t, m, func(opened int) { m.Put("store", append(bytes.Clone(data), byte(opened))) })
	if !errors.Is(err, importer.ErrInUse) {
		t.Errorf("a file that never rests: %v, want ErrInUse", err)
	}
	m = newMachine()
	m.Put("store-journal", hot)
	if err := open(t, m, func(int) {}); !errors.Is(err, importer.ErrInUse) {
		t.Errorf("a transaction under way: %v, want ErrInUse", err)
	}
	for name, journal := range map[string][]byte{"truncated": nil, "zeroed": make([]byte, 600)} {
		m = newMachine()
		m.Put("store-journal", journal)
		if err := open(t, m, func(int) {}); err != nil {
			t.Errorf("journal %s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m = newMachine()
	m.Put("store-journal", hot)
	env := m.Environment()
	env.Wait = func(time.Duration) <-chan time.Time { return nil }
	if _, err := env.OpenDatabase(ctx, m.Home()+"/store"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestReadFileLimit(t *testing.T) {
	m := importertest.New("linux")
	m.Put("file", make([]byte, 10))
	env := m.Environment()
	if data, err := env.ReadFile(m.Home()+"/file", 10); len(data) != 10 || err != nil {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	if _, err := env.ReadFile(m.Home()+"/file", 9); !errors.Is(err, importer.ErrTooLarge) {
		t.Errorf("%v, want ErrTooLarge", err)
	}
}

func TestFolder(t *testing.T) {
	m := importertest.New("windows")
	m.Vars = map[string]string{"APPDATA": `\\server\home\ann\AppData\`}
	env := m.Environment()
	if got := importer.Join(env.Folder("APPDATA", "x"), "Mozilla"); got != "//server/home/ann/AppData/Mozilla" {
		t.Error(got)
	}
	if got := env.Folder("LOCALAPPDATA", "AppData/Local"); got != "C:/Users/ann/AppData/Local" {
		t.Error(got)
	}
}
