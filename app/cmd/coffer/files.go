package main

import (
	"bytes"
	"os"
	"path/filepath"

	"github.com/coffer-vault/coffer/app/ui"
	"github.com/coffer-vault/coffer/internal/atomicfile"
)

// files says where people keep their documents and writes there.
func files(drafts atomicfile.Drafts) ui.Files {
	home, err := os.UserHomeDir()
	if err != nil {
		home = os.TempDir()
	}
	folder := filepath.Join(home, "Documents")
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		folder = home
	}
	write := func(path string, content []byte, replace bool) error {
		return drafts.WriteFrom(path, bytes.NewReader(content), replace)
	}
	return ui.Files{Folder: folder, Write: write, Ready: atomicfile.Ready}
}
