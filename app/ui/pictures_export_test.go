package ui

import (
	"strings"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/internal/testpc"
)

func init() { scenes["export"] = (*album).export }

// export writes the vault for other programs, and tells what had no place.
func (a *album) export() {
	a.openVault()
	a.shell.Vault().OpenExport()
	a.take("export")
	a.sheet().Open("bitwarden")
	a.take("export-bitwarden")
	a.sheet().Back()
	a.sheet().Open("age")
	a.take("export-archive")
	a.sheet().Back()
	a.sheet().Open("csv")
	a.typeText("not it")
	a.keys(fyne.KeyReturn)
	a.waitFor("That is not the master password.")
	a.take("export-wrong")
	a.typeText(testpc.Password)
	a.keys(fyne.KeyReturn)
	a.waitFor("Save file")
	a.take("export-where")
	a.keys(fyne.KeyReturn)
	a.until("written", func() bool { return strings.HasPrefix(a.sheet().State().Page, "export.done") })
	a.take("export-report")
}
