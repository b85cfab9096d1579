package platform

import "golang.org/x/sys/windows"

// downloads asks Windows: people move this folder to another disk, and its name in Explorer is not its name on the disk.
func downloads() (string, error) {
	return windows.KnownFolderPath(windows.FOLDERID_Downloads, windows.KF_FLAG_DEFAULT)
}
