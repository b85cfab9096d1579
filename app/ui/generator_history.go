package ui

import (
	"slices"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
)

// generatorHistory is the page with what was made before.
type generatorHistory struct {
	w     *Window
	model *screen.Generator
	box   *fyne.Container

	about   *widget.Paragraph
	clear   *widget.Button
	removed *fyne.Container
	undone  *widget.Text
	problem *notice
	card    *widget.Card
	rows    []generatedRow
	ids     []string
}

// generatedRow is something made before.
type generatedRow struct {
	secret *secretView
	eye    *widget.IconButton
}

func newGeneratorHistory(w *Window, model *screen.Generator) *generatorHistory {
	h := &generatorHistory{w: w, model: model, problem: newNotice(0), card: widget.NewCard(), undone: widget.NewText("", theme.Body)}
	h.about = widget.NewParagraph(w.text("ui.generator.past"), theme.Secondary)
	h.clear = widget.NewButton(w.text("screen.generator.clear"), assets.IconTrash2, widget.Ghost, model.ClearHistory)
	undo := widget.NewButton(w.text("screen.vault.undo"), assets.IconUndo2, widget.Ghost, model.UndoHistory)
	h.removed = widget.Row(4, h.undone, undo, widget.Spacer())
	h.box = widget.Column(gap, h.about, h.problem.box, h.removed, h.card, flushLeft(h.clear))
	return h
}

func (h *generatorHistory) render(s screen.GeneratorHistory) {
	h.box.Hidden = !s.Open
	h.problem.set(s.Problem)
	h.undone.SetText(s.Removed)
	h.removed.Hidden = s.Removed == ""
	h.clear.Hidden, h.card.Hidden = len(s.Rows) == 0, len(s.Rows) == 0
	h.renderRows(s.Rows)
}

func (h *generatorHistory) renderRows(rows []screen.GeneratedRow) {
	var ids []string
	for _, row := range rows {
		ids = append(ids, row.ID)
	}
	if !slices.Equal(ids, h.ids) {
		h.ids, h.rows = ids, nil
		var lines []fyne.CanvasObject
		for _, row := range rows {
			lines = append(lines, h.newRow(row))
		}
		h.card.SetRows(lines...) // what was there lets go of its secrets
	}
	for i, row := range rows {
		key := "screen.detail.reveal"
		if row.Revealed {
			key = "screen.detail.hide"
		}
		h.rows[i].secret.show(row.Revealed)
		dressEye(h.rows[i].eye, row.Revealed, h.w.text(key, "field", h.w.text("screen.generator.password")))
	}
}

func (h *generatorHistory) newRow(g screen.GeneratedRow) fyne.CanvasObject {
	row := generatedRow{secret: newSecret(h.model.HistorySecret, g.ID)}
	row.eye = widget.NewIconButton(assets.IconEye, "", func() { h.model.RevealHistory(g.ID) })
	h.rows = append(h.rows, row)
	return widget.FieldRow(g.When, row.secret.widget, row.eye,
		widget.NewIconButton(assets.IconCopy, h.w.text("screen.generator.copy"), func() { h.model.CopyHistory(g.ID) }),
		widget.NewIconButton(assets.IconTrash2, h.w.text("screen.generator.remove"), func() { h.model.RemoveHistory(g.ID) }))
}
