package screen

import (
	"context"
	"slices"

	"github.com/coffer-vault/coffer/app/platform"
)

// Printing has one page printed: on which printer is asked each time, and whether it came out. It holds nothing of the page, which is
// made when it is sent. Its work belongs to the screen that it was opened from, and ends with it.
type Printing struct {
	model[PrintingState]
	page func(context.Context) (platform.PrintPage, error)
	done func(printer string)

	printers []platform.Printer
	chosen   int // index of a printer; -1 for none
	looking  bool
	busy     bool
	problem  Message
	sentTo   string // the printer that has taken the page
	sendings int    // how often it was sent: what is heard of an earlier one is not about this one
	deleted  bool   // the print system's copy
}

// PrintingState is the dialog: first which printer, then whether the page came out of it.
type PrintingState struct {
	Title    string
	Body     string // what to know before; when it is sent, the question
	Problem  Message
	Looking  string // for printers; empty if not
	Empty    Message
	Printers []string
	Chosen   int // index of a printer; -1 for none

	Print    string // label
	CanPrint bool
	Busy     bool

	Sent    bool
	Deleted string // that the print system's copy is
}

// newPrinting looks for printers. page makes what is printed, and done is told on which printer it came out.
func newPrinting(env *Env, run *Runner, page func(context.Context) (platform.PrintPage, error), done func(printer string)) *Printing {
	p := &Printing{page: page, done: done, chosen: -1}
	p.begin(env, p.view)
	p.run = run
	p.Look()
	return p
}

func (p *Printing) view() PrintingState {
	s := PrintingState{
		Title: p.text("screen.print.title"), Body: p.text("screen.print.note"), Problem: p.problem, Chosen: p.chosen, Busy: p.busy,
		Print: p.text("screen.print.print"), CanPrint: p.chosen >= 0 && !p.busy && !p.looking, Sent: p.sentTo != "",
	}
	for _, printer := range p.printers {
		s.Printers = append(s.Printers, printer.Name)
	}
	switch {
	case s.Sent:
		s.Title, s.Body = p.text("screen.print.sent", "printer", p.sentTo), p.text("screen.print.ask")
		if p.deleted {
			s.Deleted = p.text("screen.print.deleted")
		}
	case p.looking:
		s.Looking = p.text("screen.print.looking")
	case len(p.printers) == 0 && p.problem.IsZero():
		s.Empty = Message{Tone: ToneQuiet, What: p.text("screen.print.none"), Next: p.text("screen.print.noneNext")}
	}
	if p.busy {
		s.Print = p.text("screen.print.sending")
	}
	return s
}

// Look looks for printers again. The one that was chosen stays so; at first it is the system's usual one.
func (p *Printing) Look() {
	if p.looking || p.busy {
		return
	}
	chosen := ""
	if p.chosen >= 0 {
		chosen = p.printers[p.chosen].Name
	}
	p.looking, p.problem = true, Message{}
	Run(p.run, p.env.Printers, func(found []platform.Printer, err error) {
		p.looking, p.printers, p.problem = false, found, explain(p.env.Words, err)
		p.chosen = slices.IndexFunc(found, func(printer platform.Printer) bool {
			return printer.Name == chosen || chosen == "" && printer.Default
		})
		if p.chosen < 0 && len(found) == 1 {
			p.chosen = 0
		}
		p.changed()
	})
	p.changed()
}

// Choose takes a printer.
func (p *Printing) Choose(index int) {
	if !p.busy && index >= 0 && index < len(p.printers) {
		p.chosen, p.problem = index, Message{}
		p.changed()
	}
}

// Print sends the page to the printer that is chosen.
func (p *Printing) Print() {
	if !p.State().CanPrint {
		return
	}
	printer := p.printers[p.chosen].Name
	p.busy, p.problem = true, Message{}
	Run(p.run, func(ctx context.Context) (func(context.Context) error, error) {
		page, err := p.page(ctx)
		if err != nil {
			return nil, err
		}
		defer clear(page.PDF)
		return p.env.Print(ctx, printer, page)
	}, func(settled func(context.Context) error, err error) {
		p.busy, p.problem = false, explain(p.env.Words, err)
		if err == nil {
			p.sent(printer, settled)
		}
		p.changed()
	})
	p.changed()
}

// sent asks whether the page came out, and says when the print system's copy is deleted.
func (p *Printing) sent(printer string, settled func(context.Context) error) {
	p.sendings++
	sending := p.sendings
	p.sentTo, p.deleted = printer, false
	Run(p.run, func(ctx context.Context) (struct{}, error) { return struct{}{}, settled(ctx) }, func(_ struct{}, err error) {
		if sending == p.sendings {
			p.deleted = err == nil
			p.changed()
		}
	})
}

// CameOut is the answer of the person who stands at the printer: only that tells that there is a kit on paper.
func (p *Printing) CameOut(yes bool) {
	if p.sentTo == "" {
		return
	}
	printer := p.sentTo
	p.sentTo, p.deleted = "", false
	if yes {
		p.done(printer)
		return
	}
	p.problem = Message{Tone: ToneWarning, What: p.text("screen.print.notOut"), Next: p.text("screen.print.notOutNext")}
	p.changed()
}

// Leave ends the dialog. What is being sent is sent all the same.
func (p *Printing) Leave() { p.listen = nil }
