//go:build system && linux

package sqlstore_test

import (
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/coffer-vault/coffer/cloud/store/postgres"
	"github.com/coffer-vault/coffer/internal/testpg"
)

func TestMain(m *testing.M) { testpg.Main(m) }

// PostgreSQL takes every statement of the source, and has an index for it, whatever its parameters are.
func TestPostgresUsesAnIndex(t *testing.T) {
	url := testpg.Shared.Database(t)
	s, err := postgres.Open(t.Context(), url, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, setting := range []string{`SET enable_seqscan = off`, `SET plan_cache_mode = force_generic_plan`} {
		if _, err := db.Exec(setting); err != nil {
			t.Fatal(err)
		}
	}
	for i, statement := range statements(t) {
		plan, err := explain(db, i, statement)
		if err != nil {
			t.Errorf("%s: %v", statement, err)
		}
		if strings.Contains(plan, "Seq Scan") && scans[statement] == "" {
			t.Errorf("%s: %s", statement, plan)
		}
	}
}

// explain returns the plan of a statement without values for its parameters.
func explain(db *sql.DB, number int, statement string) (plan string, err error) {
	name := fmt.Sprintf("p%d", number)
	if _, err := db.Exec("PREPARE " + name + " AS " + statement); err != nil {
		return "", err
	}
	execute := "EXPLAIN EXECUTE " + name
	if n := parameters(statement); n > 0 {
		execute += "(" + strings.TrimSuffix(strings.Repeat("NULL,", n), ",") + ")"
	}
	rows, err := db.Query(execute)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return "", err
		}
		plan += line + "\n"
	}
	return plan, rows.Err()
}
