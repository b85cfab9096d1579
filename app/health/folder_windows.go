package health

import (
	"fmt"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// Folder is the reporter's, in the profile of NT AUTHORITY\LocalService: users can neither read there nor have put something in its
// place. Administrators can read it.
func Folder() (string, error) {
	root, err := windows.GetSystemWindowsDirectory()
	if err != nil {
		return "", fmt.Errorf("find the folder of reports: %w", err)
	}
	return filepath.Join(root, "ServiceProfiles", "LocalService", "AppData", "Local", "CofferHealth"), nil
}
