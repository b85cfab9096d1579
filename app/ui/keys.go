package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"github.com/coffer-vault/coffer/app/screen"
)

// bindKeys registers the shortcuts that have a modifier with a canvas. It does not see them while an entry has the focus; the root
// hands them on.
func bindKeys(canvas fyne.Canvas, pressed func(fyne.Shortcut)) {
	for _, s := range screen.Shortcuts() {
		if s.Primary {
			canvas.AddShortcut(toolkitShortcut(s), pressed)
		}
	}
}

// carryOut does the action of a combination of keys, if it has one.
func carryOut(typed fyne.Shortcut, act func(screen.Action)) {
	for _, s := range screen.Shortcuts() {
		if s.Primary && toolkitShortcut(s).ShortcutName() == typed.ShortcutName() {
			act(s.Action)
			return
		}
	}
}

func (w *Window) shortcut(typed fyne.Shortcut) { carryOut(typed, w.act) }

// toolkitShortcut is what the toolkit reports for a combination of keys. It has names of its own for some.
func toolkitShortcut(s screen.Shortcut) fyne.Shortcut {
	switch {
	case s.Key == "A" && !s.Shift:
		return &fyne.ShortcutSelectAll{}
	case s.Key == "Z" && !s.Shift:
		return &fyne.ShortcutUndo{}
	}
	modifier := fyne.KeyModifierShortcutDefault
	if s.Shift {
		modifier |= fyne.KeyModifierShift
	}
	return &desktop.CustomShortcut{KeyName: fyne.KeyName(s.Key), Modifier: modifier}
}

// heldKeys asks the driver, where it knows.
func heldKeys() fyne.KeyModifier {
	if driver, ok := fyne.CurrentApp().Driver().(desktop.Driver); ok {
		return driver.CurrentKeyModifiers()
	}
	return 0
}

// act carries out an action. What lies over the window takes all keys but those that work over a dialog.
func (w *Window) act(action screen.Action) {
	w.Shell.Touch()
	v, _ := w.view.(*vaultView)
	switch {
	case action == screen.ActionLock:
		w.view.act(action)
	case v != nil && v.dialogs.palette != nil:
		v.dialogs.palette.act(action)
	case action == screen.ActionPalette && v != nil && v.dialogs.onTop():
		w.view.act(action)
	case w.covered():
	case action == screen.ActionKeys:
		w.showKeys()
	default:
		w.view.act(action)
	}
}

// rune is a character that was typed where no field has the focus: of the master password, after a click beside its field; else the
// sheet of keys, or a search by typing in the list.
func (w *Window) rune(typed rune) {
	w.Shell.Touch()
	if locked, ok := w.view.(*unlockView); ok && w.root.Canvas().Focused() == nil {
		locked.focus()
		locked.password.Input().TypedRune(typed)
		return
	}
	v, ok := w.view.(*vaultView)
	switch {
	case typed == '?':
		w.act(screen.ActionKeys)
	case ok && typed != ' ' && w.root.Canvas().Focused() == nil:
		v.list.focus()
		v.list.list.TypedRune(typed)
	}
}

// plain finds the action of a key without Ctrl.
func (w *Window) plain(event *fyne.KeyEvent) (screen.Action, bool) {
	shift := w.held()&fyne.KeyModifierShift != 0
	for _, s := range screen.Shortcuts() {
		if !s.Primary && s.Shift == shift && fyne.KeyName(s.Key) == event.Name {
			return s.Action, true
		}
	}
	return "", false
}

func isEnter(event *fyne.KeyEvent) bool {
	return event.Name == fyne.KeyReturn || event.Name == fyne.KeyEnter
}
