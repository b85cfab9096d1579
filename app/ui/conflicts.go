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

	title   *widget.Text
	done    *widget.Button
	decided *widget.Text
	notice  *notice
	form    *widget.ScrollArea
	shape   []string
	first   fyne.Focusable
	updates []func(screen.ConflictsState)
}

func newConflictsView(w *Window, model *screen.Conflicts) *conflictsView {
	v := &conflictsView{w: w, model: model, title: widget.NewText("", theme.PaneTitle).Shortened(), decided: widget.NewText("", theme.Secondary), notice: newNotice(0)}
	v.done = widget.NewButton("", assets.NoIcon, widget.Secondary, model.Done)
	v.form = widget.NewScrollArea(widget.Spacer())
	bar := widget.Pad(widget.Row(8, widget.Grow(v.title), v.done), 12, 24, 12, 30)
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
	v.decided.SetText(s.Decided)
	v.decided.Hidden = s.Decided == ""
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
	shape := []string{s.Decided, s.Body}
	for _, f := range s.Fields {
		shape = append(shape, f.ID, f.Label, f.Kept.Label, f.Kept.Who, f.Kept.Value, f.Other.Label, f.Other.Who, f.Other.Value)
	}
	for _, done := range s.Settled {
		shape = append(shape, done.ID, done.Label, done.Choice)
	}
	return shape
}

func (v *conflictsView) build(s screen.ConflictsState) fyne.CanvasObject {
	v.updates, v.first = nil, nil
	column := widget.Column(gap, paragraph(s.Body), v.notice.box, v.decided)
	for i, f := range s.Fields {
		// In the order of the keyboard: one value, the other, both.
		kept, other := v.side(i, f.Kept, f.ID, false), v.side(i, f.Other, f.ID, true)
		both := v.button(f.Both, assets.IconPlus, widget.Ghost, func() { v.model.KeepBoth(f.ID) })
		column.Add(widget.Column(6, widget.NewText(f.Label, theme.Strong.Of(theme.SemiBold)), pair(.5, 440, kept, other),
			widget.Row(0, both, widget.Spacer())))
	}
	if len(s.Settled) > 0 {
		card := widget.Column(0)
		for _, done := range s.Settled {
			undo := v.button(done.Undo, assets.IconUndo2, widget.Ghost, func() { v.model.Undo(done.ID) })
			text := widget.Column(1, widget.NewParagraph(done.Label, theme.Strong), widget.NewParagraph(done.Choice, theme.Secondary.In(theme.ColorMuted)))
			card.Add(widget.Pad(widget.Row(10, widget.NewIcon(assets.IconCircleCheck, theme.ColorSuccess, widget.IconSide), widget.Grow(text), undo), 8, 10, 8, widget.CardMargin))
		}
		column.Add(widget.NewCard(card))
	}
	return column
}

// button is one that waits while a decision is being kept.
func (v *conflictsView) button(label string, icon assets.IconName, kind widget.Kind, do func()) *widget.Button {
	b := widget.NewButton(label, icon, kind, do)
	v.updates = append(v.updates, func(s screen.ConflictsState) { b.SetEnabled(!s.Busy) })
	return b
}

// side is one of two values with the button that chooses it.
func (v *conflictsView) side(i int, side screen.ConflictSide, row string, other bool) fyne.CanvasObject {
	choose := v.button(side.Choose, assets.IconCheck, widget.Secondary, func() { v.model.Choose(row, other) })
	if v.first == nil {
		v.first = choose
	}
	value, actions := v.value(i, side, other)
	parts := widget.Column(0, widget.FieldRow(side.Label, value, actions...))
	if side.Who != "" {
		parts.Add(widget.Pad(widget.NewParagraph(side.Who, theme.Caption.In(theme.ColorMuted)), 0, widget.CardMargin, 8, widget.CardMargin))
	}
	parts.Add(widget.Pad(widget.Row(0, choose, widget.Spacer()), 2, widget.CardMargin, 14, widget.CardMargin))
	return widget.NewCard(parts)
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
