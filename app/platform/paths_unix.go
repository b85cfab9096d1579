//go:build unix

package platform

import (
	"io/fs"
	"os"
	"syscall"
)

// private reports whether this user owns the file and neither group nor others may write to it.
func private(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid() && info.Mode().Perm()&0o022 == 0
}
