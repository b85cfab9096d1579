//go:build system && linux

package transfer

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/cloud/store/postgres"
	"github.com/coffer-vault/coffer/cloud/store/sqlite"
	ownsqlite "github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/internal/testpg"
)

func TestMain(m *testing.M) { testpg.Main(m) }

// source is a database as a server of long ago left it, brought to this version's schema.
func source(t *testing.T) *sql.DB {
	t.Helper()
	script, err := os.ReadFile("../sqlite/testdata/schema1.sql")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cloud.db")
	db, err := ownsqlite.Open(t.Context(), path, ownsqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, err := db.Exec(string(script)); err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return db
}

func target(t *testing.T) (string, *postgres.Store) {
	t.Helper()
	url := testpg.Shared.Database(t)
	s, err := postgres.Open(t.Context(), url, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return url, s
}

func TestCopy(t *testing.T) {
	from := source(t)
	url, store := target(t)
	rows, tables := map[string]int64{}, 0
	tell := func(done Table) { rows[done.Name] = done.Rows; tables++ }
	if err := Copy(t.Context(), from, url, tell); err != nil {
		t.Fatal(err)
	}
	if tables < 20 {
		t.Errorf("only %d tables", tables)
	}
	for _, name := range []string{"accounts", "account_log", "devices", "vaults", "commits", "envelopes", "objects", "tree_nodes"} {
		var want int64
		if err := from.QueryRow("SELECT count(*) FROM " + name).Scan(&want); err != nil || want == 0 || rows[name] != want {
			t.Errorf("%s: %d rows of %d, %v", name, rows[name], want, err)
		}
	}
	err := store.View(t.Context(), func(tx cloud.Tx) error {
		_, err := tx.AccountByEmail("ada@example.org")
		return err
	})
	if err != nil {
		t.Errorf("moved account: %v", err)
	}
	if err := Copy(t.Context(), from, url, tell); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("on top of it: %v, want ErrNotEmpty", err)
	}
}

// Whatever ends it before its end leaves nothing, and it can be done again.
func TestInterruptedCopy(t *testing.T) {
	from := source(t)
	url, _ := target(t)
	ctx, cancel := context.WithCancel(t.Context())
	if err := Copy(ctx, from, url, func(Table) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if err := Copy(t.Context(), from, url, func(Table) {}); err != nil {
		t.Errorf("again: %v", err)
	}
}

// A row that the target changes on its way in is found, whichever it is.
func TestChangedRowIsFound(t *testing.T) {
	from := source(t)
	url, _ := target(t)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), `CREATE FUNCTION damage() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.revision = NEW.revision + 1; RETURN NEW; END$$;
		CREATE TRIGGER damage BEFORE INSERT ON envelopes FOR EACH ROW EXECUTE FUNCTION damage()`)
	if err != nil {
		t.Fatal(err)
	}
	if err := Copy(t.Context(), from, url, func(Table) {}); !errors.Is(err, ErrDiffers) {
		t.Errorf("%v, want ErrDiffers", err)
	}
	var has bool
	if err := conn.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM accounts)`).Scan(&has); err != nil || has {
		t.Errorf("rows are left: %v, %v", has, err)
	}
}
