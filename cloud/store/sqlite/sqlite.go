// Package sqlite keeps the server's data in one SQLite file.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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

// busyTimeout is how long a statement waits for another process, such as a command beside the server.
const busyTimeout = 5 * time.Second

// scrubPatience is how long everybody who writes may wait because somebody reads what the log has.
const scrubPatience = 100 * time.Millisecond

// Open opens or creates the database at path and brings its schema up to date. hook may be nil. Errors: ErrNewerSchema.
func Open(ctx context.Context, path string, hook Hook) (*Store, error) {
	return OpenTimed(ctx, path, hook, tryTimeout)
}

// OpenTimed is Open with another tryTimeout.
func OpenTimed(ctx context.Context, path string, hook Hook, try time.Duration) (*Store, error) {
	write, err := sqlite.Open(ctx, path, sqlite.Options{Immediate: true, BusyTimeout: busyTimeout})
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
	engine.Scrub = func(ctx context.Context) error { return emptyLog(ctx, write) }
	return &Store{Store: sqlstore.New(engine, hook), write: write, read: read}, nil
}

func judge(err error) sqlstore.Failure {
	if sqlite.IsUnique(err) {
		return sqlstore.Duplicate
	}
	return sqlstore.Final
}

// emptyLog moves the write-ahead log into the database file and cuts it to nothing. The file itself has zeros where a row was deleted
// (secure_delete); the log has the pages as they were before, and keeps them until it is written over, which a quiet server never does.
//
// It has the one connection that writes, and waits on it for who reads. A backup reads for minutes, so it gives up soon.
func emptyLog(ctx context.Context, write *sql.DB) (err error) {
	conn, err := write.Conn(ctx)
	if err != nil {
		return fmt.Errorf("empty the write-ahead log: %w", err)
	}
	defer conn.Close()
	defer func() { err = errors.Join(err, setBusyTimeout(context.WithoutCancel(ctx), conn, busyTimeout)) }()
	if err := setBusyTimeout(ctx, conn, scrubPatience); err != nil {
		return err
	}
	var busy bool
	var pages, moved int
	if err := conn.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &moved); err != nil {
		return fmt.Errorf("empty the write-ahead log: %w", err)
	}
	if busy {
		return errors.New("the write-ahead log is in use and was not emptied")
	}
	return nil
}

func setBusyTimeout(ctx context.Context, conn *sql.Conn, d time.Duration) error {
	_, err := conn.ExecContext(ctx, fmt.Sprintf(`PRAGMA busy_timeout=%d`, d.Milliseconds()))
	return err
}

// Close moves the write-ahead log into the database file and closes it. Where another process uses the file the log stays, and is that one's.
func (s *Store) Close() error {
	readErr := s.read.Close()
	_, checkpointErr := s.write.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`)
	return errors.Join(readErr, checkpointErr, s.write.Close())
}
