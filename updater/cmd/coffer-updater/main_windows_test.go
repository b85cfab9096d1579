package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/coffer-vault/coffer/updater/internal/acl"
	"golang.org/x/sys/windows/registry"
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

// The uninstallation is told of the service's folder while it is private, and not while something else is in its place.
func TestFolderIsNamedWhileItIsPrivate(t *testing.T) {
	named := func() string {
		key, err := registry.OpenKey(registry.LOCAL_MACHINE, ownKey, registry.QUERY_VALUE)
		if err != nil {
			return ""
		}
		defer key.Close()
		folder, _, err := key.GetStringValue("Folder")
		if err != nil {
			t.Error(err)
		}
		return folder
	}
	dir, err := privateFolder()
	if err != nil || filepath.Base(dir) != serviceName || named() != dir {
		t.Fatalf("folder %q, %v, named %q", dir, err, named())
	}
	if err := os.Rename(dir, dir+".before"); err != nil {
		t.Fatal(err)
	}
	planted, err := os.Create(dir) // Go shares no right to rename what it has open
	if err != nil {
		t.Fatal(err)
	}
	if _, err := privateFolder(); !errors.Is(err, acl.ErrUnsafe) || named() != "" {
		t.Errorf("a file that somebody holds: %v, named %q", err, named())
	}
	planted.Close()
	if _, err := privateFolder(); err != nil || named() != dir {
		t.Errorf("let go: %v, named %q", err, named())
	}
}
