//go:build !windows

package atomicfile

import (
	"errors"
	"fmt"
	"os"
)

func replace(from, to string) error { return os.Rename(from, to) }

// SyncDir flushes a folder, so that names created, renamed or removed in it survive a power cut.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("flush folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("flush folder: %w", err)
	}
	return nil
}
