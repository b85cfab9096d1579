package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"github.com/coffer-vault/coffer/app/screen"
)

// bindKeys registers the shortcuts that have a modifier with the canvas. It does not see them while an entry has the focus; the root
// hands them on.
func (w *Window) bindKeys() {
	canvas := w.Window.Canvas()
	for _, s := range screen.Shortcuts() {
		if s.Primary {
			canvas.AddShortcut(toolkitShortcut(s), w.shortcut)
		}
	}
	canvas.AddShortcut(&fyne.ShortcutUndo{}, func(fyne.Shortcut) { w.undo() })
}

// shortcut carries out the action of a combination of keys, if it has one.
func (w *Window) shortcut(typed fyne.Shortcut) {
	for _, s := range screen.Shortcuts() {
		if s.Primary && toolkitShortcut(s).ShortcutName() == typed.ShortcutName() {
			w.act(s.Action)
			return
		}
	}
}

func toolkitShortcut(s screen.Shortcut) *desktop.CustomShortcut {
	modifier := fyne.KeyModifierShortcutDefault
	if s.Shift {
		modifier |= fyne.KeyModifierShift
	}
	return &desktop.CustomShortcut{KeyName: fyne.KeyName(s.Key), Modifier: modifier}
}

// act carries out a shortcut. What lies over the window takes all keys but the one that locks.
func (w *Window) act(action screen.Action) {
	w.Shell.Touch()
	if w.covered() && action != screen.ActionLock {
		return
	}
	w.view.act(action)
}

// undo takes back what the toast reports.
func (w *Window) undo() {
	if v, ok := w.view.(*vaultView); ok && !w.covered() {
		v.model.Undo()
	}
}

// plain finds the shortcut of a key without a modifier.
func plain(event *fyne.KeyEvent) (screen.Action, bool) {
	for _, s := range screen.Shortcuts() {
		if !s.Primary && fyne.KeyName(s.Key) == event.Name {
			return s.Action, true
		}
	}
	return "", false
}

func isEnter(event *fyne.KeyEvent) bool {
	return event.Name == fyne.KeyReturn || event.Name == fyne.KeyEnter
}
