//go:build cgo

package sqlite

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// remainsOf reads what remains of a file with a log; nil for no log.
func remainsOf(t testing.TB, file, log []byte, yield func(columns []any)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "damaged.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	if log != nil {
		if err := os.WriteFile(path+"-wal", log, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	err := Remains(path, func(columns []any) error {
		yield(columns)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Every value that SQLite can write is read as it was, of rows of every length about those at which they go on in other pages, in tables
// with and without row ids.
func TestRemainsAreWhatWasWritten(t *testing.T) {
	for _, table := range []string{"CREATE TABLE t (a ANY PRIMARY KEY, b ANY) STRICT", "CREATE TABLE t (a ANY PRIMARY KEY, b ANY) STRICT, WITHOUT ROWID"} {
		path := filepath.Join(t.TempDir(), "whole.db")
		db, err := Open(t.Context(), path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(1)
		if _, err := db.Exec(table + `; BEGIN`); err != nil {
			t.Fatal(err)
		}
		want := map[string]bool{}
		put := func(a int64, b any) {
			if _, err := db.Exec(`INSERT INTO t VALUES (?, ?)`, a, b); err != nil {
				t.Fatal(err)
			}
			want[fmt.Sprintf("%#v", []any{a, b})] = true
		}
		n := int64(0)
		for _, value := range []any{nil, "", "text", []byte{}, 0.5, -1e300, int64(0), int64(1), int64(-1)} {
			n++
			put(n, value)
		}
		for shift := range 63 {
			n += 1 << min(shift, 20)
			put(n, int64(1)<<shift)
			put(-n, -(int64(1) << shift))
		}
		for _, length := range []int{470, 480, 490, 500, 980, 990, 1000, 1010, 4050, 4055, 4060, 4065, 4070, 4080, 4090, 4096, 8180, 8190, 100_000} {
			for around := -6; around < 6; around++ {
				n++
				put(n, bytes.Repeat([]byte{byte(length), byte(around)}, (length+around)/2))
			}
		}
		if _, err := db.Exec(`COMMIT`); err != nil {
			t.Fatal(err)
		}
		log, err := os.ReadFile(path + "-wal") // of what is not in the file yet
		if err != nil {
			t.Fatal(err)
		}
		early, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		clear(file[:headerSize])
		for name, files := range map[string][2][]byte{"file": {file, nil}, "file and log": {early, log}} {
			found := map[string]bool{}
			remainsOf(t, files[0], files[1], func(columns []any) { found[fmt.Sprintf("%#v", columns)] = true })
			for row := range want {
				if !found[row] {
					t.Fatalf("%s, %s: not found: %.200s", table, name, row)
				}
			}
		}
	}
}

// FuzzRemains reads any bytes, and any beginning of the rest.
func FuzzRemains(f *testing.F) {
	small := makeImage(f, `CREATE TABLE t (a, b TEXT); INSERT INTO t VALUES (1, 'x'), (zeroblob(9000), 'y'), (NULL, 0.5)`)
	f.Add(small, []byte(nil))
	loop := bytes.Clone(small)
	for at := 4096; at+8 < len(loop); at += 4096 {
		if loop[at] != leafOfTable {
			binary.BigEndian.PutUint32(loop[at:], uint32(at/4096+1)) // a page that leads to itself
		}
	}
	f.Add(loop, []byte("log"))
	f.Add(small[:5000], bytes.Repeat([]byte{0xff}, 9000))
	f.Add(make([]byte, 8192), bytes.Repeat([]byte{leafOfTable}, 9000))
	f.Fuzz(func(t *testing.T, file, log []byte) {
		if len(file) > 1<<16 || len(log) > 1<<16 {
			return // nothing new is in more pages
		}
		rows := 0
		remainsOf(t, file, log, func([]any) { rows++ })
		if most := 6 * (len(file) + len(log)); rows > most { // two bytes at least lead to a row, and what is in a log is read three times
			t.Errorf("%d rows of %d bytes", rows, most)
		}
	})
}
