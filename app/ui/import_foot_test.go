package ui

import (
	"context"
	"testing"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/vault/importer"
)

// The search ends after its page was drawn: the buttons of the next page take the room that their names need.
func TestImportsButtonsTakeTheirRoomWhenTheSearchEnds(t *testing.T) {
	found := make(chan struct{})
	d := openDeskOn(t, newPC(t, "Anna's PC", func(c *session.Config) {
		c.Browsers = func(ctx context.Context) []importer.Source {
			select {
			case <-found:
			case <-ctx.Done():
			}
			return nil
		}
	}))
	d.shell.Vault().OpenImport()
	d.waitFor("Looking for browsers…")
	close(found)
	d.waitFor("No browser passwords found")
	d.waitFor("Choose a file…")
	buttons := 0
	d.walk(func(o fyne.CanvasObject) {
		if b, ok := o.(*widget.Button); ok && b.Visible() {
			buttons++
			if b.Size().Width < b.MinSize().Width {
				t.Errorf("a button is %v wide and needs %v", b.Size().Width, b.MinSize().Width)
			}
		}
	})
	if buttons < 2 {
		t.Errorf("%d buttons were looked at", buttons)
	}
}
