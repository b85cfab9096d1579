package widget

import (
	"time"

	"fyne.io/fyne/v2"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

// tipDelay is how long the pointer rests on a control before its tooltip shows.
const tipDelay = 500 * time.Millisecond

// tipLayer lies over a window or dialog and shows the tooltip of one control in it. It takes no taps.
type tipLayer struct {
	stock.BaseWidget
	grouping
	anchor fyne.CanvasObject
	stop   func()
	bubble *Surface
	text   *Text
}

func newTipLayer() *tipLayer {
	t := &tipLayer{
		bubble: NewSurface(theme.ColorInverse, theme.ColorNone, 6).Raised(8),
		text:   NewText("", theme.Secondary.In(theme.ColorOnInverse)),
	}
	t.ExtendBaseWidget(t)
	t.hideAny()
	return t
}

// tipped is an overlay with tooltips of its own: the window's would lie beneath it.
type tipped interface{ tipLayer() *tipLayer }

func tipLayerOf(o fyne.CanvasObject) *tipLayer {
	root := rootOf(o)
	if root == nil {
		return nil
	}
	switch top := root.canvas.Overlays().Top().(type) {
	case nil:
		return root.tips
	case tipped:
		return top.tipLayer()
	}
	return nil
}

func showTip(anchor fyne.CanvasObject, text string) {
	layer := tipLayerOf(anchor)
	if layer == nil || text == "" {
		return
	}
	layer.hideAny()
	layer.anchor = anchor
	layer.stop = rootOf(anchor).after(tipDelay, func() { layer.show(text) })
}

func hideTip(anchor fyne.CanvasObject) {
	if layer := tipLayerOf(anchor); layer != nil && layer.anchor == anchor {
		layer.hideAny()
	}
}

func (t *tipLayer) hideAny() {
	if t.stop != nil {
		t.stop()
	}
	t.anchor, t.stop = nil, nil
	t.bubble.Hide()
	t.text.Hide()
}

func (t *tipLayer) show(text string) {
	t.text.SetText(text)
	t.bubble.Show()
	t.text.Show()
	t.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (t *tipLayer) CreateRenderer() fyne.WidgetRenderer { return render(t) }

func (t *tipLayer) objects() []fyne.CanvasObject { return []fyne.CanvasObject{t.bubble, t.text} }
func (t *tipLayer) paint()                       {}
func (t *tipLayer) measure() fyne.Size           { return fyne.NewSize(0, 0) }

// arrange puts the bubble below the anchor, or above where the window ends.
func (t *tipLayer) arrange(size fyne.Size) {
	if t.anchor == nil {
		return
	}
	at, side := fyne.CurrentApp().Driver().AbsolutePositionForObject(t.anchor), t.anchor.Size()
	bubble := t.text.MinSize().AddWidthHeight(5*theme.Grid, 2*theme.Grid+2)
	x := min(max(at.X+(side.Width-bubble.Width)/2, theme.Grid), size.Width-bubble.Width-theme.Grid)
	y := at.Y + side.Height + 6
	if y+bubble.Height > size.Height {
		y = max(at.Y-bubble.Height-6, 0)
	}
	place(t.bubble, x, y, bubble.Width, bubble.Height)
	place(t.text, x+2.5*theme.Grid, y+theme.Grid+1, t.text.MinSize().Width, t.text.MinSize().Height)
}
