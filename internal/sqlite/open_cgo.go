//go:build cgo

package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/mattn/go-sqlite3"
)

// ownPragmas are the settings of our own databases that the driver has no parameter for.
//
// trusted_schema=OFF keeps a planted schema from calling functions; temp_store=MEMORY keeps rows out of temporary files;
// fullfsync makes "saved" true on macOS, where fsync alone does not reach the disk.
const ownPragmas = `PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY; PRAGMA fullfsync=ON; PRAGMA checkpoint_fullfsync=ON;`

// connector opens connections without registering a driver name for the whole process.
type connector struct {
	dsn   string
	setUp func(*sqlite3.SQLiteConn) error
}

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.Driver().Open(c.dsn) }

func (c connector) Driver() driver.Driver { return &sqlite3.SQLiteDriver{ConnectHook: c.setUp} }

// Open opens or creates one of our own databases: WAL, synchronous=FULL, secure_delete, foreign keys, file mode 0600.
// It touches the file before it returns, so a bad path or a file that is no database is reported here.
func Open(ctx context.Context, path string, o Options) (*sql.DB, error) {
	dsn, err := dataSource(path, o)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if !o.ReadOnly {
		if err := createPrivate(path); err != nil {
			return nil, err
		}
	}
	db := sql.OpenDB(opener(path, connector{dsn: dsn, setUp: setOwnPragmas}))
	if _, err := Version(ctx, db); err != nil {
		db.Close()
		return nil, fmt.Errorf("open database: %w", err)
	}
	return db, nil
}

// Opener makes what connections to one of our own databases come from: of its path, of the name that the driver knows it and its
// parameters by, and of what they come from usually.
type Opener func(path, dsn string, usual driver.Connector) driver.Connector

var testOpener atomic.Pointer[Opener]

// OpenForTests has databases that are opened from now on use another opener, or with nil the usual one. It panics outside a test binary.
func OpenForTests(o Opener) {
	if !testing.Testing() {
		panic("sqlite: another opener is for tests only")
	}
	if o == nil {
		testOpener.Store(nil)
		return
	}
	testOpener.Store(&o)
}

func opener(path string, c connector) driver.Connector {
	if open := testOpener.Load(); open != nil {
		return (*open)(path, c.dsn, c)
	}
	return c
}

func setOwnPragmas(conn *sqlite3.SQLiteConn) error {
	_, err := conn.Exec(ownPragmas, nil)
	return err
}

// OpenImage opens the bytes of another program's database file in memory, read-only and as hostile input:
// nothing but SELECT and PRAGMA table_info is allowed, with SQLite's limits for untrusted files. No temporary file is made.
// An image that is too large, empty or without SQLite's header fails; damage further inside shows as IsCorrupt at the query.
func OpenImage(image []byte) (*sql.DB, error) {
	image, err := prepareImage(image)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector{dsn: ":memory:", setUp: func(conn *sqlite3.SQLiteConn) error {
		return loadImage(conn, image)
	}})
	// Every connection holds its own copy of the image; one is enough for a reader.
	db.SetMaxOpenConns(1)
	return db, nil
}

func loadImage(conn *sqlite3.SQLiteConn, image []byte) error {
	if err := conn.Deserialize(image, ""); err != nil {
		return err
	}
	const pragmas = `PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA query_only=ON; PRAGMA temp_store=MEMORY;`
	if _, err := conn.Exec(pragmas, nil); err != nil {
		return err
	}
	limitHostile(conn)
	conn.RegisterAuthorizer(authorizeRead)
	return nil
}

// limitHostile sets limits in the spirit of what SQLite's "Defense Against The Dark Arts" (sqlite.org/security.html) recommends.
func limitHostile(conn *sqlite3.SQLiteConn) {
	conn.SetLimit(sqlite3.SQLITE_LIMIT_LENGTH, MaxImageSize)
	conn.SetLimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, 100_000)
	conn.SetLimit(sqlite3.SQLITE_LIMIT_COLUMN, 500) // Firefox's key4.db has a table of 193
	conn.SetLimit(sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 10)
	conn.SetLimit(sqlite3.SQLITE_LIMIT_COMPOUND_SELECT, 3)
	conn.SetLimit(sqlite3.SQLITE_LIMIT_VDBE_OP, 25_000)
	conn.SetLimit(sqlite3.SQLITE_LIMIT_FUNCTION_ARG, 8)
	conn.SetLimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
	conn.SetLimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50)
	conn.SetLimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 10)
	conn.SetLimit(sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 1)
}

// authorizeRead is asked for every action while a statement is compiled, views of the image's own schema included.
// Functions and recursive queries are refused: with them a planted view could compute or loop without end.
func authorizeRead(action int, argument, _, _ string) int {
	switch action {
	case sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ:
		return sqlite3.SQLITE_OK
	case sqlite3.SQLITE_PRAGMA:
		if argument == "table_info" {
			return sqlite3.SQLITE_OK
		}
	}
	return sqlite3.SQLITE_DENY
}

// Columns lists the columns of an ordinary table of an image, in order; none if there is no such table.
// A view or virtual table of that name counts as absent: an image must not choose what a query runs.
func Columns(ctx context.Context, image *sql.DB, table string) ([]string, error) {
	var ordinary bool
	const isTable = `SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ? AND rootpage > 0)`
	if err := image.QueryRowContext(ctx, isTable, table).Scan(&ordinary); err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	if !ordinary {
		return nil, nil
	}
	quoted := `"` + strings.ReplaceAll(table, `"`, `""`) + `"`
	rows, err := image.QueryContext(ctx, `SELECT * FROM `+quoted+` LIMIT 0`)
	if err != nil {
		return nil, fmt.Errorf("read columns: %w", err)
	}
	defer rows.Close()
	return rows.Columns()
}

// IsFull reports that the disk has no room left; the transaction was rolled back.
func IsFull(err error) bool {
	e, ok := asError(err)
	return ok && (e.Code == sqlite3.ErrFull || e.SystemErrno == syscall.ENOSPC)
}

// IsBusy reports that another connection held a lock for longer than the busy timeout; trying again is right.
func IsBusy(err error) bool {
	e, ok := asError(err)
	return ok && (e.Code == sqlite3.ErrBusy || e.Code == sqlite3.ErrLocked)
}

// IsReadOnly reports a write to a read-only database, file or file system.
func IsReadOnly(err error) bool { return hasCode(err, sqlite3.ErrReadonly) }

// IsIO reports that the disk, or the network behind it, failed to read or write; what was committed before is as it was.
func IsIO(err error) bool { return hasCode(err, sqlite3.ErrIoErr) && !isCutOff(err) }

// isCutOff reports a file that ends within a page: nothing is wrong with the disk, the rest of the file is missing.
func isCutOff(err error) bool {
	e, ok := asError(err)
	return ok && e.ExtendedCode == sqlite3.ErrIoErrShortRead
}

// IsCannotOpen reports a database, or a file that belongs to it, that the system does not open: its folder, or the rights to it.
func IsCannotOpen(err error) bool { return hasCode(err, sqlite3.ErrCantOpen) }

// IsCorrupt reports a damaged database, or a part of one.
func IsCorrupt(err error) bool { return hasCode(err, sqlite3.ErrCorrupt) || isCutOff(err) }

// IsUnique reports that a row with the same unique or primary key exists.
func IsUnique(err error) bool {
	e, ok := asError(err)
	return ok && (e.ExtendedCode == sqlite3.ErrConstraintUnique || e.ExtendedCode == sqlite3.ErrConstraintPrimaryKey)
}

// IsNotADatabase reports a file that is no SQLite database at all.
func IsNotADatabase(err error) bool {
	return errors.Is(err, errNotADatabase) || hasCode(err, sqlite3.ErrNotADB)
}

// IsWrongSchema reports tables, columns or indexes that are not there, or are there already: the schema is not that of the version that the
// file says it has.
func IsWrongSchema(err error) bool {
	if !hasCode(err, sqlite3.ErrError) {
		return false
	}
	for _, said := range []string{"no such table", "no such column", "no such index", "has no column", "already exists", "duplicate column name"} {
		if strings.Contains(err.Error(), said) {
			return true
		}
	}
	return false
}

func hasCode(err error, code sqlite3.ErrNo) bool {
	e, ok := asError(err)
	return ok && e.Code == code
}

func asError(err error) (sqlite3.Error, bool) {
	var e sqlite3.Error
	ok := errors.As(err, &e)
	return e, ok
}
