package format

import (
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// netwrixEnglish is the same in English.
var netwrixEnglish = table{
	id: "csv/netwrix", name: "Netwrix Password Secure", required: []string{"organisational unit", "description", "password"}, record: func(c *row) *importer.Record {
		tags, folder := list(c.text("datatags"), ",;"), levels(c.text("organisational unit"))
		title := c.text("description")
		record := plainRow(c)
		record.Title, record.Folder, record.Tags = title, folder, append(record.Tags, tags...)
		record.Notes = importer.JoinNotes(record.Notes, c.text("information"))
		return record
	},
}

// netwrixTable is an export of Netwrix Password Secure, with semicolons and German columns. Forms of other names have some of them.
var netwrixTable = table{
	id: "csv/netwrix", name: "Netwrix Password Secure", required: []string{"organisationseinheit", "beschreibung", "benutzername", "passwort"}, record: netwrixRow,
}

func netwrixRow(c *row) *importer.Record {
	record := &importer.Record{
		Title: c.text("beschreibung"), Folder: levels(c.text("organisationseinheit")), Username: c.text("benutzername"), Password: c.secret("passwort"),
		Notes: joined("\n\n", c.text("informationen"), c.text("kommentare")), Tags: list(c.text("datatags"), ",;"), TOTP: secret.FromString(c.text("one-time passwort")),
	}
	for _, column := range []string{"internetseite", "internetadresse", "webseite", "webseite1", "website", "webmail", "web page", "url"} {
		record.URLs = append(record.URLs, addresses(c.text(column))...)
	}
	return record
}
