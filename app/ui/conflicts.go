package ui

import (
	"slices"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
)

// conflictsView shows two values side by side for every field that two devices have changed.
type conflictsView struct {
	w     *Window
	model *screen.Conflicts
	box   *fyne.Container

	title      *widget.Text
	undo, done *widget.Button
	settled    *widget.Text
	notice     *notice
	form       *widget.ScrollArea
	shape      []string
	first      fyne.Focusable
	updates    []func(screen.ConflictsState)
}

func newConflictsView(w *Window, model *screen.Conflicts) *conflictsView {
	v := &conflictsView{w: w, model: model, title: widget.NewText("", theme.PaneTitle).Shortened(), settled: widget.NewText("", theme.Secondary), notice: newNotice(0)}
	v.undo = widget.NewButton("", assets.IconUndo2, widget.Ghost, model.Undo)
	v.done = widget.NewButton("", assets.NoIcon, widget.Secondary, model.Done)
	v.form = widget.NewScrollArea(widget.Spacer())
	bar := widget.Pad(widget.Row(8, widget.Grow(v.title), v.undo, v.done), 12, 24, 12, 30)
	v.box = widget.Column(0, bar, widget.Rule(), widget.Grow(v.form))
	model.OnChange(v.render)
	v.render(model.State())
	return v
}

func (v *conflictsView) focus() {
	if v.first != nil {
		v.w.focus(v.first)
		return
	}
	v.w.focus(v.done)
}

func (v *conflictsView) key(event *fyne.KeyEvent) bool {
	if event.Name == fyne.KeyEscape {
		v.model.Done()
		return true
	}
	return false
}

func (v *conflictsView) render(s screen.ConflictsState) {
	v.title.SetText(s.Title)
	v.settled.SetText(s.Settled)
	label(v.undo, s.Undo)
	label(v.done, s.Done)
	v.notice.set(s.Problem)
	if shape := conflictsShape(s); !slices.Equal(shape, v.shape) {
		started := v.shape != nil
		v.shape = shape
		v.form.SetContent(widget.MaxWidth(detailWidth, widget.Pad(v.build(s), 22, 30, 24, 30)))
		v.form.MinSize()
		v.w.relayout()
		if started {
			v.focus()
		}
	}
	for _, update := range v.updates {
		update(s)
	}
	v.w.relayout()
}

func conflictsShape(s screen.ConflictsState) []string {
	shape := []string{s.Settled}
	for _, f := range s.Fields {
		shape = append(shape, f.ID, f.Label, f.Kept.Label, f.Kept.Value, f.Other.Label, f.Other.Value)
	}
	return shape
}

func (v *conflictsView) build(s screen.ConflictsState) fyne.CanvasObject {
	v.updates, v.first = nil, nil
	column := widget.Column(gap, paragraph(s.Body), v.notice.box, v.settled)
	for i, f := range s.Fields {
		kept, other := v.side(i, f.Kept, f.ID, false), v.side(i, f.Other, f.ID, true)
		column.Add(widget.Column(8, widget.NewText(f.Label, theme.Strong.Of(theme.SemiBold)), pair(.5, 440, kept, other)))
	}
	return column
}

// side is one of two values with the button that chooses it.
func (v *conflictsView) side(i int, side screen.ConflictSide, row string, other bool) fyne.CanvasObject {
	choose := widget.NewButton(side.Choose, assets.IconCheck, widget.Secondary, func() { v.model.Choose(row, other) })
	if v.first == nil {
		v.first = choose
	}
	value, actions := v.value(i, side, other)
	v.updates = append(v.updates, func(s screen.ConflictsState) { choose.SetEnabled(!s.Busy) })
	return widget.NewCard(widget.Column(0,
		widget.FieldRow(side.Label, value, actions...),
		widget.Pad(widget.Row(0, choose, widget.Spacer()), 2, widget.CardMargin, 14, widget.CardMargin)))
}

func (v *conflictsView) value(i int, side screen.ConflictSide, other bool) (fyne.CanvasObject, []fyne.CanvasObject) {
	switch {
	case side.Empty:
		return widget.NewParagraph(side.Value, theme.Body.In(theme.ColorMuted)), nil
	case !side.Secret:
		return widget.NewParagraph(side.Value, theme.Body), nil
	}
	shown := newSecret(v.model.Secret, side.ID)
	eye := widget.NewIconButton(assets.IconEye, "", func() { v.model.Reveal(side.ID) })
	v.updates = append(v.updates, func(s screen.ConflictsState) {
		now := s.Fields[i].Kept
		if other {
			now = s.Fields[i].Other
		}
		key := "widget.reveal"
		if now.Revealed {
			key = "widget.hide"
		}
		shown.show(now.Revealed)
		dressEye(eye, now.Revealed, v.w.text(key))
	})
	return shown.widget, []fyne.CanvasObject{eye}
}
