package api_test

import (
	"crypto/sha256"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/internal/testkit"
)

// onPostgres tells that servers keep their data in PostgreSQL (postgres_system_test.go).
func onPostgres(s *testkit.Server) bool { return strings.HasPrefix(s.Database(), "postgres:") }

// beside opens the database of a server, which may run meanwhile.
func beside(t testing.TB, s *testkit.Server) *sql.DB {
	t.Helper()
	var db *sql.DB
	var err error
	if onPostgres(s) {
		db, err = sql.Open("pgx", s.Database())
	} else {
		db, err = sqlite.Open(t.Context(), s.Database(), sqlite.Options{})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// columns are the names of all columns of all tables, but of the nonces, which every request changes.
func columns(t testing.TB, s *testkit.Server, db *sql.DB) map[string][]string {
	t.Helper()
	query := `SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY 1`
	if onPostgres(s) {
		query = `SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'nonce%' ORDER BY 1`
	}
	all := map[string][]string{}
	for _, name := range texts(t, db, query) {
		table, column, _ := strings.Cut(name, ".")
		all[table] = append(all[table], column)
	}
	return all
}

// rowsOf is the query for all rows of a table, each as one text with bytes in hex.
func rowsOf(s *testkit.Server, table string, columns []string) string {
	quoted := "quote("
	if onPostgres(s) {
		quoted = "quote_nullable("
	}
	return `SELECT ` + quoted + strings.Join(columns, ") || ',' || "+quoted) + `) FROM ` + table + ` ORDER BY 1`
}

// digest covers every row of the database.
func digest(t testing.TB, s *testkit.Server, db *sql.DB, all map[string][]string) string {
	t.Helper()
	hash := sha256.New()
	for _, table := range slices.Sorted(maps.Keys(all)) {
		for _, text := range texts(t, db, rowsOf(s, table, all[table])) {
			fmt.Fprintln(hash, table, text)
		}
	}
	return fmt.Sprintf("%x", hash.Sum(nil))
}

func texts(t testing.TB, db *sql.DB, query string) (all []string) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
