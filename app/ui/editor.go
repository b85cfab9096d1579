package ui

import (
	"slices"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// editorView is a form with Cancel and Save that stay in sight.
type editorView struct {
	w     *Window
	model *screen.Editor
	box   *fyne.Container

	title        *widget.Text
	cancel, save *widget.Button
	notice       *notice
	form         *widget.ScrollArea
	fields       map[string]*editorField
	shape        []string
	focuses      focusKeys
	ask          question
	refused      int
	queued       int // files that wait to be attached, in filesBox
	filesBox     fyne.CanvasObject
}

// editorField is an entry with what belongs to it.
type editorField struct {
	entry   *widget.Entry
	meter   *meter
	filled  int
	problem string
}

func newEditorView(w *Window, model *screen.Editor) *editorView {
	v := &editorView{w: w, model: model, title: widget.NewText("", theme.PaneTitle).Shortened(), notice: newNotice(0), fields: map[string]*editorField{}}
	v.cancel = widget.NewButton(w.text("screen.cancel"), assets.NoIcon, widget.Secondary, model.Cancel)
	v.save = widget.NewButton("", assets.NoIcon, widget.Primary, model.Save)
	v.form = widget.NewScrollArea(widget.Spacer())
	title := widget.NewText(model.State().Title, theme.PaneTitle).MinSize().Width
	bar := widget.Pad(widget.Wrap(8, title, v.title, widget.Row(8, v.cancel, v.save)), 12, 24, 12, 30)
	v.notice.box = widget.Pad(v.notice.banner, 12, 24, 0, 24)
	v.notice.box.Hide()
	v.box = widget.Column(0, bar, widget.Rule(), v.notice.box, widget.Grow(v.form))
	model.OnChange(v.render)
	v.render(model.State())
	return v
}

func (v *editorView) focus() {
	first := v.fields[v.model.State().Name.ID].entry
	v.w.focus(first.Input())
}

func (v *editorView) key(event *fyne.KeyEvent) bool {
	switch {
	case isEnter(event):
		v.model.Save()
	case event.Name == fyne.KeyEscape:
		v.model.Cancel()
	default:
		return event.Name == fyne.KeyDelete || event.Name == fyne.KeyDown
	}
	return true
}

func (v *editorView) render(s screen.EditorState) {
	v.title.SetText(s.Title)
	v.save.SetText(s.Save)
	v.save.SetEnabled(s.CanSave)
	v.save.SetBusy(s.Busy)
	changed := v.notice.set(s.Problem)
	if shape := editorShape(s); !slices.Equal(shape, v.shape) {
		v.rebuild(s, shape)
		changed = true
	}
	for _, f := range editorFields(s) {
		changed = v.follow(f) || changed
	}
	if changed {
		v.w.relayout()
	}
	if v.refused != s.Refused {
		v.refused = s.Refused
		v.revealError(s)
	}
	v.ask.render(v.w, s.Ask, v.answer)
}

func (v *editorView) answer(discard bool) {
	if discard {
		v.model.Discard()
		return
	}
	v.model.KeepEditing()
}

func editorFields(s screen.EditorState) []screen.EditorField {
	return slices.Concat([]screen.EditorField{s.Name}, s.Fields, s.Websites, s.Custom, []screen.EditorField{s.Notes})
}

// editorShape tells forms with different parts apart.
func editorShape(s screen.EditorState) []string {
	shape := append([]string{s.AddWebsite}, s.Tags...)
	for _, f := range editorFields(s) {
		shape = append(shape, "\n"+f.ID)
		if f.Remove {
			shape = append(shape, "removable")
		}
	}
	for _, c := range slices.Concat(s.Folders, s.Files.Files) {
		shape = append(shape, c.ID+c.Label)
	}
	return shape
}

// rebuild makes the form anew. The keyboard stays where it was, or goes to a field that has just been added.
func (v *editorView) rebuild(s screen.EditorState, shape []string) {
	held, before, queued := v.focuses.holder(v.w), v.fields, v.queued
	v.shape, v.fields, v.focuses = shape, map[string]*editorField{}, focusKeys{}
	v.form.SetContent(widget.MaxWidth(detailWidth, widget.Pad(v.build(s), 18, 30, 24, 30)))
	v.form.MinSize()
	if v.queued = len(s.Files.Files); len(before) == 0 {
		return
	}
	for _, f := range slices.Concat(s.Websites, s.Custom) {
		if before[f.ID] == nil {
			held = f.ID
			if f.LabelID != "" {
				held = f.LabelID
			}
		}
	}
	if o := v.focuses[held]; o != nil {
		v.w.relayout()
		v.w.focus(o)
		if f := v.fields[held]; f != nil {
			v.form.Reveal(f.entry)
		}
	}
	if v.queued > queued { // dropped, while what is below may be out of sight
		v.w.relayout()
		v.form.Reveal(v.filesBox)
	}
}

func (v *editorView) build(s screen.EditorState) fyne.CanvasObject {
	form := widget.Column(gap, v.field(s.Name))
	if s.Files.First {
		form.Add(v.files(s.Files))
	}
	for _, f := range s.Fields {
		form.Add(v.field(f))
	}
	for i, f := range s.Websites {
		add := ""
		if i == len(s.Websites)-1 {
			add = s.AddWebsite
		}
		form.Add(v.website(f, add))
	}
	text := len(s.Fields) == 0 && s.Notes.ID != "" // a note is its text
	if text {
		form.Add(v.field(s.Notes))
	}
	form.Add(v.folder(s.Folders))
	form.Add(v.tags(s))
	for _, f := range s.Custom {
		form.Add(v.custom(f))
	}
	if s.Notes.ID != "" && !text {
		form.Add(v.field(s.Notes))
	}
	if s.Files.Attach != "" && !s.Files.First {
		form.Add(v.files(s.Files))
	}
	form.Add(v.fieldAdder(s.AddField))
	return form
}

// website is the entry for an address; behind the last one is the button for another.
func (v *editorView) website(f screen.EditorField, add string) fyne.CanvasObject {
	if add == "" {
		return v.field(f)
	}
	more := widget.NewIconButton(assets.IconPlus, add, v.model.AddWebsite)
	v.focuses["add website"] = more
	return v.field(f, more)
}

func (v *editorView) fieldAdder(types []screen.Choice) fyne.CanvasObject {
	var b *widget.Button
	b = widget.NewButton(v.w.text("ui.addField"), assets.IconPlus, widget.Ghost, func() {
		var items []widget.MenuItem
		for _, c := range types {
			items = append(items, widget.MenuItem{Label: c.Label, Do: func() { v.model.AddField(c.ID) }})
		}
		v.w.root.ShowMenuBelow(b, items...)
	})
	v.focuses["add field"] = b
	return widget.Pad(widget.Row(0, b, widget.Spacer()), 0, 0, 0, ghostInset)
}

// ghostInset lets the label of a button without a surface begin at the edge of the form.
const ghostInset = -14

// field is an entry with its buttons and, for a password, its strength.
func (v *editorView) field(f screen.EditorField, more ...fyne.CanvasObject) fyne.CanvasObject {
	view := &editorField{entry: v.entry(f), filled: f.Filled}
	v.fields[f.ID], v.focuses[f.ID] = view, view.entry.Input()
	if buttons := append(v.buttons(f), more...); len(buttons) > 0 {
		view.entry.With(widget.Row(0, buttons...))
	}
	if !f.Generate {
		return view.entry
	}
	view.meter = newMeter()
	return widget.Column(8, view.entry, view.meter.box)
}

// entry is filled before it listens: what it is given back is what was typed.
func (v *editorView) entry(f screen.EditorField) *widget.Entry {
	var e *widget.Entry
	switch {
	case f.Secret:
		e = widget.NewPasswordEntry(f.Label)
		if f.Multiline {
			e = widget.NewMultiLinePasswordEntry(f.Label, 4)
		}
		v.fill(e, f.ID)
		e.OnChanged = func(string) { v.model.SetSecret(f.ID, secret.New(e.Bytes())) }
	case f.Multiline:
		e = widget.NewMultiLineEntry(f.Label, 4)
		e.SetText(f.Value)
		e.OnChanged = func(text string) { v.model.SetText(f.ID, text) }
	default:
		e = widget.NewEntry(f.Label)
		e.SetText(f.Value)
		e.OnChanged = func(text string) { v.model.SetText(f.ID, text) }
	}
	e.SetPlaceholder(f.Placeholder)
	return e
}

// fill writes a secret into its entry without the entry reporting it.
func (v *editorView) fill(e *widget.Entry, id string) {
	value, listener := v.model.Secret(id), e.OnChanged
	e.OnChanged = nil
	e.SetText(string(value.Reveal()))
	e.OnChanged = listener
	value.Wipe()
}

func (v *editorView) buttons(f screen.EditorField) []fyne.CanvasObject {
	var buttons []fyne.CanvasObject
	if f.Generate {
		generate := widget.NewIconButton(assets.IconWandSparkles, v.w.text("ui.generate"), func() { v.model.Generate(f.ID) })
		v.focuses["generate "+f.ID] = generate
		buttons = append(buttons, generate)
	}
	if f.Remove {
		buttons = append(buttons, widget.NewIconButton(assets.IconX, v.w.text("ui.remove"), func() { v.model.Remove(f.ID) }))
	}
	return buttons
}

// custom is a field whose label is typed too.
func (v *editorView) custom(f screen.EditorField) fyne.CanvasObject {
	name := widget.NewEntry(v.w.text("ui.label"))
	name.SetText(f.Label)
	name.OnChanged = func(text string) { v.model.SetText(f.LabelID, text) }
	v.focuses[f.LabelID] = name.Input()
	f.Label = v.w.text("ui.value")
	return pair(.35, 440, name, v.field(f))
}

func (v *editorView) folder(choices []screen.Choice) fyne.CanvasObject {
	o, selected := options(choices, assets.IconFolder)
	s := widget.NewSelect(v.w.text("ui.folder"), o, selected, func(i int) { v.model.SetFolder(choices[i].ID) })
	s.More = []widget.MenuItem{{Label: v.w.text("ui.newFolder"), Icon: assets.IconFolderPlus, Do: func() {
		v.w.askName(v.w.text("screen.vault.newFolder"), "", v.model.NewFolder)
	}}}
	v.focuses["folder"] = s
	return s
}

// tags are the item's tags, each a button that removes it, and an entry for another.
func (v *editorView) tags(s screen.EditorState) fyne.CanvasObject {
	entry := widget.NewEntry(v.w.text("ui.tags"))
	entry.SetText(s.Tag)
	entry.OnChanged = v.model.SetTag
	entry.SetPlaceholder(v.w.text("ui.addTag"))
	entry.OnSubmitted = func(text string) {
		if text == "" {
			v.model.Save()
			return
		}
		entry.SetText("")
		v.model.AddTag(text)
	}
	v.focuses["tags"] = entry.Input()
	if len(s.Tags) == 0 {
		return entry
	}
	var chips []fyne.CanvasObject
	for _, tag := range s.Tags {
		chip := widget.NewButton(tag, assets.IconX, widget.Secondary, func() { v.model.RemoveTag(tag) })
		chip.SetTip(v.w.text("ui.remove"))
		chips = append(chips, chip)
	}
	return widget.Column(8, entry, flow(6, 6, chips...))
}

// follow shows what the state says about a field, and reports whether its height may have changed.
func (v *editorView) follow(f screen.EditorField) (changed bool) {
	view := v.fields[f.ID]
	if view == nil {
		return false
	}
	changed = view.problem != f.Error
	view.problem = f.Error
	view.entry.SetError(f.Error)
	if view.filled != f.Filled {
		view.filled = f.Filled
		v.fill(view.entry, f.ID)
	}
	if view.meter != nil {
		changed = changed || view.meter.box.Hidden == f.Meter.Shown
		view.meter.box.Hidden = !f.Meter.Shown
		view.meter.set(f.Meter)
	}
	return changed
}

// revealError brings the first field with an error into sight.
func (v *editorView) revealError(s screen.EditorState) {
	for _, f := range editorFields(s) {
		if view := v.fields[f.ID]; f.Error != "" && view != nil {
			v.w.focus(view.entry.Input())
			v.form.Reveal(view.entry)
			return
		}
	}
}
