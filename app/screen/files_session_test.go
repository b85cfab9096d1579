package screen

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/vault"
)

// fileDesk is a desk with a login that is shown.
func fileDesk(t *testing.T) (*desk, *Vault) {
	t.Helper()
	d, v, _ := openDesk(t)
	d.folder = t.TempDir()
	d.add("Bank", "anna", "hunter2")
	d.show(v, "Bank")
	return d, v
}

// status is how the file with a name stands in the details, empty if it is not there.
func fileStatus(v *Vault, name string) string {
	for _, row := range fileRows(v) {
		if row.Name == name {
			return row.Status
		}
	}
	return ""
}

func fileRows(v *Vault) []FileRow {
	if v.Detail() == nil {
		return nil
	}
	return v.Detail().State().Files.Rows
}

// fileNames are the names of the files that the item has, without those that are only about to be attached.
func fileNames(v *Vault) string {
	var names []string
	for _, row := range fileRows(v) {
		if !strings.HasPrefix(row.ID, "job/") {
			names = append(names, row.Name)
		}
	}
	return strings.Join(names, ", ")
}

// untilUploaded waits until the server has a file.
func (d *desk) untilUploaded(v *Vault, name, size string) {
	d.t.Helper()
	d.until(name+" at the server", func() bool { return fileStatus(v, name) == size })
}

func (d *desk) said(v *Vault, text string) {
	d.t.Helper()
	d.until("“"+text+"”", func() bool { return v.State().Toast.Text == text })
}

func TestFileIsAttachedSavedRenamedAndRemoved(t *testing.T) {
	d, v := fileDesk(t)
	content := bytes.Repeat([]byte("a contract "), 20_000)
	source := filepath.Join(t.TempDir(), "contract.pdf")
	if err := os.WriteFile(source, content, 0o600); err != nil {
		t.Fatal(err)
	}
	d.picks = []string{source}
	v.Do(ActionAttach)
	d.said(v, "contract.pdf is attached.")
	d.untilUploaded(v, "contract.pdf", "215 KB")
	row := fileRows(v)[0]

	v.Detail().ActOnFile(row.ID, FileSave)
	d.said(v, "Saved as "+filepath.Join(d.folder, "contract.pdf"))
	if saved, err := os.ReadFile(filepath.Join(d.folder, "contract.pdf")); err != nil || !bytes.Equal(saved, content) {
		t.Errorf("saved %d bytes, %v", len(saved), err)
	}

	v.Detail().RenameFile(row.ID, "Contract 2026.pdf")
	d.until("new name", func() bool { return fileNames(v) == "Contract 2026.pdf" })
	d.undo(v, "The file is called Contract 2026.pdf now.")
	d.until("old name", func() bool { return fileNames(v) == "contract.pdf" })

	v.Detail().ActOnFile(row.ID, FileRemove)
	d.said(v, "contract.pdf is removed from this item.")
	d.until("no file", func() bool { return fileNames(v) == "" })
	d.undo(v, "contract.pdf is removed from this item.")
	d.until("the file is back", func() bool { return fileNames(v) == "contract.pdf" })
}

func TestFilesComeFromAnotherDevice(t *testing.T) {
	d, v, server := openDesk(t)
	d.add("Bank", "anna", "hunter2")
	d.show(v, "Bank")
	testpc.Sync(t, d.shell.unlocked)
	other := testpc.New(t, "PC B", nil).SignIn(t, server, anna, d.shell.unlocked.SecretKey())
	testpc.Sync(t, other)
	content := strings.NewReader("from the other PC")
	if _, err := other.Attach(t.Context(), v.Detail().id, "note.txt", content, content.Size()); err != nil {
		t.Fatal(err)
	}
	if err := other.CarryFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, other)
	v.Sync()
	d.untilUploaded(v, "note.txt", "17 bytes")
}

func TestHistoryTellsFilesByName(t *testing.T) {
	d, v := fileDesk(t)
	folder := tree(t, "a.txt", "b.txt")
	v.Drop([]string{filepath.Join(folder, "a.txt"), filepath.Join(folder, "b.txt")})
	d.said(v, "2 files are attached.")
	d.until("rows", func() bool { return fileNames(v) == "a.txt, b.txt" })
	// Edits of the same millisecond are one.
	for time.Now().UnixMilli() <= v.Detail().item.UpdatedAt {
	}
	v.Detail().ActOnFile(fileRows(v)[0].ID, FileRemove)
	d.until("removed", func() bool { return fileNames(v) == "b.txt" })
	v.Detail().ToggleHistory()
	story := func() string {
		var told []string
		for _, edit := range v.Detail().State().History {
			for _, row := range edit.Rows {
				told = append(told, row.Label+": "+row.Value)
				if !row.Story || row.Empty || row.Secret {
					t.Errorf("%+v", row)
				}
			}
		}
		return strings.Join(told, "\n")
	}
	d.until("history", func() bool {
		return story() == "Files: a.txt removed\nFiles: b.txt added\nFiles: a.txt added"
	})
	if r := v.Detail().State().Removed; r.Text != "One removed file is kept for the history: 5 bytes." || r.Delete == "" {
		t.Errorf("%+v", r)
	}
	v.Detail().RestoreVersion(v.Detail().State().History[0].Edit)
	d.until("restored", func() bool { return fileNames(v) == "a.txt, b.txt" && v.Detail().State().Removed.Text == "" })
}

func TestRemovedFilesAreDeletedForEver(t *testing.T) {
	d, v := fileDesk(t)
	v.Drop([]string{filepath.Join(tree(t, "a.txt"), "a.txt")})
	d.said(v, "a.txt is attached.")
	d.until("rows", func() bool { return fileNames(v) == "a.txt" })
	v.Detail().DeleteRemoved() // there is none
	v.Detail().ActOnFile(fileRows(v)[0].ID, FileRemove)
	v.Detail().ToggleHistory()
	d.until("removed", func() bool { return v.Detail().State().Removed.Text != "" })
	v.Detail().DeleteRemoved()
	if q := v.State().Ask; q.Title != "Delete removed files forever?" || !strings.HasPrefix(q.Body, "One file") {
		t.Fatalf("%+v", q)
	}
	v.Answer(true)
	d.until("deleted", func() bool { return v.Detail().State().Removed.Text == "" })
	if a, err := d.shell.unlocked.RemovedAttachments(t.Context(), v.Detail().id); err != nil || len(a) != 0 {
		t.Errorf("%v, %v", a, err)
	}
}

func TestDeletingForGoodSaysHowManyFilesGo(t *testing.T) {
	d, v := fileDesk(t)
	folder := tree(t, "a.txt", "b.txt")
	v.Drop([]string{filepath.Join(folder, "a.txt"), filepath.Join(folder, "b.txt")})
	d.said(v, "2 files are attached.")
	d.until("rows", func() bool { return fileNames(v) == "a.txt, b.txt" })
	v.Detail().ActOnFile(fileRows(v)[0].ID, FileRemove)
	d.until("removed", func() bool { return fileNames(v) == "b.txt" })
	v.Trash()
	d.until("trashed", func() bool { return v.State().Rows.Len() == 0 })
	v.Go(navRow(t, v, "Trash").Place)
	d.until("trash", func() bool { return v.State().Rows.Len() == 1 && v.Detail() != nil })
	for _, ask := range []func(){v.DeleteForever, v.EmptyTrash} {
		ask()
		d.until("question", func() bool { return !v.State().Ask.IsZero() })
		if body := v.State().Ask.Body; !strings.HasSuffix(body, " 2 attached files go with it.") {
			t.Errorf("asks %q", body)
		}
		v.Answer(false)
	}
}

// What is dropped on an item that is being edited waits for it to be saved.
func TestFilesAreAttachedWhenANewItemIsSaved(t *testing.T) {
	d, v := fileDesk(t)
	folder := tree(t, "a.txt", "b.txt", "c.txt")
	v.New(string(vault.Document))
	e := v.Editor()
	if q := e.State().Files; !q.First || q.Attach == "" || q.Hint == "" {
		t.Errorf("%+v", q)
	}
	d.picks = []string{filepath.Join(folder, "a.txt"), filepath.Join(folder, "b.txt")}
	e.Attach()
	v.Drop([]string{filepath.Join(folder, "b.txt"), filepath.Join(folder, "c.txt")})
	if q := e.State().Files.Files; len(q) != 3 || q[2].Label != "c.txt" || !e.State().Dirty {
		t.Fatalf("%+v", q)
	}
	e.Unqueue("1")
	e.Unqueue("7")
	e.Save()
	if v.Editor() != e || e.State().Name.Error == "" {
		t.Fatal("a document without a name was saved")
	}
	e.SetText("title", "Papers")
	e.Save()
	d.until("files", func() bool { return fileNames(v) == "a.txt, c.txt" })
	if s := v.Detail().State(); s.Title != "Papers" || !s.Files.First {
		t.Errorf("%+v", s)
	}
	// An item that was not changed is not saved again for its files.
	v.Edit()
	v.Editor().Queue([]string{filepath.Join(folder, "b.txt")})
	v.Editor().Save()
	d.until("files", func() bool { return fileNames(v) == "a.txt, c.txt, b.txt" })
}

func TestDropWithoutAnItemSaysWhereTo(t *testing.T) {
	d, v, _ := openDesk(t)
	v.Drop([]string{filepath.Join(t.TempDir(), "missing")})
	d.until("says where to", func() bool { p := v.State().Problem; return p.What != "" && p.Next != "" })
	v.DismissProblem()
	d.add("Bank", "anna", "hunter2")
	d.show(v, "Bank")
	v.Trash()
	d.until("trashed", func() bool { return v.State().Rows.Len() == 0 })
	v.Go(navRow(t, v, "Trash").Place)
	d.until("details", func() bool { return v.Detail() != nil && v.Detail().State().Title == "Bank" })
	v.Drop([]string{"/tmp/a.txt"})
	if p := v.State().Problem; !strings.Contains(p.What, "cannot be changed") {
		t.Errorf("%+v", p)
	}
}

// Files that are chosen and not in the vault yet keep a person from locking unawares, and idleness from nothing.
func TestLockWhileFilesAreAttached(t *testing.T) {
	d, v := fileDesk(t)
	v.Edit()
	v.Editor().Queue([]string{filepath.Join(tree(t, "a.txt"), "a.txt")})
	v.Lock()
	if q := v.State().Ask; q.Title != "Go on without attaching?" || !strings.HasPrefix(q.Body, "One file that you chose") {
		t.Fatalf("%+v", q)
	}
	v.Answer(false)
	if d.shell.Vault() != v {
		t.Fatal("locked in spite of the answer")
	}
	d.shell.leaveAlone()
	v = d.unlock()
	d.said(v, "One file was not attached yet when Coffer locked. Attach it again.")
	d.show(v, "Bank")
	v.Edit()
	v.Editor().Queue([]string{"/nowhere"})
	v.Lock()
	v.Answer(true)
	if page := d.shell.State().Page; page != PageUnlock {
		t.Errorf("page %d", page)
	}
}

// Another account is not turned to unawares either.
func TestSwitchWhileFilesAreAttached(t *testing.T) {
	d, v := fileDesk(t)
	v.Edit()
	v.Editor().Queue([]string{filepath.Join(tree(t, "a.txt"), "a.txt")})
	v.SwitchTo("")
	if q := v.State().Ask; q.Title != "Go on without attaching?" || d.shell.Vault() != v {
		t.Errorf("%+v", q)
	}
}

func TestSidebarSaysWhatIsOnItsWay(t *testing.T) {
	d, v := fileDesk(t)
	at := func(up bool, state int, done int64) (transfer session.Transfer) {
		return session.Transfer{Attachment: id.New(), Up: up, State: engine.TransferState(state), Done: done, Total: 100}
	}
	d.until("synced", func() bool { return v.State().Sync.Tone == ToneGood })
	for name, test := range map[string]struct {
		moving []session.Transfer
		text   string
		note   bool
		tone   Tone
	}{
		"two up":         {[]session.Transfer{at(true, 1, 50), at(true, 0, 0)}, "Uploading 2 files, 25%", true, ToneQuiet},
		"one down":       {[]session.Transfer{at(false, 1, 34)}, "Downloading one file, 34%", false, ToneQuiet},
		"waits":          {[]session.Transfer{at(true, 0, 0)}, "Synced just now", true, ToneGood},
		"stuck":          {[]session.Transfer{at(true, 2, 0), at(false, 3, 0)}, "2 files wait for you", false, ToneWarning},
		"stuck and runs": {[]session.Transfer{at(true, 2, 0), at(true, 1, 10)}, "Uploading one file, 10%", true, ToneQuiet},
	} {
		v.files.moving = test.moving
		if s := v.syncLine(); s.Text != test.text || (s.Note != "") != test.note || s.Tone != test.tone {
			t.Errorf("%s: %+v", name, s)
		}
	}
}
