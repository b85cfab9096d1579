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
)

// WriteFile replaces the content of path with data and gives it exactly the permissions perm, whatever the umask. A symbolic
// link at path is replaced, not followed. On Windows perm only decides the read-only attribute: access is inherited from the folder.
func WriteFile(path string, data []byte, perm fs.FileMode) error {
	return WriteFrom(path, bytes.NewReader(data), perm)
}

// WriteFrom is WriteFile for content that need not fit in memory. An error of r leaves path as it was.
func WriteFrom(path string, r io.Reader, perm fs.FileMode) error {
	// CreateTemp opens exclusively with 0600: nobody can plant the name or read a secret before it has its permissions.
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".tmp-*")
	if err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	if err := fill(f, r, perm); err != nil {
		return fmt.Errorf("write file: %w", errors.Join(err, os.Remove(f.Name())))
	}
	if err := Rename(f.Name(), path); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// fill writes and flushes the temporary file and closes it in every case: Windows cannot rename or remove an open file.
func fill(f *os.File, r io.Reader, perm fs.FileMode) error {
	_, err := io.Copy(f, r)
	if err == nil {
		err = f.Chmod(perm)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Rename moves a file within one file system, replacing to if it exists, and returns when the move itself is on the disk. The
// content of from must be flushed already.
func Rename(from, to string) error {
	if err := replace(from, to); err != nil {
		return fmt.Errorf("rename file: %w", err)
	}
	return SyncDir(filepath.Dir(to))
}
