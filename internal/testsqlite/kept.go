//go:build cgo

package testsqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"

	"github.com/mattn/go-sqlite3"
)

// kept are the connections of a process that is alone with its databases while nobody uses them, by the path of the file.
var kept = struct {
	sync.Mutex
	idle map[string][]*keptConn
}{idle: map[string][]*keptConn{}}

// connector opens connections whose Close puts them aside for the next who opens the same file in the same way.
type connector struct {
	driver.Connector
	path, dsn string
}

// keptConn never looks whether its caller gives up: then the driver would run each statement in a goroutine of its own.
type keptConn struct {
	*sqlite3.SQLiteConn
	from connector
	file fs.FileInfo // that it has open
}

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	file, err := os.Stat(c.path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if conn := c.take(file); conn != nil {
		return conn, nil
	}
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	aside := &keptConn{conn.(*sqlite3.SQLiteConn), c, file}
	if _, err := aside.Exec(`PRAGMA synchronous=OFF`, nil); err != nil {
		return nil, errors.Join(err, aside.SQLiteConn.Close())
	}
	return aside, nil
}

// take finds a connection to this very file: another one may have its name since.
func (c connector) take(file fs.FileInfo) *keptConn {
	kept.Lock()
	defer kept.Unlock()
	idle := kept.idle[c.path]
	at := slices.IndexFunc(idle, func(conn *keptConn) bool { return conn.from.dsn == c.dsn && os.SameFile(conn.file, file) })
	if at < 0 {
		return nil
	}
	conn := idle[at]
	kept.idle[c.path] = slices.Delete(idle, at, at+1)
	return conn
}

// Close keeps the connection, unless it is within a transaction.
func (c *keptConn) Close() error {
	if !c.AutoCommit() {
		return c.SQLiteConn.Close()
	}
	kept.Lock()
	defer kept.Unlock()
	kept.idle[c.from.path] = append(kept.idle[c.from.path], c)
	return nil
}

func (c *keptConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	return c.SQLiteConn.BeginTx(context.WithoutCancel(ctx), o)
}

func (c *keptConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.SQLiteConn.ExecContext(context.WithoutCancel(ctx), query, args)
}

func (c *keptConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.SQLiteConn.QueryContext(context.WithoutCancel(ctx), query, args)
}

func (c *keptConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := c.SQLiteConn.PrepareContext(context.WithoutCancel(ctx), query)
	if err != nil {
		return nil, err
	}
	return keptStmt{stmt.(*sqlite3.SQLiteStmt)}, nil
}

type keptStmt struct{ *sqlite3.SQLiteStmt }

func (s keptStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.SQLiteStmt.ExecContext(context.WithoutCancel(ctx), args)
}

func (s keptStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.SQLiteStmt.QueryContext(context.WithoutCancel(ctx), args)
}

// Forget closes the connections to a file that were put aside.
func Forget(path string) error {
	kept.Lock()
	defer kept.Unlock()
	var errs []error
	for _, conn := range kept.idle[path] {
		errs = append(errs, conn.SQLiteConn.Close())
	}
	delete(kept.idle, path)
	return errors.Join(errs...)
}
