package platform

import "fmt"

// lowDisk is where writing becomes a risk: a migration keeps a second copy of the database, an update needs room for itself.
const lowDisk = 200 << 20

// LowDiskSpace reports whether less than 200 MiB are left to this user on the disk of a folder.
func LowDiskSpace(dir string) (bool, error) {
	free, err := freeSpace(dir)
	if err != nil {
		return false, fmt.Errorf("free disk space: %w", err)
	}
	return free < lowDisk, nil
}
