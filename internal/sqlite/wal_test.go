//go:build cgo

package sqlite

import (
	"bytes"
	"os"
	"slices"
	"testing"
)

// openWithLog makes a database whose newest transactions are only in its log, and returns both files as a running program shows them.
func openWithLog(t testing.TB) (image, log []byte) {
	t.Helper()
	path := t.TempDir() + "/live.db"
	db, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	for _, statement := range []string{
		`PRAGMA wal_autocheckpoint = 0`, `CREATE TABLE t (a)`, `INSERT INTO t VALUES ('first')`,
		// The log begins anew over old frames, more of them than will be overwritten.
		`INSERT INTO t VALUES (zeroblob(90000))`, `DELETE FROM t WHERE length(a) > 100`, `PRAGMA wal_checkpoint(RESTART)`,
		`INSERT INTO t VALUES ('second')`,
		`INSERT INTO t VALUES (zeroblob(20000))`, `DELETE FROM t WHERE length(a) > 100`, `INSERT INTO t VALUES ('third')`,
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	if image, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	if log, err = os.ReadFile(path + "-wal"); err != nil {
		t.Fatal(err)
	}
	return image, log
}

// validLength is the length of the log without the frames that a checkpoint left behind its end.
func validLength(t testing.TB, log []byte) int {
	t.Helper()
	reader, ok := newLogReader(log)
	if !ok {
		t.Fatal("the fixture is no log")
	}
	end := walHeaderSize
	for _, _, ok := reader.next(); ok; _, _, ok = reader.next() {
		end += walFrameHeaderSize + reader.pageSize
	}
	if end == len(log) {
		t.Fatal("the fixture has no frames left over")
	}
	return end
}

func readColumn(t *testing.T, image []byte) (values []string) {
	t.Helper()
	rows, err := openImage(t, image).Query(`SELECT a FROM t`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var value string
		if err := rows.Scan(&value); err != nil {
			t.Fatal(err)
		}
		values = append(values, value)
	}
	return values
}

func TestMergeLog(t *testing.T) {
	image, log := openWithLog(t)
	for name, c := range map[string]struct {
		log  []byte
		want int // rows
	}{
		"whole":           {log, 3},
		"none":            {nil, 1},
		"only a header":   {log[:walHeaderSize], 1},
		"last frame torn": {log[:validLength(t, log)-1], 2},
		"no log at all":   {bytes.Repeat([]byte("garbage "), 100), 1},
		"damaged header":  {append([]byte{0x37, 0x7f, 0x06, 0x82, 1}, log[5:]...), 1},
		"odd page size":   {slices.Concat(log[:8], []byte{0, 0, 0, 7}, log[12:]), 1},
		"damaged at once": {append(bytes.Clone(log[:walHeaderSize]), make([]byte, 8192)...), 1},
	} {
		merged, err := MergeLog(image, c.log)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := readColumn(t, merged); len(got) != c.want {
			t.Errorf("%s: %d rows, want %d", name, len(got), c.want)
		}
	}
}

func TestMergeLogStopsAtAFlippedBit(t *testing.T) {
	image, log := openWithLog(t)
	end := validLength(t, log)
	for at := 0; at < end; at += end / 50 {
		damaged := bytes.Clone(log)
		damaged[at] ^= 0x10
		merged, err := MergeLog(image, damaged)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(readColumn(t, merged), "third") {
			t.Fatalf("byte %d: a damaged log was applied to its end", at)
		}
	}
}

func FuzzMergeLog(f *testing.F) {
	image, log := openWithLog(f)
	f.Add(image[:1024], log)
	f.Add([]byte{}, log[:walHeaderSize])
	f.Fuzz(func(t *testing.T, image, log []byte) {
		merged, err := MergeLog(image, log)
		if err == nil && len(merged) > MaxImageSize {
			t.Fatalf("%d bytes", len(merged))
		}
	})
}
