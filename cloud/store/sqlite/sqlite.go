// Package sqlite keeps the server's data in one SQLite file.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/coffer-vault/coffer/cloud/store/sqlstore"
	"github.com/coffer-vault/coffer/internal/sqlite"
)

// Hook is sqlstore's.
type Hook = sqlstore.Hook

// ErrNewerSchema is sqlstore's.
var ErrNewerSchema = sqlstore.ErrNewerSchema

// Store is a cloud.Store on one SQLite file.
type Store struct {
	*sqlstore.Store
	// SQLite has one writer at a time: waiting for the connection is cheaper than waiting for its lock. Readers see snapshots.
	write, read *sql.DB
}

// maxReaders bounds the snapshots that are read at a time: each costs file handles and a page cache of its own, and a flood of requests
// must not take all that the process may have. Connections are kept, since opening one costs more than most queries.
const maxReaders = 32

// tryTimeout is how long a transaction waits for its turn to write, and reading may take: as on PostgreSQL. On a disk that stands still
// the writer waits for the disk, which nothing can interrupt, and everybody behind it is told after this time.
const tryTimeout = 20 * time.Second

// Open opens or creates the database at path and brings its schema up to date. hook may be nil. Errors: ErrNewerSchema.
func Open(ctx context.Context, path string, hook Hook) (*Store, error) {
	return OpenTimed(ctx, path, hook, tryTimeout)
}

// OpenTimed is Open with another tryTimeout.
func OpenTimed(ctx context.Context, path string, hook Hook, try time.Duration) (*Store, error) {
	write, err := sqlite.Open(ctx, path, sqlite.Options{Immediate: true})
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	if err := sqlstore.Migrate(ctx, write, goose.DialectSQLite3, func(text string) string { return text }); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read, err := sqlite.Open(ctx, path, sqlite.Options{ReadOnly: true})
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(maxReaders)
	read.SetMaxIdleConns(maxReaders)
	// The one writer is in nobody's way, so there is no Patience.
	engine := sqlstore.Engine{Write: write, Read: read, Judge: judge, OneWriter: true, TryTimeout: try}
	return &Store{Store: sqlstore.New(engine, hook), write: write, read: read}, nil
}

func judge(err error) sqlstore.Failure {
	if sqlite.IsUnique(err) {
		return sqlstore.Duplicate
	}
	return sqlstore.Final
}

// Close moves the write-ahead log into the database file and closes it.
func (s *Store) Close() error {
	readErr := s.read.Close()
	_, checkpointErr := s.write.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`)
	return errors.Join(readErr, checkpointErr, s.write.Close())
}
