//go:build unix

package api_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/internal/sqlite"
)

// filler copies accounts in a database whose server is stopped.
type filler struct {
	open func() (*sql.DB, error)
	// before and after are statements around the copying.
	before, after []string
	// columns asks for the names of a table's columns. series is a table of numbers i from the count of accounts to below $1, and random
	// gives 16 random bytes.
	columns, series, random string
}

// sqliteFiller: what a power cut leaves of a benchmark is of no use, so there is neither log nor flush, and nothing is zeroed.
func sqliteFiller(path string) filler {
	return filler{
		open: func() (*sql.DB, error) {
			return sqlite.Open(context.Background(), path, sqlite.Options{Immediate: true})
		},
		before: []string{
			"PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", "PRAGMA foreign_keys=OFF", "PRAGMA secure_delete=OFF", "PRAGMA cache_size=-262144",
			"PRAGMA locking_mode=EXCLUSIVE",
		},
		after:   []string{"PRAGMA locking_mode=NORMAL", "PRAGMA journal_mode=WAL"},
		columns: `SELECT name FROM pragma_table_info($1)`,
		series:  `(WITH RECURSIVE n(i) AS (SELECT COUNT(*) FROM accounts UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $1) SELECT i FROM n) AS n`,
		random:  `randomblob(16)`,
	}
}

// filled are the tables that an account has rows in.
var filledTables = []string{"accounts", "account_log", "devices", "vaults", "sealed_vaults", "commits", "objects", "tree_nodes", "envelopes"}

// fill copies an account's rows under new ids until there are n accounts. Nobody signs in to the copies: they are in the way. Ids are random, as
// a client's are, and those who measure lie between them. The copies are written in the order of their vaults' ids, each table in its own: every
// row goes to the end of what is there, and the page that it belongs to is at hand. Without that, 10,000 accounts took hours.
func (f filler) fill(b *testing.B, template *user, n int) {
	b.Helper()
	db, err := f.open()
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // the table of copies is this connection's
	run := func(statement string, args ...any) {
		b.Helper()
		if _, err := db.Exec(statement, args...); err != nil {
			b.Fatalf("%s: %v", statement, err)
		}
	}
	run(fmt.Sprintf(`CREATE TEMPORARY TABLE made AS SELECT i, %[2]s AS account, %[2]s AS vault, %[2]s AS tag FROM %[1]s`, f.series, f.random), n)
	for _, statement := range f.before {
		run(statement)
	}
	for _, table := range filledTables {
		names, values := f.copied(b, db, table)
		where, order := "vault_id = $1", "vault"
		args := []any{template.vault[:]}
		if slices.Contains(names, "account_id") {
			where, order = "account_id = $1", "account"
			args = []any{template.account[:]}
		}
		run(`DROP TABLE IF EXISTS copies`)
		run(`CREATE TEMPORARY TABLE copies AS SELECT * FROM made ORDER BY ` + order)
		run(fmt.Sprintf(`INSERT INTO %s (%s) SELECT %s FROM copies AS copy CROSS JOIN %s AS old WHERE %s`,
			table, strings.Join(names, ", "), strings.Join(values, ", "), table, where), args...)
	}
	for _, statement := range f.after {
		run(statement)
	}
}

// copied lists a table's columns, and what a copied row has in them.
func (f filler) copied(b *testing.B, db *sql.DB, table string) (names, values []string) {
	b.Helper()
	rows, err := db.Query(f.columns, table)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	changed := map[string]string{
		"account_id": "copy.account", "vault_id": "copy.vault", "email": "'copy' || copy.i || '@example.org'", "lookup_tag": "copy.tag", "recovery_tag": "NULL",
	}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			b.Fatal(err)
		}
		value, ok := changed[name]
		if !ok {
			value = "old." + name
		}
		names, values = append(names, name), append(values, value)
	}
	return names, values
}
