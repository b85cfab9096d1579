package platform

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"time"
)

var (
	// ErrNoPrinting means that this computer has nothing to print with: no print system, or one that is switched off.
	ErrNoPrinting = errors.New("no print system")
	// ErrNotPrinted means that the print system did not take a page for the printer.
	ErrNotPrinted = errors.New("not printed")
)

// errKept means that the print system keeps its copy of a page for as long as it is set to.
var errKept = errors.New("the print system keeps its copy")

// Printer is one that the system's print system knows.
type Printer struct {
	Name    string // as the print system calls it: for people, and for Print
	Default bool
}

// Painter draws on a printer's paper; lengths are in millimetres from the upper left corner. Outlines are closed, and filled by the
// non-zero rule.
type Painter interface {
	Fill(ink color.RGBA, outlines [][][2]float64)
	Picture(picture image.Image, x, y, width, height float64)
}

// PrintPage is one page to be printed. Which of its two forms goes to the print system is the system's matter; neither is written to
// a file, nor into arguments of a program, by Coffer.
type PrintPage struct {
	Title         string  // of the job: everyone who sees the queue can read it
	Media         string  // "A4" or "Letter"
	Width, Height float64 // of the paper, in millimetres
	PDF           []byte
	Paint         func(Painter)
}

// How long a print system may take: to say what printers there are, some of which it looks for in the network; to take a page; and to
// get it printed, before Coffer no longer watches for its copy to be deleted.
const (
	printersTime = 20 * time.Second
	handoverTime = time.Minute
	settleTime   = 30 * time.Minute
)

// Printers lists the printers of this computer, in the system's order. There may be none.
func Printers(ctx context.Context) ([]Printer, error) {
	ctx, cancel := context.WithTimeout(ctx, printersTime)
	defer cancel()
	list, err := printers(ctx)
	if err != nil {
		return nil, fmt.Errorf("list printers: %w", err)
	}
	return list, nil
}

// Print hands a page to a printer of Printers. It is not on paper yet when Print returns. The print system's copy is deleted as soon as
// it is through with it, whether anybody waits for that or not: settled waits, and an error of it means that there may be a copy still.
// An error of Print is an ErrNoPrinting or an ErrNotPrinted.
func Print(ctx context.Context, printer string, page PrintPage) (settled func(context.Context) error, err error) {
	ctx, cancel := context.WithTimeout(ctx, handoverTime)
	defer cancel()
	settle, err := handOver(ctx, printer, page)
	if errors.Is(err, ErrNoPrinting) {
		return nil, fmt.Errorf("print: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotPrinted, err)
	}
	done, failed := make(chan struct{}), error(nil)
	go func() {
		defer close(done)
		ctx, cancel := context.WithTimeout(context.Background(), settleTime)
		defer cancel()
		failed = settle(ctx)
	}()
	return func(ctx context.Context) error {
		select {
		case <-done:
			return failed
		case <-ctx.Done():
			return ctx.Err()
		}
	}, nil
}
