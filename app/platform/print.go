package platform

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"time"
)

// ErrNoPrinting means that this computer has nothing to print with: no print system, or one that does not answer.
var ErrNoPrinting = errors.New("no print system")

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

// PrintJob is a page that a print system has taken.
type PrintJob struct {
	done chan struct{}
	err  error
}

// Wait waits until the print system is through with the page and has deleted its copy. An error means that it may have one still.
func (j *PrintJob) Wait(ctx context.Context) error {
	select {
	case <-j.done:
		return j.err
	case <-ctx.Done():
		return ctx.Err()
	}
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

// Print hands a page to a printer of Printers. It is not on paper yet when Print returns. The print system's copy is then deleted as
// soon as it is through with it, whether anybody waits for that or not.
func Print(ctx context.Context, printer string, page PrintPage) (*PrintJob, error) {
	ctx, cancel := context.WithTimeout(ctx, handoverTime)
	defer cancel()
	settle, err := handOver(ctx, printer, page)
	if err != nil {
		return nil, fmt.Errorf("print: %w", err)
	}
	job := &PrintJob{done: make(chan struct{})}
	go func() {
		defer close(job.done)
		ctx, cancel := context.WithTimeout(context.Background(), settleTime)
		defer cancel()
		if err := settle(ctx); err != nil {
			job.err = fmt.Errorf("delete the printed copy: %w", err)
		}
	}()
	return job, nil
}
