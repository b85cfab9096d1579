//go:build cgo

package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// makeImage lets SQLite itself write a database file and returns its bytes.
func makeImage(t testing.TB, script string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image.db")
	db, err := Open(context.Background(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(script); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil { // checkpoints the log into the file
		t.Fatal(err)
	}
	image, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func openImage(t testing.TB, image []byte) *sql.DB {
	t.Helper()
	db, err := OpenImage(image)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestImageIsReadInWALModeToo(t *testing.T) {
	image := makeImage(t, `CREATE TABLE logins (id INTEGER, "odd ""name" TEXT); INSERT INTO logins VALUES (1, 'x')`)
	if image[readVersionAt] != writeAheadLogging {
		t.Fatal("the fixture is not in WAL mode")
	}
	before := bytes.Clone(image)
	db := openImage(t, image)
	columns, err := Columns(t.Context(), db, "logins")
	if err != nil || !slices.Equal(columns, []string{"id", `odd "name`}) {
		t.Errorf("columns %q, %v", columns, err)
	}
	var value string
	if err := db.QueryRow(`SELECT "odd ""name" FROM logins WHERE id = ?`, 1).Scan(&value); err != nil || value != "x" {
		t.Errorf("value %q, %v", value, err)
	}
	if !bytes.Equal(image, before) {
		t.Error("the caller's bytes were changed")
	}
}

func TestImageRefusesEverythingButReading(t *testing.T) {
	db := openImage(t, makeImage(t, `CREATE TABLE t (a); INSERT INTO t VALUES (1)`))
	victim := filepath.Join(t.TempDir(), "victim")
	for _, statement := range []string{
		`INSERT INTO t VALUES (2)`, `DROP TABLE t`, `PRAGMA query_only = OFF`, `PRAGMA writable_schema = ON`,
		`ATTACH '` + victim + `' AS other`, `VACUUM INTO '` + victim + `'`, `SELECT randomblob(100)`, `SELECT load_extension('x')`,
		`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i FROM n LIMIT 1`, `CREATE TEMP TABLE u (a)`,
	} {
		if rows, err := db.Query(statement); err == nil {
			rows.Close()
			t.Errorf("%s was allowed", statement)
		}
	}
	if _, err := os.Stat(victim); err == nil {
		t.Error("a file was written")
	}
}

func TestColumnsIgnoresViews(t *testing.T) {
	image := makeImage(t, `CREATE TABLE t (a);
		CREATE VIEW logins AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n`)
	db := openImage(t, image)
	for _, name := range []string{"logins", "missing", `"; DROP TABLE t; --`} {
		if columns, err := Columns(t.Context(), db, name); columns != nil || err != nil {
			t.Errorf("%s: %q, %v; want none", name, columns, err)
		}
	}
	if _, err := db.Query(`SELECT * FROM logins`); err == nil {
		t.Error("a recursive view was run")
	}
}

func TestImageRefusesWhatIsNoDatabase(t *testing.T) {
	valid := makeImage(t, `CREATE TABLE t (a)`)
	for name, image := range map[string][]byte{
		"nil": nil, "short": valid[:99], "text": bytes.Repeat([]byte("text"), 2000), "zeros": make([]byte, 4096),
	} {
		if _, err := OpenImage(image); !IsNotADatabase(err) {
			t.Errorf("%s: %v, want IsNotADatabase", name, err)
		}
	}
	if _, err := OpenImage(make([]byte, MaxImageSize+1)); !errors.Is(err, ErrImageTooLarge) {
		t.Errorf("%v, want ErrImageTooLarge", err)
	}
}

func TestDamagedImage(t *testing.T) {
	image := makeImage(t, `CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(9000))`)
	for i := 4096; i < len(image); i++ {
		image[i] = 0xff
	}
	var blob []byte
	err := openImage(t, image).QueryRow(`SELECT a FROM t`).Scan(&blob)
	if !IsCorrupt(err) {
		t.Errorf("%v, want IsCorrupt", err)
	}
}

func FuzzImage(f *testing.F) {
	small := makeImage(f, `PRAGMA journal_mode=DELETE; PRAGMA page_size=512; VACUUM; CREATE TABLE logins (a, b TEXT);
		INSERT INTO logins VALUES (1, 'x'), (zeroblob(700), 'y')`)
	f.Add(small)
	f.Add(small[:700])
	page := bytes.Clone(small)
	binary.BigEndian.PutUint16(page[16:], 1) // page size 65536
	f.Add(page)
	f.Fuzz(func(t *testing.T, image []byte) {
		db, err := OpenImage(image)
		if err != nil {
			return
		}
		defer db.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if columns, err := Columns(ctx, db, "logins"); err != nil || columns == nil {
			return
		}
		rows, err := db.QueryContext(ctx, `SELECT * FROM logins`)
		if err != nil {
			return
		}
		defer rows.Close()
		for n := 0; rows.Next(); n++ {
			if n > len(image) {
				t.Fatal("more rows than bytes")
			}
		}
		if ctx.Err() != nil {
			t.Fatal("reading did not end")
		}
	})
}
