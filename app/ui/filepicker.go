package ui

import (
	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
)

// PickFiles is screen.Env.PickFiles: it asks for files of this PC. The toolkit's own dialog cannot be used without a pointer.
func (w *Window) PickFiles(want screen.FileRequest, done func(paths []string)) {
	if w.pickFrom == "" {
		w.pickFrom = w.Files.Folder
	}
	var v *filePickerView
	model := screen.NewFilePicker(w.Env, screen.FilePickerConfig{FileRequest: want, Folder: w.pickFrom, Chosen: func(folder string, paths []string) {
		w.pickFrom = folder
		v.modal.Close()
		v.model.Leave()
		done(paths)
	}})
	v = newFilePickerView(w, model)
	w.root.ShowModal(v.modal)
}

// filePickerView lists a folder.
type filePickerView struct {
	w       *Window
	model   *screen.FilePicker
	modal   *widget.Modal
	path    *widget.Entry
	list    *widget.List
	rows    []screen.FileChoice
	lines   map[fyne.CanvasObject]*fileLine
	empty   *widget.Text
	problem *notice
	choose  *widget.Button
	folder  string
}

// The size of the list of files.
const (
	pickerWidth  = 600
	pickerHeight = 236
)

func newFilePickerView(w *Window, model *screen.FilePicker) *filePickerView {
	v := &filePickerView{w: w, model: model, lines: map[fyne.CanvasObject]*fileLine{}, problem: newNotice(0), empty: widget.NewText("", theme.Body.In(theme.ColorMuted))}
	v.path = widget.NewEntry("")
	v.path.SetPlaceholder(w.text("screen.files.pick.path"))
	v.path.OnChanged = model.SetPath
	v.path.OnSubmitted = func(string) { model.Go() }
	up := widget.NewIconButton(assets.IconArrowUp, w.text("screen.files.pick.up"), model.Up)
	s := model.State()
	v.newList(s)
	v.choose = widget.NewButton("", assets.IconPaperclip, widget.Primary, model.Choose)
	if s.One {
		v.choose.SetIcon(assets.NoIcon)
	}
	body := widget.Column(gap-4, widget.Row(6, up, widget.Grow(v.path)), v.problem.box,
		atLeast(fyne.NewSize(0, pickerHeight), widget.Stack(v.list, widget.Center(v.empty))))
	if s.Hint != "" {
		body.Add(widget.NewParagraph(s.Hint, theme.Secondary))
	}
	cancel := widget.NewButton(w.text("screen.cancel"), assets.NoIcon, widget.Secondary, func() {
		v.modal.Close()
		model.Leave()
	})
	v.modal = widget.NewModal(s.Title, body, cancel, v.choose).Wide(pickerWidth)
	v.modal.First, v.modal.OnDismiss = v.list, model.Leave
	model.OnChange(v.render)
	v.render(s)
	return v
}

func (v *filePickerView) newList(s screen.FilePickerState) {
	v.list = widget.NewList(func() int { return len(v.rows) }, v.newLine, v.bind)
	v.list.Name = s.Title
	v.list.Label = func(i int) string { return v.rows[i].Name }
	v.list.OnSelected, v.list.OnActivated = v.model.Select, v.model.Open
	if !s.One {
		v.list.OnTicked = v.model.Tick
	}
	v.list.OnLeaveTop = v.path.Focus
	v.path.OnKey = func(event *fyne.KeyEvent) bool {
		if event.Name == fyne.KeyDown {
			widget.Focus(v.list)
		}
		return event.Name == fyne.KeyDown
	}
}

// fileLine is one file of the list.
type fileLine struct {
	icon, tick   *widget.Icon
	name, detail *widget.Text
}

func (v *filePickerView) newLine() fyne.CanvasObject {
	l := &fileLine{
		icon: widget.NewIcon(assets.IconFile, theme.ColorMuted, widget.IconSide), tick: widget.NewIcon(assets.NoIcon, theme.ColorAccentText, widget.IconSide),
		name: widget.NewText("", theme.Body).Shortened(), detail: widget.NewText("", theme.Caption.In(theme.ColorMuted)),
	}
	o := widget.Pad(widget.Row(10, l.icon, widget.Grow(l.name), l.detail, l.tick), 7, 10, 7, 10)
	v.lines[o] = l
	return o
}

func (v *filePickerView) bind(index int, o fyne.CanvasObject) {
	row, l := v.rows[index], v.lines[o]
	ink, tick, ticked, role := theme.ColorMuted, assets.NoIcon, "", theme.Body
	if row.Folder {
		ink = theme.ColorAccentText
	}
	if row.Ticked {
		tick, ticked = assets.IconCircleCheck, v.w.text("widget.selected")
	}
	if row.TooLarge {
		ink, role = theme.ColorDisabled, role.In(theme.ColorMuted)
	}
	l.icon.Set(row.Icon, ink)
	l.tick.Set(tick, theme.ColorAccentText)
	l.tick.SetLabel(ticked)
	l.name.SetRole(role)
	l.name.SetText(row.Name)
	l.detail.SetText(row.Detail)
	o.Refresh()
}

func (v *filePickerView) render(s screen.FilePickerState) {
	v.rows = s.Rows
	if v.path.Text() != s.Path {
		v.path.SetText(s.Path)
	}
	if s.Folder != v.folder {
		v.folder = s.Folder
		v.list.ScrollToTop()
	}
	v.list.Refresh()
	v.list.Select(s.Current)
	v.empty.SetText(s.Empty)
	wider := v.choose.Text() != s.Choose
	v.choose.SetText(s.Choose)
	v.choose.SetEnabled(s.CanChoose)
	if changed := v.problem.set(s.Problem); (changed || wider) && v.modal != nil {
		v.modal.Refresh()
	}
}
