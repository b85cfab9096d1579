package atomicfile

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/internal/filelock"
)

// Drafts writes files that are for a person to take elsewhere and that hold secrets in the open: an export, a file that was attached. What is
// written of one when its process is killed must not stay, and the next write to that name may never come. So such a file has no name until it
// is whole, where the system can do that (Linux, on most of its file systems): the system itself frees it then. Elsewhere a folder of the
// profile has a note of the temporary file, and Tidy removes what notes of dead processes name.
type Drafts struct {
	dir string // of the notes
}

// NewDrafts keeps its notes in a folder, which it makes when it needs one.
func NewDrafts(dir string) Drafts { return Drafts{dir} }

var withNames atomic.Bool

// NameDrafts has every draft go by a temporary file with a name, as where there are no files without one. It panics outside a test binary.
func NameDrafts(yes bool) {
	if !testing.Testing() {
		panic("atomicfile: drafts are named by the system, except in tests")
	}
	withNames.Store(yes)
}

// draftPerm is for this user alone.
const draftPerm fs.FileMode = 0o600

// WriteFrom gives path the content of r, readable by this user alone, when all of it is on the disk. Without replace a name that is taken is
// fs.ErrExist, also when it is taken meanwhile. After an error path is as it was.
func (d Drafts) WriteFrom(path string, r io.Reader, replace bool) error {
	path, err := filepath.Abs(path)
	if err == nil && !replace {
		if _, taken := os.Lstat(path); taken == nil {
			err = &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
		}
	}
	if err == nil {
		err = d.write(path, r, replace)
	}
	if err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	removeLeft(path)
	return nil
}

// Ready finds out whether there can be a file at path, before the work begins of which it is to have the result: fs.ErrExist as of
// WriteFrom, and otherwise it makes a file of no bytes beside it, and removes that again.
func Ready(path string, replace bool) error {
	if _, err := os.Lstat(path); err == nil && !replace {
		return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	probe, err := os.CreateTemp(filepath.Dir(path), temporary(path)+"*")
	if err != nil {
		return fmt.Errorf("make file: %w", err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

func (d Drafts) write(path string, r io.Reader, replace bool) error {
	var f *os.File
	if !withNames.Load() {
		f = unnamed(path)
	}
	if f == nil {
		return d.writeNamed(path, replace, func(name string) error { return writeNew(name, r) })
	}
	defer f.Close()
	if err := fill(f, r, draftPerm); err != nil {
		return err
	}
	if !replace {
		err := link(f, path)
		if err == nil {
			return SyncDir(filepath.Dir(path))
		}
		if errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	// A name cannot be replaced by a file that has none; and without /proc it gets none at all.
	return d.writeNamed(path, replace, func(name string) error {
		if link(f, name) == nil {
			return nil
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		return writeNew(name, f)
	})
}

// writeNamed goes by a temporary file with a name, of which there is a note. make makes it.
func (d Drafts) writeNamed(path string, replace bool, make func(name string) error) (err error) {
	n := note{Temporary: filepath.Join(filepath.Dir(path), temporary(path)+rand.Text())}
	if !replace {
		n.Reserved = path
	}
	done, err := d.remember(n)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	release := func() {}
	if !replace {
		if release, err = reserve(path); err != nil {
			return err
		}
	}
	if err = make(n.Temporary); err == nil {
		err = Rename(n.Temporary, path)
	}
	if err != nil {
		release()
		return errors.Join(err, remove(n.Temporary))
	}
	return nil
}

// writeNew writes a file that is not there yet.
func writeNew(name string, r io.Reader) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, draftPerm)
	if err != nil {
		return err
	}
	return errors.Join(fill(f, r, draftPerm), f.Close())
}

// reserve takes a name that nobody has, in one step, so that no file that comes in between is replaced. release gives it back.
func reserve(path string) (release func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, draftPerm)
	if err != nil {
		return nil, err
	}
	ours, err := f.Stat()
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, errors.Join(err, os.Remove(path))
	}
	return func() {
		if now, err := os.Lstat(path); err == nil && os.SameFile(ours, now) && now.Size() == 0 {
			_ = os.Remove(path) // it is empty
		}
	}, nil
}

// note says what a write leaves that is killed. Its file is locked as long as somebody writes.
type note struct {
	Temporary string `json:"temporary"`
	Reserved  string `json:"reserved,omitempty"` // a name that was taken; removed only where its file is empty
}

const noteSuffix = ".draft"

// remember has a note on the disk before what it names is made. done ends it.
func (d Drafts) remember(n note) (done func() error, err error) {
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return nil, err
	}
	data, err := json.Marshal(n)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(d.dir, rand.Text()+noteSuffix)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, draftPerm)
	if err != nil {
		return nil, err
	}
	done = func() error { return errors.Join(f.Close(), remove(path)) }
	if err = filelock.Try(f); err == nil {
		_, err = f.Write(data)
	}
	if err = errors.Join(err, f.Sync(), syncDir(d.dir)); err != nil {
		return nil, errors.Join(err, done())
	}
	return done, nil
}

// Tidy removes what killed processes have left. What cannot be removed now, a stick that is not there say, is next time.
func (d Drafts) Tidy() error {
	notes, err := os.ReadDir(d.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, n := range notes {
		if strings.HasSuffix(n.Name(), noteSuffix) {
			err = errors.Join(err, tidy(filepath.Join(d.dir, n.Name())))
		}
	}
	return err
}

// tidy does what one note says, unless the process that wrote it lives.
func tidy(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // its writer is done
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if filelock.Try(f) != nil {
		return nil
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil || len(data) == 0 && time.Since(info.ModTime()) < leftAge {
		return err // it is being written, and names nothing yet
	}
	var n note
	if json.Unmarshal(data, &n) == nil {
		if err := n.undo(); err != nil {
			return err
		}
	}
	return errors.Join(f.Close(), remove(path))
}

// undo removes what a note names, and nothing that has not the name of a temporary file.
func (n note) undo() error {
	if !filepath.IsAbs(n.Temporary) || !strings.HasPrefix(filepath.Base(n.Temporary), ".") || !strings.Contains(filepath.Base(n.Temporary), ".tmp-") {
		return nil
	}
	if _, err := os.Stat(filepath.Dir(n.Temporary)); err != nil {
		return fmt.Errorf("folder of an unfinished file: %w", err)
	}
	if info, err := os.Lstat(n.Temporary); err == nil && info.Mode().IsRegular() {
		if err := remove(n.Temporary); err != nil {
			return err
		}
	}
	if info, err := os.Lstat(n.Reserved); err == nil && n.Reserved != "" && info.Mode().IsRegular() && info.Size() == 0 {
		return remove(n.Reserved)
	}
	return nil
}
