package atomicfile

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/iotest"
	"time"
)

func TestWriteFileReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	for _, content := range [][]byte{[]byte("first and longer"), []byte("second"), {}} {
		if err := WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := read(t, path); !bytes.Equal(got, content) {
			t.Errorf("read %q, want %q", got, content)
		}
	}
	onlyFile(t, path)
}

func TestPermissionsAreExact(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows keeps access in ACLs")
	}
	for _, perm := range []fs.FileMode{0o600, 0o644, 0o755} {
		path := filepath.Join(t.TempDir(), "f")
		if err := WriteFile(path, nil, perm); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != perm {
			t.Errorf("mode %v (%v), want %v", info.Mode(), err, perm)
		}
	}
}

// A source that fails half-way stands for a full disk: the old content stays and nothing is left behind.
func TestFailureKeepsTheOldContent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("disk full")
	err := WriteFrom(path, io.MultiReader(bytes.NewReader([]byte("ne")), iotest.ErrReader(broken)), 0o600)
	if !errors.Is(err, broken) {
		t.Fatalf("error %v, want %v", err, broken)
	}
	if got := read(t, path); string(got) != "old" {
		t.Errorf("content %q, want the old one", got)
	}
	onlyFile(t, path)
}

func TestTargetThatIsAFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, []byte("x"), 0o600); err == nil {
		t.Error("a folder was replaced by a file")
	}
	onlyFile(t, path)
}

func TestLinkIsReplacedNotFollowed(t *testing.T) {
	dir := t.TempDir()
	victim, link := filepath.Join(t.TempDir(), "victim"), filepath.Join(dir, "link")
	if err := WriteFile(victim, []byte("untouched"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, link); err != nil {
		t.Skip(err)
	}
	if err := WriteFile(link, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := read(t, victim); string(got) != "untouched" {
		t.Errorf("the link was followed: %q", got)
	}
}

// What a kill has left goes with the next write; what another process may be writing stays.
func TestLeftoversGo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	old, young, other := temporary(path)+"1", temporary(path)+"2", ".other.json.tmp-1"
	for _, name := range []string{old, young, other} {
		if err := os.WriteFile(filepath.Join(filepath.Dir(path), name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := time.Now().Add(-2 * leftAge)
	for _, name := range []string{old, other} {
		if err := os.Chtimes(filepath.Join(filepath.Dir(path), name), before, before); err != nil {
			t.Fatal(err)
		}
	}
	if err := WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{old: false, young: true, other: true} {
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), name)); (err == nil) != want {
			t.Errorf("%s is there: %t", name, err == nil)
		}
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// onlyFile fails if a temporary file was left beside path.
func onlyFile(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != filepath.Base(path) {
		t.Errorf("folder holds %v, want only %s", entries, filepath.Base(path))
	}
}
