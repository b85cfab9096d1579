package ui

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/crypto/id"
)

// holding types keys while modifiers are held down.
func (d *desk) holding(held fyne.KeyModifier, names ...fyne.KeyName) {
	d.Helper()
	d.ui.held = func() fyne.KeyModifier { return held }
	d.keys(names...)
	d.ui.held = heldKeys
}

func TestSelectSeveralMoveAndUndoByKeyboard(t *testing.T) {
	d := openDesk(t)
	for _, title := range []string{"A", "B", "C", "D"} {
		d.add(title, "anna", "hunter2hunter2")
	}
	d.press(screen.ActionNewFolder)
	d.typeText("Work")
	d.keys(fyne.KeyReturn)
	d.until("the folder", func() bool { return d.shell.Vault().State().Heading == "Work" })
	d.shell.Vault().Go(screen.Place{})
	d.waitFor("4 items")
	d.press(screen.ActionBack)
	d.keys(fyne.KeyHome)
	d.holding(fyne.KeyModifierShift, fyne.KeyDown, fyne.KeyDown)
	d.waitFor("3 items selected")
	d.waitFor("B, anna, selected")
	d.press(screen.ActionMove)
	d.keys(fyne.KeyDown, fyne.KeyDown, fyne.KeyReturn) // after "No folder"
	d.waitFor("3 items moved.")
	d.waitFor("Work, 3")
	d.press(screen.ActionUndo)
	d.waitFor("Undone.")
	d.waitFor("Work, 0")

	d.press(screen.ActionSelectAll)
	d.waitFor("4 items selected")
	d.keys(fyne.KeyDelete)
	d.waitFor("4 items are in the trash.")
	d.press(screen.ActionUndo)
	d.until("back", func() bool { return d.shell.Vault().State().Rows.Len() == 4 })
	d.press(screen.ActionSelectAll)
	d.keys(fyne.KeyEscape)
	d.until("one item", func() bool { return d.shell.Vault().State().Pane == screen.PaneDetail })
}

// Without a folder, moving asks for the name of one; with one, another is the last of the menu.
func TestMoveToNewFolderByKeyboard(t *testing.T) {
	d := openDesk(t)
	d.add("A", "anna", "hunter2hunter2")
	d.press(screen.ActionBack)
	d.keys(fyne.KeyHome)
	d.press(screen.ActionMove)
	d.waitFor("New folder")
	d.typeText("Work")
	d.keys(fyne.KeyReturn)
	d.waitFor("Moved.")
	d.waitFor("Work, 1")
	d.press(screen.ActionMove)
	d.keys(fyne.KeyEnd, fyne.KeyReturn)
	d.typeText("Home")
	d.keys(fyne.KeyReturn)
	d.waitFor("Home, 1")
	d.waitFor("Work, 0")
}

// The list of folders in the editor ends with one that is made from there.
func TestEditToNewFolderByKeyboard(t *testing.T) {
	d := openDesk(t)
	d.add("A", "anna", "hunter2hunter2")
	d.press(screen.ActionEdit)
	d.tabTo("Folder")
	d.keys(fyne.KeyDown, fyne.KeyEnd, fyne.KeyReturn)
	d.waitFor("New folder")
	d.typeText("Work")
	d.keys(fyne.KeyReturn)
	d.waitFor("Work, 0")
	d.keys(fyne.KeyDown, fyne.KeyEscape) // the keyboard is at the list of folders again
	d.press(screen.ActionSave)
	d.waitFor("Work, 1")
}

// In a field Ctrl+A and Ctrl+Z are for what is typed there.
func TestFieldsKeepTheirKeys(t *testing.T) {
	d := openDesk(t)
	for _, title := range []string{"A 1", "A 2", "B"} {
		d.add(title, "anna", "hunter2hunter2")
	}
	d.press(screen.ActionBack)
	d.keys(fyne.KeyDelete)
	d.waitFor("is in the trash.")
	d.press(screen.ActionSearch)
	d.typeText("a")
	d.waitFor("2 items")
	d.press(screen.ActionSelectAll)
	d.press(screen.ActionUndo)
	if s := d.shell.Vault().State(); s.Marked != 0 || s.Toast.Undo == "" {
		t.Errorf("%d marked, %+v", s.Marked, s.Toast)
	}
	if text := d.ui.view.(*vaultView).list.search.Text(); text != "" {
		t.Errorf("the field has %q after its own undo", text)
	}
}

func TestFoldersByKeyboard(t *testing.T) {
	d := openDesk(t)
	folder := func(name string) {
		d.press(screen.ActionNewFolder)
		d.typeText(name)
		d.keys(fyne.KeyReturn)
		d.until(name, func() bool { return d.shell.Vault().State().Heading == name })
	}
	folder("Home")
	folder("Work")
	d.tabTo("Work, 0")
	d.keys(fyne.KeyF2)
	d.typeText("Office")
	d.keys(fyne.KeyReturn)
	d.waitFor("Office, 0")
	d.tabTo("Office, 0")
	d.holding(fyne.KeyModifierShift, fyne.KeyF10) // the menu, without a menu key
	d.waitFor("Move folder…")
	d.keys(fyne.KeyDown, fyne.KeyDown, fyne.KeyDown, fyne.KeyReturn) // Move folder…
	d.keys(fyne.KeyEnd, fyne.KeyReturn)                              // Home
	d.until("moved", func() bool {
		return len(d.shell.Vault().State().Folders) == 3 && d.shell.Vault().State().Folders[2].Label == "Home/Office"
	})
	d.tabTo("Office, 0")
	d.keys(fyne.KeyDelete)
	d.waitFor("Delete the folder “Home/Office”?")
	d.do("Delete folder")
	d.waitFor("The folder “Home/Office” was deleted.")
	d.press(screen.ActionUndo)
	d.waitFor("Office, 0")
}

// Delete in the sidebar never means the item that is selected in the list.
func TestDeleteInTheSidebarDeletesNoItem(t *testing.T) {
	d := openDesk(t)
	d.add("A", "anna", "hunter2hunter2")
	d.until("listed", func() bool { return d.shell.Vault().State().Rows.Len() == 1 })
	d.tabTo("Logins")
	d.keys(fyne.KeyDelete)
	d.press(screen.ActionFavorite) // done after what comes before it
	d.until("a favorite", func() bool {
		rows := d.shell.Vault().State().Rows
		return rows.Len() == 1 && rows.At(0).Favorite || d.reads("is in the trash")
	})
	if d.reads("is in the trash") {
		t.Error("it is in the trash")
	}
}

func TestTagByKeyboard(t *testing.T) {
	d := openDesk(t)
	d.add("A", "anna", "hunter2hunter2")
	d.press(screen.ActionTag)
	d.typeText("home")
	d.keys(fyne.KeyReturn)
	d.waitFor("home, 1")
	d.tabTo("home, 1")
	d.keys(fyne.KeyF2)
	d.typeText("house")
	d.keys(fyne.KeyReturn)
	d.waitFor("house, 1")
}

func (d *desk) openPalette(text string) *screen.Palette {
	d.Helper()
	d.press(screen.ActionPalette)
	p := d.shell.Vault().Palette()
	if p == nil {
		d.Fatal("no palette")
	}
	d.typeText(text)
	return p
}

func TestPaletteByKeyboard(t *testing.T) {
	d := openDesk(t)
	d.add("GitHub", "anna", "canary-password")
	d.add("Netflix", "anna.k", "another-password")
	d.press(screen.ActionBack)
	before := d.focused()

	p := d.openPalette("githu")
	d.until("found", func() bool { return len(p.State().Rows) > 0 && p.State().Rows[0].Title == "GitHub" })
	d.press(screen.ActionCopyPassword) // of what is found, wherever the list is
	d.until("copied", func() bool { return d.clipboard.Content() == "canary-password" })
	if d.focused() != before {
		t.Errorf("the keyboard is at %T", d.focused())
	}

	p = d.openPalette("githu")
	d.until("found", func() bool { return p.State().Rows[0].Title == "GitHub" })
	d.keys(fyne.KeyRight)
	d.waitFor("Copy username")
	d.keys(fyne.KeyDown, fyne.KeyReturn)
	d.until("the user name", func() bool { return d.clipboard.Content() == "anna" })

	d.openPalette("githu")
	d.keys(fyne.KeyReturn) // before anything was found: it is waited for
	d.waitForItem("GitHub")

	d.openPalette("sett")
	d.keys(fyne.KeyReturn)
	d.waitFor("Appearance")
	d.openPalette("trash")
	d.until("found", func() bool { return strings.Contains(d.shell.Vault().Palette().State().Rows[0].Title, "Trash") })
	d.keys(fyne.KeyEscape)
	if !d.reads("Appearance") {
		t.Error("Escape closed what lies below too")
	}
	d.press(screen.ActionPalette)
	d.press(screen.ActionPalette) // the same keys close it
	if d.shell.Vault().Palette() != nil || !d.reads("Appearance") {
		t.Error("the palette is still there")
	}
	d.openPalette("all items")
	d.keys(fyne.KeyReturn)
	d.until("out of the settings", func() bool {
		return d.shell.Vault().State().Dialog == screen.DialogNone && !d.reads("Appearance")
	})
}

// The palette takes no keys from what has to be answered, and gives none to what lies below.
func TestPaletteAndWhatLiesOverTheWindow(t *testing.T) {
	d := openDesk(t)
	d.add("A", "anna", "hunter2hunter2")
	d.shell.Vault().DeleteFolder(id.ID{1})
	d.waitFor("Delete the folder")
	d.press(screen.ActionPalette)
	if d.shell.Vault().Palette() != nil {
		t.Fatal("the palette lies over a question")
	}
	d.keys(fyne.KeyEscape)
	d.press(screen.ActionPalette)
	d.press(screen.ActionEdit)
	d.keys(fyne.KeyF2, fyne.KeyTab, fyne.KeyDelete)
	if s := d.shell.Vault().State(); s.Pane != screen.PaneDetail || s.Rows.Len() != 1 || !s.Palette {
		t.Errorf("pane %d, %d rows, palette %t", s.Pane, s.Rows.Len(), s.Palette)
	}
	d.press(screen.ActionLock)
	d.waitFor("Welcome back")
	if n := len(d.window.Canvas().Overlays().List()); n > 0 {
		t.Errorf("%d overlays are left over a locked vault", n)
	}
}

func TestSheetOfKeysOnEveryScreen(t *testing.T) {
	d := openDesk(t)
	d.add("A", "anna", "hunter2hunter2")
	d.press(screen.ActionBack)
	d.typeText("?")
	d.waitFor("Keyboard shortcuts")
	d.waitFor("Ctrl+Shift+C")
	d.keys(fyne.KeyPageDown, fyne.KeyEscape)
	d.press(screen.ActionSearch)
	d.typeText("?") // in a field it is a question mark
	if d.reads("Keyboard shortcuts") {
		t.Error("a question mark cannot be typed")
	}
	d.keys(fyne.KeyF1)
	d.waitFor("Keyboard shortcuts")
	d.keys(fyne.KeyEscape)
	d.press(screen.ActionLock)
	d.waitFor("Welcome back")
	d.ui.shortcut(&desktop.CustomShortcut{KeyName: "/", Modifier: fyne.KeyModifierShortcutDefault})
	d.waitFor("Keyboard shortcuts")
}

// While nothing has the focus, letters find a row of the list.
func TestTypingFindsARow(t *testing.T) {
	d := openDesk(t)
	d.add("Amazon", "anna", "hunter2hunter2")
	d.add("Zebra", "anna", "hunter2hunter2")
	d.shell.Vault().Select(0)
	d.ui.root.Rest()
	d.window.Canvas().OnTypedRune()('z')
	d.waitForItem("Zebra")
}

// Nothing of a selection, of the palette or of an undo is left in the window after a lock.
func TestLockForgetsThePalette(t *testing.T) {
	d := openDesk(t)
	d.add("canary-title", "anna", "hunter2hunter2")
	d.add("B", "anna", "hunter2hunter2")
	d.press(screen.ActionBack)
	d.press(screen.ActionSelectAll)
	d.press(screen.ActionFavorite)
	d.waitFor("2 items added to favorites.")
	p := d.openPalette("canary-search")
	d.until("searched", func() bool { return p.State().Empty != "" })
	if len(search(d.ui, canaries)) < 2 {
		t.Fatal("the search cannot find anything")
	}
	d.press(screen.ActionLock)
	d.waitFor("Welcome back")
	d.lockAndWait()
	for _, canary := range search(d.ui, canaries) {
		t.Errorf("%s is still there", canary)
	}
}
