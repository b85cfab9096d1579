package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// ErrNewerSchema says that a newer version of the program wrote the database. Opening it would lose what that version added.
var ErrNewerSchema = errors.New("database was written by a newer version of this program")

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Version returns the number of the last migration applied: PRAGMA user_version, 0 for a new database.
func Version(ctx context.Context, db querier) (int, error) {
	var version int
	err := db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version)
	return version, err
}

// Migrate applies the migrations that the database does not have yet, each in a transaction of its own that also moves
// PRAGMA user_version: a crash leaves either the old or the new version. Two processes may call it at the same time.
//
// files holds one SQL file per version in its root, "0001_name.sql", "0002_name.sql", …, without gaps.
// The files must not contain BEGIN, COMMIT or ROLLBACK. Errors: ErrNewerSchema; otherwise SQLite's.
func Migrate(ctx context.Context, db *sql.DB, files fs.FS) error {
	scripts, err := readMigrations(files)
	if err != nil {
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	defer conn.Close()
	for {
		done, err := migrateOnce(ctx, conn, scripts)
		if err != nil || done {
			return err
		}
	}
}

// migrateOnce applies the next migration. The version is read under the write lock, so that a second process sees the first one's work.
func migrateOnce(ctx context.Context, conn *sql.Conn, scripts []string) (done bool, err error) {
	version, err := Version(ctx, conn)
	if err != nil {
		return false, fmt.Errorf("migrate: read version: %w", err)
	}
	if version > len(scripts) {
		return false, fmt.Errorf("%w: schema %d, this program knows %d", ErrNewerSchema, version, len(scripts))
	}
	if version == len(scripts) {
		return true, nil
	}
	if _, err := conn.ExecContext(ctx, `BEGIN IMMEDIATE`); err != nil {
		return false, fmt.Errorf("migrate: begin: %w", err)
	}
	if err := applyNext(ctx, conn, scripts); err != nil {
		// The caller's context may be the reason for the failure; the rollback must happen all the same.
		_, rollbackErr := conn.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`)
		return false, errors.Join(err, rollbackErr)
	}
	if _, err := conn.ExecContext(ctx, `COMMIT`); err != nil {
		return false, fmt.Errorf("migrate: commit: %w", err)
	}
	return false, nil
}

func applyNext(ctx context.Context, conn *sql.Conn, scripts []string) error {
	version, err := Version(ctx, conn)
	if err != nil {
		return fmt.Errorf("migrate: read version: %w", err)
	}
	if version >= len(scripts) {
		return nil // another process was faster
	}
	if _, err := conn.ExecContext(ctx, scripts[version]); err != nil {
		return fmt.Errorf("migrate to schema %d: %w", version+1, err)
	}
	// PRAGMA takes no parameters; the value is our own integer.
	if _, err := conn.ExecContext(ctx, `PRAGMA user_version = `+strconv.Itoa(version+1)); err != nil {
		return fmt.Errorf("migrate to schema %d: set version: %w", version+1, err)
	}
	return nil
}

// readMigrations returns the scripts in order; index 0 leads to version 1.
func readMigrations(files fs.FS) ([]string, error) {
	names, err := fs.Glob(files, "*.sql") // sorted
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	scripts := make([]string, 0, len(names))
	for i, name := range names {
		number, _, _ := strings.Cut(path.Base(name), "_")
		if n, err := strconv.Atoi(number); err != nil || n != i+1 {
			return nil, fmt.Errorf("migration %q: want number %04d", name, i+1)
		}
		script, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		scripts = append(scripts, string(script))
	}
	return scripts, nil
}
