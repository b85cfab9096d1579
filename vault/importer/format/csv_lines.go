package format

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
)

// newReader accepts LF and CRLF, cells over several lines, and rows of any length. It is strict about quotes.
func newReader(data []byte) *csv.Reader { return newReaderOf(data, 0) }

// newReaderOf has another rune than a comma between cells, unless that is 0.
func newReaderOf(data []byte, comma rune) *csv.Reader {
	reader := csv.NewReader(bytes.NewReader(data))
	reader.FieldsPerRecord = -1
	if comma != 0 {
		reader.Comma = comma
	}
	return reader
}

// lines reads the rows of a table. A row that breaks the rules of quoting is read as it was meant where that is plain, and else is one
// row with an error; it never takes those after it along.
type lines struct {
	data     []byte
	comma    rune
	strict   *csv.Reader
	start    int // of what strict reads, in data
	at       int // the end of the last row, in data
	restarts int // that are left
}

// maxRestarts is how often a quote that nothing closes may be got over: each time the rest of the file is looked through.
const maxRestarts = 100

func newLines(data []byte, comma rune) *lines {
	return &lines{data: data, comma: comma, strict: newReaderOf(data, comma), restarts: maxRestarts}
}

// Read returns the cells of the next row, which should be width; 0 for any number. Errors: io.EOF at the end, csv.ParseError.
func (l *lines) Read(width int) ([]string, error) {
	cells, err := l.strict.Read()
	from := l.at
	l.at = l.start + int(l.strict.InputOffset())
	if err == nil || err == io.EOF {
		return cells, err
	}
	if first := bytes.IndexByte(l.data[from:l.at], '\n') + 1; first > 0 && from+first < l.at && l.restarts > 0 {
		// A quote is open over several lines: what follows the first is read anew.
		l.at = from + first
		l.restarts, l.start, l.strict = l.restarts-1, l.at, newReaderOf(l.data[l.at:], l.comma)
	}
	if meant := l.lazily(l.data[from:l.at]); meant != nil && (errors.Is(err, csv.ErrBareQuote) || len(meant) == width) {
		return meant, nil
	}
	return nil, err
}

// lazily reads a row that has quotes inside of cells; nil for one that goes on after its line.
func (l *lines) lazily(line []byte) []string {
	const next = "next\n"
	reader := newReaderOf(append(bytes.Clone(line), next...), l.comma)
	reader.LazyQuotes = true
	cells, err := reader.Read()
	if err != nil || int(reader.InputOffset()) != len(line) {
		return nil
	}
	return cells
}
