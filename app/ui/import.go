package ui

import (
	"fmt"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// importView brings the passwords of browsers along. It is a page of the welcome card and a dialog over the vault.
type importView struct {
	w      *Window
	model  *screen.Import
	step   screen.Step
	focus  func(fyne.Focusable) // moves the keyboard within the card or the dialog
	box    *fyne.Container
	foot   *fyne.Container // for the buttons of a dialog, which do not scroll; nil where they stand below the rest
	shape  importShape
	start  fyne.Focusable
	onward func() // what the main button does
	update func(screen.ImportState)

	settled func() // after every change, for a dialog to take its size; may be nil
}

// importShape tells whether other parts have to be built.
type importShape struct {
	page          screen.ImportPage
	groups, rows  int
	primary, undo bool
	file          bool
	deletions     string // what is said of them
	guides        int
	built         bool
}

func newImportView(w *Window, model *screen.Import, step screen.Step, foot *fyne.Container, focus func(fyne.Focusable)) *importView {
	v := &importView{w: w, model: model, step: step, focus: focus, box: widget.Stack(), foot: foot}
	model.OnChange(v.render)
	v.render(model.State())
	return v
}

func (v *importView) first() fyne.Focusable { return v.start }

func (v *importView) render(s screen.ImportState) {
	shape := importShape{
		page: s.Page, groups: len(s.Report.Groups), rows: len(s.Rows), primary: s.Primary != screen.PrimaryPassword{}, undo: s.Undo != "",
		file: s.File != "", deletions: fmt.Sprint(s.Deletions), guides: len(s.Guides), built: true,
	}
	if shape != v.shape {
		v.shape = shape
		v.w.swap(v.box, v.build(s))
		v.focus(v.start)
	}
	v.update(s)
	if v.foot != nil {
		v.foot.Refresh() // its buttons have their names only now, and the foot keeps its size
	}
	v.w.relayout()
	if v.settled != nil {
		v.settled()
	}
}

// build makes the parts of a stage, and update, which follows the state.
func (v *importView) build(s screen.ImportState) fyne.CanvasObject {
	title, body := widget.NewParagraph("", theme.PageTitle), paragraph("")
	problem := newNotice(16)
	skip := widget.NewButton("", assets.NoIcon, widget.Secondary, v.model.Skip).Tall()
	undo := widget.NewButton("", assets.IconUndo2, widget.Secondary, v.model.Undo).Tall()
	v.onward = v.model.Continue
	onward := widget.NewButton("", assets.NoIcon, widget.Primary, func() { v.onward() }).Tall()
	file := widget.NewButton("", assets.IconFileText, widget.Secondary, v.model.ChooseFile).Tall()
	buttons := widget.Row(8, skip, undo, file, widget.Spacer(), onward)
	v.start = onward
	switch {
	case s.Page == screen.ImportSearching || s.Page == screen.ImportRunning:
		v.start = skip
	case s.Page != screen.ImportGuide && s.File != "" && s.Continue == "": // a file is all that can be taken in
		file = widget.NewButton("", assets.IconFileText, widget.Primary, v.model.ChooseFile).Tall()
		buttons = widget.Row(8, skip, undo, widget.Spacer(), file)
		v.start = file
	}
	column := widget.Column(0)
	if v.step.Of > 0 {
		column.Add(widget.Pad(widget.NewStepHeader(v.step.Text, v.step.Fraction(), ""), 0, 0, 20, 0))
	}
	middle, follow := v.middle(s)
	column.Objects = append(column.Objects, title, widget.Pad(body, 6, 0, 0, 0), middle, problem.box)
	if v.foot == nil {
		column.Add(widget.Pad(buttons, 22, 0, 0, 0))
	} else {
		v.w.swap(v.foot, buttons)
	}
	v.update = func(s screen.ImportState) {
		title.SetText(s.Title)
		body.SetText(s.Body)
		body.Hidden = s.Body == ""
		problem.set(s.Problem)
		label(skip, s.Skip)
		label(undo, s.Undo)
		label(file, s.File)
		label(onward, s.Continue)
		onward.SetBusy(s.Busy && s.Page == screen.ImportPassword)
		onward.SetEnabled(s.CanContinue)
		undo.SetEnabled(!s.Busy)
		follow(s)
	}
	return column
}

// label names a button, or hides it where it has no name.
func label(b *widget.Button, text string) {
	b.SetText(text)
	b.Hidden = text == ""
}

// middle is what only one stage has, and how it follows the state.
func (v *importView) middle(s screen.ImportState) (fyne.CanvasObject, func(screen.ImportState)) {
	switch s.Page {
	case screen.ImportChoose:
		return v.browsers(s)
	case screen.ImportSearching, screen.ImportRunning:
		return v.progress()
	case screen.ImportPassword:
		return v.password(s)
	case screen.ImportMapping:
		return v.columns(s)
	case screen.ImportPreview:
		return v.report(s), func(screen.ImportState) {}
	case screen.ImportDone:
		return v.report(s), func(screen.ImportState) {}
	case screen.ImportGuide:
		return v.guide(s)
	}
	return widget.Column(0), func(screen.ImportState) {}
}

func (v *importView) progress() (fyne.CanvasObject, func(screen.ImportState)) {
	bar, text := widget.NewProgress(), widget.NewText("", theme.Secondary).Shortened()
	return widget.Pad(widget.Column(10, text, bar), 18, 0, 0, 0), func(s screen.ImportState) {
		bar.Set(s.Progress.Fraction())
		text.SetText(s.Progress.Text)
		text.Hidden = s.Progress.Text == ""
	}
}

// browsers are the profiles that were found, each with a box to tick.
func (v *importView) browsers(s screen.ImportState) (fyne.CanvasObject, func(screen.ImportState)) {
	rows := make([]fyne.CanvasObject, len(s.Browsers))
	checks := make([]*widget.Check, len(s.Browsers))
	for i, b := range s.Browsers {
		checks[i] = widget.NewCheck(b.Label, b.Ticked, func(on bool) { v.model.Tick(b.ID, on) })
		count := widget.NewText(b.Count, theme.Secondary)
		rows[i] = widget.Pad(widget.Row(12, widget.Grow(checks[i]), count), 8, widget.CardMargin, 8, widget.CardMargin)
	}
	return widget.Pad(widget.NewCard(rows...), 18, 0, 0, 0), func(s screen.ImportState) {
		for i, b := range s.Browsers {
			checks[i].SetChecked(b.Ticked)
		}
	}
}

// report accounts for every row: how many ended how, and what to do about those that are not in the vault.
func (v *importView) report(s screen.ImportState) fyne.CanvasObject {
	var rows []fyne.CanvasObject
	for _, g := range s.Report.Groups {
		rows = append(rows, reportRow(g))
	}
	column := widget.Column(gap)
	if len(rows) > 0 {
		column.Add(widget.NewCard(rows...))
	}
	for _, g := range s.Guides {
		column.Add(widget.NewBanner(widget.Warning, g.Title, g.Body, widget.NewButton(g.Button, assets.IconFileUp, widget.Secondary, func() { v.model.Guide(g.ID) })))
	}
	for _, source := range s.Report.Sources {
		column.Add(widget.NewBanner(toneOf(source.Problem.Tone), source.Label, source.Problem.What+" "+details(source.Problem), nil))
	}
	if (s.Primary != screen.PrimaryPassword{}) {
		column.Add(v.primary(s.Primary))
	}
	for _, d := range s.Deletions {
		column.Add(v.deletion(d))
	}
	if len(s.Rows) > 0 {
		column.Add(v.rows(s.Rows))
	}
	return widget.Pad(column, 18, 0, 0, 0)
}

// rowsHeight is the height of the list of all rows: enough to see that it goes on.
const rowsHeight = 148

// rows lists every row with what becomes of it. Only those in sight are built, however many there are.
func (v *importView) rows(rows []screen.ImportRow) fyne.CanvasObject {
	lines := map[fyne.CanvasObject]*importLine{}
	list := widget.NewList(func() int { return len(rows) }, func() fyne.CanvasObject {
		l := &importLine{title: widget.NewText("", theme.Body).Shortened(), user: widget.NewText("", theme.Secondary).Shortened(), detail: widget.NewText("", theme.Caption).Shortened()}
		o := widget.Pad(widget.Column(1, widget.Row(12, widget.Grow(l.title), l.second()), l.detail), 5, 10, 5, 10)
		lines[o] = l
		return o
	}, func(i int, o fyne.CanvasObject) {
		l := lines[o]
		l.title.SetText(rows[i].Title)
		l.user.SetText(rows[i].User)
		l.half.Hidden = rows[i].User == ""
		l.detail.SetRole(theme.Caption.In(inkOf(rows[i].Tone)))
		l.detail.SetText(rows[i].Detail)
		o.Refresh()
	})
	list.Name = v.w.text("ui.import.rows")
	list.Label = func(i int) string { return strings.TrimSpace(rows[i].Title + " " + rows[i].User) }
	return atLeast(fyne.NewSize(0, rowsHeight), list)
}

// importLine is a row of the list.
type importLine struct {
	title, user, detail *widget.Text
	half                *fyne.Container // with the user name; hidden where there is none, for the title to have it all
}

func (l *importLine) second() fyne.CanvasObject {
	l.half = widget.Grow(l.user)
	return l.half
}

// deletion offers to delete a file that was imported, and says when that is done.
func (v *importView) deletion(d screen.FileDeletion) fyne.CanvasObject {
	if d.Button == "" {
		return widget.NewBanner(widget.Good, d.Text, "", nil)
	}
	return widget.NewBanner(widget.Warning, d.Text, "", widget.NewButton(d.Button, assets.IconTrash2, widget.Secondary, func() { v.model.DeleteFile(d.Path) }))
}

// guide says how a browser exports, and what is waited for.
func (v *importView) guide(s screen.ImportState) (fyne.CanvasObject, func(screen.ImportState)) {
	address := widget.NewText(s.Guide.Address, theme.Secondary.Of(theme.Mono).In(theme.ColorText)).Shortened()
	copies := widget.NewButton(s.Guide.Copy, assets.IconCopy, widget.Secondary, v.model.CopyAddress)
	v.start = copies
	rows := make([]fyne.CanvasObject, len(s.Guide.Steps))
	for n, step := range s.Guide.Steps {
		text := widget.Column(8, widget.NewParagraph(step, theme.Body))
		if n == 0 {
			text.Add(widget.Wrap(12, addressWidth, address, copies))
		}
		number := widget.NewText(strconv.Itoa(n+1), theme.Strong.Of(theme.SemiBold).In(theme.ColorAccentText))
		rows[n] = widget.CardRow(widget.TopRow(12, widget.Width(stepNumber, number), widget.Grow(text)))
	}
	waiting := widget.NewBanner(widget.Info, s.Guide.Waiting, "", nil)
	return widget.Pad(widget.Column(gap, widget.NewCard(rows...), waiting), 18, 0, 0, 0), func(s screen.ImportState) {
		tone := widget.Info
		if s.Guide.Blind {
			tone = widget.Warning
		}
		copies.SetText(s.Guide.Copy)
		waiting.Set(tone, s.Guide.Waiting, "")
	}
}

// The widths of the number of a step, and of the longest address: where there is less room beside it, its button stands below.
const (
	stepNumber   = 12
	addressWidth = 262
)

// password asks for the password of a file, and the key file of one that may have it.
func (v *importView) password(s screen.ImportState) (fyne.CanvasObject, func(screen.ImportState)) {
	entry := widget.NewPasswordEntry(s.Primary.Label)
	send := func() {
		v.model.OpenProtected(secret.New(entry.Bytes()))
		entry.Clear()
	}
	entry.OnSubmitted = func(string) { send() }
	v.start, v.onward = entry.Input(), send
	keyName := widget.NewText("", theme.Secondary).Shortened()
	key := widget.NewButton(s.KeyFile.Button, assets.IconKeyRound, widget.Secondary, v.model.ChooseKeyFile)
	keyRow := widget.Row(10, widget.Grow(keyName), key)
	keyRow.Hidden = s.KeyFile == screen.KeyFile{}
	return widget.Pad(widget.Column(10, entry, keyRow), 18, 0, 0, 0), func(s screen.ImportState) {
		keyName.SetText(s.KeyFile.Label)
		key.SetEnabled(!s.Busy)
	}
}

// targetWidth is the width of the choice of what a column holds.
const targetWidth = 190

// columns asks what each column of a table holds, above what stands in its first rows.
func (v *importView) columns(s screen.ImportState) (fyne.CanvasObject, func(screen.ImportState)) {
	options := make([]widget.Option, len(s.Targets))
	for i, target := range s.Targets {
		options[i].Label = target
	}
	rows, samples := make([]fyne.CanvasObject, len(s.Columns)), make([]*widget.Text, len(s.Columns))
	for i, c := range s.Columns {
		samples[i] = widget.NewText(c.Sample, theme.Caption).Shortened()
		choice := widget.NewSelect("", options, c.Target, func(target int) { v.model.SetTarget(i, target) })
		choice.SetName(c.Name)
		text := widget.Column(1, widget.NewText(c.Name, theme.Body).Shortened(), samples[i])
		rows[i] = widget.Pad(widget.Row(12, widget.Grow(text), widget.Width(targetWidth, choice)), 8, widget.CardMargin, 8, widget.CardMargin)
	}
	return widget.Pad(widget.NewCard(rows...), 18, 0, 0, 0), func(s screen.ImportState) {
		for i, c := range s.Columns {
			samples[i].SetText(c.Sample)
		}
	}
}

// maxSites is how many sites a report names; the count stands beside them.
const maxSites = 6

func reportRow(g screen.ReportGroup) fyne.CanvasObject {
	icon := assets.IconCircleCheck
	switch g.Tone {
	case screen.ToneWarning:
		icon = assets.IconTriangleAlert
	case screen.ToneQuiet:
		icon = assets.IconInfo
	}
	text := widget.Column(2, widget.NewParagraph(g.Label, theme.Body))
	sites := ""
	for i, site := range g.Sites {
		if i == maxSites {
			sites += " …"
			break
		}
		if i > 0 {
			sites += ", "
		}
		sites += site
	}
	for _, line := range []string{sites, g.Next} {
		if line != "" {
			text.Add(widget.NewParagraph(line, theme.Secondary))
		}
	}
	line := widget.TopRow(10, widget.Pad(widget.NewIcon(icon, inkOf(g.Tone), widget.IconSide), 1, 0, 0, 0), widget.Grow(text),
		widget.NewText(g.Count, theme.Strong.Of(theme.SemiBold)))
	return widget.CardRow(line)
}

// primary asks for the primary password of Firefox.
func (v *importView) primary(p screen.PrimaryPassword) fyne.CanvasObject {
	entry := widget.NewPasswordEntry(p.Label)
	send := func() {
		v.model.Primary(secret.New(entry.Bytes()))
		entry.Clear()
	}
	entry.OnSubmitted = func(string) { send() }
	return widget.Column(10, entry, widget.Row(0, widget.NewButton(p.Button, assets.IconDownload, widget.Secondary, send), widget.Spacer()))
}
