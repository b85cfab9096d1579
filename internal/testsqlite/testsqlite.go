//go:build cgo

// Package testsqlite lets the databases of a test binary cost less, where it plays thousands of histories over a few files. Programs must
// not import it.
package testsqlite

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/coffer-vault/coffer/internal/sqlite"
)

// Alone has this process be the only one that uses the databases it opens from now on, and lets it lose what it wrote in a power cut:
// nobody waits for a disk, and connections outlive their Close, with the schema that they read and the statements that they compiled.
// What a kill leaves is the same.
func Alone() {
	sqlite.OpenForTests(func(path, dsn string, usual driver.Connector) driver.Connector {
		return connector{usual, path, dsn}
	})
}

// sharedHeader is what the shared memory of a database begins with: what its connections go by (sqlite.org/walformat.html 2.1), in bytes.
const sharedHeader = 136

// Replaced has the connections to a database that were put aside believe nothing of what they knew of its files, which somebody
// has written anew: the next of them reads the write-ahead log, as after the kill of a process that had changed the shared memory.
func Replaced(path string) error {
	file, err := os.OpenFile(path+"-shm", os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nobody has it open
	}
	if err != nil {
		return fmt.Errorf("replace database: %w", err)
	}
	_, err = file.WriteAt(make([]byte, sharedHeader), 0)
	return errors.Join(err, file.Close())
}
