package widget

import (
	"fmt"
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/uitest"
)

func TestFocusIsScrolledIntoSight(t *testing.T) {
	for _, inDialog := range []bool{false, true} {
		t.Run(fmt.Sprint("dialog ", inDialog), func(t *testing.T) {
			b := newBench(t, theme.Light, 500, 300)
			rows, first := Column(8), NewEntry("first")
			rows.Add(first)
			for i := range 30 {
				rows.Add(NewButton(fmt.Sprint(i), "", Secondary, nothing))
			}
			last := NewEntry("last")
			rows.Add(last)
			outset := NewButton("outset", "", Ghost, nothing)
			rows.Add(Pad(outset, 0, 0, 0, -10))
			area := NewScrollArea(rows)
			if inDialog {
				modal := NewModal("Dialog", rows)
				b.root.ShowModal(modal)
				area = modal.body
			} else {
				b.root.SetContent(Stack(area))
			}
			area.scroll.ScrollToTop()
			last.Focus()
			if area.scroll.Offset.Y == 0 {
				t.Error("an entry at the end has the focus and is out of sight")
			}
			first.Focus()
			if area.scroll.Offset.Y > 20 {
				t.Errorf("the first entry has the focus, and %v above the sight", area.scroll.Offset.Y)
			}
			Focus(outset)
			if at := area.scroll.Offset.Y; at == 0 {
				t.Error("a button that begins left of the content has the focus and is out of sight")
			}
			first.Focus()
			b.window.Canvas().FocusNext()
			for range 25 {
				b.tab()
			}
			if area.scroll.Offset.Y == 0 {
				t.Error("Tab went out of sight")
			}
		})
	}
}

func TestEntriesHandShortcutsOn(t *testing.T) {
	b := newBench(t, theme.Light, 500, 300)
	var got []string
	b.root.OnShortcut = func(s fyne.Shortcut) { got = append(got, s.ShortcutName()) }
	entry, code := NewEntry("Name"), NewCodeEntry("Code", 4, 4)
	b.show(Column(8, entry, code))
	lock := &desktop.CustomShortcut{KeyName: fyne.KeyL, Modifier: fyne.KeyModifierControl}
	entry.Focus()
	b.focused().(fyne.Shortcutable).TypedShortcut(lock)
	code.Focus()
	b.focused().(fyne.Shortcutable).TypedShortcut(lock)
	if len(got) != 2 || got[0] != lock.ShortcutName() {
		t.Errorf("the window got %q", got)
	}
}

// Shift+Tab goes the way of Tab back, through a field with a button in it too.
func TestTheWayBack(t *testing.T) {
	b := newBench(t, theme.Light, 500, 300)
	name, password, search := NewEntry("Name"), NewPasswordEntry("Password"), NewSearchEntry("Search", nil)
	search.SetText("shop")
	b.show(Column(8, name, password, search))
	way := []fyne.Focusable{name.Input(), password.Input(), password.eye, search.Input(), search.clear}
	name.Focus()
	for _, want := range way[1:] {
		b.tab()
		if b.focused() != want {
			t.Fatalf("Tab leads to %s", uitest.Name(b.focused()))
		}
	}
	for _, want := range slices.Backward(way[:len(way)-1]) {
		b.window.Canvas().FocusPrevious()
		if b.focused() != want {
			t.Fatalf("Shift+Tab leads to %s", uitest.Name(b.focused()))
		}
	}
}

func TestTabLeavesAFieldOfSeveralLines(t *testing.T) {
	b := newBench(t, theme.Light, 500, 300)
	notes := NewMultiLineEntry("Notes", 3)
	b.show(notes)
	if taker, ok := notes.Input().(fyne.Tabbable); ok && taker.AcceptsTab() {
		t.Error("Tab is caught in the field")
	}
}

func TestRefusedCodeIsTypedOver(t *testing.T) {
	b := newBench(t, theme.Light, 500, 300)
	code := NewCodeEntry("Code", 4, 4)
	b.show(code)
	code.Focus()
	b.typeText("00000000")
	code.Refused()
	b.typeText("-")
	if code.Code() != "00000000" {
		t.Errorf("a hyphen began another code: %q", code.Code())
	}
	b.typeText("k7p2-9qxz")
	if code.Code() != "K7P29QXZ" {
		t.Errorf("the code is %q", code.Code())
	}
}
