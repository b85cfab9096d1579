package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
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

// fieldLabel is the caption over a part of a form that has none of its own.
func fieldLabel(text string) *widget.Text { return widget.NewText(text, theme.Label).Shortened() }
