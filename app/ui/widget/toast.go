package widget

import (
	"time"

	"fyne.io/fyne/v2"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// Toast is a short message over the screen that goes away by itself.
type Toast struct {
	Text     string
	Icon     assets.IconName
	Action   string // "Undo"; empty for none
	OnAction func()
	Stay     time.Duration // 4 s if zero, 8 s with an action
}

// ShowToast shows a message in place of the one before.
func (r *Root) ShowToast(t Toast) {
	r.toast.end()
	r.toast.load(t)
	r.Refresh()
	if r.After == nil {
		return
	}
	r.toast.stop = r.After(t.stay(), r.HideToast)
}

// HideToast takes the message away.
func (r *Root) HideToast() {
	r.toast.end()
	r.Refresh()
}

func (t Toast) stay() time.Duration {
	switch {
	case t.Stay > 0:
		return t.Stay
	case t.Action != "":
		return 8 * time.Second
	}
	return 4 * time.Second
}

type toastView struct {
	stock.BaseWidget
	saying
	stop   func()
	ground *Surface
	icon   *Icon
	text   *Text
	action *Button
	line   *fyne.Container
}

func newToastView() *toastView {
	t := &toastView{
		ground: NewSurface(theme.ColorInverse, theme.ColorNone, theme.RadiusMenu).Raised(18),
		icon:   NewIcon(assets.IconCircleCheck, theme.ColorOnInverse, IconSide),
		text:   NewText("", theme.Strong.In(theme.ColorOnInverse)).Shortened(),
	}
	t.action = NewButton("", assets.NoIcon, inverse, nil)
	t.line = Row(2*theme.Grid, t.icon, Grow(t.text), t.action)
	t.ExtendBaseWidget(t)
	t.Hide()
	return t
}

func (t *toastView) load(toast Toast) {
	icon := toast.Icon
	if icon == assets.NoIcon {
		icon = assets.IconCircleCheck
	}
	t.icon.Set(icon, theme.ColorOnInverse)
	t.text.SetText(toast.Text)
	t.action.SetText(toast.Action)
	t.action.OnTapped = func() {
		t.end()
		if toast.OnAction != nil {
			toast.OnAction()
		}
	}
	t.action.Hidden = toast.Action == ""
	t.Show()
}

func (t *toastView) end() {
	if t.stop != nil {
		t.stop()
		t.stop = nil
	}
	dropFocus(t.action)
	t.Hide()
}

// settle places the toast at the bottom of a window, or above a control there that has the keyboard. What is taller than two toasts,
// such as a list, is covered in part alone, and left so.
func (t *toastView) settle(window fyne.Size, focused fyne.Focusable) {
	width := min(t.wanted(), window.Width-8*theme.Grid)
	x, y := (window.Width-width)/2, window.Height-toastHeight-5*theme.Grid
	if o, ok := focused.(fyne.CanvasObject); ok && focused != t.action && o.Size().Height <= 2*toastHeight {
		low := fyne.CurrentApp().Driver().AbsolutePositionForObject(o).SubtractXY(toastGap, toastGap)
		high := low.Add(o.Size()).AddXY(2*toastGap, 2*toastGap)
		covers := low.X < x+width && high.X > x && low.Y < y+toastHeight && high.Y > y
		if above := low.Y - toastHeight; covers && above > 0 {
			y = above
		}
	}
	place(t, x, y, width, toastHeight)
}

const toastGap = 2 * theme.Grid // to what has the keyboard, with its ring

const toastHeight = 40

// wanted is the width at which nothing is shortened.
func (t *toastView) wanted() float32 {
	width := t.line.MinSize().Width - t.text.MinSize().Width + ceil(textWidth(t.text.text, theme.Strong)) + 8*theme.Grid
	if !t.action.Hidden {
		width -= 3 * theme.Grid // the button brings its own distance
	}
	return width
}

// AccessibilityLabel implements fyne.Accessible.
func (t *toastView) AccessibilityLabel() string { return t.text.text }

// CreateRenderer implements fyne.Widget.
func (t *toastView) CreateRenderer() fyne.WidgetRenderer { return render(t) }

func (t *toastView) objects() []fyne.CanvasObject { return []fyne.CanvasObject{t.ground, t.line} }
func (t *toastView) paint()                       {}
func (t *toastView) measure() fyne.Size           { return fyne.NewSize(0, 0) }

func (t *toastView) arrange(size fyne.Size) {
	t.ground.Resize(size)
	right := float32(4 * theme.Grid)
	if !t.action.Hidden {
		right = theme.Grid
	}
	place(t.line, 4*theme.Grid, 0, size.Width-4*theme.Grid-right, size.Height)
}
