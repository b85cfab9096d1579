package ui

import (
	"path/filepath"
	"slices"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
)

// files is the card of an item's files. An item that has none, and is not about files, has only the button.
func (v *detailView) files(c screen.FilesCard) fyne.CanvasObject {
	var attach *widget.Button
	if c.Attach != "" {
		attach = keep(v, "attach", widget.NewButton(c.Attach, assets.IconPaperclip, widget.Ghost, v.model.AttachFiles))
		attach.SetTip(c.Hint)
	}
	if len(c.Rows) == 0 && c.Empty == "" && c.Problem.IsZero() {
		return widget.Pad(widget.Row(0, attach, widget.Spacer()), 0, 0, 0, ghostInset)
	}
	head := widget.Row(8, widget.Grow(widget.NewText(c.Title, theme.FieldLabel).Shortened()))
	if attach != nil {
		head.Add(attach)
	}
	rows := []fyne.CanvasObject{widget.Pad(head, 5, 7, 5, widget.CardMargin)}
	if !c.Problem.IsZero() {
		rows = append(rows, widget.Inset(widget.NewBanner(toneOf(c.Problem.Tone), c.Problem.What, details(c.Problem), nil), 8))
	}
	if c.Empty != "" {
		rows = append(rows, widget.CardRow(widget.Column(4, widget.NewParagraph(c.Empty, theme.Body.In(theme.ColorMuted)), widget.NewParagraph(c.Hint, theme.Secondary))))
	}
	for _, r := range c.Rows {
		rows = append(rows, v.fileRow(r))
	}
	return widget.NewCard(rows...)
}

// fileRow is a file: its name over how it stands, perhaps a bar, and what can be done with it.
func (v *detailView) fileRow(r screen.FileRow) fyne.CanvasObject {
	status := widget.NewParagraph(r.Status, theme.Secondary)
	if r.Tone == screen.ToneError {
		status.SetRole(theme.Secondary.In(theme.ColorError))
	}
	text := widget.Column(2, widget.NewText(r.Name, theme.Value).Shortened(), status)
	if r.Moving {
		bar := widget.NewProgress()
		text.Add(widget.Pad(bar, 4, 0, 2, 0))
		v.followFile(r.ID, func(now screen.FileRow) {
			bar.Set(now.Fraction)
			status.SetText(now.Status)
		})
	}
	buttons := widget.Row(2)
	for _, a := range r.Actions {
		buttons.Add(v.fileButton(r, a))
	}
	if len(r.Menu) > 0 {
		buttons.Add(v.fileMenu(r))
	}
	line := widget.Row(12, widget.NewIcon(r.Icon, theme.ColorMuted, widget.IconSide+2), widget.Grow(text), buttons)
	return widget.Pad(line, 8, 10, 8, widget.CardMargin)
}

func (v *detailView) fileButton(r screen.FileRow, a screen.FileAction) *widget.IconButton {
	return keep(v, a.ID+" "+r.ID, widget.NewIconButton(a.Icon, a.Tip, func() { v.actOnFile(r, a.ID) }))
}

func (v *detailView) fileMenu(r screen.FileRow) *widget.IconButton {
	var more *widget.IconButton
	more = keep(v, "more "+r.ID, widget.NewIconButton(assets.IconEllipsis, v.w.text("screen.files.more", "name", r.Name), func() {
		var items []widget.MenuItem
		for _, a := range slices.Concat(r.Actions, r.Menu) {
			items = append(items, widget.MenuItem{Label: a.Label, Icon: a.Icon, Danger: a.ID == screen.FileRemove, Do: func() { v.actOnFile(r, a.ID) }})
		}
		v.w.root.ShowMenuBelow(more, items...)
	}))
	return more
}

func (v *detailView) actOnFile(r screen.FileRow, action string) {
	if action == screen.FileRename {
		v.w.askName(v.w.text("screen.files.rename"), r.Name, func(name string) { v.model.RenameFile(r.ID, name) })
		return
	}
	v.model.ActOnFile(r.ID, action)
}

// removedFiles says what the history keeps, and deletes it.
func (v *detailView) removedFiles(r screen.RemovedFiles) fyne.CanvasObject {
	line := widget.NewParagraph(r.Text, theme.Secondary)
	if r.Delete == "" {
		return widget.Pad(line, 0, 0, 0, 4)
	}
	return widget.Pad(widget.Wrap(8, 230, line, keep(v, "delete removed", widget.NewButton(r.Delete, assets.IconTrash2, widget.Ghost, v.model.DeleteRemoved))), 0, 0, 0, 4)
}

// followFile calls update for a file whenever the state has changed.
func (v *detailView) followFile(id string, update func(screen.FileRow)) {
	v.updates = append(v.updates, func(s screen.DetailState) {
		for _, r := range s.Files.Rows {
			if r.ID == id {
				update(r)
			}
		}
	})
}

// filesShape tells files that need other parts apart: how far a transfer has come is not in it.
func filesShape(c screen.FilesCard) []string {
	if !c.Shown {
		return nil
	}
	shape := []string{"files", c.Attach, c.Empty, c.Problem.What}
	for _, r := range c.Rows {
		shape = append(shape, r.ID, r.Name)
		if r.Moving {
			shape = append(shape, "moving")
		} else {
			shape = append(shape, r.Status)
		}
		for _, a := range slices.Concat(r.Actions, r.Menu) {
			shape = append(shape, a.ID)
		}
	}
	return shape
}

// files are those that are attached when the item is saved, and a button for more.
func (v *editorView) files(q screen.Queue) fyne.CanvasObject {
	attach := widget.NewButton(q.Attach, assets.IconPaperclip, widget.Ghost, v.model.Attach)
	v.focuses["attach"] = attach
	section := widget.Column(6, widget.Pad(widget.Row(0, attach, widget.Spacer()), 0, 0, 0, ghostInset))
	var rows []fyne.CanvasObject
	for _, f := range q.Files {
		remove := widget.NewIconButton(assets.IconX, v.w.text("screen.files.tip.remove", "name", f.Label), func() { v.model.Unqueue(f.ID) })
		line := widget.Row(12, widget.NewIcon(f.Icon, theme.ColorMuted, widget.IconSide), widget.Grow(widget.NewText(f.Label, theme.Body).Shortened()), remove)
		rows = append(rows, widget.Pad(line, 4, 10, 4, widget.CardMargin))
	}
	if len(rows) > 0 {
		section.Add(widget.NewCard(rows...))
	}
	if q.Hint != "" {
		section.Add(widget.NewParagraph(q.Hint, theme.Secondary))
	}
	v.filesBox = section
	return section
}

// dropped takes files that a person has dropped on the window.
func (w *Window) dropped(_ fyne.Position, dropped []fyne.URI) {
	v, ok := w.view.(*vaultView)
	imports := ok && v.model.Import() != nil
	if !ok || !imports && w.covered() {
		return
	}
	w.Shell.Touch()
	var paths []string
	for _, uri := range dropped {
		if uri.Scheme() == "file" {
			paths = append(paths, filepath.FromSlash(uri.Path()))
		}
	}
	if imports {
		v.model.Import().Drop(paths)
		return
	}
	v.model.Drop(paths)
}
