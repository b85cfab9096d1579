package ui

import (
	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
)

// welcomeView is the card that leads to an open vault. Every question has a page of its own, built when it is asked.
type welcomeView struct {
	w       *Window
	model   *screen.Welcome
	holder  *fyne.Container
	shown   screen.WelcomePage
	built   bool
	steps   *stepCard
	page    welcomePage
	refused int
	sheet   screen.SheetModel
}

// welcomePage is one question: its fields, what has the focus first, which of them a refusal leads to, and how they follow the state.
type welcomePage struct {
	fields []fyne.CanvasObject
	first  func() fyne.Focusable
	mend   map[screen.Mend]*widget.Entry
	render func(screen.WelcomeState)
}

func newWelcomeView(w *Window, model *screen.Welcome) *welcomeView {
	v := &welcomeView{w: w, model: model, holder: widget.Stack()}
	model.OnChange(v.render)
	v.render(model.State())
	return v
}

func (v *welcomeView) render(s screen.WelcomeState) {
	if !v.built || s.Page != v.shown || s.Page == screen.PageSheet && v.model.Sheet() != v.sheet {
		v.built, v.shown, v.refused = true, s.Page, s.Refused
		v.build(s)
		return
	}
	v.page.render(s)
	v.steps.render(s)
	v.w.relayout()
	if s.Refused != v.refused {
		v.refused = s.Refused
		v.mend(s.Mend)
	}
}

// mend puts the keyboard where something has to be typed anew. All of it is selected: what is typed next replaces it.
func (v *welcomeView) mend(what screen.Mend) {
	if what == screen.MendFirst {
		v.focus()
	} else if entry := v.page.mend[what]; entry != nil {
		v.w.focus(entry.Input())
		entry.SelectAll()
	}
}

func (v *welcomeView) build(s screen.WelcomeState) {
	if s.Page == screen.PageSheet {
		v.buildSheet()
		return
	}
	if s.Page == screen.PageImport {
		imports := newImportView(v.w, v.model.Import(), s.Step, nil, v.w.focus)
		v.page = welcomePage{first: imports.first, render: func(screen.WelcomeState) {}}
		v.steps = newStepCard(v)
		v.w.swap(v.holder, widget.Page(widget.StepWidth, imports.box, nil))
		v.focus()
		return
	}
	v.page = v.newPage(s.Page)
	v.steps = newStepCard(v)
	v.page.render(s)
	v.steps.render(s)
	v.w.swap(v.holder, v.card(s))
	v.focus()
}

// buildSheet shows a sheet on the card.
func (v *welcomeView) buildSheet() {
	v.sheet = v.model.Sheet()
	sheet := newSheetView(v.w, v.sheet, true)
	v.page = welcomePage{first: func() fyne.Focusable { return sheet.first }, render: func(screen.WelcomeState) {}}
	v.steps = newStepCard(v)
	v.w.swap(v.holder, widget.Page(widget.StepWidth, sheet.box, nil))
	sheet.settled = v.w.relayout
	sheet.turned = func(screen.SheetState) {
		v.w.relayout()
		v.focus()
	}
	v.focus()
}

func (v *welcomeView) card(s screen.WelcomeState) fyne.CanvasObject {
	if s.Page == screen.PageChoose {
		return widget.Page(widget.UnlockWidth, v.steps.box, widget.Assurance(assets.IconShieldCheck, v.w.text("screen.unlock.promise")))
	}
	return widget.Page(widget.StepWidth, v.steps.box, nil)
}

func (v *welcomeView) newPage(page screen.WelcomePage) welcomePage {
	switch page {
	case screen.PageEmail:
		return v.emailPage()
	case screen.PageSignIn:
		return v.signInPage()
	case screen.PageCode:
		return v.codePage()
	case screen.PagePassword:
		return v.passwordPage()
	case screen.PageKit:
		return v.kitPage()
	case screen.PageFirstSync:
		return v.firstSyncPage()
	}
	return v.choosePage()
}

func (v *welcomeView) content() fyne.CanvasObject { return v.holder }
func (v *welcomeView) act(screen.Action)          {}
func (v *welcomeView) refresh(screen.ShellState)  {}

func (v *welcomeView) focus() {
	if first := v.page.first(); first != nil {
		v.w.focus(first)
	}
}

func (v *welcomeView) key(event *fyne.KeyEvent) {
	s := v.model.State()
	switch {
	case s.Page == screen.PageImport:
	case s.Page == screen.PageSheet && isEnter(event):
		v.sheet.Submit()
	case s.Page == screen.PageSheet && event.Name == fyne.KeyEscape:
		v.sheet.Back()
	case isEnter(event) && s.Continue != "":
		v.model.Continue()
	case event.Name == fyne.KeyEscape && s.Back != "":
		v.model.Back()
	}
}

// stepCard is what all questions have around their fields: how far one is, title and text, a message, and the buttons.
type stepCard struct {
	box          *fyne.Container
	header       *widget.StepHeader
	headerBox    *fyne.Container
	title        *widget.Paragraph
	body         *widget.Paragraph
	notice       *notice
	back, onward *widget.Button
	buttons      *fyne.Container
}

func newStepCard(v *welcomeView) *stepCard {
	c := &stepCard{
		header: widget.NewStepHeader("", 0, ""), title: widget.NewParagraph("", theme.PageTitle), body: paragraph(""), notice: newNotice(16),
		back: widget.NewButton("", assets.NoIcon, widget.Secondary, v.model.Back).Tall(), onward: widget.NewButton("", assets.NoIcon, widget.Primary, v.model.Continue).Tall(),
	}
	c.buttons = widget.Pad(widget.Row(8, c.back, widget.Spacer(), c.onward), 22, 0, 0, 0)
	// The message stands above the fields, where the keyboard goes back to: it is in sight also in a window that is low.
	c.headerBox = widget.Pad(c.header, 0, 0, 20, 0)
	c.box = widget.Column(0, c.headerBox)
	if v.shown == screen.PageChoose { // the first thing that one sees of the program
		c.title.Aligned(fyne.TextAlignCenter)
		c.body.Aligned(fyne.TextAlignCenter)
		c.box.Add(widget.Pad(widget.Center(widget.NewLogo(54)), 0, 0, 16, 0))
	}
	c.box.Objects = append(c.box.Objects, c.title, widget.Pad(c.body, 6, 0, 0, 0), c.notice.box)
	c.box.Objects = append(c.box.Objects, v.page.fields...)
	c.box.Add(c.buttons)
	return c
}

func (c *stepCard) render(s screen.WelcomeState) {
	c.header.Set(s.Step.Text, s.Step.Fraction(), "")
	c.headerBox.Hidden = s.Step.Of == 0
	c.title.SetText(s.Title)
	c.body.SetText(s.Body)
	problem := s.Problem
	if problem.IsZero() {
		problem = s.Kit.Problem
	}
	c.notice.set(problem)
	c.back.SetText(s.Back)
	c.back.Hidden = s.Back == ""
	c.onward.SetText(s.Continue)
	c.onward.SetBusy(s.Busy && s.Continue != "")
	c.onward.SetEnabled(s.CanContinue || s.Busy)
	c.onward.Hidden = s.Continue == ""
	c.buttons.Hidden = c.back.Hidden && c.onward.Hidden
}
