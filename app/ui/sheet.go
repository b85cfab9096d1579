package ui

import (
	"image"
	"image/color"
	"maps"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"github.com/skip2/go-qrcode"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// sheetView draws the pages of a sheet, in a dialog or on the card of the welcome. A page is built when it is turned to; within it the
// fields keep what is typed.
type sheetView struct {
	w       *Window
	model   screen.SheetModel
	box     *fyne.Container
	inCard  bool // the title is the view's own; a dialog has it in its frame
	turned  func(screen.SheetState)
	settled func()

	page     string
	first    fyne.Focusable
	opens    map[string]fyne.Focusable // what opens a row, by the row
	problem  *notice
	rows     *fyne.Container
	rowsOf   []screen.SheetRow
	fields   map[string]*widget.Entry
	codes    map[string]*widget.CodeEntry // those for codes that were mailed
	strength *meter
	rules    *fyne.Container
	kit      *kitPart
	progress *sheetProgress
	primary  *widget.Button
	back     *widget.Button
	waiting  *waitingLine
	mails    map[string]*mailLine // below the codes
	busy     bool
	failures int
}

func newSheetView(w *Window, model screen.SheetModel, inCard bool) *sheetView {
	v := &sheetView{w: w, model: model, box: widget.Column(0), inCard: inCard, opens: map[string]fyne.Focusable{}, turned: func(screen.SheetState) {}, settled: func() {}}
	model.OnChange(v.render)
	v.render(model.State())
	return v
}

// sheetWidth has room for a device with its buttons.
const sheetWidth = 560

// newSheetModal shows a sheet in a dialog. Escape goes a page back; open tells whether the sheet is there still.
func newSheetModal(w *Window, model screen.SheetModel, open func() bool) *widget.Modal {
	v := newSheetView(w, model, false)
	modal := widget.NewModal(model.State().Title, v.box).Wide(sheetWidth)
	modal.First = v.first
	modal.OnDismiss = func() {
		model.Back()
		if open() {
			modal.First = v.first
			w.root.ShowModal(modal)
		}
	}
	v.settled = func() {
		modal.First = v.first // rows that are made anew take it along
		modal.Refresh()
	}
	v.turned = func(s screen.SheetState) {
		modal.SetTitle(s.Title)
		modal.Default, modal.Locked = v.primary, s.Stay
		modal.Refresh()
		if v.first != nil && modal.Open() {
			widget.Focus(v.first)
		}
	}
	modal.Default, modal.Locked = v.primary, model.State().Stay
	return modal
}

func (v *sheetView) render(s screen.SheetState) {
	if s.Page != v.page || v.primary == nil && s.Primary != "" {
		v.page, v.busy = s.Page, s.Busy
		v.build(s)
		v.update(s)
		v.turned(s)
		return
	}
	v.update(s)
	v.settled()
	if v.busy && !s.Busy && !s.Problem.IsZero() {
		v.focusToMend()
	}
	v.busy = s.Busy
}

// focusToMend puts the keyboard, after an attempt that failed, where something has to be typed anew: what was typed last is the most
// likely mistake, but for the password, which was emptied.
func (v *sheetView) focusToMend() {
	for _, code := range v.codes {
		code.Refused() // what is typed next is another one
	}
	if password := v.fields[screen.PasswordField]; password != nil {
		widget.Focus(password.Input())
		return
	}
	focused := v.w.root.Canvas().Focused()
	for _, entry := range v.fields {
		if entry.Input() == focused {
			return
		}
	}
	for _, code := range v.codes {
		if fyne.Focusable(code) == focused {
			return
		}
	}
	if v.first != nil {
		widget.Focus(v.first)
	}
}

func (v *sheetView) build(s screen.SheetState) {
	for _, old := range v.box.Objects {
		widget.Release(old)
	}
	v.first, v.primary, v.back, v.kit, v.strength, v.progress = nil, nil, nil, nil, nil, nil
	v.fields, v.codes, v.mails = map[string]*widget.Entry{}, map[string]*widget.CodeEntry{}, map[string]*mailLine{}
	v.problem, v.rows, v.rowsOf = newNotice(14), widget.Column(0), nil
	v.box.Objects = nil
	if v.inCard {
		v.add(0, widget.NewParagraph(s.Title, theme.PageTitle))
	}
	if s.Body != "" {
		v.add(6, paragraph(s.Body))
	}
	v.box.Add(v.problem.box)
	if s.Digits != "" {
		v.add(20, widget.Center(widget.NewText(s.Digits, digitsRole)))
	}
	if s.QR != "" {
		v.add(18, widget.Center(qrImage(s.QR)))
	}
	if len(s.Rows) > 0 || s.Fields == nil && s.Digits == "" && s.QR == "" && s.Kit.Save == "" {
		v.add(14, v.rows)
	}
	v.waiting = newWaitingLine()
	v.box.Add(v.waiting.box)
	if s.Progress != nil {
		v.progress = newSheetProgress()
		v.add(18, v.progress.box)
	}
	for i, f := range s.Fields {
		v.add(gap, v.field(f))
		if len(s.Password.Rules) > 0 && i == len(s.Fields)-2 { // the last one repeats it
			v.strength = newMeter()
			v.add(8, v.strength.box)
		}
	}
	if len(s.Fields) > 0 && len(v.codes) == 0 {
		v.focusFirst(v.fields[s.Fields[0].ID].Input())
	}
	if len(s.Password.Rules) > 0 {
		v.addRules(len(s.Password.Rules))
	}
	if s.Kit.Save != "" {
		v.kit = newKitPart(v.model.SaveKit, v.model.PrintKit, v.model.ConfirmKit)
		v.add(18, v.kit.box)
		v.focusFirst(v.kit.save)
	}
	for _, link := range s.Links {
		button := widget.NewButton(link.Label, assets.NoIcon, widget.Ghost, func() {
			v.model.Follow(link.ID)
			if len(v.codes) > 0 {
				widget.Focus(v.first) // another code is to be typed
			}
		})
		if s.QR != "" {
			v.add(8, widget.Center(button))
			continue
		}
		v.add(8, widget.Pad(widget.Row(0, button, widget.Spacer()), 0, 0, 0, ghostInset))
	}
	v.buttons(s)
}

// digitsRole is that of digits to be read across a desk.
var digitsRole = theme.Role{Size: 34, Weight: theme.Mono, Color: theme.ColorText}

func (v *sheetView) add(above float32, o fyne.CanvasObject) { v.box.Add(widget.Pad(o, above, 0, 0, 0)) }

func (v *sheetView) focusFirst(o fyne.Focusable) {
	if v.first == nil {
		v.first = o
	}
}

// code is a field for a mailed code, as in the sign-up.
func (v *sheetView) code(f screen.SheetField) fyne.CanvasObject {
	code := widget.NewCodeEntry(f.Label, 4, 4)
	code.OnChanged = func(typed string) {
		v.model.SetText(f.ID, typed)
		if code.Complete() {
			v.toNextCode()
		}
	}
	mail := newMailLine(fyne.TextAlignLeading)
	v.codes[f.ID], v.mails[f.ID] = code, mail
	v.focusFirst(code)
	return widget.Column(0, code, mail.box)
}

// toNextCode goes on from a code that is complete to one that is not.
func (v *sheetView) toNextCode() {
	for _, f := range v.model.State().Fields {
		if code := v.codes[f.ID]; code != nil && !code.Complete() {
			widget.Focus(code)
			return
		}
	}
}

func (v *sheetView) field(f screen.SheetField) fyne.CanvasObject {
	if f.Kind == screen.FieldMailedCode {
		return v.code(f)
	}
	entry := widget.NewEntry(f.Label)
	if f.Kind == screen.FieldPassword {
		entry = widget.NewPasswordEntry(f.Label)
		entry.OnChanged = func(string) { v.model.SetPassword(f.ID, secret.New(entry.Bytes())) }
	} else {
		entry.SetText(f.Text)
		entry.OnChanged = func(typed string) { v.model.SetText(f.ID, typed) }
	}
	entry.Tall()
	entry.SetPlaceholder(f.Placeholder)
	entry.OnSubmitted = func(string) { v.model.Submit() }
	v.fields[f.ID] = entry
	if f.Text == "" { // what is filled in already rarely has to be typed
		v.focusFirst(entry.Input())
	}
	return entry
}

func (v *sheetView) addRules(count int) {
	v.rules = widget.Column(5)
	for range count {
		v.rules.Add(widget.NewRequirement(""))
	}
	v.add(14, v.rules)
}

func (v *sheetView) buttons(s screen.SheetState) {
	row := []fyne.CanvasObject{}
	if s.Secondary != "" {
		v.back = widget.NewButton(s.Secondary, assets.NoIcon, widget.Secondary, v.model.Back).Tall()
		row = append(row, v.back)
		if s.Primary == "" && len(s.Rows) == 0 || s.Danger {
			v.focusFirst(v.back) // what cannot be undone is never what Enter does by itself
		}
	}
	row = append(row, widget.Spacer())
	if s.Primary != "" {
		kind := widget.Primary
		if s.Danger {
			kind = widget.Danger
		}
		v.primary = widget.NewButton(s.Primary, assets.NoIcon, kind, v.model.Submit).Tall()
		row = append(row, v.primary)
		v.focusFirst(v.primary)
	}
	if len(row) > 1 {
		v.add(22, widget.Row(8, row...))
	}
}

func (v *sheetView) update(s screen.SheetState) {
	problem := s.Problem
	if problem.IsZero() {
		problem = s.Kit.Problem
	}
	v.problem.set(problem)
	v.waiting.set(s.Waiting)
	v.updateRows(s.Rows)
	for _, f := range s.Fields {
		if code := v.codes[f.ID]; code != nil {
			if f.Text == "" && code.Code() != "" {
				code.Clear() // another code is on its way
			}
			v.mails[f.ID].set(f.Hint)
			continue
		}
		entry := v.fields[f.ID]
		if f.ID == screen.PasswordField && s.Failures != v.failures {
			entry.Clear()
		}
		if f.Kind != screen.FieldPassword && entry.Text() != f.Text {
			entry.SetText(f.Text)
		}
		hint(entry, f.Hint)
	}
	v.failures = s.Failures
	if v.strength != nil {
		v.strength.set(s.Password.Meter)
		for i, rule := range s.Password.Rules {
			line := v.rules.Objects[i].(*widget.Requirement)
			line.SetText(rule.Text)
			line.SetMet(rule.Met)
		}
	}
	if v.primary != nil {
		v.primary.SetText(s.Primary)
		v.primary.SetBusy(s.Busy)
		v.primary.SetEnabled(s.CanSubmit || s.Busy)
	}
	if v.kit != nil {
		v.kit.render(s.Kit, s.Confirm, v.primary)
	}
	if v.progress != nil && s.Progress != nil {
		v.progress.set(*s.Progress)
	}
}

func (v *sheetView) updateRows(rows []screen.SheetRow) {
	if sameRows(rows, v.rowsOf) {
		return
	}
	v.rowsOf = rows
	waited, held := v.first != nil && v.first == fyne.Focusable(v.back), ""
	for id, open := range v.opens {
		if open == v.w.root.Canvas().Focused() {
			held = id
		}
	}
	if waited || slices.Contains(slices.Collect(maps.Values(v.opens)), v.first) {
		v.first = nil
	}
	clear(v.opens)
	var lines []fyne.CanvasObject
	for _, r := range rows {
		lines = append(lines, v.row(r))
	}
	v.rows.Objects = nil
	if len(lines) > 0 {
		v.rows.Add(widget.NewCard(lines...))
	}
	v.rows.Refresh()
	if open := v.opens[held]; open != nil {
		widget.Focus(open)
	}
	if !waited {
		return
	}
	// What was waited for has come: it takes the keyboard from the way back.
	v.focusFirst(v.back)
	if v.w.root.Canvas().Focused() == fyne.Focusable(v.back) {
		widget.Focus(v.first)
	}
}

func sameRows(a, b []screen.SheetRow) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].ID != b[i].ID || a[i].Title != b[i].Title || a[i].Detail != b[i].Detail {
			return false
		}
	}
	return true
}

func (v *sheetView) row(r screen.SheetRow) fyne.CanvasObject {
	ink := inkOf(r.Tone)
	if r.Open != "" && r.Open == r.Title && len(r.Actions) == 0 {
		open := widget.NewOpenRow(r.Icon, ink, r.Title, r.Detail, func() { v.model.Open(r.ID) })
		v.focusFirst(open)
		v.opens[r.ID] = open
		return open
	}
	text := widget.Column(1, widget.NewText(r.Title, theme.Strong).Shortened(), widget.NewParagraph(r.Detail, theme.Secondary))
	line := []fyne.CanvasObject{widget.NewIcon(r.Icon, ink, widget.IconSide), widget.Grow(text)}
	for _, action := range r.Actions {
		line = append(line, widget.NewButton(action.Label, assets.NoIcon, widget.Secondary, func() { v.model.Act(r.ID, action.ID) }))
	}
	if r.Open != "" {
		open := widget.NewButton(r.Open, assets.NoIcon, widget.Primary, func() { v.model.Open(r.ID) })
		v.focusFirst(open)
		v.opens[r.ID] = open
		line = append(line, open)
	}
	return widget.CardRow(widget.Row(12, line...))
}

// qrSide is the width of a code on the screen, in the toolkit's units.
const qrSide = 184

// qrImage is black on white in both palettes: cameras expect it so.
func qrImage(content string) fyne.CanvasObject {
	code, err := qrcode.New(content, qrcode.Medium)
	if err != nil {
		return widget.Spacer() // the digits do without it
	}
	modules := code.Bitmap()
	picture := image.NewGray(image.Rect(0, 0, len(modules), len(modules)))
	for y, line := range modules {
		for x, dark := range line {
			if !dark {
				picture.SetGray(x, y, color.Gray{Y: 255})
			}
		}
	}
	shown := canvas.NewImageFromImage(picture)
	shown.ScaleMode, shown.FillMode = canvas.ImageScalePixels, canvas.ImageFillContain
	shown.SetMinSize(fyne.NewSquareSize(qrSide))
	return shown
}

// sheetProgress is how far the work is that a page waits for.
type sheetProgress struct {
	box  *fyne.Container
	bar  *widget.Progress
	text *widget.Text
}

func newSheetProgress() *sheetProgress {
	p := &sheetProgress{bar: widget.NewProgress(), text: widget.NewText(" ", theme.Secondary).Shortened()}
	p.box = widget.Column(10, p.text, p.bar)
	return p
}

func (p *sheetProgress) set(s screen.Progress) {
	p.bar.Set(s.Fraction())
	p.text.SetText(s.Text)
}

// waitingLine says what is waited for that somebody else does. Nothing turns in it: it may stand there for minutes.
type waitingLine struct {
	box  *fyne.Container
	text *widget.Text
}

func newWaitingLine() *waitingLine {
	w := &waitingLine{text: widget.NewText("", theme.Secondary)}
	w.box = widget.Pad(widget.Center(widget.Row(8, widget.NewIcon(assets.IconClock, theme.ColorMuted, widget.SmallIconSide), w.text)), 16, 0, 0, 0)
	return w
}

func (w *waitingLine) set(text string) {
	w.text.SetText(text)
	w.box.Hidden = text == ""
}

// mailLine says how far the mail has come whose code is asked for.
type mailLine struct {
	box  *fyne.Container
	text *widget.Paragraph
}

func newMailLine(align fyne.TextAlign) *mailLine {
	m := &mailLine{text: widget.NewParagraph("", theme.Secondary).Aligned(align)}
	m.box = widget.Pad(m.text, 6, 0, 0, 0)
	m.box.Hide()
	return m
}

func (m *mailLine) set(said screen.Message) {
	role := theme.Secondary
	if said.Tone == screen.ToneError {
		role = role.In(theme.ColorError)
	}
	m.text.SetRole(role)
	m.text.SetText(said.What)
	m.box.Hidden = said.IsZero()
}
