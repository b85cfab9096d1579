package platform

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestShowFileShowsItsFolder puts a program in the place of xdg-open that says what it was given: no part of the path may be an option.
func TestShowFileShowsItsFolder(t *testing.T) {
	dir := t.TempDir()
	said := filepath.Join(dir, "said")
	if err := syscall.Mkfifo(said, 0o600); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\nprintf '%s %s' $# \"$1\" >\"${0%/*}/said\""
	if err := os.WriteFile(filepath.Join(dir, "xdg-open"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
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
