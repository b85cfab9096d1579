package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
)

var alone atomic.Bool

// AloneForTests has this process be the only one that uses the databases it opens from now on, and lets it lose what it wrote in a power
// cut: nobody waits for a disk, and connections outlive their Close, with the schema that they read and the statements that they compiled.
// What a kill leaves is the same. It panics outside a test binary.
func AloneForTests() {
	if !testing.Testing() {
		panic("sqlite: a database can be kept for one process in tests only")
	}
	alone.Store(true)
}

// setAlone changes the parameters of a database for a process that is alone with it.
func setAlone(query url.Values) {
	if alone.Load() {
		query.Set("_synchronous", "OFF")
	}
}

// sharedHeader is what the shared memory of a database begins with: what its connections go by (sqlite.org/walformat.html 2.1), in bytes.
const sharedHeader = 136

// ReplacedForTests has the connections to a database that were put aside believe nothing of what they knew of its files, which somebody
// has written anew: the next of them reads the write-ahead log, as after the kill of a process that had changed the shared memory.
func ReplacedForTests(path string) error {
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
