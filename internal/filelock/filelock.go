// Package filelock locks open files against other processes, and against other handles of this one. A lock ends with its handle, however
// the process ends. On Windows nobody else can read the first byte of a file that is locked alone.
package filelock

import (
	"errors"
	"os"
)

// ErrLocked means that somebody else has the lock.
var ErrLocked = errors.New("locked by another process")

// Try locks f for this handle alone, without waiting. Errors: ErrLocked, the system's.
func Try(f *os.File) error { return try(f) }

// Share locks f together with others that share it. It waits for whoever has it alone.
func Share(f *os.File) error { return share(f) }
