package ui

import (
	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/screen"
)

func init() { scenes["printing"] = (*album).printing }

// printing prints the emergency kit, from the first run and from the settings.
func (a *album) printing() {
	a.sit(newDesk(a.TB, newPC(a, "Anna’s laptop", nil), newCloud(a)))
	printers, _ := a.withPrinters()
	a.toTheKit()
	a.do("Print…")
	a.waitFor("No printer found.")
	a.take("print-none")
	*printers = []platform.Printer{{Name: "Brother_HL_L2350DW_series"}, {Name: "Home", Default: true}, {Name: "Office"}}
	a.keys(fyne.KeyReturn)
	a.waitFor("choose a printer that you stand beside")
	a.take("print-printers")
	a.keys(fyne.KeyReturn)
	a.waitFor("The print system’s copy is deleted.")
	a.take("print-sent")
	a.keys(fyne.KeyReturn)
	a.waitFor("It may still come out later")
	a.take("print-not-out")
	a.keys(fyne.KeyReturn)
	a.waitFor("The print system’s copy is deleted.")
	a.do("Yes, I have it")
	a.waitFor("Printed on Home")
	a.take("print-done")
	a.openVault()
	a.press(screen.ActionSettings)
	a.tabTo("Emergency kit")
	a.take("print-settings")
}
