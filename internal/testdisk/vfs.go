//go:build cgo && unix

package testdisk

// SQLite's functions are found when the test binary is linked: internal/sqlite brings them.

/*
#cgo CFLAGS: -std=gnu99
#cgo LDFLAGS: -Wl,--unresolved-symbols=ignore-in-object-files
#include "sqlite_abi.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/coffer-vault/coffer/internal/atomicfile"
)

var watcher atomic.Pointer[Watcher]

var register = sync.OnceValue(func() error {
	if rc := C.testdisk_register(); rc != 0 {
		return fmt.Errorf("register the layer below SQLite: %d", rc)
	}
	return nil
})

// Watch has w told of every step of SQLite, on databases that are opened after the first call, and of atomicfile. The returned
// function ends it.
func Watch(w Watcher) (stop func(), err error) {
	if err := register(); err != nil {
		return nil, err
	}
	watcher.Store(&w)
	atomicfile.OnStep(func(s atomicfile.Step) error { return asSystem(w(fromFile(s))) })
	return func() {
		watcher.Store(nil)
		atomicfile.OnStep(nil)
	}, nil
}

var fileOps = map[atomicfile.Op]Op{
	atomicfile.Made: Open, atomicfile.Written: Write, atomicfile.Flushed: Sync, atomicfile.Moved: Rename,
	atomicfile.FolderFlushed: SyncDir, atomicfile.Removed: Delete,
}

func fromFile(s atomicfile.Step) Step {
	return Step{Op: fileOps[s.Op], Path: s.Path, To: s.To, Data: s.Data, At: s.At, Create: s.Op == atomicfile.Made}
}

// asSystem is a watcher's answer as the system would give it.
func asSystem(err error) error {
	switch {
	case errors.Is(err, ErrFull):
		return syscall.ENOSPC
	case errors.Is(err, ErrBroken), errors.Is(err, ErrHalf):
		return syscall.EIO
	}
	return err
}

// The codes of SQLite that a step can end with: sqlite.org/rescode.html.
const (
	sqliteFull     = 13
	sqliteIOError  = 10
	sqliteCantOpen = 14
	half           = -1
)

var ioErrors = map[Op]int{Open: sqliteCantOpen, Write: 3, Torn: 3, Truncate: 6, Sync: 4, SyncDir: 5, Delete: 10, Shared: 19, Read: 1}

//export testdiskStep
func testdiskStep(op C.int, path *C.char, data unsafe.Pointer, n C.int, at C.longlong) C.int {
	w := watcher.Load()
	if w == nil {
		return 0
	}
	s := Step{Op: Op(op), Path: C.GoString(path), At: int64(at)}
	switch s.Op {
	case Write:
		s.Data = unsafe.Slice((*byte)(data), int(n))
	case SyncDir:
		s.Path = filepath.Dir(s.Path)
	case Open:
		s.Create, s.At = at != 0, 0
	}
	return C.int(asSQLite((*w)(s), s.Op))
}

// asSQLite is a watcher's answer as SQLite's own layer would give it. A full disk shows to shared memory as an I/O error.
func asSQLite(err error, op Op) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, ErrHalf):
		return half
	case errors.Is(err, ErrFull) && (op == Write || op == Torn):
		return sqliteFull
	case op == Open:
		return sqliteCantOpen
	}
	return sqliteIOError | ioErrors[op]<<8
}
