package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/vault"
)

// fuzzColumns are all columns of a file.
func fuzzColumns(f *testing.F, path string) (columns [][2]string) {
	f.Helper()
	db, err := sqlite.Open(context.Background(), path, sqlite.Options{ReadOnly: true})
	if err != nil {
		f.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1, 2`)
	if err != nil {
		f.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var column [2]string
		if err := rows.Scan(&column[0], &column[1]); err != nil {
			f.Fatal(err)
		}
		columns = append(columns, column)
	}
	return columns
}

// set writes a value where the table's own conditions would refuse it; false where SQLite itself does.
func set(t *testing.T, path string, column [2]string, value any) bool {
	t.Helper()
	db, err := sqlite.Open(context.Background(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON`); err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec(`UPDATE "`+column[0]+`" SET "`+column[1]+`" = ?`, value)
	return err == nil
}

// FuzzRow puts any value into any column of any table: opening and reading either refuse the file by name or work, and a file that
// its owner accepts anew works too.
func FuzzRow(f *testing.F) {
	data := image(f)
	path := filepath.Join(f.TempDir(), "vault.db")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		f.Fatal(err)
	}
	columns := fuzzColumns(f, path)
	// A few columns each of a number, a blob and a text; the rest is for the fuzzer.
	for i := 0; i < len(columns); i += 5 {
		f.Add(uint8(i), uint8(i), make([]byte, 32), int64(-1))
	}
	f.Fuzz(func(t *testing.T, column, kind uint8, content []byte, number int64) {
		value := [...]any{number, content, string(content), nil}[kind%4]
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if !set(t, path, columns[int(column)%len(columns)], value) {
			return
		}
		changed, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := use(changed, path); err != nil && !named(err) {
			t.Errorf("%v: %v", columns[int(column)%len(columns)], err)
		}
		mend(t, changed, path)
	})
}

// named tells whether an error says what is wrong with the file.
func named(err error) bool {
	return refused(err) || errors.Is(err, vault.ErrNewerSchema) || isDamage(err)
}

// mend accepts the file as its owner would after a warning, and reads it.
func mend(t *testing.T, data []byte, path string) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(context.Background(), path)
	if err != nil {
		if !named(err) {
			t.Error(err)
		}
		return
	}
	defer s.Close()
	if err := s.Mend(context.Background(), sample(), anchor, 0, func(vault.Tx) error { return nil }); err != nil && !named(err) {
		t.Errorf("accepting it: %v", err)
	}
}
