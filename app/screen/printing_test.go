package screen

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// printRoom is a computer's print system.
type printRoom struct {
	printers []platform.Printer
	err      error
	refuses  error

	pages   []string // the PDFs, and the printers that they went to
	last    []byte   // of the last one, as it was handed over
	painted int
	title   string
	settled chan error // is told how the print system is through with a page
	dialog  *Printing
}

// withPrinters gives a desk a print system.
func (d *desk) withPrinters(names ...platform.Printer) *printRoom {
	r := &printRoom{printers: names, settled: make(chan error, 1)}
	d.env.Printers = func(context.Context) ([]platform.Printer, error) { return r.printers, r.err }
	d.env.Print = func(_ context.Context, printer string, page platform.PrintPage) (func(context.Context) error, error) {
		if r.refuses != nil {
			return nil, r.refuses
		}
		r.pages, r.last, r.title = append(r.pages, printer+" "+string(page.PDF)), page.PDF, page.Title
		page.Paint(r)
		settled := r.settled
		return func(ctx context.Context) error {
			select {
			case err := <-settled:
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		}, nil
	}
	d.env.ShowPrinting = func(p *Printing) { r.dialog = p }
	return r
}

func (r *printRoom) Fill(color.RGBA, [][][2]float64) { r.painted++ }

func (r *printRoom) Picture(image.Image, float64, float64, float64, float64) { r.painted++ }

func (d *desk) untilPrinting(r *printRoom, what string, is func(PrintingState) bool) PrintingState {
	d.t.Helper()
	d.until(what, func() bool { return r.dialog != nil && is(r.dialog.State()) })
	return r.dialog.State()
}

func ready(s PrintingState) bool { return s.Looking == "" && !s.Busy }

func sent(s PrintingState) bool { return s.Sent }

// A page that was sent is no kit yet: the person says that it came out.
func TestPrintedKitCountsOnceItIsThere(t *testing.T) {
	d, w, server := welcomeDesk(t)
	d.kitPage(w, server.LastCode)
	room := d.withPrinters(platform.Printer{Name: "Office"}, platform.Printer{Name: "Home", Default: true})
	w.PrintKit()
	if s := d.untilPrinting(room, "printers", ready); s.Chosen != 1 || !s.CanPrint || !slices.Equal(s.Printers, []string{"Office", "Home"}) {
		t.Errorf("%+v", s)
	}
	room.dialog.CameOut(true)
	if w.State().Kit.Kept != "" {
		t.Error("nothing was sent")
	}
	room.dialog.Choose(0)
	room.dialog.Print()
	if s := d.untilPrinting(room, "sent", sent); s.Title != "Sent to Office" || s.Deleted != "" {
		t.Errorf("%+v", s)
	}
	if len(room.pages) != 1 || !strings.HasPrefix(room.pages[0], "Office %PDF") || room.painted < 50 || room.title != "Coffer" {
		t.Errorf("%d pages, %d marks, called %q", len(room.pages), room.painted, room.title)
	}
	if slices.ContainsFunc(room.last, func(b byte) bool { return b != 0 }) {
		t.Error("the page is still in memory")
	}
	room.dialog.CameOut(false)
	if s := room.dialog.State(); s.Sent || s.Problem.IsZero() || !s.CanPrint {
		t.Errorf("not come out: %+v", s)
	}
	if s := w.State(); s.Kit.Kept != "" || s.Confirm.Enabled {
		t.Errorf("it did not come out, and counts: %+v", s.Kit)
	}
	room.dialog.Print()
	d.untilPrinting(room, "sent again", sent)
	room.dialog.CameOut(true)
	if s := w.State(); s.Kit.Kept != "Printed on Office" || s.Kit.Save != "Save as PDF" || !s.Confirm.Enabled {
		t.Errorf("printed: %+v", s.Kit)
	}
	w.ConfirmKit(true)
	if !w.State().CanContinue {
		t.Error("no way on")
	}
}

// kitPage leads to the page of the emergency kit.
func (d *desk) kitPage(w *Welcome, code func(testing.TB, string) string) {
	d.t.Helper()
	d.codePage(w)
	w.SetCode(code(d.t, anna))
	d.page(w, PagePassword)
	w.SetPassword(testpc.Typed(testpc.Password))
	w.SetRepeat(testpc.Typed(testpc.Password))
	w.Continue()
	d.page(w, PageKit)
}

func TestWhichPrinter(t *testing.T) {
	a, b, usual := platform.Printer{Name: "A"}, platform.Printer{Name: "B"}, platform.Printer{Name: "C", Default: true}
	for _, c := range []struct {
		name     string
		printers []platform.Printer
		err      error
		chosen   int
		says     string
	}{
		{name: "the usual one", printers: []platform.Printer{a, b, usual}, chosen: 2},
		{name: "the only one", printers: []platform.Printer{a}, chosen: 0},
		{name: "none of several is the usual one", printers: []platform.Printer{a, b}, chosen: -1},
		{name: "none", chosen: -1, says: "No printer found."},
		{name: "no print system", err: fmt.Errorf("test: %w", platform.ErrNoPrinting), chosen: -1, says: "This computer has nothing to print with."},
	} {
		t.Run(c.name, func(t *testing.T) {
			env, d := newEnv(t)
			room := d.withPrinters(c.printers...)
			room.err = c.err
			room.dialog = newPrinting(env, NewRunner(env.Post, env.Clock), nil, nil)
			s := d.untilPrinting(room, "printers", ready)
			if says := s.Empty.What + s.Problem.What; s.Chosen != c.chosen || s.CanPrint != (c.chosen >= 0) || says != c.says {
				t.Errorf("%+v", s)
			}
			if c.chosen >= 0 {
				return
			}
			if room.dialog.Print(); room.dialog.State().Busy {
				t.Error("printing without a printer")
			}
		})
	}
}

func TestLookingAgainKeepsThePrinter(t *testing.T) {
	env, d := newEnv(t)
	a, usual := platform.Printer{Name: "A"}, platform.Printer{Name: "C", Default: true}
	room := d.withPrinters(a, usual)
	room.dialog = newPrinting(env, NewRunner(env.Post, env.Clock), nil, nil)
	d.untilPrinting(room, "printers", ready)
	room.dialog.Choose(0)
	room.printers = []platform.Printer{usual, {Name: "B"}, a}
	room.dialog.Look()
	if s := room.dialog.State(); s.Looking == "" || s.CanPrint {
		t.Errorf("while looking: %+v", s)
	}
	if s := d.untilPrinting(room, "printers", ready); s.Printers[s.Chosen] != "A" {
		t.Errorf("%+v", s)
	}
	room.printers = []platform.Printer{usual, {Name: "B"}}
	room.dialog.Look()
	if s := d.untilPrinting(room, "printers", ready); s.Chosen != -1 || s.CanPrint {
		t.Errorf("the printer is gone, and another one is taken instead: %+v", s)
	}
}

// What becomes of a copy is said of the page that was sent last.
func TestDeletedCopyIsTheLastOne(t *testing.T) {
	env, d := newEnv(t)
	heard := 0 // of what was done in the background
	env.Post = func(f func()) { d.queue.Post(func() { f(); heard++ }) }
	room := d.withPrinters(platform.Printer{Name: "A"})
	page := func(context.Context) (platform.PrintPage, error) {
		return platform.PrintPage{PDF: []byte("%PDF"), Paint: func(platform.Painter) {}}, nil
	}
	room.dialog = newPrinting(env, NewRunner(env.Post, env.Clock), page, func(string) {})
	d.untilPrinting(room, "printers", ready)
	room.dialog.Print()
	d.untilPrinting(room, "sent", sent)
	first := room.settled
	room.dialog.CameOut(false)
	room.settled = make(chan error, 1)
	room.dialog.Print()
	d.untilPrinting(room, "sent again", sent)
	first <- nil
	d.until("news of the earlier page", func() bool { return heard == 4 }) // after printers, sent, and sent again
	if s := room.dialog.State(); s.Deleted != "" {
		t.Errorf("of the earlier page: %+v", s)
	}
	room.settled <- nil
	d.untilPrinting(room, "deleted", func(s PrintingState) bool { return s.Deleted != "" })
}

func TestPrinterThatRefuses(t *testing.T) {
	d, _, settings := settingsDesk(t)
	room := d.withPrinters(platform.Printer{Name: "A"})
	settings.PrintKit(testpc.Typed("wrong"))
	d.until("refusal", func() bool { return !settings.State().Kit.Busy })
	if p := settings.State().Kit.Problem; p.What != "That is not the master password." || room.dialog != nil {
		t.Errorf("%+v", p)
	}
	settings.PrintKit(testpc.Typed(testpc.Password))
	d.untilPrinting(room, "printers", ready)
	room.refuses = fmt.Errorf("%w: test", platform.ErrNotPrinted)
	room.dialog.Print()
	s := d.untilPrinting(room, "refusal", func(s PrintingState) bool { return !s.Problem.IsZero() })
	if s.Sent || s.Problem.What != "The printer did not take the page." || !s.CanPrint {
		t.Errorf("%+v", s)
	}
	room.refuses = nil
	room.dialog.Print()
	d.untilPrinting(room, "sent", sent)
	room.dialog.CameOut(true)
	if k := settings.State().Kit; k.Kept != "Printed on A" {
		t.Errorf("%+v", k)
	}
}
