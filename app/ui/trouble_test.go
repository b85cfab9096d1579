package ui

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// The whole way out of a server that went back, by keyboard: the cloud, what to do, the comparison, the yes. Enter alone says no.
func TestWayOutByKeyboard(t *testing.T) {
	server := testkit.Cloud(t)
	pc := testpc.New(t, "Anna's PC", nil)
	u := pc.SignUp(t, server, "anna@example.com")
	if err := u.SkipBrowserImport(t.Context()); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, u)
	old := server.Backup()
	testpc.Save(t, u, testpc.Login("Later", "anna", "2"))
	testpc.Sync(t, u)
	server.Restore(old)
	u.Lock()

	d := newDesk(t, pc, server)
	d.unlock()
	d.waitFor("Sync has stopped")
	model := d.shell.Vault()
	model.OpenTrouble()
	d.waitFor("went back")
	if !d.reads("One item is different here") {
		t.Errorf("the window reads %q", strings.Join(d.texts(), "\n"))
	}
	d.walk(func(o fyne.CanvasObject) {
		if b, ok := o.(*widget.Button); ok && b.AccessibilityLabel() == "Go on with the server" && b.Size().Width < b.MinSize().Width {
			t.Error("the button came and got no room")
		}
	})
	d.keys(fyne.KeyReturn)
	d.until("the dialog is closed", func() bool { return model.Trouble() == nil })
	if model.State().Sync.WayOut == "" {
		t.Fatal("Enter alone gave something up")
	}
	model.OpenTrouble()
	d.waitFor("went back")
	d.do("Go on with the server")
	d.until("sync", func() bool { return model.Trouble() == nil && model.State().Sync.WayOut == "" })
	d.until("synced", func() bool { return strings.HasPrefix(model.State().Sync.Text, "Synced") })
}
