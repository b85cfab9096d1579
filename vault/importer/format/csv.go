package format

import (
	"bytes"
	"encoding/csv"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// table is a CSV format. Its header tells it: all required columns are there. Of several that fit, the one with the most is meant. What a
// column holds that the table does not ask for becomes a field, so that nothing is lost when a program adds one.
type table struct {
	id, name string
	required []string // lower case
	comma    rune     // between cells; 0 for a comma
	trailing string   // the column whose values go on in the cells after the header's last; empty if there is none
	record   func(c *row) *importer.Record
}

// row is one line of a table: cells by the name of their column.
type row struct {
	columns map[string]int // by name in lower case
	header  []string
	cells   []string
	used    map[string]bool
}

// text is the cell of a column, empty if the table has none. It counts as taken then.
func (r *row) text(column string) string {
	r.used[column] = true
	if i, found := r.columns[column]; found && i < len(r.cells) {
		return r.cells[i]
	}
	return ""
}

func (r *row) secret(column string) secret.Bytes { return secret.FromString(r.text(column)) }

// ignore takes columns that say nothing worth keeping.
func (r *row) ignore(columns ...string) {
	for _, column := range columns {
		r.used[column] = true
	}
}

// millis reads milliseconds since 1970; the zero time if there is no number.
func (r *row) millis(column string) time.Time { return since1970(r.text(column), time.UnixMilli) }

// since1970 reads a number of seconds or milliseconds; the zero time if it is none that a calendar shows.
func since1970(text string, of func(int64) time.Time) time.Time {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return time.Time{}
	}
	if t := of(n).UTC(); t.Year() > 0 && t.Year() <= 9999 {
		return t
	}
	return time.Time{}
}

// addRest keeps what no one has taken as fields.
func (r *row) addRest(record *importer.Record) {
	for i, name := range r.header {
		if !r.used[strings.ToLower(name)] && i < len(r.cells) {
			addField(record, name, r.cells[i], isSecretName(name))
		}
	}
}

// isSecretName tells whether a column's name says that its values are secrets.
func isSecretName(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"password", "secret", "pin", "cvv", "cvc", "totp", "private key", "security code", "token"}, func(word string) bool {
		return strings.Contains(name, word)
	})
}

func addresses(url string) []string {
	if url == "" {
		return nil
	}
	if strings.HasPrefix(url, "android://") {
		url = importer.Origin(url)
	}
	return []string{url}
}

func openCSV(data []byte) (importer.Source, error) {
	if _, err := newReader(data).Read(); err != nil {
		return nil, ErrUnknownFormat
	}
	// Some programs, and spreadsheets of some countries, have semicolons or tabs.
	for _, comma := range ",;\t" {
		header, err := newReaderOf(data, comma).Read()
		columns := columnsOf(header)
		if t := tableOf(columns); t != nil && err == nil {
			separated := *t
			separated.comma = comma
			return separated.open(data, header, columns), nil
		}
	}
	if keeperLines(data) {
		return keeperTable.open(data, nil, keeperColumns), nil
	}
	if _, err := ReadTable(data); err == nil {
		return nil, ErrUnknownTable
	}
	return nil, ErrUnknownFormat
}

// columnsOf is the place of each column by its name in lower case. Of two with one name the first counts; blanks around are cut off.
func columnsOf(header []string) map[string]int {
	columns := map[string]int{}
	for i, name := range header {
		header[i] = strings.TrimSpace(name)
		name = strings.ToLower(header[i])
		if _, twice := columns[name]; !twice {
			columns[name] = i
		}
	}
	return columns
}

// tableOf is the format of a header; nil if there is none.
func tableOf(columns map[string]int) (best *table) {
	all := slices.Concat(tables, mykiTables)
	for i := range all {
		t := &all[i]
		if t.matches(columns) && (best == nil || len(t.required) > len(best.required)) {
			best = t
		}
	}
	return best
}

func (t *table) matches(columns map[string]int) bool {
	return !slices.ContainsFunc(t.required, func(name string) bool { _, found := columns[name]; return !found })
}

// open reads the table. header is nil if the file has none.
func (t *table) open(data []byte, header []string, columns map[string]int) importer.Source {
	rows := func(yield func(importer.Row) bool) {
		reader := newReaderOf(data, t.comma)
		if header != nil {
			reader.Read()
		}
		for n := 1; ; n++ {
			cells, err := reader.Read()
			if err == io.EOF || !yield(t.decode(&row{columns: columns, header: header, cells: cells, used: map[string]bool{}}, n, err)) {
				return
			}
		}
	}
	return newFile(importer.Info{ID: t.id, Browser: t.name}, rows)
}

// newFile is a file without a password. Its rows are decoded anew each time, for who has read them may wipe them.
func newFile(info importer.Info, rows iter.Seq[importer.Row]) importer.Source {
	f := &file{info: info, read: func(secret.Bytes) (iter.Seq[importer.Row], error) { return rows, nil }}
	for row := range rows {
		f.info.Count++
		if row.Record != nil {
			row.Record.Wipe()
		}
	}
	return f
}

// newReader accepts LF and CRLF, cells over several lines, and rows of any length. It is strict about quotes: what is no CSV
// becomes an unreadable row, and is not guessed at.
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

// decode turns row n of the file into a record. err is what the reader said about it.
func (t *table) decode(cells *row, n int, err error) importer.Row {
	number := strconv.Itoa(n)
	isText := !slices.ContainsFunc(cells.cells, func(cell string) bool { return !utf8.ValidString(cell) })
	if err != nil || !isText || !t.fits(cells) {
		return importer.Row{ID: number, Reason: importer.ReasonMalformed}
	}
	record := t.record(cells)
	cells.addRest(record)
	if record.Source == "" {
		record.Source = t.id
	}
	return finish(number, record)
}

func (t *table) fits(cells *row) bool {
	switch {
	case cells.header == nil:
		return true
	case t.trailing != "":
		return len(cells.cells) >= len(cells.header)-1
	}
	return len(cells.cells) == len(cells.header)
}

// finish makes the row of a record. One without a title has its site for it.
func finish(id string, record *importer.Record) importer.Row {
	if record.Kind == "" {
		record.Kind = importer.Login
	}
	site := record.Title
	if len(record.URLs) > 0 {
		site = importer.Site(record.URLs[0])
	}
	if record.Title == "" {
		record.Title = site
	}
	row := importer.Row{ID: id, Site: site, Record: record}
	if isEmpty(record) {
		record.Wipe()
		row.Record, row.Reason = nil, importer.ReasonEmpty
	}
	return row
}
