//go:build !windows

package machine

import (
	"os"
	"syscall"
)

// openExclusive follows no link. Elsewhere than on Windows only tests use it.
func openExclusive(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
}
