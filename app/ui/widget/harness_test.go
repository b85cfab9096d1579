package widget

import (
	"image"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/test"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// bench is a window in memory for one test.
type bench struct {
	testing.TB
	window    fyne.Window
	root      *Root
	clipboard *fakeClipboard
	waiting   []*waiter
}

// waiter is a call that After put off.
type waiter struct {
	delay time.Duration
	call  func()
}

// fakeClipboard records what was copied and how.
type fakeClipboard struct{ content, secret string }

func (c *fakeClipboard) Content() string        { return c.content }
func (c *fakeClipboard) SetContent(text string) { c.content = text }
func (c *fakeClipboard) SetSecret(text string)  { c.content, c.secret = text, text }

func newBench(t testing.TB, mode theme.Mode, width, height float32) *bench {
	t.Helper()
	test.NewTempApp(t)
	fyne.CurrentApp().Settings().SetTheme(theme.New(mode))
	window := test.NewTempWindow(t, nil)
	window.SetPadded(false)
	b := &bench{TB: t, window: window, root: NewRoot(window.Canvas()), clipboard: &fakeClipboard{}}
	words, err := assets.Load("en")
	if err != nil {
		t.Fatal(err)
	}
	b.root.Words, b.root.Clipboard = words, b.clipboard
	b.root.After = func(d time.Duration, call func()) func() {
		w := &waiter{d, call}
		b.waiting = append(b.waiting, w)
		return func() { w.call = nil }
	}
	window.Resize(fyne.NewSize(width, height))
	return b
}

// show puts an object on the window, in the theme's usual margins.
func (b *bench) show(o fyne.CanvasObject) {
	b.root.SetContent(Stack(NewSurface(theme.ColorDetail, theme.ColorNone, 0), Inset(Column(12, o), 20)))
}

// elapse lets everything happen that was put off.
func (b *bench) elapse() {
	waiting := b.waiting
	b.waiting = nil
	for _, w := range waiting {
		if w.call != nil {
			w.call()
		}
	}
}

// keys types key names at whatever has the focus, as the driver does.
func (b *bench) keys(names ...fyne.KeyName) {
	b.Helper()
	for _, name := range names {
		event := &fyne.KeyEvent{Name: name}
		if focused := b.window.Canvas().Focused(); focused != nil {
			focused.TypedKey(event)
		} else if typed := b.window.Canvas().OnTypedKey(); typed != nil {
			typed(event)
		}
	}
}

func (b *bench) typeText(text string) {
	b.Helper()
	focused := b.window.Canvas().Focused()
	if focused == nil {
		b.Fatal("nothing has the focus")
	}
	for _, r := range text {
		focused.TypedRune(r)
	}
}

func (b *bench) focused() fyne.Focusable { return b.window.Canvas().Focused() }

func (b *bench) tab() { b.window.Canvas().FocusNext() }

func (b *bench) picture(scale float32) image.Image {
	b.window.Canvas().(software.WindowlessCanvas).SetScale(scale)
	return b.window.Canvas().Capture()
}

// all returns the laid out objects of a kind, on the window and its overlays.
func all[T fyne.CanvasObject](b *bench) []T {
	trees := append([]fyne.CanvasObject{b.window.Canvas().Content()}, b.window.Canvas().Overlays().List()...)
	var found []T
	for _, tree := range trees {
		walk(tree, fyne.NewPos(0, 0), func(o fyne.CanvasObject, _ fyne.Position) {
			if match, ok := o.(T); ok {
				found = append(found, match)
			}
		})
	}
	return found
}

// walk visits the visible objects of a tree with their positions on the window.
func walk(o fyne.CanvasObject, at fyne.Position, visit func(fyne.CanvasObject, fyne.Position)) {
	if o == nil || !o.Visible() {
		return
	}
	at = at.Add(o.Position())
	visit(o, at)
	var children []fyne.CanvasObject
	switch o := o.(type) {
	case fyne.Widget:
		children = test.WidgetRenderer(o).Objects()
	case *fyne.Container:
		children = o.Objects
	}
	for _, child := range children {
		walk(child, at, visit)
	}
}

// isRing tells a focus ring by its line, the only one of its width.
func isRing(o fyne.CanvasObject) bool {
	switch o := o.(type) {
	case *canvas.Rectangle:
		return o.StrokeWidth == theme.RingWidth
	case *canvas.Circle:
		return o.StrokeWidth == theme.RingWidth
	}
	return false
}

// options makes choices of labels alone.
func options(labels ...string) []Option {
	options := make([]Option, len(labels))
	for i, label := range labels {
		options[i].Label = label
	}
	return options
}
