package screen

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tree makes files of a folder; a name that ends with a slash is a folder.
func tree(t *testing.T, names ...string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	for _, name := range names {
		path := filepath.Join(folder, name)
		err := os.MkdirAll(filepath.Dir(path), 0o700)
		if err == nil && strings.HasSuffix(name, "/") {
			err = os.MkdirAll(path, 0o700)
		} else if err == nil {
			err = os.WriteFile(path, []byte(name), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// picker is a file picker that has listed its first folder.
func picker(t *testing.T, folder string, most int64) (*FilePicker, *desk, *[]string) {
	t.Helper()
	env, d := newEnv(t)
	var chosen []string
	p := NewFilePicker(env, FilePickerConfig{Folder: folder, FileRequest: FileRequest{Max: most}, Chosen: func(_ string, paths []string) { chosen = paths }})
	d.listed(p)
	return p, d, &chosen
}

func (d *desk) listed(p *FilePicker) {
	d.t.Helper()
	d.until("listing", func() bool { return !p.State().Loading })
}

func names(p *FilePicker) string {
	var rows []string
	for i, row := range p.State().Rows {
		name := row.Name
		if row.Folder {
			name += "/"
		}
		if row.Ticked {
			name = "+" + name
		}
		if i == p.State().Current {
			name = ">" + name
		}
		rows = append(rows, name)
	}
	return strings.Join(rows, " ")
}

func TestPickerWalksThroughFolders(t *testing.T) {
	folder := tree(t, "b.pdf", "A.png", "keys/id.pem", "Empty/", ".hidden")
	p, d, chosen := picker(t, folder, 1<<20)
	if got := names(p); got != ">Empty/ keys/ A.png b.pdf" {
		t.Fatalf("rows %s", got)
	}
	if s := p.State(); s.CanChoose || s.Path != folder || s.Hint != "Up to 1 MB each." {
		t.Errorf("%+v", s)
	}
	p.Open(0)
	d.listed(p)
	if s := p.State(); len(s.Rows) != 0 || s.Empty != "No files here" || s.Current != -1 || s.Folder != filepath.Join(folder, "Empty") {
		t.Errorf("%+v", s)
	}
	p.Up()
	d.listed(p)
	p.Select(1)
	p.Open(1)
	d.listed(p)
	p.Up()
	d.listed(p)
	if got := names(p); got != "Empty/ >keys/ A.png b.pdf" {
		t.Errorf("after going up: %s", got)
	}
	if *chosen != nil {
		t.Errorf("chosen %v", *chosen)
	}
}

func TestPickerChoosesSeveralFiles(t *testing.T) {
	folder := tree(t, "a.txt", "b.txt", "c.txt", "d/")
	p, d, chosen := picker(t, folder, 1<<20)
	p.Tick(0) // a folder is entered, not chosen
	p.Tick(1)
	p.Tick(2)
	p.Tick(1)
	p.Tick(3)
	if s := p.State(); names(p) != "d/ a.txt +b.txt >+c.txt" || s.Choose != "Attach 2 files" {
		t.Errorf("%s, %q", names(p), s.Choose)
	}
	p.Choose()
	if got := strings.Join(*chosen, " "); got != filepath.Join(folder, "b.txt")+" "+filepath.Join(folder, "c.txt") {
		t.Errorf("chosen %s", got)
	}
	p.Tick(2)
	p.Tick(3)
	p.Select(1)
	if s := p.State(); s.Choose != "Attach" || !s.CanChoose {
		t.Errorf("the file that the list stands on is not offered: %+v", s)
	}
	p.Open(1)
	if got := strings.Join(*chosen, " "); got != filepath.Join(folder, "a.txt") {
		t.Errorf("chosen %s", got)
	}
	p.SetPath("d")
	p.Go()
	d.listed(p)
	if names(p) != "" {
		t.Errorf("in %s: %s", p.State().Folder, names(p))
	}
}

func TestPickerFollowsWhatIsTyped(t *testing.T) {
	folder := tree(t, "keys/.netrc", "a.txt")
	p, d, chosen := picker(t, folder, 1<<20)
	p.SetPath(" keys ")
	p.Go()
	d.listed(p)
	if s := p.State(); s.Folder != filepath.Join(folder, "keys") {
		t.Errorf("%+v", s)
	}
	p.SetPath("nothing")
	p.Go()
	d.listed(p)
	if s := p.State(); s.Problem.What == "" || s.Path != "nothing" || s.Folder != filepath.Join(folder, "keys") {
		t.Errorf("%+v", s)
	}
	p.SetPath(".netrc")
	if !p.State().Problem.IsZero() {
		t.Error("the problem outlives the typing")
	}
	p.Go()
	d.until("file", func() bool { return *chosen != nil })
	if (*chosen)[0] != filepath.Join(folder, "keys", ".netrc") {
		t.Errorf("chosen %v", *chosen)
	}
}

func TestPickerOffersNothingTooLarge(t *testing.T) {
	folder := tree(t, "long name of a large file", "s")
	p, _, chosen := picker(t, folder, 5)
	if row := p.State().Rows[0]; !row.TooLarge || p.State().CanChoose {
		t.Errorf("%+v", row)
	}
	p.Tick(0)
	p.Open(0)
	p.Choose()
	if *chosen != nil || p.State().Rows[0].Ticked {
		t.Errorf("chosen %v", *chosen)
	}
}

func TestPickerBeginsInAFolderThatIsGone(t *testing.T) {
	p, d, _ := picker(t, filepath.Join(t.TempDir(), "gone"), 5)
	if s := p.State(); s.Problem.What == "" {
		t.Errorf("%+v", s)
	}
	p.Up()
	d.listed(p)
	if s := p.State(); !s.Problem.IsZero() || s.Folder == "" {
		t.Errorf("%+v", s)
	}
}

func TestFilesHaveIconsByTheirEnds(t *testing.T) {
	for name, want := range map[string]string{
		"a.PDF": "file-text", "b.jpeg": "image", "id.pem": "file-key", "x.tar.gz": "archive", "noend": "file", ".png": "image", "": "file", "odd.": "file",
	} {
		if got := fileIcon(name); string(got) != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}

// For one file, as the one to import, the dialog says what for, and nothing is ticked beside it.
func TestOneFileIsPicked(t *testing.T) {
	env, d := newEnv(t)
	folder := t.TempDir()
	for _, name := range []string{"a.csv", "b.csv"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var chosen []string
	p := NewFilePicker(env, FilePickerConfig{FileRequest: FileRequest{Max: 64 << 30, One: "Import from a file"}, Folder: folder, Chosen: func(_ string, paths []string) { chosen = paths }})
	d.listed(p)
	p.Tick(0)
	p.Tick(1)
	if s := p.State(); !s.One || s.Title != "Import from a file" || s.Hint != "" || s.Choose != "Open" || names(p) != "a.csv >b.csv" {
		t.Errorf("%q, %q: %s", s.Title, s.Choose, names(p))
	}
	p.Choose()
	if len(chosen) != 1 || filepath.Base(chosen[0]) != "b.csv" {
		t.Errorf("%q", chosen)
	}
}
