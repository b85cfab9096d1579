// Package testdisk lies between SQLite and the system's disk, and beside internal/atomicfile, in tests: it tells of every step that
// changes the disk, and of SQLite's reading, before it is made, lets it fail, and makes from a record of steps what a power cut may leave (Disk). Programs must
// not import it.
package testdisk

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// Op is what a step does.
type Op int

// The steps. Torn comes where a Watcher lets half of a Write happen, before the other half.
const (
	Open Op = iota
	Write
	Torn
	Truncate
	Sync
	SyncDir
	Delete
	Shared // SQLite's shared memory grows; it is a file too, and fills a disk
	Rename
	Read // of SQLite; it changes nothing, and a Disk has nothing of it
)

var opNames = [...]string{"open", "write", "torn write", "truncate", "sync", "sync folder", "delete", "shared memory", "rename", "read"}

func (o Op) String() string { return opNames[o] }

// Step is one thing that is about to be done to the disk.
type Step struct {
	Op     Op
	Path   string // "" for a temporary file of SQLite's; the folder of SyncDir
	To     string // of Rename
	Data   []byte // of Write; valid during the call
	At     int64  // offset of Write, Torn and Read; size of Truncate
	Create bool   // of Open
}

// Label names a step for people, by what it does and to which kind of file: "sync wal".
func (s Step) Label() string { return fmt.Sprintf("%s %s", s.Op, kindOf(s)) }

func kindOf(s Step) string {
	name := filepath.Base(s.Path)
	if s.Op == Rename {
		name = filepath.Base(s.To)
	}
	switch {
	case s.Op == SyncDir:
		return ""
	case strings.Contains(name, ".backup-"):
		return "backup"
	case strings.HasSuffix(name, "-wal"):
		return "log"
	case strings.HasSuffix(name, "-journal"):
		return "journal"
	case strings.HasSuffix(name, ".db"):
		return "database"
	}
	return "file"
}

// What a Watcher may answer besides nil, which lets the step happen.
var (
	// ErrHalf lets the first half of a Write happen; Torn follows.
	ErrHalf = errors.New("half a write")
	// ErrFull makes the step fail as on a disk without room.
	ErrFull = errors.New("full")
	// ErrBroken makes it fail as on a disk that does not read or write.
	ErrBroken = errors.New("broken")
)

// Watcher is told of steps. It is called from several goroutines, and must not use a database.
type Watcher func(Step) error
