package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	stock "fyne.io/fyne/v2/widget"
)

// actor is a widget built on control: activate is what Enter, Space and a tap do.
type actor interface {
	fyne.Widget
	fyne.Focusable
	activate()
}

// control is what everything has that a person can operate: the states, the focus and the keys.
type control struct {
	stock.BaseWidget
	self actor
	tip  string // shown beside the pointer or the focus
	name string // what it is called where its label stands elsewhere

	disabled, hovered, pressed, focused bool
	held                                bool // it had the keyboard when it was disabled
	quiet                               bool // focused by a tap, so that no ring is shown until a key is used
}

// These give a control the keyboard, the pointer and assistive technology.
var (
	_ fyne.Disableable  = (*control)(nil)
	_ desktop.Hoverable = (*control)(nil)
	_ desktop.Mouseable = (*control)(nil)
)

func (c *control) extend(self actor) {
	c.self = self
	c.ExtendBaseWidget(self)
}

// Enable lets the control be used.
func (c *control) Enable() { c.setDisabled(false) }

// Disable greys the control out and takes it from the focus order.
func (c *control) Disable() { c.setDisabled(true) }

// SetEnabled is Enable or Disable.
func (c *control) SetEnabled(on bool) { c.setDisabled(!on) }

// Disabled reports whether the control cannot be used.
func (c *control) Disabled() bool { return c.disabled }

func (c *control) setDisabled(off bool) {
	if c.disabled == off {
		return
	}
	c.disabled = off
	if off {
		c.pressed, c.held = false, c.focused && !c.quiet
		dropFocus(c.self)
	} else if canvas := canvasOf(c.self); c.held && canvas != nil && canvas.Focused() == nil {
		canvas.Focus(c.self)
	}
	c.Refresh()
}

// SetTip sets the text that explains the control while the pointer rests on it.
func (c *control) SetTip(text string) { c.tip = text }

// Tip returns the explaining text.
func (c *control) Tip() string { return c.tip }

// Tapped implements fyne.Tappable.
func (c *control) Tapped(*fyne.PointEvent) {
	if c.disabled {
		return
	}
	c.takeFocus()
	hideTip(c.self)
	c.self.activate()
}

// takeFocus focuses a tapped control, without the ring, so that Tab goes on from it.
func (c *control) takeFocus() {
	if c.focused {
		return
	}
	c.quiet = true
	Focus(c.self)
}

// MouseIn implements desktop.Hoverable.
func (c *control) MouseIn(*desktop.MouseEvent) {
	c.hovered = true
	showTip(c.self, c.tip)
	c.Refresh()
}

// MouseMoved implements desktop.Hoverable.
func (c *control) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (c *control) MouseOut() {
	c.hovered, c.pressed = false, false
	hideTip(c.self)
	c.Refresh()
}

// MouseDown implements desktop.Mouseable.
func (c *control) MouseDown(*desktop.MouseEvent) {
	c.pressed = !c.disabled
	c.Refresh()
}

// MouseUp implements desktop.Mouseable.
func (c *control) MouseUp(*desktop.MouseEvent) {
	c.pressed = false
	c.Refresh()
}

// FocusGained implements fyne.Focusable.
func (c *control) FocusGained() {
	c.focused = true
	if !c.quiet {
		showFocused(c.self)
		showTip(c.self, c.tip)
	}
	c.Refresh()
}

// FocusLost implements fyne.Focusable.
func (c *control) FocusLost() {
	c.focused, c.quiet = false, false
	hideTip(c.self)
	c.Refresh()
}

// TypedRune implements fyne.Focusable.
func (c *control) TypedRune(r rune) { passRune(c.self, r) }

// TypedKey implements fyne.Focusable.
func (c *control) TypedKey(event *fyne.KeyEvent) {
	c.wake()
	switch event.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		if !c.disabled {
			hideTip(c.self) // it says what the key would have done
			c.self.activate()
		}
	default:
		pass(c.self, event)
	}
}

// wake shows the ring of a control that was focused by a tap: its user has come to the keyboard.
func (c *control) wake() {
	if c.quiet {
		c.quiet = false
		c.Refresh()
	}
}

func (c *control) isQuiet() bool    { return c.quiet }
func (c *control) setQuiet(on bool) { c.quiet = on }

// ringed reports whether the focus ring is to be seen.
func (c *control) ringed() bool { return c.focused && !c.quiet && !c.disabled }

// AccessibilityRole implements fyne.Accessible; the toolkit knows no finer roles.
func (c *control) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// canvasOf returns the canvas an object is on, nil if none. The driver knows it only once the object was painted; what is
// newer is on the program's window.
func canvasOf(o fyne.CanvasObject) fyne.Canvas {
	driver := fyne.CurrentApp().Driver()
	if c := driver.CanvasForObject(o); c != nil {
		return c
	}
	for _, window := range driver.AllWindows() {
		if _, ours := window.Canvas().Content().(*Root); ours {
			return window.Canvas()
		}
	}
	return nil
}

// Focus moves the keyboard focus to a widget, if it is on a window.
func Focus(o fyne.Focusable) {
	if c := canvasOf(o.(fyne.CanvasObject)); c != nil {
		c.Focus(o)
	}
}

// dropFocus takes the focus from a widget that has it.
func dropFocus(o fyne.Focusable) {
	if c := canvasOf(o.(fyne.CanvasObject)); c != nil && c.Focused() == o {
		c.Unfocus()
	}
}

// keyTaker is an overlay that wants the keys its focused widget has no use for.
type keyTaker interface{ typedKey(*fyne.KeyEvent) }

// pass hands on a key that the focused widget has no use for: to the overlay it is on, or else to the window.
func pass(from fyne.CanvasObject, event *fyne.KeyEvent) {
	c := canvasOf(from)
	if c == nil {
		return
	}
	if overlay, ok := c.Overlays().Top().(keyTaker); ok {
		overlay.typedKey(event)
		return
	}
	if typed := c.OnTypedKey(); typed != nil {
		typed(event)
	}
}

// passShortcut hands a combination of keys on to the window: the toolkit gives them to nobody but a focused entry.
func passShortcut(from fyne.CanvasObject, shortcut fyne.Shortcut) {
	if root := rootOf(from); root != nil && root.OnShortcut != nil {
		root.OnShortcut(shortcut)
	}
}

// passRune hands on a character that the focused widget has no use for.
func passRune(from fyne.CanvasObject, r rune) {
	if root := rootOf(from); root != nil {
		root.typedRune(r)
	}
}

// heldOn tells which modifiers are held down on the window of an object.
func heldOn(o fyne.CanvasObject) fyne.KeyModifier {
	if root := rootOf(o); root != nil && root.Modifiers != nil {
		return root.Modifiers()
	}
	return 0
}

// opensMenu tells whether a key opens the menu of what has the focus: the menu key, or Shift+F10 on keyboards without one.
func opensMenu(o fyne.CanvasObject, event *fyne.KeyEvent) bool {
	return event.Name == desktopMenuKey || event.Name == fyne.KeyF10 && heldOn(o)&fyne.KeyModifierShift != 0
}
