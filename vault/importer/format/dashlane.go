package format

import (
	"fmt"
	"io"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// dashlaneTables are the files of a Dashlane export, which is a zip.
var dashlaneTables = map[string]table{
	"credentials.csv":  {id: "dashlane", name: "Dashlane", required: []string{"username", "title", "password", "url"}, record: dashlaneLogin},
	"securenotes.csv":  {id: "dashlane", name: "Dashlane", required: []string{"title", "note"}, record: dashlaneNote},
	"payments.csv":     {id: "dashlane", name: "Dashlane", required: []string{"type", "account_name"}, record: dashlanePayment},
	"ids.csv":          {id: "dashlane", name: "Dashlane", required: []string{"type", "number"}, record: dashlaneID},
	"personalinfo.csv": {id: "dashlane", name: "Dashlane", required: []string{"type"}, record: dashlanePerson},
	"wifi.csv":         {id: "dashlane", name: "Dashlane", required: []string{"ssid"}, record: dashlaneWiFi},
}

// dashlaneHeaded are its files without the archive around them, which some systems unpack by themselves: told by their headers alone.
var dashlaneHeaded = []table{
	dashlaneTable("payments.csv", "account_name", "account_holder", "cc_number"),
	dashlaneTable("ids.csv", "name", "issue_date", "expiration_date"),
	dashlaneTable("personalinfo.csv", "item_name", "first_name", "last_name"),
	dashlaneTable("wifi.csv", "passphrase", "encription_type"),
}

// dashlaneTable is one of the files, told by more of its columns.
func dashlaneTable(name string, telling ...string) table {
	t := dashlaneTables[name]
	t.telling = telling
	return t
}

func dashlaneLogin(c *row) *importer.Record {
	record := &importer.Record{
		Title: c.text("title"), URLs: addresses(c.text("url")), Username: c.text("username"), Password: c.secret("password"),
		Notes: c.text("note"), Folder: c.text("category"),
	}
	for _, column := range []string{"otpurl", "otpsecret"} {
		setTOTP(record, c.text(column))
	}
	return record
}

func dashlaneNote(c *row) *importer.Record {
	return &importer.Record{Kind: importer.Note, Title: c.text("title"), Notes: c.text("note"), Folder: c.text("category")}
}

func dashlanePayment(c *row) *importer.Record {
	record := &importer.Record{Kind: importer.Card, Title: joined("", c.text("account_name")), Notes: c.text("note")}
	if name := c.text("name"); record.Title == "" {
		record.Title = name
	} else if name != "" && name != record.Title {
		addField(record, "name", name, false)
	}
	if c.text("type") == "bank" {
		record.Kind = importer.BankAccount
		addField(record, "account-holder", c.text("account_holder"), false)
		addField(record, "bank", c.text("issuing_bank"), false)
		addField(record, "account-number", c.text("account_number"), true)
		addField(record, "routing-number", c.text("routing_number"), false)
		return record
	}
	holder := c.text("account_holder")
	if holder == "" {
		holder = c.text("account_name")
	}
	addField(record, "cardholder", holder, false)
	addField(record, "number", c.text("cc_number"), true)
	addField(record, "cvv", c.text("code"), true)
	addField(record, "expires", expiry(c.text("expiration_year"), c.text("expiration_month")), false)
	addField(record, "bank", c.text("issuing_bank"), false)
	return record
}

// dashlaneID is a paper that says who somebody is.
func dashlaneID(c *row) *importer.Record {
	kind := c.text("type")
	record := &importer.Record{Kind: importer.Document, Title: joined(" – ", kind, c.text("name"))}
	addField(record, "document-number", c.text("number"), true)
	addField(record, "issued", day(c.text("issue_date")), false)
	addField(record, "valid-until", day(c.text("expiration_date")), false)
	addField(record, "issuer", c.text("place_of_issue"), false)
	return record
}

// dashlanePerson is a name, an address, a phone number: each row holds one of them.
func dashlanePerson(c *row) *importer.Record {
	record := &importer.Record{Kind: importer.Identity, Title: c.text("item_name")}
	for _, column := range []struct{ theirs, ours string }{
		{"first_name", "first-name"}, {"last_name", "last-name"}, {"date_of_birth", "birthday"}, {"email", "email"}, {"phone_number", "phone"},
		{"address", "street"}, {"city", "city"}, {"state", "region"}, {"zip", "postal-code"}, {"country", "country"},
	} {
		addField(record, column.ours, c.text(column.theirs), false)
	}
	if record.Title == "" {
		record.Title = c.text("type")
	}
	return record
}

func dashlaneWiFi(c *row) *importer.Record {
	record := &importer.Record{Kind: importer.WiFi, Title: c.text("name"), Password: c.secret("passphrase"), Notes: c.text("note")}
	addField(record, "ssid", c.text("ssid"), false)
	addField(record, "security", c.text("encription_type"), false)
	if record.Title == "" {
		record.Title = c.text("ssid")
	}
	return record
}

// dashlaneOld is the one table of older exports. It has no header; what stands in a row is told by its length: name and note, or name, address,
// up to three user names, password and note.
var dashlaneOld = table{id: "dashlane", name: "Dashlane", record: dashlaneOldRow}

func dashlaneOldRow(c *row) *importer.Record {
	cells := c.cells
	if len(cells) < dashlaneLeast {
		record := &importer.Record{Kind: importer.Note}
		for i, cell := range cells {
			switch i {
			case 0:
				record.Title = cell
			case 1:
				record.Notes = cell
			default:
				addField(record, "Field", cell, true)
			}
		}
		return record
	}
	end := len(cells) - 2
	record := &importer.Record{Title: cells[0], URLs: addresses(cells[1]), Password: secret.FromString(cells[end]), Notes: cells[end+1]}
	for i, name := range cells[2:end] {
		if record.Username == "" {
			record.Username = name
		} else {
			addField(record, fmt.Sprintf("username%d", i+1), name, false)
		}
	}
	return record
}

// The cells of a row with a password.
const (
	dashlaneLeast = 5
	dashlaneMost  = 7
)

// dashlaneLines tells whether a file without a known header is such an export: every row has a length of one, and of those with a password
// most have an address where Dashlane has it.
func dashlaneLines(data []byte) bool {
	reader, all, known := newReader(data), 0, 0
	for range 100 {
		cells, err := reader.Read()
		if err == io.EOF {
			break
		}
		if err != nil || len(cells) > dashlaneMost {
			return false
		}
		if len(cells) < dashlaneLeast {
			continue
		}
		if all++; isWebAddress(cells[1]) && !isWebAddress(cells[0]) {
			known++
		}
	}
	return known > 0 && 2*known > all
}
