package sqlstore_test

import (
	"database/sql"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/cloud/store/sqlite"
	ownsqlite "github.com/coffer-vault/coffer/internal/sqlite"
)

// scans are the statements that may read a table or an index from its beginning, with the reason.
var scans = map[string]string{
	"SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied": "it has a row for every migration",
	"SELECT 1": "it reads no table",
	"SELECT COUNT(*), COALESCE(MIN(mail_id), '') FROM (SELECT mail_id FROM outbox ORDER BY mail_id LIMIT 10000) AS oldest": "it ends after as many rows of the index",
	"SELECT next_try FROM outbox ORDER BY next_try LIMIT 1":                                                                "it ends at the first row of the index",
}

// No statement reads more as the number of accounts grows: each finds its rows by an index. The statements are those of the source,
// so that a new one is planned here too.
func TestEveryStatementUsesAnIndex(t *testing.T) {
	db := migrated(t)
	all := statements(t)
	if len(all) < 60 {
		t.Fatalf("only %d statements were found in the source", len(all))
	}
	for _, statement := range all {
		rows, err := db.Query("EXPLAIN QUERY PLAN "+statement, make([]any, parameters(statement))...)
		if err != nil {
			t.Errorf("%s: %v", statement, err)
			continue
		}
		for rows.Next() {
			var node, parent, unused int
			var detail string
			if err := rows.Scan(&node, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(detail, "SCAN") && scans[statement] == "" {
				t.Errorf("%s: %s", statement, detail)
			}
		}
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}
}

// migrated is a SQLite database with the tables of the server.
func migrated(t *testing.T) *sql.DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cloud.db")
	s, err := sqlite.Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	db, err := ownsqlite.Open(t.Context(), path, ownsqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func parameters(statement string) (n int) {
	for _, p := range regexp.MustCompile(`\$(\d+)`).FindAllStringSubmatch(statement, -1) {
		i, _ := strconv.Atoi(p[1])
		n = max(n, i)
	}
	return n
}

// statements returns every SQL statement of the package: string constants that begin like one, with what is added to them.
func statements(t *testing.T) (all []string) {
	t.Helper()
	constants := map[string]string{}
	inspectSource(t, func(n ast.Node) bool {
		if c, ok := n.(*ast.ValueSpec); ok && len(c.Values) == 1 {
			constants[c.Names[0].Name] = text(c.Values[0], nil)
		}
		return true
	})
	inspectSource(t, func(n ast.Node) bool {
		switch e := n.(type) {
		case *ast.ValueSpec:
			return false // half a statement
		case *ast.BinaryExpr, *ast.BasicLit:
			if sql := strings.Join(strings.Fields(text(e.(ast.Expr), constants)), " "); regexp.MustCompile(`^(SELECT|INSERT|UPDATE|DELETE) `).MatchString(sql) {
				all = append(all, sql)
			}
			return false
		}
		return true
	})
	slices.Sort(all)
	return slices.Compact(all)
}

func inspectSource(t *testing.T, visit func(ast.Node) bool) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, visit)
	}
}

// text is the value of a constant expression of strings.
func text(e ast.Expr, constants map[string]string) string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return text(e.X, constants) + text(e.Y, constants)
	case *ast.Ident:
		return constants[e.Name]
	case *ast.BasicLit:
		s, _ := strconv.Unquote(e.Value)
		return s
	}
	return ""
}
