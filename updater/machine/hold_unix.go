//go:build !windows

package machine

import (
	"os"
	"syscall"
)

// openExclusive follows no link. That nobody else writes is the folder's to see to: it belongs to root, and root alone writes there.
func openExclusive(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
}
