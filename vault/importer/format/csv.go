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

// table is a CSV format. Its header tells it: all required columns are there, and no others than the optional ones.
type table struct {
	id, name           string
	required, optional []string // lower case
	record             func(cells row) *importer.Record
}

var tables = []table{
	{
		id: "csv/firefox", name: "Firefox",
		required: []string{"url", "username", "password", "httprealm", "formactionorigin", "guid", "timecreated", "timelastused", "timepasswordchanged"},
		record: func(c row) *importer.Record {
			return &importer.Record{
				URLs: addresses(c.text("url")), Username: c.text("username"), Password: c.secret("password"), Realm: c.text("httprealm"),
				Created: c.millis("timecreated"), LastUsed: c.millis("timelastused"), PasswordChanged: c.millis("timepasswordchanged"),
				Source: "firefox", SourceID: c.text("guid"), // the same as from the profile itself
			}
		},
	},
	{
		id: "csv/chrome", name: "Chrome, Edge, Brave",
		required: []string{"name", "url", "username", "password"}, optional: []string{"note"},
		record: func(c row) *importer.Record {
			return &importer.Record{
				URLs: addresses(c.text("url")), Username: c.text("username"), Password: c.secret("password"), Notes: c.text("note"),
			}
		},
	},
	{
		id: "csv/safari", name: "Safari",
		required: []string{"title", "url", "username", "password"}, optional: []string{"notes", "otpauth"},
		record: func(c row) *importer.Record {
			return &importer.Record{
				Title: c.text("title"), URLs: addresses(c.text("url")), Username: c.text("username"), Password: c.secret("password"),
				Notes: c.text("notes"), TOTP: c.secret("otpauth"),
			}
		},
	},
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

// row is one line of a table: cells by the name of their column.
type row struct {
	columns map[string]int
	cells   []string
}

func (r row) text(column string) string {
	if i, found := r.columns[column]; found && i < len(r.cells) {
		return r.cells[i]
	}
	return ""
}

func (r row) secret(column string) secret.Bytes { return secret.FromString(r.text(column)) }

// millis reads milliseconds since 1970; the zero time if there is no number.
func (r row) millis(column string) time.Time {
	n, err := strconv.ParseInt(r.text(column), 10, 64)
	if t := time.UnixMilli(n).UTC(); err == nil && n > 0 && t.Year() <= 9999 {
		return t
	}
	return time.Time{}
}

func openCSV(data []byte) (importer.Source, error) {
	header, err := newReader(data).Read()
	if err != nil {
		return nil, ErrUnknownFormat
	}
	columns := map[string]int{}
	for i, name := range header {
		columns[strings.ToLower(strings.TrimSpace(name))] = i
	}
	for _, t := range tables {
		if t.matches(columns) {
			return t.open(data, columns), nil
		}
	}
	return nil, ErrUnknownFormat
}

func (t table) matches(columns map[string]int) bool {
	known := 0
	for name := range columns {
		if slices.Contains(t.required, name) {
			known++
		} else if !slices.Contains(t.optional, name) {
			return false
		}
	}
	return known == len(t.required)
}

func (t table) open(data []byte, columns map[string]int) importer.Source {
	rows := func(yield func(importer.Row) bool) {
		reader := newReader(data)
		reader.Read() // the header
		for n := 1; ; n++ {
			cells, err := reader.Read()
			if err == io.EOF || !yield(t.decode(row{columns, cells}, n, err)) {
				return
			}
		}
	}
	f := &file{info: importer.Info{ID: t.id, Browser: t.name}, read: func(secret.Bytes) (iter.Seq[importer.Row], error) { return rows, nil }}
	for range rows {
		f.info.Count++
	}
	return f
}

// newReader accepts LF and CRLF, cells over several lines, and rows of any length. It is strict about quotes: what is no CSV
// becomes an unreadable row, and is not guessed at.
func newReader(data []byte) *csv.Reader {
	reader := csv.NewReader(bytes.NewReader(data))
	reader.FieldsPerRecord = -1
	return reader
}

// decode turns row n of the file into a record. err is what the reader said about it.
func (t table) decode(cells row, n int, err error) importer.Row {
	number := strconv.Itoa(n)
	isText := !slices.ContainsFunc(cells.cells, func(cell string) bool { return !utf8.ValidString(cell) })
	if err != nil || !isText || len(cells.cells) != len(cells.columns) {
		return importer.Row{ID: number, Reason: importer.ReasonMalformed}
	}
	record := t.record(cells)
	record.Kind = importer.Login
	site := record.Title
	if len(record.URLs) > 0 {
		site = importer.Site(record.URLs[0])
	}
	if record.Title == "" {
		record.Title = site
	}
	if record.Source == "" {
		record.Source = t.id
	}
	result := importer.Row{ID: number, Site: site, Record: record}
	if isEmpty(record) {
		result.Record, result.Reason = nil, importer.ReasonEmpty
	}
	return result
}
