package ui

import (
	"testing"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
)

// A list without rows is no stop of the keyboard; what would lead to it, and the end of its last row, lead to the search.
func TestEmptyListTakesNoKeyboard(t *testing.T) {
	d := openDesk(t)
	d.waitFor("Your vault is empty")
	v := d.ui.view.(*vaultView)
	list, search := fyne.Focusable(v.list.list), fyne.Focusable(v.list.search.Input())
	canvas := d.window.Canvas()
	for range 60 {
		if canvas.FocusNext(); canvas.Focused() == list {
			t.Fatal("Tab stops at the empty list")
		}
	}
	d.press(screen.ActionList)
	if canvas.Focused() != search {
		t.Errorf("the keyboard is at %T, not in the search", canvas.Focused())
	}
	d.add("GitHub", "anna", "Vg7#kQ2m-Lr9!tXe4wPz")
	d.press(screen.ActionList)
	if canvas.Focused() != list {
		t.Errorf("the keyboard is at %T, not in the list", canvas.Focused())
	}
	d.press(screen.ActionTrash)
	d.waitFor("Your vault is empty")
	if canvas.Focused() != search {
		t.Errorf("after the last row the keyboard is at %T, not in the search", canvas.Focused())
	}
}
