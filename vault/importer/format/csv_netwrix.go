package format

import (
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// netwrixTable is an export of Netwrix Password Secure, with semicolons and German columns. Forms of other names have some of them.
var netwrixTable = table{
	id: "csv/netwrix", name: "Netwrix Password Secure", required: []string{"organisationseinheit", "beschreibung", "benutzername", "passwort"}, record: netwrixRow,
}

func netwrixRow(c *row) *importer.Record {
	record := &importer.Record{
		Title: c.text("beschreibung"), Folder: c.text("organisationseinheit"), Username: c.text("benutzername"), Password: c.secret("passwort"),
		Notes: joined("\n\n", c.text("informationen"), c.text("kommentare")), Tags: list(c.text("datatags"), ",;"), TOTP: secret.FromString(c.text("one-time passwort")),
	}
	for _, column := range []string{"internetseite", "internetadresse", "webseite", "url"} {
		record.URLs = append(record.URLs, addresses(c.text(column))...)
	}
	return record
}
