package ui

import (
	"context"
	"fmt"
	"testing"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// withPrinters gives a desk a print system, which takes every page for the printers that it has by then.
func (d *desk) withPrinters() (printers *[]platform.Printer, pages *[]string) {
	printers, pages = new([]platform.Printer), new([]string)
	d.env.Printers = func(context.Context) ([]platform.Printer, error) { return *printers, nil }
	d.env.Print = func(_ context.Context, printer string, page platform.PrintPage) (func(context.Context) error, error) {
		*pages = append(*pages, fmt.Sprintf("%s %.5s", printer, page.PDF))
		return func(context.Context) error { return nil }, nil
	}
	d.env.ShowPrinting = d.ui.ShowPrinting
	return printers, pages
}

func TestPrintTheKitByKeyboard(t *testing.T) {
	d := newDesk(t, testpc.New(t, "Anna's PC", nil), testkit.Cloud(t))
	printers, pages := d.withPrinters()
	d.toTheKit()
	d.keys(fyne.KeyTab, fyne.KeyReturn) // from Save to Print
	d.waitFor("No printer found.")
	d.checkAccess("no printer")
	*printers = []platform.Printer{{Name: "Office"}, {Name: "Home", Default: true}}
	d.keys(fyne.KeyReturn) // the keyboard is on Look again
	d.waitFor("choose a printer that you stand beside")
	d.checkAccess("printers")
	d.keys(fyne.KeyReturn) // and now on Print
	d.waitFor("Sent to Home")
	d.waitFor("The print system’s copy is deleted.")
	d.checkAccess("sent")
	d.keys(fyne.KeyReturn) // without a look at the printer nothing has come out
	d.waitFor("It may still come out later")
	if d.reads("Printed on") {
		t.Error("it did not come out, and counts")
	}
	d.keys(fyne.KeyReturn)
	d.waitFor("Sent to Home")
	d.do("Yes, I have it")
	d.waitFor("Printed on Home")
	d.keys(fyne.KeySpace, fyne.KeyReturn) // the box has the keyboard, then the way on
	d.until("the next step", func() bool { return !d.reads("Save your emergency kit") })
	if fmt.Sprint(*pages) != "[Home %PDF- Home %PDF-]" {
		t.Errorf("printed: %q", *pages)
	}
}

func TestPrintFromTheSettings(t *testing.T) {
	d := openDesk(t)
	printers, pages := d.withPrinters()
	*printers = []platform.Printer{{Name: "Office"}, {Name: "Home"}}
	d.press(screen.ActionSettings)
	d.tabTo("Emergency kit")
	d.typeText(testpc.Password)
	d.do("Print…")
	d.waitFor("choose a printer that you stand beside")
	d.keys(fyne.KeyReturn) // none is the usual one: the keyboard is on the list
	d.choose("Office")
	d.tabToLabel("Print")
	d.keys(fyne.KeyReturn)
	d.waitFor("Sent to Office")
	d.keys(fyne.KeyEscape)
	d.until("dialog closed", func() bool { return !d.reads("Sent to Office") })
	if d.reads("Printed on") || len(*pages) != 1 {
		t.Errorf("%d pages; nobody said that it came out", len(*pages))
	}
}
