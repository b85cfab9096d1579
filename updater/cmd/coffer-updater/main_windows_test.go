package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/updater/internal/acl"
	"golang.org/x/sys/windows/registry"
)

// What the service promises is there when its start returns, or the start has failed: Windows is told that it runs after that.
func TestStart(t *testing.T) {
	dir := t.TempDir()
	notAFolder := filepath.Join(dir, "file")
	if err := os.WriteFile(notAFolder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("COFFER_UPDATE_ROOT", "")
	for name, folder := range map[string]func() (string, error){
		"unsafe folder": func() (string, error) { return "", errors.New("folder can be changed by others") },
		"no log":        func() (string, error) { return notAFolder, nil },
		"no root":       func() (string, error) { return dir, nil },
	} {
		if run, err := start(folder); err == nil || run != nil {
			t.Errorf("%s: starts", name)
		}
	}
	if said, err := os.ReadFile(filepath.Join(dir, "updater.log")); err != nil || !strings.Contains(string(said), "cannot start") {
		t.Errorf("the log says %q, %v", said, err)
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
