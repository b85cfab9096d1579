//go:build !release

package trust

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/coffer-vault/coffer/internal/buildinfo"
)

func TestRootOfDevelopmentBuild(t *testing.T) {
	t.Setenv("COFFER_UPDATE_ROOT", "")
	if _, err := Root(); !errors.Is(err, ErrNoRoot) {
		t.Errorf("without configuration: %v", err)
	}
	path := filepath.Join(t.TempDir(), "root.json")
	t.Setenv("COFFER_UPDATE_ROOT", path)
	if _, err := Root(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if data, err := Root(); err != nil || string(data) != "{}" {
		t.Errorf("%q, %v", data, err)
	}
	t.Setenv("COFFER_UPDATE_MIRRORS", "http://127.0.0.1:1,http://127.0.0.1:2")
	if got := Mirrors(); len(got) != 2 || got[1] != "http://127.0.0.1:2" {
		t.Errorf("hosts %q", got)
	}
}

func TestReleaseChannelIgnoresTheEnvironment(t *testing.T) {
	defer func(c string) { buildinfo.Channel = c }(buildinfo.Channel)
	buildinfo.Channel = "stable"
	path := filepath.Join(t.TempDir(), "root.json")
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("COFFER_UPDATE_ROOT", path)
	t.Setenv("COFFER_UPDATE_MIRRORS", "https://evil.example")
	if _, err := Root(); !errors.Is(err, ErrNoRoot) || len(Mirrors()) > 0 {
		t.Errorf("a release took its root or hosts from the environment: %v, %v", err, Mirrors())
	}
}
