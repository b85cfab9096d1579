// Package sqlite keeps the server's data in one SQLite file. The SQL is written so that PostgreSQL runs it as it is: $n parameters in
// the order of their first use, RETURNING, ON CONFLICT, no SQLite functions.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/internal/sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNewerSchema says that a newer version of the server wrote the database.
var ErrNewerSchema = errors.New("database was written by a newer version of this program")

// Store is a cloud.Store on one SQLite file.
type Store struct {
	// SQLite has one writer at a time: waiting for the connection is cheaper than waiting for its lock. Readers see snapshots.
	write, read *sql.DB
	hook        Hook
}

var _ cloud.Store = (*Store)(nil)

// Hook sees every statement before it runs, and "COMMIT" before a commit; an error of its fails the statement. Tests count with it,
// and break transactions at every step.
type Hook func(statement string) error

// maxReaders bounds the snapshots that are read at a time: each costs file handles and a page cache of its own, and a flood of requests
// must not take all that the process may have. Connections are kept, since opening one costs more than most queries.
const maxReaders = 32

// Open opens or creates the database at path and brings its schema up to date. hook may be nil. Errors: ErrNewerSchema.
func Open(ctx context.Context, path string, hook Hook) (*Store, error) {
	write, err := sqlite.Open(ctx, path, sqlite.Options{Immediate: true})
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	if err := migrate(ctx, write); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read, err := sqlite.Open(ctx, path, sqlite.Options{ReadOnly: true})
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(maxReaders)
	read.SetMaxIdleConns(maxReaders)
	if hook == nil {
		hook = func(string) error { return nil }
	}
	return &Store{write: write, read: read, hook: hook}, nil
}

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if current > target {
		return fmt.Errorf("%w: schema %d, this program knows %d", ErrNewerSchema, current, target)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// Close moves the write-ahead log into the database file and closes it.
func (s *Store) Close() error {
	readErr := s.read.Close()
	_, checkpointErr := s.write.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`)
	return errors.Join(readErr, checkpointErr, s.write.Close())
}

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.read.QueryRowContext(ctx, `SELECT 1`).Scan(&one)
}

// Update implements cloud.Store.
func (s *Store) Update(ctx context.Context, do func(cloud.Tx) error) error {
	return s.run(ctx, s.write, do)
}

// View implements cloud.Store.
func (s *Store) View(ctx context.Context, do func(cloud.Tx) error) error {
	return s.run(ctx, s.read, do)
}

func (s *Store) run(ctx context.Context, db *sql.DB, do func(cloud.Tx) error) error {
	sqlTx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	// After a commit this does nothing; it is here for errors and panics alike.
	defer sqlTx.Rollback()
	if err := do(&tx{ctx: ctx, sql: sqlTx, hook: s.hook}); err != nil {
		return err
	}
	if err := s.hook("COMMIT"); err != nil {
		return err
	}
	if err := sqlTx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// tx implements cloud.Tx. It lives no longer than the context that it holds.
type tx struct {
	ctx  context.Context
	sql  *sql.Tx
	hook Hook
}

// exec runs a statement that returns nothing.
func (t *tx) exec(query string, args ...any) error {
	_, err := t.affected(query, args...)
	return err
}

// affected runs a statement and returns how many rows it touched.
func (t *tx) affected(query string, args ...any) (int64, error) {
	if err := t.hook(query); err != nil {
		return 0, err
	}
	result, err := t.sql.ExecContext(t.ctx, query, args...)
	if err != nil {
		return 0, classify(err)
	}
	return result.RowsAffected()
}

// change runs a statement that must touch a row; cloud.ErrNone if it does not.
func (t *tx) change(query string, args ...any) error {
	n, err := t.affected(query, args...)
	if err == nil && n == 0 {
		return cloud.ErrNone
	}
	return err
}

// one reads the one row of a query into dest; cloud.ErrNone if there is none.
func (t *tx) one(query string, args, dest []any) error {
	if err := t.hook(query); err != nil {
		return err
	}
	return classify(t.sql.QueryRowContext(t.ctx, query, args...).Scan(dest...))
}

// each calls scan for every row until it returns false or an error.
func (t *tx) each(query string, args []any, scan func(*sql.Rows) (more bool, err error)) error {
	if err := t.hook(query); err != nil {
		return err
	}
	rows, err := t.sql.QueryContext(t.ctx, query, args...)
	if err != nil {
		return classify(err)
	}
	defer rows.Close()
	for rows.Next() {
		if more, err := scan(rows); err != nil || !more {
			return err
		}
	}
	return rows.Err()
}

func classify(err error) error {
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return cloud.ErrNone
	case err != nil && sqlite.IsUnique(err):
		return fmt.Errorf("%w: %w", cloud.ErrExists, err)
	}
	return err
}

// fixed scans a column into an array's slice and refuses another length: a damaged row must not pass for a shorter key.
type fixed []byte

func (f fixed) Scan(value any) error {
	b, ok := value.([]byte)
	if !ok || len(b) != len(f) {
		return fmt.Errorf("column of %d bytes is damaged", len(f))
	}
	copy(f, b)
	return nil
}
