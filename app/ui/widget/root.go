package widget

import (
	"slices"
	"time"

	"fyne.io/fyne/v2"
	stock "fyne.io/fyne/v2/widget"
)

// Words gives the text of a key in the language of the person; assets.Catalog is one.
type Words interface {
	Text(key string, args ...any) string
}

// Clipboard is where entries copy to and paste from. SetSecret is told what came from an entry for passwords.
type Clipboard interface {
	fyne.Clipboard
	SetSecret(text string)
}

// Root is the content of a window: the present screen, and over it the toast and the tooltip. It gives its widgets what
// only the program knows.
type Root struct {
	stock.BaseWidget
	grouping

	// Words are the texts of the widgets' own menus and tooltips. Without them they show their keys.
	Words Words
	// Clipboard serves the entries. Without one they do not copy.
	Clipboard Clipboard
	// After calls back once, on the UI goroutine, unless stopped. Without it nothing waits: tooltips show at once and
	// toasts stay.
	After func(d time.Duration, f func()) (stop func())
	// OnKey gets the keys that no focused widget and no overlay has a use for.
	OnKey func(*fyne.KeyEvent)
	// OnRune gets the characters that are typed while no field has the focus.
	OnRune func(rune)
	// OnLost gives the keyboard another place when what had it is hidden or gone; nil leaves it nowhere.
	OnLost func()
	// Modifiers tells which of Shift, Ctrl and the like are held down; nil where nobody knows.
	Modifiers func() fyne.KeyModifier
	// OnShortcut gets the combinations of keys that a focused entry has no use for, as the canvas gets those without one.
	OnShortcut func(fyne.Shortcut)

	canvas  fyne.Canvas
	content fyne.CanvasObject
	toast   *toastView
	tips    *tipLayer
}

// NewRoot makes the root of a window and becomes the content of its canvas.
func NewRoot(c fyne.Canvas) *Root {
	r := &Root{canvas: c, content: Spacer(), toast: newToastView(), tips: newTipLayer()}
	r.ExtendBaseWidget(r)
	c.SetContent(r)
	c.SetOnTypedKey(r.typedKey)
	c.SetOnTypedRune(r.typedRune)
	return r
}

// SetContent shows another screen. Open dialogs and menus are closed, and the old screen lets go of its secrets.
func (r *Root) SetContent(content fyne.CanvasObject) {
	r.Rest()
	r.closeOverlays()
	old := r.content
	r.content = content
	if old != content {
		Release(old)
	}
	r.tips.hideAny()
	// Asking for the size makes the toolkit know the new widgets, so that one can be focused before they are painted.
	content.MinSize()
	r.Refresh()
}

// Content returns the present screen.
func (r *Root) Content() fyne.CanvasObject { return r.content }

// Canvas returns the canvas of the window.
func (r *Root) Canvas() fyne.Canvas { return r.canvas }

// Rest drops the focus. A focused entry repaints for ever, so call it when the window is hidden.
func (r *Root) Rest() { r.canvas.Unfocus() }

func (r *Root) closeOverlays() {
	for top := r.canvas.Overlays().Top(); top != nil; top = r.canvas.Overlays().Top() {
		r.canvas.Overlays().Remove(top)
		Release(top)
	}
	r.canvas.Unfocus()
}

func (r *Root) typedKey(event *fyne.KeyEvent) {
	if overlay, ok := r.canvas.Overlays().Top().(keyTaker); ok {
		overlay.typedKey(event)
		return
	}
	if r.OnKey != nil {
		r.OnKey(event)
	}
}

func (r *Root) typedRune(typed rune) {
	if r.OnRune != nil && r.canvas.Overlays().Top() == nil {
		r.OnRune(typed)
	}
}

// after is After, or at once.
func (r *Root) after(d time.Duration, f func()) (stop func()) {
	if r.After == nil {
		f()
		return func() {}
	}
	return r.After(d, f)
}

// rootOf finds the root of the window an object is in, nil if there is none.
func rootOf(o fyne.CanvasObject) *Root {
	c := canvasOf(o)
	if c == nil {
		return nil
	}
	root, _ := c.Content().(*Root)
	return root
}

// word is a text of the widgets themselves.
func word(o fyne.CanvasObject, key string, args ...any) string {
	if root := rootOf(o); root != nil && root.Words != nil {
		return root.Words.Text(key, args...)
	}
	return key
}

// Parts implements Composite.
func (r *Root) Parts() []fyne.CanvasObject { return []fyne.CanvasObject{r.content} }

// CreateRenderer implements fyne.Widget.
func (r *Root) CreateRenderer() fyne.WidgetRenderer { return render(r) }

func (r *Root) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.content, r.toast, r.tips}
}

func (r *Root) paint() {
	relayout(r.content)
	for _, overlay := range r.canvas.Overlays().List() {
		relayout(overlay)
	}
	if r.canvas.Overlays().Top() == nil {
		r.keepFocus()
	}
}

// keepFocus takes the keyboard from what can no longer be seen, so that no key works something that is not on the screen.
func (r *Root) keepFocus() {
	focused := r.canvas.Focused()
	if focused == nil || shows(r.content, focused) || shows(r.toast, focused) {
		return
	}
	r.canvas.Unfocus()
	if r.OnLost != nil {
		r.OnLost()
	}
}

// shows tells whether a part of a tree can be seen, or reached by scrolling.
func shows(tree fyne.CanvasObject, part fyne.Focusable) bool {
	if tree == nil || !tree.Visible() {
		return false
	}
	if tree == part.(fyne.CanvasObject) {
		return true
	}
	return slices.ContainsFunc(inner(tree), func(o fyne.CanvasObject) bool { return shows(o, part) })
}

// inner are the objects that an object is made of, as far as one of them could have the keyboard.
func inner(o fyne.CanvasObject) []fyne.CanvasObject {
	switch o := o.(type) {
	case drawn:
		return o.objects()
	case *input:
		return []fyne.CanvasObject{o.ActionItem}
	}
	return parts(o)
}

// relayout lays a tree out again. A window does so by itself when the smallest size of something in it changes; a
// canvas in memory does not, so that tests refresh the root before they look.
func relayout(o fyne.CanvasObject) {
	if o == nil || o.Size().IsZero() {
		return
	}
	switch o := o.(type) {
	case *fyne.Container:
		o.Layout.Layout(o.Objects, o.Size())
	case drawn:
		o.arrange(o.Size())
	}
	for _, part := range parts(o) {
		relayout(part)
	}
}

func (r *Root) arrange(size fyne.Size) {
	r.content.Move(fyne.NewPos(0, 0))
	r.content.Resize(size)
	r.settleToast(size)
	r.tips.Resize(size)
}

// settleToast places the toast; a dialog covers it, so that what has the keyboard there does not move it.
func (r *Root) settleToast(size fyne.Size) {
	if r.canvas.Overlays().Top() != nil {
		r.toast.settle(size, nil)
		return
	}
	r.toast.settle(size, r.canvas.Focused())
}

func (r *Root) measure() fyne.Size { return r.content.MinSize() }
