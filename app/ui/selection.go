package ui

import (
	"slices"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
)

// selectionView is the right pane while several items are selected: how many, and what can be done with them.
type selectionView struct {
	w             *Window
	box           *fyne.Container
	title, detail *widget.Text
	hint          *widget.Paragraph
	actions       *fyne.Container
	buttons       []*widget.Button
	shown         []screen.Choice
}

// selectionWidth is the width of the buttons.
const selectionWidth = 280

func newSelectionView(w *Window, s screen.VaultState) *selectionView {
	v := &selectionView{
		w: w, title: widget.NewText("", theme.PageTitle), detail: widget.NewText("", theme.Secondary).Shortened().Aligned(fyne.TextAlignCenter),
		hint: widget.NewParagraph("", theme.Caption.In(theme.ColorMuted)).Aligned(fyne.TextAlignCenter), actions: widget.Column(8),
	}
	head := widget.Column(10, widget.Center(widget.NewIcon(assets.IconCopyCheck, theme.ColorAccentText, 44)), widget.Center(v.title), v.detail)
	column := widget.Column(22, head, widget.Center(widget.Width(selectionWidth, v.actions)), widget.Center(widget.Width(selectionWidth, v.hint)))
	v.box = widget.Stack(widget.NewScrollArea(widget.MaxWidth(detailWidth, widget.Pad(column, 56, 30, 24, 30))))
	v.render(s)
	return v
}

func (v *selectionView) render(state screen.VaultState) {
	s := state.Selection
	v.title.SetText(s.Title)
	v.detail.SetText(s.Detail)
	v.hint.SetText(s.Hint)
	if !slices.Equal(s.Actions, v.shown) {
		v.build(s.Actions, state.InTrash)
	}
	for _, b := range v.buttons {
		b.SetEnabled(!s.Busy)
	}
}

// build makes the buttons anew; the keyboard stays at the one that it was at.
func (v *selectionView) build(actions []screen.Choice, trash bool) {
	held := slices.IndexFunc(v.buttons, func(b *widget.Button) bool { return v.w.root.Canvas().Focused() == fyne.Focusable(b) })
	v.shown, v.buttons, v.actions.Objects = actions, nil, nil
	for _, c := range actions {
		kind := widget.Secondary
		if trash && c.ID == string(screen.ActionTrash) {
			kind = widget.Danger // there is no way back
		}
		b := widget.NewButton(c.Label, c.Icon, kind, func() { v.w.act(screen.Action(c.ID)) })
		b.SetTip(v.w.keyOf(screen.Action(c.ID)))
		v.buttons = append(v.buttons, b)
		v.actions.Add(b)
	}
	v.w.relayout()
	if held >= 0 && held < len(v.buttons) {
		v.w.focus(v.buttons[held])
	}
}
