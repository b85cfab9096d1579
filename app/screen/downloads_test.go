package screen

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const chromeExport = "name,url,username,password,note\nb.example,https://b.example/,anna,kept1,\n"

// saves is a folder into which a browser saves.
type saves struct {
	*testing.T
	folder string
	watch  *downloads
	ticks  int
}

func newSaves(t *testing.T) *saves {
	folder := filepath.Join(t.TempDir(), "Downloads")
	return &saves{T: t, folder: folder, watch: &downloads{find: func() (string, error) { return folder, nil }}}
}

// put writes a file with a time of its own.
func (s *saves) put(name, content string) {
	s.Helper()
	path := filepath.Join(s.folder, name)
	s.ticks++
	at := time.Date(2026, 9, 20, 12, 0, s.ticks, 0, time.UTC)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(content), 0o600), os.Chtimes(path, at, at)); err != nil {
		s.Fatal(err)
	}
}

// look is the name of the file that a look finds; empty for none.
func (s *saves) look() string {
	s.Helper()
	found, err := s.watch.look(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	if found.file == nil {
		return ""
	}
	found.file.release()
	return found.file.name
}

func (s *saves) expect(when string, names ...string) {
	s.Helper()
	for n, want := range names {
		if got := s.look(); got != want {
			s.Errorf("%s, look %d: found %q, want %q", when, n+1, got, want)
		}
	}
}

func TestExportIsTakenWhenItIsWhole(t *testing.T) {
	s := newSaves(t)
	s.put("Old Passwords.csv", chromeExport)
	s.expect("an export of before", "", "", "")
	s.put("Passwords.csv", chromeExport[:40])
	s.expect("half of it", "")
	s.put("Passwords.csv", chromeExport)
	s.expect("all of it", "", "Passwords.csv", "", "")
	s.put("Passwords.csv", chromeExport)
	s.expect("once more under its name", "", "Passwords.csv", "")
	s.put("Old Passwords.csv", chromeExport+"c,https://c.example,ann,x,\n")
	s.expect("the old one is written over", "", "Old Passwords.csv", "")
	s.put("a.csv", chromeExport)
	s.put("b.CSV", chromeExport)
	s.expect("two at once: the newest first", "", "b.CSV", "a.csv", "")
	s.put("c.csv", chromeExport)
	s.expect("a file that goes", "")
	if err := os.Remove(filepath.Join(s.folder, "c.csv")); err != nil {
		t.Fatal(err)
	}
	s.expect("a file that is gone", "", "")
}

func TestNothingElseIsTaken(t *testing.T) {
	s := newSaves(t)
	s.put("below/real.csv", chromeExport)
	s.expect("an empty folder", "")
	outside := filepath.Join(t.TempDir(), "outside.csv")
	if err := errors.Join(
		os.WriteFile(outside, []byte(chromeExport), 0o600), os.Symlink(outside, filepath.Join(s.folder, "link.csv")), os.Mkdir(filepath.Join(s.folder, "folder.csv"), 0o700),
	); err != nil {
		t.Fatal(err)
	}
	s.put("Passwords.csv.crdownload", chromeExport)
	s.put(".com.google.Chrome.x.csv", chromeExport)
	s.put("Passwords", chromeExport)
	s.put("empty.csv", "")
	s.put("prices.csv", "article,price\npen,2\n")
	s.put("logins.csv", "url,username,password,httpRealm,formActionOrigin,guid,timeCreated,timeLastUsed,timePasswordChanged\nhttps://a.example,ann,x,,,g,1,1,1\n")
	s.put("huge.csv", chromeExport)
	if err := os.Truncate(filepath.Join(s.folder, "huge.csv"), maxExport+1); err != nil {
		t.Fatal(err)
	}
	s.expect("nothing of it is an export", "", "", "")
}

// What was listed and what is opened are one file, or nothing is taken.
func TestFileThatIsReplacedBetweenLooks(t *testing.T) {
	s := newSaves(t)
	s.put("a.csv", "x")
	s.expect("before", "")
	s.put("Passwords.csv", chromeExport)
	s.expect("once", "")
	listed := s.watch.recent["Passwords.csv"]
	path := filepath.Join(s.folder, "Passwords.csv")
	for name, replace := range map[string]func() error{
		"by another content": func() error { return os.WriteFile(path, []byte(chromeExport+"\n"), 0o600) },
		"by a link":          func() error { return errors.Join(os.Remove(path), os.Symlink(filepath.Join(s.folder, "a.csv"), path)) },
	} {
		if err := replace(); err != nil {
			t.Fatal(err)
		}
		if f, err := s.watch.take("Passwords.csv", listed); f != nil || err != nil {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if f, err := s.watch.take("Passwords.csv", listed); f != nil || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("gone: %v, %v", f, err)
	}
}

// A folder that comes later is empty at first; what is no folder, or one that nobody knows, is told, and tried again.
func TestFolderThatCannotBeLookedInto(t *testing.T) {
	s := newSaves(t)
	if _, err := s.watch.look(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	s.put("Passwords.csv", chromeExport)
	s.expect("made with the file in it", "", "Passwords.csv")

	if err := errors.Join(os.RemoveAll(s.folder), os.WriteFile(s.folder, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	s.watch = &downloads{find: s.watch.find}
	if _, err := s.watch.look(t.Context()); err == nil {
		t.Error("a file is looked into")
	}
	if err := os.Remove(s.folder); err != nil {
		t.Fatal(err)
	}
	s.put("Old.csv", chromeExport)
	s.expect("what is in it when it can be looked into is old", "", "", "")

	nobody := &downloads{find: func() (string, error) { return "", errForTest }}
	if _, err := nobody.look(t.Context()); !errors.Is(err, errForTest) {
		t.Errorf("unknown: %v", err)
	}
	nobody.find = s.watch.find
	if _, err := nobody.look(t.Context()); err != nil {
		t.Error(err)
	}
}
