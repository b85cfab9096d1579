package platform

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// standInForXDGOpen puts a program in the place of xdg-open, and returns the pipe into which it says what it was given: how many
// arguments, and the first.
func standInForXDGOpen(t *testing.T) (said string) {
	t.Helper()
	dir := t.TempDir()
	said = filepath.Join(dir, "said")
	if err := syscall.Mkfifo(said, 0o600); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\nprintf '%s %s' $# \"$1\" >\"${0%/*}/said\""
	if err := os.WriteFile(filepath.Join(dir, "xdg-open"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	return said
}

func TestOpenURLRunsNoShell(t *testing.T) {
	said := standInForXDGOpen(t)
	if err := OpenURL("https://example.com/$(id)?a=`id`&b=c d"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(said)
	if want := "1 https://example.com/$(id)?a=%60id%60&b=c%20d"; err != nil || string(got) != want {
		t.Errorf("given %q, %v; want %q", got, err, want)
	}
	t.Setenv("PATH", t.TempDir())
	if err := OpenURL("https://example.com"); err == nil {
		t.Error("nothing to open it with, and no error")
	}
}
