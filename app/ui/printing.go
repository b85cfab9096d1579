package ui

import (
	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
)

// printingWidth has room for the name of a printer.
const printingWidth = 480

// ShowPrinting is screen.Env.ShowPrinting: it asks on which printer a page shall be printed, and whether it came out.
func (w *Window) ShowPrinting(model *screen.Printing) {
	w.root.ShowModal(newPrintingView(w, model).modal)
}

// printingView has two pages in one dialog: the printers, and the question that follows.
type printingView struct {
	w      *Window
	model  *screen.Printing
	modal  *widget.Modal
	before screen.PrintingState

	body      *widget.Paragraph
	problem   *notice
	empty     *notice
	looking   *waitingLine
	printer   *widget.Select
	deleted   *widget.Text
	deletedAt *fyne.Container

	again, print, cancel *widget.Button // of the first page
	no, yes              *widget.Button // of the second one
}

func newPrintingView(w *Window, model *screen.Printing) *printingView {
	v := &printingView{w: w, model: model, problem: newNotice(0), empty: newNotice(0), looking: newWaitingLine()}
	v.body = widget.NewParagraph("", theme.Secondary)
	v.printer = widget.NewSelect(w.text("screen.print.printer"), nil, -1, model.Choose)
	v.deleted = widget.NewText("", theme.Secondary)
	v.deletedAt = widget.Row(8, widget.NewIcon(assets.IconCircleCheck, theme.ColorSuccess, widget.SmallIconSide), v.deleted)
	v.again = widget.NewButton(w.text("screen.print.again"), assets.IconRefreshCw, widget.Secondary, model.Look)
	v.cancel = widget.NewButton(w.text("screen.cancel"), assets.NoIcon, widget.Secondary, v.close)
	v.print = widget.NewButton("", assets.IconPrinter, widget.Primary, model.Print)
	v.no = widget.NewButton(w.text("screen.print.no"), assets.NoIcon, widget.Secondary, func() { model.CameOut(false) })
	v.yes = widget.NewButton(w.text("screen.print.yes"), assets.NoIcon, widget.Primary, func() {
		v.close()
		model.CameOut(true)
	})
	content := widget.Column(gap, v.problem.box, v.printer, v.looking.box, v.empty.box, v.body, v.deletedAt)
	v.modal = widget.NewModal(model.State().Title, content, v.cancel, v.again, v.print, v.no, v.yes).Wide(printingWidth)
	v.modal.First, v.modal.OnDismiss = v.cancel, model.Leave
	model.OnChange(v.render)
	v.render(model.State())
	return v
}

func (v *printingView) close() {
	v.modal.Close()
	v.model.Leave()
}

func (v *printingView) render(s screen.PrintingState) {
	options := make([]widget.Option, len(s.Printers))
	for i, name := range s.Printers {
		options[i] = widget.Option{Label: name, Icon: assets.IconPrinter}
	}
	v.printer.SetOptions(options, s.Chosen)
	v.printer.Hidden = s.Sent || len(options) == 0
	v.body.SetText(s.Body)
	v.body.SetRole(theme.Secondary)
	if s.Sent {
		v.body.SetRole(theme.Body)
	}
	v.body.Hidden = len(options) == 0
	v.problem.set(s.Problem)
	v.empty.set(s.Empty)
	v.looking.set(s.Looking)
	v.deleted.SetText(s.Deleted)
	v.deletedAt.Hidden = s.Deleted == ""

	v.print.SetText(s.Print)
	v.print.SetBusy(s.Busy)
	v.print.SetEnabled(s.CanPrint || s.Busy)
	v.again.SetBusy(s.Looking != "")
	for _, b := range []*widget.Button{v.cancel, v.again} {
		b.Hidden = s.Sent
	}
	v.print.Hidden = s.Sent || len(options) == 0
	v.no.Hidden, v.yes.Hidden = !s.Sent, !s.Sent
	v.modal.SetTitle(s.Title)
	v.modal.Default = v.print
	if s.Sent {
		v.modal.Default = nil // that it came out is not what Enter says by itself
	}
	v.modal.Refresh()
	v.moveFocus(s)
	v.before = s
}

// moveFocus puts the keyboard on what comes next.
func (v *printingView) moveFocus(s screen.PrintingState) {
	first := fyne.Focusable(v.cancel)
	switch {
	case s.Sent:
		first = v.no
	case s.CanPrint:
		first = v.print
	case len(s.Printers) > 0:
		first = v.printer
	case s.Looking == "":
		first = v.again
	}
	moved := s.Sent != v.before.Sent || (s.Looking == "") != (v.before.Looking == "")
	v.modal.First = first
	if moved && v.modal.Open() {
		widget.Focus(first)
	}
}
