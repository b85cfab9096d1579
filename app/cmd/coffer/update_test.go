package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/session"
)

func TestVersionThatCannotOpenTheFilesIsNotConfirmed(t *testing.T) {
	paths, err := platform.PathsBelow(t.TempDir())
	if err == nil {
		err = paths.Create()
	}
	if err != nil {
		t.Fatal(err)
	}
	manager, confirmed := session.New(session.Config{Paths: paths}), 0
	confirm := func() error { confirmed++; return nil }
	if err := proveHealthy(t.Context(), manager.CheckFiles, confirm); err != nil || confirmed != 1 {
		t.Errorf("a PC without accounts: %v, confirmed %d times", err, confirmed)
	}
	if err := os.Mkdir(filepath.Join(paths.Data, "account.db"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := proveHealthy(t.Context(), manager.CheckFiles, confirm); err == nil || confirmed != 1 {
		t.Errorf("a file that does not open: %v, confirmed %d times", err, confirmed)
	}
}
