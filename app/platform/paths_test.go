package platform

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
)

func TestHomeVariableMovesEverything(t *testing.T) {
	home := t.TempDir()
	t.Setenv(HomeVariable, home)
	p, err := DefaultPaths()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Create(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{p.Home, p.Data, p.Cache, p.Logs, p.Log(), p.Account(id.New())} {
		if !strings.HasPrefix(path, p.Home) {
			t.Errorf("%s is not below %s", path, p.Home)
		}
	}
	if len(p.Profile()) != 16 {
		t.Errorf("profile %q, want 16 hex digits", p.Profile())
	}
}

func TestDefaultProfileHasNoName(t *testing.T) {
	t.Setenv(HomeVariable, "")
	t.Setenv("HOME", t.TempDir())
	p, err := DefaultPaths()
	if err != nil {
		t.Fatal(err)
	}
	if p.Profile() != "" {
		t.Errorf("the default profile is called %q: its keyring entries would depend on where the user's home is", p.Profile())
	}
}

func TestProfileIsOneFolder(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.Mkdir("a", 0o700); err != nil {
		t.Fatal(err)
	}
	profile := func(home string) string {
		t.Helper()
		p, err := PathsBelow(home)
		if err != nil {
			t.Fatal(err)
		}
		return p.Profile()
	}
	if profile("a") != profile(filepath.Join(dir, "b", "..", "a")) {
		t.Error("two spellings of one folder are two profiles")
	}
	if profile("a") == profile("b") {
		t.Error("two folders are one profile")
	}
}
