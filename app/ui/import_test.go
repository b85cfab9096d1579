package ui

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// Escape goes back a step while there is one, and the dialog stays; a file is taken where it is dropped.
func TestEscapeGoesBackInAnImport(t *testing.T) {
	d := openDesk(t)
	v := d.shell.Vault()
	v.OpenImport()
	imports := v.Import()
	searched := func() bool {
		page := imports.State().Page
		return page == screen.ImportNothing || page == screen.ImportChoose
	}
	d.until("searched", searched)
	d.ui.dropped(fyne.Position{}, []fyne.URI{storage.NewFileURI(exported(t, "passwords.csv", exportedLogins))})
	d.until("the preview", func() bool { return imports.State().Page == screen.ImportPreview })
	d.keys(fyne.KeyEscape)
	d.until("back", searched)
	if v.State().Dialog != screen.DialogImport || !d.ui.covered() {
		t.Fatal("the dialog is gone")
	}
	d.keys(fyne.KeyEscape)
	d.until("closed", func() bool { return v.State().Dialog == screen.DialogNone && !d.ui.covered() })
}

// A table of no known program is mapped with the keyboard or the pointer, and its preview leads back to its columns.
func TestTableIsMapped(t *testing.T) {
	d := openDesk(t)
	v := d.shell.Vault()
	v.OpenImport()
	d.waitFor("Choose a file…")
	d.ui.dropped(fyne.Position{}, []fyne.URI{storage.NewFileURI(exported(t, "list.csv", "What;User;Secret\nBank;ann;pw\n"))})
	d.waitFor("What do the columns hold?")
	if d.reads("pw") {
		t.Error("a password is shown")
	}
	d.do("Continue")
	d.waitFor("Import 1 entry")
	d.keys(fyne.KeyEscape)
	d.waitFor("What do the columns hold?")
	d.keys(fyne.KeyEscape)
	d.waitFor("Choose a file…")
}

// The dialog that asks for the file to import says so, and has nothing of attaching.
func TestFileToImportIsAskedFor(t *testing.T) {
	d := openDesk(t)
	d.put("list.csv", "name,url,username,password\nShop,https://shop.example,anna,pw\n")
	d.shell.Vault().OpenImport()
	d.waitFor("Choose a file…")
	d.do("Choose a file…")
	d.waitFor("list.csv")
	if !d.reads("Import from a file") || !d.reads("Open") || d.reads("Attach") || d.reads("Attach files") {
		t.Errorf("%q", d.texts())
	}
	d.keys(fyne.KeySpace) // nothing to tick
	d.keys(fyne.KeyReturn)
	d.waitFor("Import 1 entry")
}

// The file that was imported is deleted: the dialog says so, and does not offer it again.
func TestImportedFileIsDeleted(t *testing.T) {
	d := openDesk(t)
	v := d.shell.Vault()
	v.OpenImport()
	d.waitFor("Choose a file…")
	if d.reads("Continue") {
		t.Error("there is nothing to continue with")
	}
	d.ui.dropped(fyne.Position{}, []fyne.URI{storage.NewFileURI(exported(t, "passwords.csv", exportedLogins))})
	d.waitFor("Import 3 entries")
	d.do("Import 3 entries")
	d.waitFor("Delete the file")
	d.do("Delete the file")
	d.waitFor("passwords.csv was deleted.")
	if d.reads("Delete the file") {
		t.Error("it is offered again")
	}
	d.do("Done")
	d.until("closed", func() bool { return v.State().Dialog == screen.DialogNone })
}

// refusals is a browser with so many sites whose passwords it was told never to save.
type refusals int

func (r refusals) Info() importer.Info {
	return importer.Info{ID: "chrome/Default", Browser: "Google Chrome", Profile: "Default", Count: int(r)}
}

func (r refusals) Rows(context.Context, secret.Bytes) iter.Seq2[importer.Row, error] {
	return func(yield func(importer.Row, error) bool) {
		for n := range int(r) {
			site := fmt.Sprintf("s%05d.example", n)
			if !yield(importer.Row{ID: site, Site: site, Reason: importer.ReasonNeverSave}, nil) {
				return
			}
		}
	}
}

// The report of browsers lists every row, and builds only those that are in sight.
func TestReportOfBrowsersHasEveryRow(t *testing.T) {
	const rows = 10_000
	d := openDeskOn(t, newPC(t, "Anna's PC", func(c *session.Config) {
		c.Browsers = func(context.Context) []importer.Source { return []importer.Source{refusals(rows)} }
	}))
	d.shell.Vault().OpenImport()
	d.waitFor("Import 10,000 passwords")
	d.do("Import 10,000 passwords")
	d.waitFor("s00000.example")
	if listed := len(d.shell.Vault().Import().State().Rows); listed != rows {
		t.Errorf("%d rows of %d are listed", listed, rows)
	}
	built, last := 0, false
	count := func() {
		built, last = 0, false
		for _, text := range d.texts() {
			if strings.HasSuffix(text, ".example") {
				built++
				last = last || text == "s09999.example"
			}
		}
	}
	if count(); built < 2 || built > 50 || last {
		t.Errorf("%d rows are built", built)
	}
	d.walk(func(o fyne.CanvasObject) {
		if list, ok := o.(*widget.List); ok && list.Name == "All entries" {
			list.Select(rows - 1)
		}
	})
	if count(); built > 50 || !last {
		t.Errorf("at the end of the list %d rows are built; the last among them: %t", built, last)
	}
}

// What a browser keeps to itself comes by way of its export: the guide finds the file without being told, and Escape leads back.
func TestGuideFindsTheExport(t *testing.T) {
	d := openDeskOn(t, newPC(t, "Anna's PC", func(c *session.Config) {
		c.Browsers = func(context.Context) []importer.Source { return []importer.Source{chromeProfile{}} }
	}))
	v := d.shell.Vault()
	v.OpenImport()
	d.waitFor("Import 4 passwords")
	d.do("Import 4 passwords")
	d.waitFor("Show how")
	d.do("Show how")
	d.waitFor("chrome://password-manager/settings")
	d.keys(fyne.KeyEscape)
	d.waitFor("Import finished")
	d.do("Show how")
	d.until("the first look", func() bool { return v.Import().State().Guide.Looked })
	d.do("Copy")
	d.waitFor("Copied")
	if got := d.clipboard.Content(); got != "chrome://password-manager/settings" {
		t.Errorf("copied %q", got)
	}
	d.put("Chrome Passwords.csv", exportedByChrome)
	d.until("the file", func() bool {
		d.clock.Advance(d.queue, time.Second)
		return v.Import().State().Page == screen.ImportPreview
	})
	d.waitFor("Import 3 entries")
	d.do("Import 3 entries")
	d.waitFor("Delete the file")
	if d.reads("Show how") {
		t.Error("what has come is still offered")
	}
	d.do("Delete the file")
	d.waitFor("Chrome Passwords.csv was deleted.")
	d.do("Done")
	d.until("closed", func() bool { return v.State().Dialog == screen.DialogNone })
}
