package sim

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/coffer-vault/coffer/internal/testsqlite"
)

// disk is what a folder holds at one moment, by the paths below it. SQLite's shared memory is not part of it: a kill takes it away.
type disk struct {
	folders map[string]bool
	files   map[string][]byte
}

const (
	database     = ".db"
	writeAhead   = ".db-wal"
	sharedMemory = ".db-shm"
)

// readDisk reads what is in a folder, which need not be there.
func readDisk(folder string) (disk, error) {
	d := disk{map[string]bool{}, map[string][]byte{}}
	err := walk(folder, func(path string, isFolder bool) (err error) {
		switch {
		case isFolder:
			d.folders[path] = true
		case filepath.Ext(path) != sharedMemory:
			d.files[path], err = os.ReadFile(filepath.Join(folder, path))
		}
		return err
	})
	return d, err
}

// restore makes a folder what it was. The databases stay the same files, so that connections which were put aside go on to serve.
func (d disk) restore(folder string) error {
	err := walk(folder, func(path string, isFolder bool) error { return d.clear(folder, path, isFolder) })
	for path := range d.folders {
		if err == nil {
			err = os.MkdirAll(filepath.Join(folder, path), 0o700)
		}
	}
	for path, data := range d.files {
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, path), data, 0o600)
		}
		if err == nil && filepath.Ext(path) == database {
			err = testsqlite.Replaced(filepath.Join(folder, path))
		}
	}
	return err
}

// clear takes away what was not there.
func (d disk) clear(folder, path string, isFolder bool) error {
	_, stays := d.files[path]
	whole := filepath.Join(folder, path)
	_, ofDatabase := d.files[strings.TrimSuffix(strings.TrimSuffix(path, "-wal"), "-shm")]
	switch {
	case isFolder && !d.folders[path]:
		if err := os.RemoveAll(whole); err != nil {
			return err
		}
		return fs.SkipDir
	case isFolder || stays:
		return nil
	case filepath.Ext(path) == database:
		return errors.Join(testsqlite.Forget(whole), os.Remove(whole))
	case filepath.Ext(path) == writeAhead && ofDatabase:
		return os.Truncate(whole, 0)
	case filepath.Ext(path) == sharedMemory && ofDatabase:
		return nil
	}
	if err := os.Remove(whole); !errors.Is(err, fs.ErrNotExist) { // SQLite was quicker
		return err
	}
	return nil
}

// walk visits what is below a folder, folders first.
func walk(folder string, visit func(path string, isFolder bool) error) error {
	return filepath.WalkDir(folder, func(whole string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		path, err := filepath.Rel(folder, whole)
		if err != nil {
			return err
		}
		return visit(path, e.IsDir())
	})
}
