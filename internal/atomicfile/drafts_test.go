package atomicfile

import (
	"bytes"
	"encoding/json"
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

// everyDraft runs a test with files that have no name until they are whole, and with those that have.
func everyDraft(t *testing.T, f func(t *testing.T, d Drafts, path string)) {
	for name, named := range map[string]bool{"as the system does": false, "named": true} {
		t.Run(name, func(t *testing.T) {
			NameDrafts(named)
			defer NameDrafts(false)
			dir := t.TempDir()
			f(t, NewDrafts(filepath.Join(dir, "notes")), filepath.Join(t.TempDir(), "export.csv"))
			if left, _ := os.ReadDir(filepath.Join(dir, "notes")); len(left) != 0 {
				t.Errorf("notes are left: %v", left)
			}
		})
	}
}

func TestDraftsAreWholeAndPrivate(t *testing.T) {
	everyDraft(t, func(t *testing.T, d Drafts, path string) {
		if err := d.WriteFrom(path, bytes.NewReader([]byte("first and longer")), false); err != nil {
			t.Fatal(err)
		}
		if err := d.WriteFrom(path, bytes.NewReader([]byte("second")), false); !errors.Is(err, fs.ErrExist) {
			t.Errorf("a name that is taken: %v", err)
		}
		if got := read(t, path); string(got) != "first and longer" {
			t.Errorf("it was replaced unasked: %q", got)
		}
		if err := d.WriteFrom(path, bytes.NewReader([]byte("third")), true); err != nil {
			t.Fatal(err)
		}
		if got := read(t, path); string(got) != "third" {
			t.Errorf("%q", got)
		}
		if info, err := os.Stat(path); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm() != draftPerm) {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		onlyFile(t, path)
	})
}

// A name that is taken while the file is written is not replaced; where it is kept free, nobody can take it.
func TestDraftLeavesWhatCameMeanwhile(t *testing.T) {
	everyDraft(t, func(t *testing.T, d Drafts, path string) {
		want := "ours"
		other := readerFunc(func([]byte) (int, error) {
			if f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err == nil {
				want = "theirs"
				f.WriteString(want)
				f.Close()
			}
			return 0, io.EOF
		})
		err := d.WriteFrom(path, io.MultiReader(bytes.NewReader([]byte("ours")), other), false)
		if got := string(read(t, path)); got != want || errors.Is(err, fs.ErrExist) != (want == "theirs") {
			t.Errorf("%q, want %q, %v", got, want, err)
		}
		onlyFile(t, path)
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestReady(t *testing.T) {
	dir := t.TempDir()
	there, file := filepath.Join(dir, "there"), filepath.Join(dir, "file")
	if err := os.WriteFile(there, []byte("as it was"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path    string
		replace bool
		want    error
	}{
		{file, false, nil}, {file, true, nil}, {there, false, fs.ErrExist}, {there, true, nil},
		{filepath.Join(dir, "missing", "file"), false, fs.ErrNotExist},
	} {
		if err := Ready(c.path, c.replace); !errors.Is(err, c.want) {
			t.Errorf("%s, replace %v: %v", c.path, c.replace, err)
		}
	}
	if Ready(filepath.Join(there, "file"), false) == nil {
		t.Error("there can be a file below a file")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 || string(read(t, there)) != "as it was" {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestFailedDraftLeavesNothing(t *testing.T) {
	everyDraft(t, func(t *testing.T, d Drafts, path string) {
		broken := errors.New("disk full")
		part := func() io.Reader { return io.MultiReader(bytes.NewReader([]byte("ne")), iotest.ErrReader(broken)) }
		if err := d.WriteFrom(path, part(), false); !errors.Is(err, broken) {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 0 {
			t.Errorf("left: %v, %v", left, err)
		}
		if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := d.WriteFrom(path, part(), true); !errors.Is(err, broken) || string(read(t, path)) != "mine" {
			t.Error(err)
		}
		onlyFile(t, path)
	})
}

func TestDraftWhereNobodyCanWrite(t *testing.T) {
	everyDraft(t, func(t *testing.T, d Drafts, path string) {
		if err := d.WriteFrom(filepath.Join(path, "none", "f"), bytes.NewReader(nil), true); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	})
}

// Tidy removes what a note names: a temporary file, a name that was taken and not filled. Nothing else, whatever a note says.
func TestTidyDoesWhatNotesSay(t *testing.T) {
	out, dir := t.TempDir(), t.TempDir()
	in := func(name string) string { return filepath.Join(out, name) }
	write := func(path, content string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{".a.json.tmp-1", "b.json", "precious.txt", ".c.json.tmp-2"} {
		write(in(name), "content")
	}
	write(in("a.json"), "")
	if err := os.Mkdir(in(".dir.tmp-3"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, n := range map[string]note{
		"killed":    {in(".a.json.tmp-1"), in("a.json")},
		"filled":    {in(".gone.tmp-4"), in("b.json")},
		"no draft":  {in("precious.txt"), ""},
		"no path":   {".c.json.tmp-2", ""},
		"no file":   {in(".dir.tmp-3"), ""},
		"no folder": {filepath.Join(out, "stick", ".d.tmp-5"), ""},
	} {
		data, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		write(filepath.Join(dir, name+noteSuffix), string(data))
	}
	write(filepath.Join(dir, "garbage"+noteSuffix), "{")
	write(filepath.Join(dir, "begun"+noteSuffix), "")
	write(filepath.Join(dir, "old"+noteSuffix), "")
	before := time.Now().Add(-2 * leftAge)
	if err := os.Chtimes(filepath.Join(dir, "old"+noteSuffix), before, before); err != nil {
		t.Fatal(err)
	}
	if err := NewDrafts(dir).Tidy(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a stick that is not there: %v", err)
	}
	for name, want := range map[string]bool{".a.json.tmp-1": false, "a.json": false, "b.json": true, "precious.txt": true, ".c.json.tmp-2": true, ".dir.tmp-3": true} {
		if _, err := os.Lstat(in(name)); (err == nil) != want {
			t.Errorf("%s is there: %t", name, err == nil)
		}
	}
	for name, want := range map[string]bool{"killed": false, "filled": false, "no folder": true, "garbage": false, "begun": true, "old": false} {
		if _, err := os.Lstat(filepath.Join(dir, name+noteSuffix)); (err == nil) != want {
			t.Errorf("the note %q is there: %t", name, err == nil)
		}
	}
}
