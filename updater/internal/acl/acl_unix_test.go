//go:build !windows

package acl

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestMakePrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "own")
	for range 2 {
		if err := MakePrivate(dir); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := MakePrivate(filepath.Join(dir, "none", "own")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("below a folder that there is not: %v", err)
	}
}

func TestWhoMayWrite(t *testing.T) {
	for name, spoil := range map[string]func(parent, dir string) error{
		"writable by all":            func(_, dir string) error { return os.Chmod(dir, 0o777) },
		"writable by its group":      func(_, dir string) error { return os.Chmod(dir, 0o770) },
		"all can move it":            func(parent, _ string) error { return os.Chmod(parent, 0o777) },
		"administrators can move it": func(parent, _ string) error { return os.Chmod(parent, 0o775) },
		"a link": func(parent, dir string) error {
			return errors.Join(os.Rename(dir, dir+".real"), os.Symlink(dir+".real", dir))
		},
		"a file": func(_, dir string) error { return errors.Join(os.Remove(dir), os.WriteFile(dir, nil, 0o600)) },
	} {
		parent := filepath.Join(t.TempDir(), "parent")
		dir := filepath.Join(parent, "own")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := MakePrivate(dir); err != nil {
			t.Fatalf("%s, before: %v", name, err)
		}
		if err := spoil(parent, dir); err != nil {
			t.Fatal(err)
		}
		if err := MakePrivate(dir); !errors.Is(err, ErrUnsafe) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
