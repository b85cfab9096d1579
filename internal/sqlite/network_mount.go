package sqlite

import (
	"slices"
	"strings"
)

// The names that macOS gives to file systems (f_fstypename of statfs(2)) of the network, and how those in user space begin.
var (
	networkNames   = []string{"nfs", "smbfs", "cifs", "afpfs", "webdav", "ftp", "afs", "ceph", "coda"}
	userspaceNames = []string{"fuse", "macfuse", "osxfuse"}
)

// networkMount tells whether a file system is of the network, by its name and by whether the system says that it is stored locally
// (MNT_LOCAL). One in user space may be either, and is let through as on Linux. It is apart from macOS's own call so that every system
// tests it.
func networkMount(name string, local bool) bool {
	if slices.Contains(networkNames, name) {
		return true
	}
	inUserspace := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
	return !local && !slices.ContainsFunc(userspaceNames, inUserspace)
}
