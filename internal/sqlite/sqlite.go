// Package sqlite opens SQLite databases the way Coffer needs them: our own files durable and shared between processes
// (Open, Migrate), other programs' files as untrusted read-only images in memory (OpenImage).
//
// It is the one importer of go-sqlite3. Without cgo it still compiles, so that cross-checks of other packages work;
// opening then fails with ErrNoCGO.
package sqlite

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ErrNoCGO is returned by every function that opens a database in a binary built with CGO_ENABLED=0.
var ErrNoCGO = errors.New("sqlite: this program was built without cgo")

const defaultBusyTimeout = 5 * time.Second

// Options of Open. The zero value is right for a database this program writes.
type Options struct {
	// ReadOnly opens an existing database without ever writing to it; a missing file is an error.
	ReadOnly bool
	// Immediate takes the write lock at BEGIN, so that two processes queue instead of failing at the first write.
	Immediate bool
	// BusyTimeout is how long a statement waits for another process's lock; zero means 5 s.
	BusyTimeout time.Duration
}

// dataSource builds the URI of path; path may hold any character, '?' and '#' included.
func dataSource(path string, o Options) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	slashed := filepath.ToSlash(absolute)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/x has to become file:///C:/x
	}
	timeout := o.BusyTimeout
	if timeout == 0 {
		timeout = defaultBusyTimeout
	}
	query := url.Values{
		"_busy_timeout":    {strconv.FormatInt(timeout.Milliseconds(), 10)},
		"_foreign_keys":    {"on"},
		"_synchronous":     {"FULL"}, // the driver's NORMAL loses commits in a power cut that had returned
		"_stmt_cache_size": {"64"},   // compiling a statement takes longer than most run
		"_mutex":           {"no"},   // database/sql has one goroutine at a time use a connection
	}
	if o.Immediate {
		query.Set("_txlock", "immediate")
	}
	if o.ReadOnly {
		query.Set("mode", "ro")
	} else {
		query.Set("_journal_mode", "WAL")
		// Deleted pages are zeroed: a removed wrapped key must not stay readable in the file.
		query.Set("_secure_delete", "on")
	}
	return (&url.URL{Scheme: "file", Path: slashed, RawQuery: query.Encode()}).String(), nil
}

// createPrivate makes the file before SQLite does, which would leave it readable for others; -wal and -shm copy its mode.
func createPrivate(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	return file.Close()
}
