//go:build unix

package platform

import "golang.org/x/sys/unix"

// disableCoreDumps sets the limit to one byte and not to none: a dump of any use does not fit into either, but at 0 Linux still
// pipes the whole memory to a crash handler if one is configured, and at 1 it does not (fs/coredump.c).
func disableCoreDumps() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil {
		return err
	}
	limit.Cur = min(1, limit.Max) // the ceiling stays: programs that we start may want dumps
	return unix.Setrlimit(unix.RLIMIT_CORE, &limit)
}
