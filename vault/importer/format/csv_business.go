package format

import (
	"strings"

	"github.com/coffer-vault/coffer/vault/importer"
)

// Columns of Password Depot, by what they hold: title, user name, password, notes, category, tags.
var (
	depotEnglish = []string{"description", "user name", "password", "comments", "category", "tags"}
	depotGerman  = []string{"beschreibung", "benutzername", "passwort", "kommentare", "kategorie", "tags"}
)

// depotRow is an entry of Password Depot, which has its name in a column that others have for notes.
func depotRow(columns []string) func(c *row) *importer.Record {
	return func(c *row) *importer.Record {
		c.ignore("importance", "wichtigkeit")
		return &importer.Record{
			Title: c.text(columns[0]), Username: c.text(columns[1]), Password: c.secret(columns[2]), URLs: splitAddresses(c.text("url")),
			Notes: joined("\n\n", c.text(columns[3]), c.first([]string{"notes", "notizen", "bemerkungen", "kommentar"})),
			Tags:  append(list(c.text(columns[4]), ";,"), list(c.text(columns[5]), ";,")...),
		}
	}
}

// delineaRow is a secret of Delinea's table; what its XML has beside it is not in there.
func delineaRow(c *row) *importer.Record {
	backup := c.text("totp backup codes")
	record := plainRow(c)
	addField(record, "Backup codes", backup, true)
	return record
}

// passwordstateRow is a password of Passwordstate. Its lists are folders, and its numbers mean something to it alone.
func passwordstateRow(c *row) *importer.Record {
	c.ignore("passwordid", "passwordlistid", "accounttypeid")
	folder := joined("/", strings.ReplaceAll(strings.Trim(c.text("treepath"), `\/`), `\`, "/"), c.first([]string{"passwordlist", "password list name"}))
	record := plainRow(c)
	record.Folder = importer.CleanFolder(folder)
	return record
}
