package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"

	"github.com/coffer-vault/coffer/internal/sqlite"
)

func asItIs(text string) string { return text }

// overtaken is a lock that is had only after a newer version had it, and has done its migrations.
type overtaken struct{ newer *sql.DB }

func (o overtaken) SessionLock(ctx context.Context, _ *sql.Conn) error {
	if err := Migrate(ctx, o.newer, goose.DialectSQLite3, asItIs); err != nil {
		return err
	}
	_, err := o.newer.ExecContext(ctx, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (90000, true)`)
	return err
}

func (overtaken) SessionUnlock(context.Context, *sql.Conn) error { return nil }

// Two versions start at once: the older one finds a schema that it knows, waits for the newer one's migrations, and may not go on then.
func TestNewerVersionWasFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.db")
	open := func() *sql.DB {
		db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
	err := Migrate(t.Context(), open(), goose.DialectSQLite3, asItIs, goose.WithSessionLocker(overtaken{open()}))
	if !errors.Is(err, ErrNewerSchema) {
		t.Errorf("%v, want ErrNewerSchema", err)
	}
}
