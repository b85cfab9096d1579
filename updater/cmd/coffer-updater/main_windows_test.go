package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/windows/svc"
)

// Windows Installer waits for the service to run: one that ended before would fail the installation of the whole program.
func TestServiceThatCannotWorkStartsAndStops(t *testing.T) {
	t.Setenv("COFFER_UPDATE_ROOT", "")
	dir := t.TempDir()
	notAFolder := filepath.Join(dir, "file")
	if err := os.WriteFile(notAFolder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, folder := range map[string]func() (string, error){
		"unsafe folder": func() (string, error) { return "", errors.New("folder can be changed by others") },
		"no log":        func() (string, error) { return notAFolder, nil },
		"no root":       func() (string, error) { return dir, nil },
	} {
		status := make(chan svc.Status, 1)
		specific, code := handler{folder}.Execute(nil, nil, status)
		if first := <-status; first.State != svc.Running {
			t.Errorf("%s: reported %v first", name, first.State)
		}
		if !specific || code != startFailed {
			t.Errorf("%s: ended with %v %d", name, specific, code)
		}
	}
}
