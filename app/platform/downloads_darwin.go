package platform

import (
	"os"
	"path/filepath"
)

func downloads() (string, error) {
	home, err := os.UserHomeDir()
	return filepath.Join(home, "Downloads"), err
}
