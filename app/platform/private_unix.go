//go:build unix

package platform

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// others are the permissions of group and others.
const others = 0o077

// closeToOthers takes the permissions of group and others away from a file or folder of this user.
func closeToOthers(path string, entry fs.DirEntry) (closed bool, err error) {
	info, err := entry.Info()
	if err != nil || !info.IsDir() && !info.Mode().IsRegular() {
		return false, missingIsFine(err)
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || int(stat.Uid) != os.Geteuid() {
		return false, fmt.Errorf("%s: %w", path, ErrNotPrivate)
	}
	if info.Mode().Perm()&others == 0 {
		return false, nil
	}
	return true, os.Chmod(path, info.Mode().Perm()&^others)
}
