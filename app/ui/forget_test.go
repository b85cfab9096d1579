package ui

import (
	"image/color"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
	"weak"

	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/software"

	"github.com/coffer-vault/coffer/app/screen"
)

// toolkitCache is the toolkit's own variable for how long it keeps what it has drawn. It is read once, when the program starts.
const toolkitCache = "FYNE_CACHE"

// After a lock, once the toolkit has forgotten what it drew, nothing in the program leads to the vault's model any more: no timer, no
// callback, no message with an undo in it. The model has the titles of all items.
func TestNothingLeadsToALockedVault(t *testing.T) {
	if os.Getenv(toolkitCache) == "" {
		again := exec.Command(os.Args[0], "-test.run=^TestNothingLeadsToALockedVault$", "-test.v")
		again.Env = append(os.Environ(), toolkitCache+"=1ns")
		if out, err := again.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	d := openDesk(t)
	d.add("GitHub", "anna", "secret")
	d.press(screen.ActionReveal)
	d.press(screen.ActionTrash)
	d.waitFor("is in the trash") // a message with an undo
	model := weak.Make(d.shell.Vault())
	d.press(screen.ActionLock)
	d.waitFor("Welcome back")
	d.lockAndWait()
	d.clock.Advance(d.queue, 2*time.Minute)
	forgetDrawn()
	d.until("nothing leads to the model of the vault", func() bool { // work that was cancelled may be ending still
		d.queue.Post(func() {})
		runtime.GC()
		return model.Value() == nil
	})
}

// forgetDrawn has the toolkit drop what it has drawn, as the window does by itself after a while.
func forgetDrawn() {
	c := software.NewCanvas()
	c.SetContent(canvas.NewRectangle(color.Transparent))
	c.Capture()
}
