package sqlite

import (
	"net/url"
	"runtime"
	"sync/atomic"
	"testing"
)

var alone atomic.Bool

// AloneForTests has this process be the only one that uses the databases it opens from now on, and lets it lose what it wrote in a power
// cut: locks and shared memory are within the process, as SQLite has them for its connections anyway, and nobody waits for a disk. What a
// kill leaves is the same. It panics outside a test binary.
func AloneForTests() {
	if !testing.Testing() {
		panic("sqlite: a database can be kept for one process in tests only")
	}
	alone.Store(true)
}

// setAlone changes the parameters of a database for a process that is alone with it.
func setAlone(query url.Values) {
	if !alone.Load() {
		return
	}
	query.Set("_synchronous", "OFF")
	if runtime.GOOS != "windows" {
		query.Set("vfs", "unix-excl") // sqlite.org/vfs.html
	}
}
