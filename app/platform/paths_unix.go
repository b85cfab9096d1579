//go:build unix

package platform

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// privateFolder makes dir with 0700 and checks that only this user can write to it. One that is there already and has nothing in it is
// closed to others now: later Secure would take it for a profile that others could read.
func privateFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if !private(info) {
		return fmt.Errorf("%s: %w", dir, ErrNotPrivate)
	}
	if info.Mode().Perm()&others == 0 {
		return nil
	}
	if inside, err := os.ReadDir(dir); err != nil || len(inside) > 0 {
		return err
	}
	return os.Chmod(dir, 0o700)
}

// private reports whether this user owns the file and neither group nor others may write to it.
func private(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid() && info.Mode().Perm()&0o022 == 0
}
