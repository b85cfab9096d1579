package ui

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"

	"github.com/coffer-vault/coffer/app/screen"
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
