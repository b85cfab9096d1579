package format

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// table is a CSV format. Its header tells it: all required columns are there. Of several that fit, the one with the most is meant. What a
// column holds that the table does not ask for becomes a field, so that nothing is lost when a program adds one.
type table struct {
	id, name string
	required []string // as columnKey compares them
	telling  []string // columns that tell the program as well, whose cells a row can do without
	own      bool     // the required columns are of no other program: it is meant, however much another table knows
	escapes  bool     // quotes and backslashes have a backslash before them
	comma    rune     // between cells; 0 for a comma
	trailing string   // the column whose values go on in the cells after the header's last; empty if there is none
	record   func(c *row) *importer.Record
	// remember is record for tables whose rows need those before them; a function for each reading. Nil for all others.
	remember func() func(c *row) *importer.Record
}

// header is the first line of a table. Rows share it.
type header struct {
	names   []string
	columns map[string]int    // by their key; of two with one key the first counts
	keys    map[string]string // of the names that tables ask for
}

// headerOf is the header with these names. Blanks around them are cut off.
func headerOf(names []string) *header {
	h := &header{columns: map[string]int{}, keys: map[string]string{}}
	for i, name := range names {
		name = strings.TrimSpace(name)
		h.names = append(h.names, name)
		if _, twice := h.columns[columnKey(name)]; !twice {
			h.columns[columnKey(name)] = i
		}
	}
	return h
}

// at is the place of a column; -1 if there is none.
func (h *header) at(column string) int {
	key, known := h.keys[column]
	if !known {
		key = columnKey(column)
		h.keys[column] = key
	}
	if i, found := h.columns[key]; found {
		return i
	}
	return -1
}

// columnKey is what names of one column have in common: programs and their versions differ in capitals, blanks and underscores.
func columnKey(name string) string {
	key := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
	if key == "" {
		return strings.TrimSpace(name)
	}
	return key
}

// row is one line of a table: cells by the name of their column.
type row struct {
	*header
	cells []string
	used  []bool
	skip  importer.Reason // why it is no entry; empty for one
}

func newRow(h *header, cells []string) *row {
	return &row{header: h, cells: cells, used: make([]bool, len(cells))}
}

// text is the cell of a column, empty if the table has none. It counts as taken then.
func (r *row) text(column string) string {
	if i := r.at(column); i >= 0 && i < len(r.cells) {
		r.used[i] = true
		return r.cells[i]
	}
	return ""
}

func (r *row) secret(column string) secret.Bytes { return secret.FromString(r.text(column)) }

// first is the first cell that is not empty among columns that mean the same. The others remain.
func (r *row) first(columns []string) string {
	for _, column := range columns {
		if i := r.at(column); i >= 0 && i < len(r.cells) && r.cells[i] != "" && !r.used[i] {
			return r.text(column)
		}
	}
	return ""
}

// ignore takes columns that say nothing worth keeping.
func (r *row) ignore(columns ...string) {
	for _, column := range columns {
		r.text(column)
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
	for i, name := range r.names {
		if i >= len(r.cells) || r.used[i] {
			continue
		}
		if fields := cellFields(r.cells[i]); len(fields) > 0 {
			record.Fields = append(record.Fields, fields...)
			continue
		}
		addField(record, columnName(name, i), r.cells[i], isSecretName(name))
	}
}

// cellFields are the fields that some programs have as JSON in one cell: a list of objects with a label and a value, perhaps in an object, each
// perhaps as text once more. Nil for any other text.
func cellFields(text string) (fields []importer.Field) {
	var list []json.RawMessage
	var around map[string]json.RawMessage
	if !strings.HasPrefix(text, "[{") && !strings.HasPrefix(text, `["{`) && !strings.HasPrefix(text, "{") {
		return nil
	}
	if json.Unmarshal([]byte(text), &around) == nil && len(around) == 1 {
		for _, only := range around {
			text = string(only)
		}
	}
	if json.Unmarshal([]byte(text), &list) != nil {
		return nil
	}
	for _, raw := range list {
		var inner string
		if json.Unmarshal(raw, &inner) == nil {
			raw = json.RawMessage(inner)
		}
		var members map[string]any
		if json.Unmarshal(raw, &members) != nil {
			return nil
		}
		field, isField := cellField(members)
		if !isField {
			return nil
		}
		fields = append(fields, field)
	}
	return fields
}

// cellField is an object with a label and a value, and what else it says of them; false for any other.
func cellField(members map[string]any) (importer.Field, bool) {
	var label, value, kind string
	hidden := false
	for name, member := range members {
		text := strings.Join(texts(member), "\n")
		switch columnKey(name) {
		case "label", "name":
			label = text
		case "value", "data":
			value = text
		case "type", "fieldtype":
			kind = text
		case "secret", "hidden":
			hidden = text == "true" || text == "1"
		case "id", "order":
		default:
			return importer.Field{}, false
		}
	}
	hidden = hidden || isSecretName(label) || isSecretName(kind)
	return importer.Field{Name: cmp.Or(label, "Field"), Value: secret.FromString(value), Hidden: hidden}, label != "" && value != ""
}

// columnName is what a column is called that may have no name.
func columnName(name string, place int) string {
	if name == "" {
		return fmt.Sprintf("Column %d", place+1)
	}
	return name
}

// Names of secrets in the seven languages of the app: long words stand in other words, short ones are words of their own.
var (
	secretWords = []string{
		"password", "secret", "totp", "private key", "privatekey", "security code", "securitycode", "token", "passwort", "kennwort", "geheim",
		"mot de passe", "contraseña", "wachtwoord", "パスワード", "passphrase", "backup code", "recovery code",
		"passkey",
	}
	shortSecretWords = []string{"pin", "puk", "cvv", "cvc", "otp"}
)

// isSecretName tells whether a column's name says that its values are secrets.
func isSecretName(name string) bool {
	name = strings.ToLower(name)
	if slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(name, word) }) {
		return true
	}
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) })
	return slices.ContainsFunc(words, func(word string) bool { return slices.Contains(shortSecretWords, word) })
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

// separators are what tables have between cells: some programs, and spreadsheets of some countries, have others than a comma.
const separators = ",;\t|"

func openCSV(data []byte) (importer.Source, error) {
	data = withoutSeparatorLine(withUsualLines(data))
	if lines := unwrapped(data); lines != nil {
		data = lines
	}
	if source := openHeaded(data, namedTableOf); source != nil {
		return source, nil
	}
	switch {
	case keeperLines(data):
		return keeperTable.open(data, nil), nil
	case enpassLines(data):
		return enpassTable.open(data, nil), nil
	}
	if source := openHeaded(data, plainTableOf); source != nil {
		return source, nil
	}
	if dashlaneLines(data) {
		return dashlaneOld.open(data, nil), nil
	}
	if _, err := ReadTable(data); err == nil {
		return nil, ErrUnknownTable
	}
	return nil, ErrUnknownFormat
}

// unwrapped is a table of which every line was quoted once more, as scripts do around Netwrix; nil for what is none.
func unwrapped(data []byte) (lines []byte) {
	reader := newReader(data)
	for {
		cells, err := reader.Read()
		if err == io.EOF {
			return lines
		}
		if err != nil || len(cells) != 1 || !strings.Contains(cells[0], `;"`) {
			return nil
		}
		lines = append(append(lines, cells[0]...), '\n')
	}
}

// openHeaded opens a table whose header is known; nil if it is not.
func openHeaded(data []byte, known func(h *header) *table) importer.Source {
	for _, comma := range separators {
		names, err := newReaderOf(data, comma).Read()
		if err != nil {
			continue
		}
		h := headerOf(names)
		if t := known(h); t != nil {
			separated := *t
			separated.comma = comma
			return separated.open(data, h)
		}
	}
	return nil
}

// withUsualLines is a table whose lines end with a line feed: spreadsheets of the Mac write a carriage return alone, a conversion too much two of them.
func withUsualLines(data []byte) []byte {
	if !bytes.Contains(data, []byte("\n")) {
		return bytes.ReplaceAll(data, []byte("\r"), []byte("\n"))
	}
	return bytes.ReplaceAll(data, []byte("\r\r\n"), []byte("\r\n"))
}

// withoutSeparatorLine leaves out the line with which Excel is told what is between the cells, and the one in which an old Firefox add-on names itself.
func withoutSeparatorLine(data []byte) []byte {
	if bytes.HasPrefix(data, []byte("# Generated by")) {
		if _, rest, found := bytes.Cut(data, []byte("\n")); found {
			return rest
		}
	}
	const longest = len("sep=;\r\n")
	if line, rest, found := strings.Cut(string(data[:min(len(data), longest)]), "\n"); found && strings.HasPrefix(strings.ToLower(line), "sep=") {
		return data[min(len(data), longest)-len(rest):]
	}
	return data
}

// tableOf is the format of a header; nil if there is none.
func tableOf(h *header) *table {
	if t := namedTableOf(h); t != nil {
		return t
	}
	return plainTableOf(h)
}

// namedTableOf is the format of a program that is told by its header; nil if there is none.
func namedTableOf(h *header) (best *table) {
	all := slices.Concat(tables, onePasswordTables, mykiTables, dashlaneHeaded)
	for i := range all {
		if t := &all[i]; t.matches(h) && (best == nil || t.fitness() > best.fitness()) {
			best = t
		}
	}
	return best
}

// plainTableOf is the table of a header that says in one of the seven languages what an entry is called, and what one signs in with; nil if
// it does not. A person is asked for the others.
func plainTableOf(h *header) *table {
	has := func(target Target) string {
		for _, name := range columnNames[target] {
			if h.at(name) >= 0 {
				return name
			}
		}
		return ""
	}
	password, title, username, url := has(ToPassword), has(ToTitle), has(ToUsername), has(ToURL)
	stranger := slices.ContainsFunc(h.names, func(name string) bool {
		return !slices.ContainsFunc(Targets, func(target Target) bool { return isColumn(target, name) })
	})
	if password == "password" || password != "" && (title != "" && username+url != "" || !stranger && username != "" && url != "") {
		return &table{id: "csv", name: "CSV", required: []string{password}, record: plainRow}
	}
	if title != "" && has(ToNotes) != "" && !stranger && username+url == "" {
		return &table{id: "csv", name: "CSV", required: []string{title}, record: plainRow} // notes alone
	}
	return nil
}

func (t *table) matches(h *header) bool {
	return !slices.ContainsFunc(slices.Concat(t.required, t.telling), func(name string) bool { return h.at(name) < 0 })
}

// fitness is how much of a header the table knows: of several that match, the one that knows most is meant.
func (t *table) fitness() int {
	if t.own {
		return math.MaxInt
	}
	return len(t.required) + len(t.telling)
}

// open reads the table. h is nil if the file has no header.
func (t *table) open(data []byte, h *header) importer.Source {
	if t.escapes || t.isEscaped(data, h) {
		data = withoutBackslashes(data)
	}
	rows := func(yield func(importer.Row) bool) {
		reader, decode := newLines(data, t.comma), t.decoder()
		if h != nil {
			reader.Read(0)
		}
		shared := h
		if shared == nil {
			shared = headerOf(nil)
		}
		for n := 1; ; n++ {
			cells, err := reader.Read(len(shared.names))
			if err == io.EOF || !yield(t.decode(newRow(shared, cells), n, err, decode)) {
				return
			}
		}
	}
	return newCountedFile(importer.Info{ID: t.id, Browser: t.name, Count: t.lines(data, h)}, rows)
}

// lines is how many rows a table has, whatever is in them. h is nil if there is no header.
func (t *table) lines(data []byte, h *header) (n int) {
	reader := newLines(data, t.comma)
	width := 0
	if h != nil {
		width = len(h.names)
		reader.Read(0)
	}
	for ; ; n++ {
		if _, err := reader.Read(width); err == io.EOF {
			return n
		}
	}
}

// isEscaped tells a table in which quotes have backslashes before them, as some versions of a program write: read so, and only so, every row fits.
func (t *table) isEscaped(data []byte, h *header) bool {
	return bytes.Contains(data, []byte(`\"`)) && t.misfits(data, h) > 0 && t.misfits(withoutBackslashes(data), h) == 0
}

// misfits is how many rows have another form than the header says. h is nil if there is none, and any form is right.
func (t *table) misfits(data []byte, h *header) (n int) {
	if h == nil {
		return 0
	}
	reader := newLines(data, t.comma)
	for reader.Read(0); ; {
		switch cells, err := reader.Read(len(h.names)); {
		case err == io.EOF:
			return n
		case err != nil || !t.fits(newRow(h, cells)):
			n++
		}
	}
}

// withoutBackslashes is a table with its quotes doubled, as all others have them.
func withoutBackslashes(data []byte) []byte {
	plain := make([]byte, 0, len(data))
	for i := 0; i < len(data); i++ {
		if data[i] == '\\' && i+1 < len(data) && (data[i+1] == '"' || data[i+1] == '\\') {
			if i++; data[i] == '"' {
				plain = append(plain, '"')
			}
		}
		plain = append(plain, data[i])
	}
	return plain
}

func (t *table) decoder() func(c *row) *importer.Record {
	if t.remember != nil {
		return t.remember()
	}
	return t.record
}

// newFile is a file without a password, whose rows are decoded once to be counted.
func newFile(info importer.Info, rows iter.Seq[importer.Row]) importer.Source {
	for row := range rows {
		info.Count++
		if row.Record != nil {
			row.Record.Wipe()
		}
	}
	return newCountedFile(info, rows)
}

// newCountedFile is a file without a password. Its rows are decoded anew each time, for who has read them may wipe them.
func newCountedFile(info importer.Info, rows iter.Seq[importer.Row]) importer.Source {
	return &file{info: info, read: func(secret.Bytes) (iter.Seq[importer.Row], error) { return rows, nil }}
}

// decode turns row n of the file into a record. err is what the reader said about it.
func (t *table) decode(cells *row, n int, err error, record func(c *row) *importer.Record) importer.Row {
	number := strconv.Itoa(n)
	isText := !slices.ContainsFunc(cells.cells, func(cell string) bool { return !utf8.ValidString(cell) })
	if err != nil || !isText || !t.fits(cells) {
		return importer.Row{ID: number, Reason: importer.ReasonMalformed}
	}
	r := record(cells)
	if cells.skip != "" {
		r.Wipe()
		return importer.Row{ID: number, Site: r.Title, Reason: cells.skip}
	}
	cells.addRest(r)
	if r.Source == "" {
		r.Source = t.id
	}
	return finish(number, r)
}

// fits tells whether the cells stand under their names. Cells that the format can do without may be missing at the end, and empty ones
// may be too many; a further value means that a comma stands where none should, and every value may be under another's name.
func (t *table) fits(c *row) bool {
	extra := c.cells[min(len(c.names), len(c.cells)):]
	switch {
	case len(c.names) == 0:
		return true
	case slices.ContainsFunc(t.required, func(name string) bool { return c.at(name) >= len(c.cells) }):
		return false
	}
	return t.trailing != "" || !slices.ContainsFunc(extra, func(cell string) bool { return strings.TrimSpace(cell) != "" })
}

// finish makes the row of a record. One without a title has its site for it.
func finish(id string, record *importer.Record) importer.Row {
	if record.Kind == "" {
		record.Kind = guessKind(record)
	}
	record.URLs = withoutRepeats(record.URLs)
	site, empty := record.Title, isEmpty(record)
	if len(record.URLs) > 0 {
		site = importer.Site(record.URLs[0])
	}
	if record.Title == "" {
		record.Title = site
	}
	row := importer.Row{ID: id, Site: site, Record: record}
	if empty {
		record.Wipe()
		row.Record, row.Reason = nil, importer.ReasonEmpty
	}
	return row
}

// withoutRepeats is the texts, each once.
func withoutRepeats(texts []string) (once []string) {
	for _, text := range texts {
		if !slices.Contains(once, text) {
			once = append(once, text)
		}
	}
	return once
}

// guessKind is the kind of an entry of which the source does not say it: what one signs in with is a login, all else a note.
func guessKind(r *importer.Record) importer.Kind {
	if (r.Notes != "" || len(r.Fields) > 0) && r.Username == "" && r.Password.IsZero() && r.TOTP.IsZero() && len(r.URLs) == 0 {
		return importer.Note
	}
	return importer.Login
}
