package ui

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/widget"
)

// put writes a file where the person keeps documents.
func (d *desk) put(name string, content string) (path string) {
	d.Helper()
	path = filepath.Join(d.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		d.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		d.Fatal(err)
	}
	return path
}

// drop drops files on the window.
func (d *desk) drop(paths ...string) {
	var uris []fyne.URI
	for _, path := range paths {
		uris = append(uris, storage.NewFileURI(path))
	}
	d.ui.dropped(fyne.Position{}, uris)
	d.queue.Drain()
}

// pickFiles opens the dialog that asks for files. Its button is there once the item's files are listed.
func (d *desk) pickFiles() {
	d.Helper()
	d.waitFor("Attach files…")
	d.do("Attach files…")
}

// untilFile waits until the item that is shown has a file that stands so.
func (d *desk) untilFile(name, status string) {
	d.Helper()
	d.until(name+", "+status, func() bool {
		for _, row := range d.shell.Vault().Detail().State().Files.Rows {
			if row.Name == name && slices.Contains(language.hears(row.Status), status) {
				return true
			}
		}
		return false
	})
}

func TestFilesByKeyboard(t *testing.T) {
	d := openDesk(t)
	d.put("papers/contract.txt", "the contract")
	d.put("papers/letter.txt", "the letter")
	d.add("Bank", "anna", "correct-Horse-7")
	d.pickFiles()
	d.waitFor("Up to 100 MB each.")
	d.waitFor("papers")
	d.keys(fyne.KeyReturn) // into the folder
	d.waitFor("letter.txt")
	d.keys(fyne.KeySpace, fyne.KeyDown, fyne.KeySpace)
	d.waitFor("Attach 2 files")
	d.keys(fyne.KeyReturn)
	d.waitFor("2 files are attached.")
	d.untilFile("contract.txt", "12 bytes")
	d.untilFile("letter.txt", "10 bytes")

	d.do("Save contract.txt as…")
	d.waitFor("Save file")
	d.keys(fyne.KeyReturn)
	d.waitFor("Saved as " + filepath.Join(d.folder, "contract.txt"))
	d.put("letter.txt", "another letter")
	d.do("Save letter.txt as…")
	d.waitFor("Save file")
	d.keys(fyne.KeyReturn)
	d.waitFor("There is a file of that name already.")
	if there, _ := os.ReadFile(filepath.Join(d.folder, "letter.txt")); string(there) != "another letter" {
		t.Error("a file was replaced without a question")
	}
	d.keys(fyne.KeyReturn)
	d.waitFor("Saved as " + filepath.Join(d.folder, "letter.txt"))
	if there, _ := os.ReadFile(filepath.Join(d.folder, "letter.txt")); string(there) != "the letter" {
		t.Errorf("saved %q", there)
	}

	d.do("More for contract.txt")
	d.keys(fyne.KeyDown, fyne.KeyDown, fyne.KeyReturn)
	d.waitFor("Rename file")
	d.typeText("Contract 2026.txt") // over the name, which is selected
	d.keys(fyne.KeyReturn)
	d.untilFile("Contract 2026.txt", "12 bytes")
	d.do("More for letter.txt")
	d.keys(fyne.KeyUp, fyne.KeyReturn)
	d.waitFor("letter.txt is removed from this item.")
	d.until("one file", func() bool { return len(d.shell.Vault().Detail().State().Files.Rows) == 1 })
	d.ui.act(screen.ActionUndo)
	d.untilFile("letter.txt", "10 bytes")
}

// A place where no file can be keeps the dialog open, and a place that was typed is offered again.
func TestAFailedSaveKeepsThePath(t *testing.T) {
	d := openDesk(t)
	var saved []string
	ask := func() {
		d.ui.SaveAs("file.txt", func(path string, _ bool) { saved = append(saved, path) })
		d.waitFor("Save file")
	}
	field := func() (found *widget.Entry) {
		d.walk(func(o fyne.CanvasObject) {
			if e, ok := o.(*widget.Entry); ok && strings.HasPrefix(e.AccessibilityLabel(), "File") {
				found = e
			}
		})
		return found
	}
	missing := filepath.Join(d.folder, "missing", "mine.txt")
	ask()
	field().SetText(missing)
	d.keys(fyne.KeyReturn)
	d.waitFor("There is no such folder.")
	if !d.reads("Save file") || field().Text() != missing || len(saved) != 0 {
		t.Fatalf("the field has %q, saved %q", field().Text(), saved)
	}
	d.typeText("!")
	if d.reads("There is no such folder.") {
		t.Error("the message stays while the path is being corrected")
	}
	field().SetText(missing)
	if err := os.Mkdir(filepath.Dir(missing), 0o700); err != nil {
		t.Fatal(err)
	}
	d.keys(fyne.KeyReturn)
	d.until("saved", func() bool { return len(saved) == 1 })
	ask() // the work failed, say
	if field().Text() != missing {
		t.Errorf("offered %q", field().Text())
	}
	field().SetText(d.folder) // in which it gets its own name
	d.keys(fyne.KeyReturn)
	d.until("saved", func() bool { return len(saved) == 2 })
	if want := []string{missing, filepath.Join(d.folder, "file.txt")}; !slices.Equal(saved, want) {
		t.Errorf("saved %q, want %q", saved, want)
	}
}

func TestFilesAreDropped(t *testing.T) {
	d := openDesk(t)
	path := d.put("a.pem", "key")
	d.drop(path)
	d.waitFor("Nothing was attached: no item is open.")
	d.drop(exported(t, "passwords.csv", exportedLogins))
	d.until("the preview of the import", func() bool {
		i := d.shell.Vault().Import()
		return i != nil && i.State().Page == screen.ImportPreview
	})
	d.keys(fyne.KeyEscape)
	d.until("back", func() bool { return d.shell.Vault().Import().State().Page != screen.ImportPreview })
	d.keys(fyne.KeyEscape)
	d.add("Bank", "anna", "correct-Horse-7")
	d.drop(path, d.folder)
	d.waitFor("a.pem is attached.")
	d.waitFor("It is a folder.")
	d.press(screen.ActionEdit)
	d.window.Resize(LeastSize)
	d.drop(d.put("b.pem", "key"))
	d.waitFor("Files are attached when you save.")
	if !d.inSight("Remove b.pem") {
		t.Error("the file is below what is seen of the form")
	}
	d.press(screen.ActionSave)
	d.untilFile("b.pem", "3 bytes")
	d.press(screen.ActionGenerator)
	d.drop(path) // behind a dialog nothing is meant
	d.keys(fyne.KeyEscape)
	d.press(screen.ActionLock)
	d.waitFor("Welcome back")
	d.drop(path)
}

// inSight tells whether all of what a screen reader calls so is within the height of the window.
func (d *desk) inSight(label string) (seen bool) {
	d.walk(func(o fyne.CanvasObject) {
		if a, ok := o.(fyne.Accessible); ok && a.AccessibilityLabel() == label {
			top := fyne.CurrentApp().Driver().AbsolutePositionForObject(o).Y
			seen = top >= 0 && top+o.Size().Height <= d.window.Canvas().Size().Height
		}
	})
	return seen
}

// The picker is left by Escape, and typing leads to files that its list leaves out.
func TestPickerByKeyboard(t *testing.T) {
	d := openDesk(t)
	d.put(".netrc", "machine")
	d.put("visible.txt", "x")
	d.add("Bank", "anna", "correct-Horse-7")
	d.pickFiles()
	d.waitFor("visible.txt")
	if d.reads(".netrc") {
		t.Error("a hidden file is listed")
	}
	d.keys(fyne.KeyEscape)
	if d.reads("visible.txt") {
		t.Fatal("still open")
	}
	d.pickFiles()
	d.waitFor("visible.txt")
	d.keys(fyne.KeyUp) // from the first row into the field
	d.typeText("/.netrc")
	d.keys(fyne.KeyReturn)
	d.untilFile(".netrc", "7 bytes")
	d.pickFiles()
	d.waitFor("visible.txt")
	d.do("Folder above")
	d.waitFor(filepath.Base(d.folder))
	d.keys(fyne.KeyEscape)
}

// A row whose transfer goes on is not built anew: its buttons keep the keyboard.
func TestProgressKeepsTheKeyboard(t *testing.T) {
	d := openDesk(t)
	d.add("Bank", "anna", "correct-Horse-7")
	model := d.shell.Vault().Detail()
	v := newDetailView(d.ui, d.shell.Vault(), model, nil)
	d.ui.view.(*vaultView).panes.SetDetail(v.box)
	s := model.State()
	moving := screen.FileRow{ID: "f", Name: "a.pdf", Status: "Uploading  ·  1% of 1 MB", Moving: true, Fraction: .01,
		Actions: []screen.FileAction{{ID: screen.FileSave, Tip: "Save a.pdf as…"}}}
	s.Files = screen.FilesCard{Shown: true, Title: "Files", Rows: []screen.FileRow{moving}}
	v.render(s)
	d.tabTo("Save a.pdf as…")
	focused := d.focused()
	moving.Status, moving.Fraction = "Uploading  ·  50% of 1 MB", .5
	s.Files.Rows = []screen.FileRow{moving}
	v.render(s)
	if d.focused() != focused || !d.reads("Uploading  ·  50%") {
		t.Errorf("the focus is on %v, %q", d.focused(), d.texts())
	}
	moving.Moving, moving.Status = false, "1 MB"
	s.Files.Rows = []screen.FileRow{moving}
	v.render(s)
	if a, ok := d.focused().(fyne.Accessible); !ok || a.AccessibilityLabel() != "Save a.pdf as…" {
		t.Errorf("after the end the focus is on %v", d.focused())
	}
}

func TestFilesFitTheLeastWindow(t *testing.T) {
	d := openDesk(t)
	d.window.Resize(LeastSize)
	long := string(bytes.Repeat([]byte("a-very-long-name-"), 8)) + ".pdf"
	path := d.put(long, "x")
	d.add("Bank", "anna", "correct-Horse-7")
	d.drop(path)
	d.untilFile(long, "One byte")
	d.checkSides("files")
	d.pickFiles()
	d.waitFor(long[:20])
	d.checkSides("picker")
	d.keys(fyne.KeyEscape)
	d.press(screen.ActionEdit)
	d.drop(path)
	d.checkSides("editor")
}
