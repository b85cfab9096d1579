package platform

import (
	"fmt"
	"path/filepath"
)

// ShowFile shows the folder of a file in the system's own file manager, and where that can mark one, the file.
func ShowFile(path string) error {
	path, err := filepath.Abs(path)
	if err == nil {
		err = showFile(path)
	}
	if err != nil {
		return fmt.Errorf("show file: %w", err)
	}
	return nil
}
