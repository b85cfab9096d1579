package platform

import (
	"os"
	"path/filepath"
	"testing"
)

// No part of the path may be an option.
func TestShowFileShowsItsFolder(t *testing.T) {
	said := standInForXDGOpen(t)
	folder := filepath.Join(t.TempDir(), "-a $(id) b")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Dir(folder))
	if err := ShowFile(filepath.Join("-a $(id) b", "out.csv")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(said); err != nil || string(got) != "1 "+folder {
		t.Errorf("given %q, %v; want %q", got, err, "1 "+folder)
	}
	t.Setenv("PATH", t.TempDir())
	if err := ShowFile("out.csv"); err == nil {
		t.Error("nothing to show it with, and no error")
	}
}
