package widget

import "fyne.io/fyne/v2"

// covering is what an overlay remembers of the focus below it. The toolkit leaves a focus there that no longer has the
// keyboard: an entry would go on to blink, a control to wear its ring.
type covering struct {
	canvas fyne.Canvas
	before fyne.Focusable
	quiet  bool
}

// hush is a control that may have the focus without a ring.
type hush interface {
	isQuiet() bool
	setQuiet(bool)
}

// Hushed reports whether a widget has the focus without a ring, because it was tapped.
func Hushed(o fyne.Focusable) bool {
	control, ok := o.(hush)
	return ok && control.isQuiet()
}

// Hush has a widget get the focus without a ring, as when it takes the place of one that was tapped.
func Hush(o fyne.Focusable) {
	if control, ok := o.(hush); ok {
		control.setQuiet(true)
	}
}

// cover puts an overlay over the window.
func (r *Root) cover(overlay fyne.CanvasObject) covering {
	r.tips.hideAny()
	c := covering{canvas: r.canvas, before: r.canvas.Focused()}
	c.quiet = Hushed(c.before)
	r.canvas.Unfocus()
	r.canvas.Overlays().Add(overlay)
	return c
}

// uncover takes the overlay away and gives the focus back.
func (c *covering) uncover(overlay fyne.CanvasObject) {
	c.canvas.Unfocus()
	c.canvas.Overlays().Remove(overlay)
	if control, ok := c.before.(hush); ok {
		control.setQuiet(c.quiet)
	}
	if c.before == nil {
		return
	}
	c.canvas.Focus(c.before)
	if root, ok := c.canvas.Content().(*Root); ok && c.canvas.Focused() == nil && c.canvas.Overlays().Top() == nil && root.OnLost != nil {
		root.OnLost() // what had it has gone meanwhile
	}
}
