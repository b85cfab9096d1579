// Package atomicfile writes files so that after a crash, a full disk or a power cut there is the old content or the new, never
// a torn mixture and never nothing: temporary file in the same folder, flush, rename, flush of the folder.
package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// WriteFile replaces the content of path with data and gives it exactly the permissions perm, whatever the umask. A symbolic
// link at path is replaced, not followed. On Windows perm only decides the read-only attribute: access is inherited from the folder.
func WriteFile(path string, data []byte, perm fs.FileMode) error {
	return WriteFrom(path, bytes.NewReader(data), perm)
}

// WriteFrom is WriteFile for content that need not fit in memory. An error of r leaves path as it was.
func WriteFrom(path string, r io.Reader, perm fs.FileMode) error {
	// CreateTemp opens exclusively with 0600: nobody can plant the name or read a secret before it has its permissions.
	f, err := os.CreateTemp(filepath.Dir(path), temporary(path)+"*")
	if err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	// Windows cannot rename or remove an open file.
	if err := errors.Join(fill(f, r, perm), f.Close()); err != nil {
		return fmt.Errorf("write file: %w", errors.Join(err, remove(f.Name())))
	}
	if err := Rename(f.Name(), path); err != nil {
		return errors.Join(err, remove(f.Name()))
	}
	removeLeft(path)
	return nil
}

// leftAge is how old a temporary file is that nobody writes any more.
const leftAge = time.Hour

// removeLeft removes what killed processes have left of earlier tries. What cannot be removed now is next time.
func removeLeft(path string) {
	dir, prefix := filepath.Dir(path), temporary(path)
	files, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, file := range files {
		if !strings.HasPrefix(file.Name(), prefix) {
			continue
		}
		if info, err := file.Info(); err == nil && time.Since(info.ModTime()) > leftAge {
			_ = remove(filepath.Join(dir, file.Name()))
		}
	}
}

// temporary is how the names of a file's temporary files begin.
func temporary(path string) string { return "." + filepath.Base(path) + ".tmp-" }

// fill writes and flushes a temporary file.
func fill(f *os.File, r io.Reader, perm fs.FileMode) error {
	err := step(Step{Op: Made, Path: f.Name()})
	if err == nil {
		_, err = io.Copy(&told{f: f}, r)
	}
	if err == nil {
		err = f.Chmod(perm)
	}
	if err == nil {
		err = flush(f)
	}
	return err
}

// told tells of every write.
type told struct {
	f  *os.File
	at int64
}

func (t *told) Write(data []byte) (int, error) {
	if err := step(Step{Op: Written, Path: t.f.Name(), Data: data, At: t.at}); err != nil {
		return 0, err
	}
	n, err := t.f.Write(data)
	t.at += int64(n)
	return n, err
}

func flush(f *os.File) error {
	if err := step(Step{Op: Flushed, Path: f.Name()}); err != nil {
		return err
	}
	return f.Sync()
}

// Flush returns when a file that somebody else wrote is on the disk.
func Flush(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0) // Windows flushes only what may be written
	if err != nil {
		return fmt.Errorf("flush file: %w", err)
	}
	if err := errors.Join(flush(f), f.Close()); err != nil {
		return fmt.Errorf("flush file: %w", err)
	}
	return nil
}

// Rename moves a file within one file system, replacing to if it exists, and returns when the move itself is on the disk. The
// content of from must be flushed already.
func Rename(from, to string) error {
	err := step(Step{Op: Moved, Path: from, To: to})
	if err == nil {
		err = replace(from, to)
	}
	if err != nil {
		return fmt.Errorf("rename file: %w", err)
	}
	return SyncDir(filepath.Dir(to))
}

// SyncDir flushes a folder, so that names created, renamed or removed in it survive a power cut. On Windows the renames of this package
// write through already, and there is nothing to do.
func SyncDir(dir string) error {
	err := step(Step{Op: FolderFlushed, Path: dir})
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return fmt.Errorf("flush folder: %w", err)
	}
	return nil
}

// remove removes what is left of a temporary file, if anything is.
func remove(path string) error {
	err := step(Step{Op: Removed, Path: path})
	if err == nil {
		err = os.Remove(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
