package ui

import (
	"testing"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// A click beside the field takes the keyboard from it; what is typed then is the master password all the same, a question mark too.
func TestWhatIsTypedAtTheLockIsThePassword(t *testing.T) {
	d := openDesk(t)
	d.press(screen.ActionLock)
	d.waitFor("Welcome back")
	canvas := d.window.Canvas()
	canvas.Unfocus()
	for _, r := range "?" + testpc.Password {
		if focused := canvas.Focused(); focused != nil {
			focused.TypedRune(r)
			continue
		}
		canvas.OnTypedRune()(r)
	}
	d.queue.Drain()
	if got := d.ui.view.(*unlockView).password.Text(); got != "?"+testpc.Password || d.ui.covered() {
		t.Fatalf("%d of %d characters are in the field, covered %v", len(got), len("?"+testpc.Password), d.ui.covered())
	}
	d.keys(fyne.KeyHome, fyne.KeyDelete, fyne.KeyReturn)
	d.until("vault", func() bool { return d.shell.State().Page == screen.PageVault })
}
