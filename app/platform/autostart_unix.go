//go:build unix

package platform

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/coffer-vault/coffer/internal/atomicfile"
)

// On Linux and macOS a file in the right folder is all.

func addAutostart(program string) error {
	path, err := autostartFile()
	if err != nil {
		return err
	}
	content, err := autostartContent(program)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return atomicfile.WriteFile(path, content, 0o644)
}

func removeAutostart() error {
	path, err := autostartFile()
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func hasAutostart() (bool, error) {
	path, err := autostartFile()
	if err != nil {
		return false, err
	}
	_, err = os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
