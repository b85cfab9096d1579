package ui

import (
	"image"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// Nothing stands out at the sides of the smallest window: what does not fit is shortened, broken or moved below.
func TestNothingIsClippedInTheLeastWindow(t *testing.T) {
	d := openDesk(t)
	d.window.Resize(LeastSize)
	b := testpc.New(t, "PC B", nil).SignIn(t, d.server, anna, d.secretKey())
	it := testpc.Login("An item with a very long name that does not fit anywhere", "a.very.long.name@a.very.long.host.example", "first")
	it.Websites = []string{"https://a.very.long.host.example/with/a/path/that/goes/on", "b.example"}
	it.Set(vault.Notes, secret.FromString("A note.\nAnotherWordThatIsLongerThanTheWholeWidthOfThePaneAndSoHasToBeBrokenInTheMiddle"))
	it.Set(vault.OTP, secret.FromString("JBSWY3DPEHPK3PXP"))
	saved := testpc.Save(t, b, it)
	saved.Set(vault.Password, secret.FromString("second"))
	saved.Custom = []vault.CustomField{{ID: saved.ID, Label: "A label", Type: vault.Concealed, Value: secret.FromString("value")}}
	testpc.Save(t, b, saved)
	testpc.Sync(t, b)
	d.shell.Vault().Sync()
	d.waitForItem(it.Title)
	d.waitFor("Weak")

	steps := map[string]func(){
		"history":   func() { d.shell.Vault().Detail().ToggleHistory() },
		"editor":    func() { d.press(screen.ActionEdit) },
		"generator": func() { d.press(screen.ActionBack); d.press(screen.ActionGenerator) },
		"settings":  func() { d.keys(fyne.KeyEscape); d.press(screen.ActionSettings) },
		"unlock":    func() { d.keys(fyne.KeyEscape); d.press(screen.ActionLock); d.waitFor("Welcome back") },
	}
	d.checkSides("item")
	for _, name := range []string{"history", "editor", "generator", "settings", "unlock"} {
		steps[name]()
		d.checkSides(name)
	}
}

// checkSides finds what is drawn beyond the left or right side of the window.
func (d *desk) checkSides(where string) {
	d.Helper()
	d.ui.root.Refresh()
	width := d.window.Canvas().Size().Width
	s := &sheet{painter: brush, scale: 1}
	s.eachPart(d.window.Canvas(), func(o fyne.CanvasObject, at fyne.Position, _ image.Rectangle) {
		if _, ok := o.(*canvas.Rectangle); ok && o.Size().Width > width {
			return // dims the window
		}
		switch o := o.(type) {
		case *canvas.Text, *canvas.Rectangle, *canvas.Raster:
			if at.X < -1 || at.X+o.Size().Width > width+1 {
				d.Errorf("%s: %T from %v to %v of %v: %v", where, o, at.X, at.X+o.Size().Width, width, o)
			}
		}
	})
}
