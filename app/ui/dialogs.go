package ui

import (
	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
)

// dialogs opens and closes what lies over the vault, as the model says.
type dialogs struct {
	w        *Window
	model    *screen.Vault
	shown    screen.Dialog
	sheet    screen.SheetModel
	modal    *widget.Modal
	settings *settingsView
	palette  *paletteView
	ask      question
}

func (d *dialogs) render(s screen.VaultState) {
	if d.palette != nil && !s.Palette {
		d.showPalette(false) // before the dialog that it lies over
	}
	if s.Dialog != d.shown || s.Dialog == screen.DialogSheet && d.model.Sheet() != d.sheet {
		d.close()
		d.shown = s.Dialog
		d.open(s.Dialog)
	}
	if s.Palette != (d.palette != nil) {
		d.showPalette(s.Palette)
	}
	d.ask.render(d.w, s.Ask, d.model.Answer)
}

func (d *dialogs) showPalette(on bool) {
	if on {
		d.palette = newPaletteView(d.w, d.model.Palette())
		return
	}
	shown := d.palette
	d.palette = nil
	shown.launcher.Close()
}

// onTop reports whether nothing lies over the window but the dialog that the model shows.
func (d *dialogs) onTop() bool {
	top := d.w.root.Canvas().Overlays().Top()
	return top == nil || d.modal != nil && top == fyne.CanvasObject(d.modal)
}

func (d *dialogs) close() {
	if d.modal != nil {
		d.modal.Close()
	}
	d.modal, d.settings, d.sheet = nil, nil, nil
}

func (d *dialogs) open(dialog screen.Dialog) {
	switch dialog {
	case screen.DialogGenerator:
		d.modal = newGeneratorView(d.w, d.model.Generator()).modal
	case screen.DialogSettings:
		d.settings = newSettingsView(d.w, d.model.Settings())
		d.modal = d.settings.modal
	case screen.DialogImport:
		d.modal = d.newImport()
	case screen.DialogSheet:
		d.sheet = d.model.Sheet()
		sheet := d.sheet
		d.modal = newSheetModal(d.w, sheet, func() bool { return d.model.Sheet() == sheet })
	case screen.DialogTrouble:
		d.modal = newTroubleView(d.w, d.model.Trouble()).modal
	default:
		return
	}
	d.w.root.ShowModal(d.modal)
}

func (d *dialogs) newImport() *widget.Modal {
	model := d.model.Import()
	var modal *widget.Modal
	foot := widget.Stack()
	imports := newImportView(d.w, model, screen.Step{}, foot, func(o fyne.Focusable) {
		if modal != nil && modal.Open() {
			widget.Focus(o)
		}
	})
	modal = widget.NewModal(d.w.text("ui.importTitle"), imports.box).Wide(widget.StepWidth).Foot(foot)
	modal.First, modal.OnDismiss = imports.first(), model.Skip
	imports.settled = func() {
		modal.Locked = model.Stays()
		modal.Refresh()
	}
	modal.OnKey = func(event *fyne.KeyEvent) bool {
		back := event.Name == fyne.KeyEscape && model.Stays()
		if back {
			model.Skip()
		}
		return back
	}
	return modal
}

func (d *dialogs) renderUpdate(s screen.UpdateState) {
	if d.settings != nil {
		d.settings.renderUpdate(s)
	}
}

// question shows what is asked before something that cannot be undone.
type question struct {
	shown screen.Question
	modal *widget.Modal
}

func (q *question) render(w *Window, asked screen.Question, answer func(bool)) {
	if asked == q.shown {
		return
	}
	q.shown = asked
	if q.modal != nil {
		q.modal.Close()
		q.modal = nil
	}
	if asked.IsZero() {
		return
	}
	kind := widget.Primary
	if asked.Danger {
		kind = widget.Danger
	}
	say := func(yes bool) func() {
		return func() {
			q.modal.Close()
			answer(yes)
		}
	}
	no := widget.NewButton(asked.Cancel, assets.NoIcon, widget.Secondary, say(false))
	yes := widget.NewButton(asked.Confirm, assets.NoIcon, kind, say(true))
	q.modal = widget.NewModal(asked.Title, paragraph(asked.Body), no, yes)
	// What cannot be undone is never what Enter does by itself.
	q.modal.First, q.modal.OnDismiss = no, func() { answer(false) }
	w.root.ShowModal(q.modal)
}

// askName asks for one line of text.
func (w *Window) askName(title, name string, use func(string)) {
	entry := widget.NewEntry(w.text("screen.field.title"))
	entry.SetText(name)
	var modal *widget.Modal
	save := func() {
		modal.Close()
		use(entry.Text())
	}
	modal = widget.NewModal(title, entry,
		widget.NewButton(w.text("screen.cancel"), assets.NoIcon, widget.Secondary, func() { modal.Close() }),
		widget.NewButton(w.text("screen.editor.save"), assets.NoIcon, widget.Primary, save))
	modal.First = entry.Input()
	w.root.ShowModal(modal)
	entry.SelectAll()
}

// menuPlace is where a menu opens that no pointer has asked for: over the upper part of a widget.
func (w *Window) menuPlace(o fyne.CanvasObject) fyne.Position {
	return fyne.CurrentApp().Driver().AbsolutePositionForObject(o).AddXY(10*theme.Grid, 10*theme.Grid)
}
