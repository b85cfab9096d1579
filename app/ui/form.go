package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
)

// options are choices as a select shows them, and which one is taken.
func options(choices []screen.Choice, icon assets.IconName) (o []widget.Option, selected int) {
	selected = -1
	for i, c := range choices {
		o = append(o, widget.Option{Label: c.Label, Icon: icon})
		if c.Selected {
			selected = i
		}
	}
	return o, selected
}

// labels are choices as a segmented control shows them, and which one is taken.
func labels(choices []screen.Choice) (l []string, selected int) {
	for i, c := range choices {
		l = append(l, c.Label)
		if c.Selected {
			selected = i
		}
	}
	return l, selected
}

// hint shows a message below an entry.
func hint(e *widget.Entry, m screen.Message) {
	e.SetHint("")
	e.SetError("")
	if m.Tone == screen.ToneError {
		e.SetError(m.What)
		return
	}
	e.SetHint(m.What)
}

// focusKeys names the focusable parts of a view that is built anew while it is used, so that the keyboard stays where it is.
type focusKeys map[string]fyne.Focusable

// holder is the name of the part that has the focus, "" for none.
func (f focusKeys) holder(w *Window) string {
	focused := w.root.Canvas().Focused()
	for name, o := range f {
		if o == focused {
			return name
		}
	}
	return ""
}

// flow lines objects up and begins a new line where they do not fit; the gaps are between columns and lines.
func flow(gap, lineGap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&flowLayout{gap: gap, lineGap: lineGap}, objects...)
}

type flowLayout struct {
	gap, lineGap, height float32
}

// MinSize is as high as the lines were when they were last laid out.
func (l *flowLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var least fyne.Size
	for _, o := range objects {
		least = least.Max(o.MinSize())
	}
	return fyne.NewSize(least.Width, max(least.Height, l.height))
}

func (l *flowLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	x, y, line := float32(0), float32(0), float32(0)
	for _, o := range objects {
		least := o.MinSize()
		if x > 0 && x+least.Width > size.Width {
			x, y = 0, y+line+l.lineGap
			line = 0
		}
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(min(least.Width, size.Width), least.Height))
		x += least.Width + l.gap
		line = max(line, least.Height)
	}
	l.height = y + line
}

// pair stands two objects side by side, the left one with a share of the width, or below each other where that would be narrow.
func pair(share, least float32, left, right fyne.CanvasObject) *fyne.Container {
	return container.New(&pairLayout{share: share, least: least}, left, right)
}

type pairLayout struct {
	share, least, height float32
}

// pairGap is between the two, both ways.
const pairGap = 12

// MinSize is as high as the two were when they were last laid out.
func (l *pairLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	left, right := objects[0].MinSize(), objects[1].MinSize()
	return fyne.NewSize(max(left.Width, right.Width), max(left.Height, right.Height, l.height))
}

func (l *pairLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	left, right := objects[0], objects[1]
	if size.Width < l.least {
		height := settle(left, 0, 0, size.Width)
		l.height = height + pairGap + settle(right, 0, height+pairGap, size.Width)
		return
	}
	width := float32(int((size.Width - pairGap) * l.share))
	l.height = max(settle(left, 0, 0, width), settle(right, width+pairGap, 0, size.Width-pairGap-width))
}

// settle places an object of a width and returns its height: running text knows it only once it has its width.
func settle(o fyne.CanvasObject, x, y, width float32) (height float32) {
	o.Move(fyne.NewPos(x, y))
	o.Resize(fyne.NewSize(width, o.MinSize().Height))
	height = o.MinSize().Height
	o.Resize(fyne.NewSize(width, height))
	return height
}
