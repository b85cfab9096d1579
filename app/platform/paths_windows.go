package platform

import (
	"path/filepath"

	"golang.org/x/sys/windows"
)

// systemPaths asks Windows and not the environment, which a service or a scheduled task may lack.
func systemPaths() (Paths, error) {
	local, err := windows.KnownFolderPath(windows.FOLDERID_LocalAppData, windows.KF_FLAG_DEFAULT)
	if err != nil {
		return Paths{}, err
	}
	home := filepath.Join(local, "Coffer")
	return Paths{
		Home:  home,
		Data:  filepath.Join(home, "vaults"),
		Cache: filepath.Join(home, "cache"),
		Logs:  filepath.Join(home, "logs"),
	}, nil
}
