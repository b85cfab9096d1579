package platform

import (
	"os"
	"path/filepath"
)

// systemPaths follows the XDG Base Directory Specification 0.8.
func systemPaths() (Paths, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return Paths{}, err
	}
	folder := func(variable, fallback string) string {
		// The specification has relative paths ignored.
		dir := os.Getenv(variable)
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(home, fallback)
		}
		return filepath.Join(dir, "coffer")
	}
	data := folder("XDG_DATA_HOME", ".local/share")
	return Paths{
		Home:  data,
		Data:  filepath.Join(data, "vaults"),
		Cache: folder("XDG_CACHE_HOME", ".cache"),
		Logs:  folder("XDG_STATE_HOME", ".local/state"),
	}, nil
}
