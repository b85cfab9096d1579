package updater

import (
	"strings"

	"golang.org/x/sys/unix"
)

// checkInstalled has nobody to ask on Linux.
func checkInstalled(string) error { return nil }

// osVersion is that of the kernel, such as "6.1.0".
func osVersion() string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return ""
	}
	release := unix.ByteSliceToString(name.Release[:])
	// "6.1.0-13-amd64" ends where the distribution's own numbering begins.
	if end := strings.IndexFunc(release, func(r rune) bool { return r != '.' && (r < '0' || r > '9') }); end >= 0 {
		release = release[:end]
	}
	return release
}
