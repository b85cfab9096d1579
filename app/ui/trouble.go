package ui

import (
	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
)

// troubleView is the dialog that leads out of a stopped sync.
type troubleView struct {
	w       *Window
	modal   *widget.Modal
	lines   *fyne.Container
	problem *notice
	confirm *widget.Button
	cancel  *widget.Button
}

func newTroubleView(w *Window, model *screen.Trouble) *troubleView {
	s := model.State()
	v := &troubleView{w: w, lines: widget.Column(gap), problem: newNotice(gap)}
	v.cancel = widget.NewButton(s.Cancel, assets.NoIcon, widget.Secondary, model.Cancel)
	v.confirm = widget.NewButton(s.Confirm, assets.NoIcon, widget.Primary, model.Confirm)
	story := widget.NewBanner(toneOf(s.Story.Tone), s.Story.What, s.Story.Safe, nil)
	v.modal = widget.NewModal(s.Title, widget.Column(gap, story, v.lines, v.problem.box), v.cancel, v.confirm).Wide(widget.StepWidth)
	// What gives something up is never what Enter does by itself.
	v.modal.First, v.modal.OnDismiss = v.cancel, model.Cancel
	model.OnChange(v.render)
	v.render(s)
	return v
}

func (v *troubleView) render(s screen.TroubleState) {
	lines := s.Lines
	if s.Note != "" {
		lines = append([]string{s.Note}, lines...)
	}
	v.lines.Objects = nil
	for _, line := range lines {
		v.lines.Add(paragraph(line))
	}
	v.problem.set(s.Problem)
	v.confirm.SetText(s.Confirm)
	v.confirm.Hidden = s.Confirm == ""
	v.confirm.SetBusy(s.Busy)
	v.cancel.SetText(s.Cancel)
	for _, part := range v.modal.Parts() {
		part.Refresh() // the button may have come or gone
	}
	v.modal.Refresh()
}
