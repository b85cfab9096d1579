package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/coffer-vault/coffer/app/ui"
	"github.com/coffer-vault/coffer/internal/atomicfile"
)

// files says where people keep their documents and writes there.
func files() ui.Files {
	home, err := os.UserHomeDir()
	if err != nil {
		home = os.TempDir()
	}
	folder := filepath.Join(home, "Documents")
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		folder = home
	}
	return ui.Files{Folder: folder, Write: writeFile}
}

func writeFile(path string, content []byte, replace bool) error {
	if _, err := os.Lstat(path); err == nil && !replace {
		return fmt.Errorf("write file: %w", fs.ErrExist)
	}
	return atomicfile.WriteFile(path, content, 0o600)
}
