package format

import (
	"io"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/vault/importer"
)

// keeperColumns are those of Keeper's tables, in their order.
var keeperColumns = []string{"folder", "title", "login", "password", "website address", "notes", "shared folder"}

// keeperTable has no header. After the columns come names and values of further fields.
var keeperTable = table{id: "csv/keeper", name: "Keeper", record: func(c *row) *importer.Record {
	return keeperRow(newRow(headerOf(keeperColumns), c.cells))
}}

// keeperRow is a row of Keeper's tables, with a header or without.
func keeperRow(c *row) *importer.Record {
	c.ignore("custom fields")
	record := &importer.Record{
		Title: c.text("title"), Username: c.text("login"), Password: c.secret("password"),
		URLs: addresses(c.first([]string{"website address", "url", "login url"})), Notes: c.text("notes"),
	}
	addKeeperFolder(record, c.text("folder"))
	addKeeperFolder(record, c.text("shared folder"))
	for i := len(keeperColumns); i+1 < len(c.cells); i += 2 {
		addKeeperField(record, c.cells[i], c.cells[i+1])
	}
	return record
}

// keeperLines tells whether a file without a known header is an export of Keeper: every line has its columns and then pairs, and one has
// an address where Keeper has it.
func keeperLines(data []byte) bool {
	const address = 4
	reader, found := newReader(data), false
	for n := range 100 {
		cells, err := reader.Read()
		if err != nil {
			return found && err == io.EOF
		}
		if n == 0 && isHeader(cells) {
			return false // of another program's table, which has an address in the same place
		}
		if len(cells) < len(keeperColumns) || len(cells)%2 == 0 {
			return false
		}
		found = found || isWebAddress(cells[address])
	}
	return found
}

// isHeader tells whether cells are names of columns. One or two may be what somebody has as a user name and a password.
func isHeader(cells []string) bool {
	known := 0
	for _, cell := range cells {
		if slices.ContainsFunc(Targets, func(target Target) bool { return isColumn(target, cell) }) {
			known++
		}
	}
	return known > 2
}

// isWebAddress tells whether a text is an address with its scheme.
func isWebAddress(text string) bool {
	_, host, found := strings.Cut(text, "://")
	return found && host != "" && importer.Origin(text) != ""
}

// enpassTable has the title and then pairs of a label and a value; the note is what is left over at the end. Labels of secrets have a star.
var enpassTable = table{id: "csv/enpass", name: "Enpass", record: enpassRow}

// enpassLabels are what Enpass calls the values of a login, by what they hold.
var enpassLabels = map[string]Target{
	"username": ToUsername, "email": ToUsername, "password": ToPassword, "url": ToURL, "website": ToURL, "totp": ToTOTP, "onetimecode": ToTOTP,
}

// enpassCard are the vault's names for the values of a card.
var enpassCard = map[string]string{
	"cardholder": "cardholder", "number": "number", "cvc": "cvv", "pin": "pin", "expirydate": "expires", "issuingbank": "bank", "type": "brand",
}

func enpassRow(c *row) *importer.Record {
	if isEnpassHeader(c.cells) {
		return &importer.Record{Title: c.cells[0]}
	}
	record := &importer.Record{Title: c.cells[0]}
	pairs := c.cells[1:]
	if len(pairs)%2 != 0 {
		record.Notes, pairs = pairs[len(pairs)-1], pairs[:len(pairs)-1]
	}
	labels := map[string]bool{}
	for i := 0; i < len(pairs); i += 2 {
		labels[columnKey(pairs[i])] = true
	}
	if labels["cardholder"] && labels["number"] {
		record.Kind = importer.Card
	}
	for i := 0; i < len(pairs); i += 2 {
		addEnpassPair(record, pairs[i], pairs[i+1])
	}
	return record
}

func isEnpassHeader(cells []string) bool {
	return len(cells) > 1 && columnKey(cells[0]) == "title" && slices.Contains([]string{"field", "note"}, columnKey(cells[1]))
}

func addEnpassPair(record *importer.Record, label, value string) {
	name, hidden := strings.CutPrefix(label, "*")
	key := columnKey(name)
	ours := ""
	if record.Kind == importer.Card {
		ours = enpassCard[key]
	}
	switch target := enpassLabels[key]; {
	case value == "":
	case ours == "expires":
		addField(record, ours, month(value), false)
	case ours != "":
		addField(record, ours, value, isHiddenKey(ours))
	case target == "" || record.Kind == importer.Card || !place(record, target, value):
		addField(record, name, value, hidden || isSecretName(name))
	}
}

// enpassLines tells whether a file is a table of Enpass: titles with pairs, and most rows have a label that every login or card has.
func enpassLines(data []byte) bool {
	reader, known, all := newReader(data), 0, 0
	for range 100 {
		cells, err := reader.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return false
		}
		if all == 0 && isColumn(ToTitle, cells[0]) && !isEnpassHeader(cells) {
			return false // a header of another table
		}
		if len(cells) < 3 {
			continue
		}
		if all++; hasEnpassLabel(cells) {
			known++
		}
	}
	return known > 0 && 2*known > all
}

func hasEnpassLabel(cells []string) bool {
	for i := 1; i+1 < len(cells); i += 2 {
		if key := columnKey(strings.TrimPrefix(cells[i], "*")); enpassLabels[key] != "" || key == "cardholder" {
			return true
		}
	}
	return false
}
