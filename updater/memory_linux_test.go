package updater

import "syscall"

// roomy tells whether a folder has many times the room that the tests need at once. What a container has in memory is 64 MiB, as a rule.
func roomy(folder string) bool {
	var stat syscall.Statfs_t
	return syscall.Statfs(folder, &stat) == nil && stat.Bavail*uint64(stat.Bsize) >= 1<<30
}
