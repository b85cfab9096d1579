package platform

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestXDGFolders(t *testing.T) {
	t.Setenv(HomeVariable, "")
	t.Setenv("HOME", "/home/anna")
	for _, c := range []struct{ name, data, cache, state, wantHome, wantCache, wantLogs string }{
		{"not set", "", "", "", "/home/anna/.local/share/coffer", "/home/anna/.cache/coffer", "/home/anna/.local/state/coffer"},
		{"set", "/d", "/c", "/s", "/d/coffer", "/c/coffer", "/s/coffer"},
		{"relative is ignored", "d", "c", "../s", "/home/anna/.local/share/coffer", "/home/anna/.cache/coffer", "/home/anna/.local/state/coffer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("XDG_DATA_HOME", c.data)
			t.Setenv("XDG_CACHE_HOME", c.cache)
			t.Setenv("XDG_STATE_HOME", c.state)
			p, err := DefaultPaths()
			if err != nil {
				t.Fatal(err)
			}
			if p.Home != c.wantHome || p.Cache != c.wantCache || p.Logs != c.wantLogs {
				t.Errorf("got %+v", p)
			}
		})
	}
}

func TestCreateKeepsOthersOut(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(data string) error
		want    error
	}{
		{"nothing there", func(string) error { return nil }, nil},
		{"readable by others", func(data string) error { return os.Chmod(data, 0o755) }, nil},
		{"writable by the group", func(data string) error { return os.Chmod(data, 0o770) }, ErrNotPrivate},
		{"writable by all, sticky", func(data string) error { return os.Chmod(data, 0o1777|os.ModeSticky) }, ErrNotPrivate},
		{"of another user", giveAway, ErrNotPrivate},
		{"a file", func(data string) error { return errors.Join(os.Remove(data), os.WriteFile(data, nil, 0o600)) }, syscall.ENOTDIR},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := PathsBelow(filepath.Join(t.TempDir(), "profile"))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(p.Data, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := c.prepare(p.Data); err != nil {
				t.Fatal(err)
			}
			if err := p.Create(); !errors.Is(err, c.want) {
				t.Errorf("Create: %v, want %v", err, c.want)
			}
		})
	}
}

// giveAway makes a folder another user's. Only root can do that; others put a folder of root's into its place.
func giveAway(folder string) error {
	if os.Geteuid() == 0 {
		return os.Chown(folder, 12345, -1)
	}
	return errors.Join(os.Remove(folder), os.Symlink("/", folder))
}

func TestCreatedFoldersAreClosed(t *testing.T) {
	p, err := PathsBelow(filepath.Join(t.TempDir(), "deep", "profile"))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Create(); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{filepath.Dir(p.Home), p.Home, p.Data, p.Cache, p.Logs} {
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o700 {
			t.Errorf("%s has mode %v", dir, info.Mode().Perm())
		}
	}
}
