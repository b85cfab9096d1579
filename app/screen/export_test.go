package screen

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/exporter"
)

// openExport is the sheet at the page of a format, over a vault with a login and a note.
func openExport(t *testing.T, format exporter.Format) (*desk, *Vault, *Export) {
	t.Helper()
	d, v, _ := openDesk(t)
	d.folder = t.TempDir()
	d.add("Mail", "anna", "s3cret pass")
	testpc.Save(t, d.shell.unlocked, vault.Item{Kind: vault.Note, Title: "Plan"})
	v.OpenSettings()
	v.Settings().Lead(SettingsExport)
	sheet := v.Sheet().(*Export)
	checkWords(t, "formats", sheet.State().Title, sheet.State().Body, backupRows(sheet))
	sheet.Open(string(format))
	return d, v, sheet
}

// left is what is in the folder where files are saved.
func (d *desk) left() string {
	d.t.Helper()
	files, err := os.ReadDir(d.folder)
	if err != nil {
		d.t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name())
	}
	return strings.Join(names, ", ")
}

func TestExport(t *testing.T) {
	d, v, sheet := openExport(t, exporter.CSV)
	shown := make(chan string, 1)
	d.env.ShowFile = func(path string) error {
		shown <- path
		return nil
	}
	if s := sheet.State(); s.Title != "Export: CSV" || !s.Danger || len(s.Fields) != 1 || !strings.HasPrefix(backupRows(sheet), "Not encrypted: Whoever") {
		t.Errorf("%+v", s)
	}
	sheet.Submit()
	if sheet.State().Problem.IsZero() {
		t.Error("no password, and no problem")
	}
	sheet.SetPassword(fieldPassword, testpc.Typed("not it"))
	sheet.Submit()
	d.until("refused", func() bool { return sheet.State().Problem.What == "That is not the master password." })
	if d.left() != "" {
		t.Error("written without the password:", d.left())
	}
	sheet.SetPassword(fieldPassword, testpc.Typed(testpc.Password))
	sheet.Submit()
	d.until("written", func() bool { return sheet.State().Title == "Exported" })
	s := sheet.State()
	checkWords(t, "report", s.Title, s.Body, s.Primary, s.Secondary)
	path := filepath.Join(d.folder, d.left())
	if content, err := os.ReadFile(path); err != nil || !strings.Contains(string(content), ",anna,s3cret pass,") || !strings.HasSuffix(path, ".csv") {
		t.Errorf("%s: %s, %v", path, content, err)
	}
	if !strings.Contains(s.Body, path) {
		t.Error(s.Body)
	}
	if rows := backupRows(sheet); rows != "In the file: 1 item, Left out: the format has no place for them: 1  ·  Plan, Not in the file: Dates of creation and change: 1  ·  Mail" {
		t.Error(rows)
	}
	sheet.Submit()
	if got := <-shown; got != path {
		t.Errorf("%s is shown, not %s", got, path)
	}
	sheet.Back()
	if v.State().Dialog != DialogNone {
		t.Error("it stays open")
	}
}

// A format with a password of its own asks for it twice.
func TestSealedExport(t *testing.T) {
	exporter.LowerCostForTests()
	d, _, sheet := openExport(t, exporter.Archive)
	sheet.SetPassword(fieldPassword, testpc.Typed(testpc.Password))
	sheet.SetPassword(fieldNew, testpc.Typed("a password of the file"))
	if s := sheet.State(); s.CanSubmit || s.Danger || len(s.Fields) != 3 || len(s.Rows) != 0 {
		t.Errorf("%+v", s)
	}
	sheet.SetPassword(fieldRepeat, testpc.Typed("a password of the file"))
	sheet.Submit()
	d.until("written", func() bool { return sheet.State().Page == "export.doneSealed" })
	checkWords(t, "report", sheet.State().Title, sheet.State().Body)
	content, err := os.ReadFile(filepath.Join(d.folder, d.left()))
	if err != nil || !strings.HasPrefix(string(content), "age-encryption.org/v1\n-> scrypt ") {
		t.Errorf("%.60q, %v", content, err)
	}
}

// held has the export wait at its temporary file: begun is closed there, and release lets it go on.
func (d *desk) held() (begun chan struct{}, release func()) {
	begun, gate := make(chan struct{}), make(chan struct{})
	atomicfile.OnStep(func(s atomicfile.Step) error {
		if s.Op == atomicfile.Made && filepath.Dir(s.Path) == d.folder {
			close(begun)
			<-gate
		}
		return nil
	})
	d.t.Cleanup(func() { atomicfile.OnStep(nil) })
	return begun, func() { close(gate) }
}

func TestExportIsStopped(t *testing.T) {
	d, v, sheet := openExport(t, exporter.CSV)
	begun, release := d.held()
	sheet.SetPassword(fieldPassword, testpc.Typed(testpc.Password))
	sheet.Submit()
	d.until("running", func() bool { return sheet.State().Page == "export.running" })
	<-begun
	if s := sheet.State(); s.Secondary != "Stop" || s.Progress == nil || v.mayLeaveDialog() {
		t.Errorf("%+v", s)
	}
	sheet.Back()
	release()
	d.until("stopped", func() bool { return sheet.State().Page == "export.plain" })
	if s := sheet.State(); !s.Problem.IsZero() || s.Busy || d.left() != "" {
		t.Errorf("%q is left, %+v", d.left(), s)
	}
}

// Once the vault is locked nothing of the export is there, and what was typed is wiped.
func TestLockEndsTheExport(t *testing.T) {
	d, _, sheet := openExport(t, exporter.CSV)
	begun, release := d.held()
	sheet.SetPassword(fieldPassword, testpc.Typed(testpc.Password))
	sheet.Submit()
	d.until("running", func() bool { return sheet.State().Page == "export.running" })
	<-begun
	d.shell.Lock()
	release()
	d.until("locked", func() bool { return d.shell.State().Page == PageUnlock })
	<-d.shell.closed
	if d.left() != "" || len(sheet.hidden) != 0 {
		t.Errorf("%q is left, %d typed", d.left(), len(sheet.hidden))
	}
}

// The question where the file shall go may outlast the vault.
func TestExportAfterALockWritesNothing(t *testing.T) {
	d, _, sheet := openExport(t, exporter.CSV)
	var answer func(string, bool)
	d.env.SaveAs = func(_ string, done func(string, bool)) { answer = done }
	sheet.SetPassword(fieldPassword, testpc.Typed(testpc.Password))
	sheet.Submit()
	d.until("asked", func() bool { return answer != nil })
	d.shell.Lock()
	d.until("locked", func() bool { return d.shell.State().Page == PageUnlock })
	<-d.shell.closed
	answer(filepath.Join(d.folder, "late.csv"), false)
	d.queue.Drain()
	if d.left() != "" || len(sheet.hidden) != 0 {
		t.Errorf("%q is left, %d typed", d.left(), len(sheet.hidden))
	}
}

func TestExportReportNamesAFewItems(t *testing.T) {
	d, _, sheet := openExport(t, exporter.CSV)
	defer d.queue.Drain()
	loss := exporter.Loss{Part: exporter.PartTags, Count: 9, Titles: []string{"a", "b", "c", "d", "e"}}
	if got := sheet.lossDetail(loss); got != "9  ·  a, b, c and 2 more" {
		t.Error(got)
	}
	for _, p := range exporter.Parts() {
		checkWords(t, string(p), sheet.text("screen.export.part."+string(p)))
	}
	for _, s := range exporter.Specs() {
		checkWords(t, string(s.Format), sheet.ofFormat(s, "name"), sheet.ofFormat(s, "detail"), sheet.ofFormat(s, "about"))
	}
}
