package sqlite

import (
	"path/filepath"

	"golang.org/x/sys/windows"
)

// onNetwork asks for the kind of drive; a share without a letter counts as one too.
func onNetwork(path string) (bool, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return false, err
	}
	root, err := windows.UTF16PtrFromString(filepath.VolumeName(path) + `\`)
	if err != nil {
		return false, err
	}
	return windows.GetDriveType(root) == windows.DRIVE_REMOTE, nil
}
