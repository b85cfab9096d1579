//go:build !windows

package acl

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// MakePrivate makes a folder for this user alone, root for a daemon. ErrUnsafe where another user could have made or can move it.
func MakePrivate(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make folder: %w", err)
	}
	return CheckWriters(dir)
}

// CheckWriters refuses a folder that another user but root can write, or whose place in the tree another user can change.
func CheckWriters(dir string) error {
	for at := dir; ; at = filepath.Dir(at) {
		info, err := os.Lstat(at)
		if err != nil {
			return fmt.Errorf("check folder: %w", err)
		}
		writable := info.Mode().Perm()&0o022 != 0
		// In a sticky folder such as /tmp nobody else can move what is ours.
		if at != dir && info.Mode()&fs.ModeSticky != 0 {
			writable = false
		}
		owner := int(info.Sys().(*syscall.Stat_t).Uid)
		if !info.IsDir() || writable || owner != 0 && owner != os.Geteuid() {
			return fmt.Errorf("%w: %s", ErrUnsafe, at)
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}
