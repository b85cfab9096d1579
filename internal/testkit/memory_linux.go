package testkit

import (
	"os"

	"golang.org/x/sys/unix"
)

const (
	memory = "/dev/shm"
	// enough is many times what the tests of a package have on the disk at once. A container has 64 MiB, as a rule.
	enough = 1 << 30
)

// inMemory makes a folder in memory for temporary files; empty where there is none, or not enough.
func inMemory() string {
	var stat unix.Statfs_t
	if err := unix.Statfs(memory, &stat); err != nil || stat.Bavail*uint64(stat.Bsize) < enough {
		return ""
	}
	dir, err := os.MkdirTemp(memory, "coffer-test-")
	if err != nil {
		return ""
	}
	return dir
}
