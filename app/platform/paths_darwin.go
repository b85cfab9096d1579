package platform

import (
	"os"
	"path/filepath"
)

func systemPaths() (Paths, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return Paths{}, err
	}
	library := filepath.Join(home, "Library")
	data := filepath.Join(library, "Application Support", "Coffer")
	return Paths{
		Home:  data,
		Data:  filepath.Join(data, "vaults"),
		Cache: filepath.Join(library, "Caches", "Coffer"),
		Logs:  filepath.Join(library, "Logs", "Coffer"),
	}, nil
}
