package screen

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/importer"
)

const exportedJSON = `{"folders": [{"id": "f", "name": "Work"}], "items": [
	{"id": "1", "folderId": "f", "type": 1, "name": "Shop", "login": {"username": "anna", "password": "bought42"}, "fields": [{"name": "linked", "type": 3}]},
	{"id": "2", "type": 2, "name": "A note", "notes": "text"},
	{"id": "3", "type": 1, "name": "Old", "deletedDate": "2024-01-02T00:00:00Z"}]}`

// exported writes a file as another program would.
func exported(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// fileDesk is at the import of an account, with a browser and without one.
func importFileDesk(t *testing.T, profiles ...*profile) (*desk, *Vault, *Import) {
	d, v, first := importDesk(t, profiles...)
	for first.State().Page != ImportChoose && first.State().Page != ImportNothing {
		d.queue.Drain()
	}
	first.Skip()
	d.until("declined", func() bool { return v.State().Dialog == DialogNone })
	v.OpenImport()
	d.until("searched", func() bool { return v.Import().State().Page != ImportSearching })
	return d, v, v.Import()
}

func TestFileIsShownBeforeItIsImported(t *testing.T) {
	d, v, i := importFileDesk(t)
	path := exported(t, "export.txt", exportedJSON)
	d.picks = []string{path}
	i.ChooseFile()
	s := d.stage(i, ImportPreview)
	if s.Title != "From Bitwarden" || s.Continue != "Import 2 entries" || s.Body != "export.txt holds 3 entries. Nothing has been changed yet." || v.State().Rows.Len() != 0 {
		t.Errorf("%+v", s)
	}
	want := []string{"Shop: New · link to another entry: linked", "A note: New", "Old: Skipped: in the other program’s trash"}
	var rows []string
	for _, r := range s.Rows {
		rows = append(rows, r.Title+": "+r.Detail)
	}
	if strings.Join(rows, "\n") != strings.Join(want, "\n") {
		t.Errorf("%q", rows)
	}
	if last := s.Report.Groups[len(s.Report.Groups)-1]; last.Label != "Left out: link to another entry" || last.Count != "1" {
		t.Errorf("%+v", last)
	}
	i.Continue()
	s = d.stage(i, ImportDone)
	if s.Body != "2 of 3 entries are in your vault now." || len(s.Rows) != 3 || s.Undo == "" || len(s.Deletions) != 1 || s.Deletions[0].Button == "" {
		t.Errorf("%+v", s)
	}
	d.until("items", func() bool { return d.titles(v) == "A note, Shop" })
	i.DeleteFile(path)
	if s = d.stage(i, ImportDone); s.Deletions[0].Button != "" || s.Deletions[0].Text != "export.txt was deleted." {
		t.Errorf("%+v", s.Deletions)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Error("the file is still there")
	}
	i.Undo()
	d.until("undone", func() bool { return v.State().Rows.Len() == 0 })
}

func TestAttachedFilesAreAnnounced(t *testing.T) {
	d, v, i := importFileDesk(t)
	d.picks = []string{exported(t, "export.json", `{"items": [{"uuid": "1", "title": "Plan", "template_type": "note.default", "note": "n",
		"attachments": [{"name": "plan.pdf", "data": "aGk="}, {"name": "scan.pdf", "data": "eA=="}]}]}`)}
	i.ChooseFile()
	if s := d.stage(i, ImportPreview); !strings.HasSuffix(s.Body, "2 attached files come along (3 bytes).") {
		t.Error(s.Body)
	}
	i.Continue()
	d.stage(i, ImportDone)
	all, err := v.vault.AllAttachments(t.Context())
	if err != nil || len(all) != 2 || all[0].Name != "scan.pdf" {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestKeyFileOfADatabase(t *testing.T) {
	const keyFiles = "../../vault/importer/format/testdata/keyfiles/"
	d, _, i := importFileDesk(t)
	d.picks = []string{keyFiles + "both.kdbx"}
	i.ChooseFile()
	if s := d.stage(i, ImportPassword); s.KeyFile.Label != "No key file chosen" || !strings.Contains(s.Body, "a key file, or both") {
		t.Errorf("%+v", s)
	}
	i.OpenProtected(testpc.Typed("")) // nothing to try
	for _, step := range []struct{ keyFile, password, label, says string }{
		{"v2.keyx", "", "Key file: v2.keyx", "That key file alone does not open the file."},
		{"any.jpg", "kp-pass", "Key file: any.jpg", "That password and key file do not open the file together."},
	} {
		d.picks = []string{keyFiles + step.keyFile}
		i.ChooseKeyFile()
		if s := d.stage(i, ImportPassword); s.KeyFile.Label != step.label || !s.Problem.IsZero() {
			t.Errorf("%+v", s)
		}
		i.OpenProtected(testpc.Typed(step.password))
		if s := d.stage(i, ImportPassword); !strings.HasPrefix(s.Problem.What, step.says) {
			t.Errorf("%+v", s.Problem)
		}
	}
	for path, what := range map[string]string{
		exported(t, "bad.keyx", "<KeyFile><Meta><Version>2.0</Version></Meta><Key><Data>00</Data></Key></KeyFile>"): "The key file is damaged.", filepath.Join(t.TempDir(), "gone"): "",
	} {
		d.picks = []string{path}
		i.ChooseKeyFile()
		if s := d.stage(i, ImportPassword); s.Problem.IsZero() || what != "" && s.Problem.What != what || s.KeyFile.Label != "Key file: any.jpg" {
			t.Errorf("%+v", s)
		}
	}
	d.picks = []string{keyFiles + "v2.keyx"}
	i.ChooseKeyFile()
	d.stage(i, ImportPassword)
	i.OpenProtected(testpc.Typed("kp-pass"))
	s := d.stage(i, ImportPreview)
	if len(s.Rows) != 1 || s.Rows[0].User != "ann" {
		t.Errorf("%+v", s.Rows)
	}
	i.Continue()
	if s := d.stage(i, ImportDone); len(s.Deletions) != 0 {
		t.Error("a file that is locked is offered to be deleted")
	}
}

func TestFileWithNothingNew(t *testing.T) {
	d, v, i := importFileDesk(t)
	path := exported(t, "export.json", exportedJSON)
	i.Drop([]string{path})
	d.stage(i, ImportPreview)
	i.Continue()
	d.stage(i, ImportDone)
	i.Continue()
	v.OpenImport()
	i = v.Import()
	d.until("searched", func() bool { return i.State().Page != ImportSearching })
	i.Drop([]string{path})
	if s := d.stage(i, ImportPreview); s.Continue != "Done" || s.Body != "All that export.json holds is in your vault already." {
		t.Errorf("%+v", s)
	}
	i.Continue()
	if v.State().Dialog != DialogNone || len(d.shell.unlocked.Vault().Query(vault.Filter{})) != 2 {
		t.Error("it was imported again")
	}
}

func TestProtectedFileAsksForItsPassword(t *testing.T) {
	const testdata = "../../vault/importer/format/testdata/bitwarden-encrypted.json"
	content, err := os.ReadFile(testdata)
	if err != nil {
		t.Fatal(err)
	}
	d, v, i := importFileDesk(t)
	path := exported(t, "export.json", string(content))
	i.Drop([]string{path})
	if s := d.stage(i, ImportPassword); s.Primary.Label == "" || !s.Problem.IsZero() || s.Continue != "Open" {
		t.Errorf("%+v", s)
	}
	i.OpenProtected(testpc.Typed("wrong"))
	if s := d.stage(i, ImportPassword); s.Problem.What != "That password does not open the file." {
		t.Errorf("%+v", s.Problem)
	}
	i.Skip()
	if s := d.stage(i, ImportNothing); s.File == "" || s.Skip != "Close" || s.Continue != "" || v.State().Dialog != DialogImport {
		t.Errorf("%+v", s)
	}
	i.Drop([]string{path})
	d.stage(i, ImportPassword)
	typed := testpc.Typed("export password")
	i.OpenProtected(typed)
	d.stage(i, ImportPreview)
	i.Continue()
	if s := d.stage(i, ImportDone); len(s.Deletions) != 0 || v.State().Dialog != DialogImport {
		t.Errorf("a protected file need not be deleted: %+v", s)
	}
	late := testpc.Typed("x")
	i.OpenProtected(late)
	if !late.IsZero() {
		t.Error("a password that nobody asked for is kept")
	}
	file := i.file
	i.Continue()
	d.until("the password is gone", func() bool {
		file.lock.Lock()
		defer file.lock.Unlock()
		_, err := file.input.Source()
		return file.closed && file.password.IsZero() && err != nil
	})
}

func TestFilesThatAreNoExports(t *testing.T) {
	d, _, i := importFileDesk(t, newProfile("Default", stored("a.example", "anna", "x")))
	for content, want := range map[string]string{
		"hello":                          "This is no export that Coffer knows.",
		`{"items":`:                      "The file is damaged, or it has another format than its name says.",
		`{"encrypted":true,"items":[]}`:  "Only the Bitwarden account that made this export can open it.",
		`{"encrypted":true,"vaults":{}}`: "Only its own program opens this encrypted export.",
	} {
		i.Drop([]string{exported(t, "export", content)})
		if s := d.stage(i, ImportChoose); s.Problem.What != want || len(s.Browsers) != 1 || s.File == "" {
			t.Errorf("%s: %+v", content, s.Problem)
		}
	}
	i.Drop([]string{t.TempDir()})
	if s := d.stage(i, ImportChoose); s.Problem.IsZero() {
		t.Error("a folder is taken")
	}
}

// While it is read, or imported, nothing else is taken; what comes after the dialog is closed is dropped.
func TestFileIsTakenOnlyWhereItIsAskedFor(t *testing.T) {
	d, v, i := importFileDesk(t)
	path := exported(t, "export.json", exportedJSON)
	i.Drop([]string{path})
	i.Drop([]string{path})
	d.stage(i, ImportPreview)
	i.Drop([]string{path})
	if i.State().Page != ImportPreview || !i.Stays() {
		t.Error("a second file took over")
	}
	i.Skip()
	i.Skip()
	if v.State().Dialog != DialogNone {
		t.Error("no way out")
	}
	i.Drop([]string{path})
	if i.reading != "" {
		t.Error("a closed dialog reads")
	}
}

// Every part that may be left out has words.
func TestPartsLeftOutHaveWords(t *testing.T) {
	words := english(t)
	for _, part := range parts {
		if !words.Has("screen.import.leftOut." + string(part)) {
			t.Errorf("no words for %s", part)
		}
	}
	report := importer.Report{Sources: []importer.SourceReport{{Rows: []importer.RowReport{{ID: "7", Outcome: importer.Unreadable, Reason: importer.ReasonMalformed}}}}}
	if _, rows := (reportWords{words, true, false}).view(report); rows[0].Title != "Row 7" {
		t.Errorf("%+v", rows)
	}
}
