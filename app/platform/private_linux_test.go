package platform

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// A profile that was copied from elsewhere, or restored by a backup program, is open to others: the next start closes it.
func TestSecureClosesWhatOthersCanRead(t *testing.T) {
	p, err := PathsBelow(filepath.Join(t.TempDir(), "profile"))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Create(); err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(t.TempDir(), "outside")
	open := map[string]os.FileMode{
		filepath.Join(p.Data, "a.db"): 0o644, filepath.Join(p.Data, "chunks", "1"): 0o640, filepath.Join(p.Home, "settings.json"): 0o666,
		p.Log(): 0o604, outside: 0o644,
	}
	for path, mode := range open {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Chmod(p.Data, 0o755), os.Symlink(outside, filepath.Join(p.Data, "link"))); err != nil {
		t.Fatal(err)
	}
	if mended, err := p.Secure(); mended != 5 || err != nil {
		t.Errorf("%d mended, %v", mended, err)
	}
	for path := range open {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if closed := info.Mode().Perm() == 0o600; closed == (path == outside) {
			t.Errorf("%s has mode %v", path, info.Mode().Perm())
		}
	}
	if info, err := os.Stat(p.Data); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", info.Mode(), err)
	}
	if mended, err := p.Secure(); mended != 0 || err != nil {
		t.Errorf("the second time: %d, %v", mended, err)
	}
}

// A folder that was made for the profile, as open as folders are made, has had nothing to read in it.
func TestAnEmptyFolderIsNoOpenProfile(t *testing.T) {
	for name, c := range map[string]struct {
		inside []string
		mended int
	}{"empty": {nil, 0}, "with something in it": {[]string{"settings.json"}, 1}} {
		home := filepath.Join(t.TempDir(), "profile")
		err := errors.Join(os.Mkdir(home, 0o700), os.Chmod(home, 0o755))
		for _, file := range c.inside {
			err = errors.Join(err, os.WriteFile(filepath.Join(home, file), nil, 0o600))
		}
		p, made := PathsBelow(home)
		if err = errors.Join(err, made); err != nil {
			t.Fatal(err)
		}
		if err := p.Create(); err != nil {
			t.Fatal(err)
		}
		if mended, err := p.Secure(); mended != c.mended || err != nil {
			t.Errorf("%s: %d mended, %v", name, mended, err)
		}
		if info, err := os.Stat(home); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

func TestSecureRefusesWhatIsAnothersAndTakesWhatIsMissing(t *testing.T) {
	p, err := PathsBelow(filepath.Join(t.TempDir(), "profile"))
	if err != nil {
		t.Fatal(err)
	}
	if mended, err := p.Secure(); mended != 0 || err != nil {
		t.Errorf("nothing there: %d, %v", mended, err)
	}
	if os.Geteuid() == 0 {
		planted := filepath.Join(p.Data, "planted.db")
		if err := errors.Join(p.Create(), os.WriteFile(planted, nil, 0o600), os.Chown(planted, 12345, -1)); err != nil {
			t.Fatal(err)
		}
	} else {
		p.Data = "/" // others can give nothing away, and change nothing there
	}
	if _, err := p.Secure(); !errors.Is(err, ErrNotPrivate) {
		t.Errorf("a file of another user: %v", err)
	}
}
