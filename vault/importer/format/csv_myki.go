package format

import (
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// mykiTables are the exports of Myki, one table a kind of entry.
var mykiTables = []table{
	{id: "csv/myki", name: "Myki", required: []string{"nickname", "url", "username", "password", "additionalinfo"}, record: func(c *row) *importer.Record {
		record := mykiRow(c, importer.Login, nil)
		record.URLs, record.Username, record.Password = addresses(c.text("url")), c.text("username"), c.secret("password")
		record.TOTP = secret.FromString(c.text("twofasecret"))
		return record
	}},
	{id: "csv/myki", name: "Myki", required: []string{"nickname", "cardnumber", "cardname"}, record: func(c *row) *importer.Record {
		record := mykiRow(c, importer.Card, map[string]string{"cardname": "cardholder", "cardnumber": "number", "cvv": "cvv"})
		addField(record, "expires", month(expiry(c.text("exp_year"), c.text("exp_month"))), false)
		return record
	}},
	{id: "csv/myki", name: "Myki", required: []string{"nickname", "firstname", "lastname"}, record: func(c *row) *importer.Record {
		record := mykiRow(c, importer.Identity, map[string]string{
			"title": "title", "firstname": "first-name", "middlename": "middle-name", "lastname": "last-name", "email": "email", "number": "phone",
			"city": "city", "country": "country", "zipcode": "postal-code",
		})
		addField(record, "street", joined("\n", c.text("firstaddressline"), c.text("secondaddressline")), false)
		return record
	}},
	{id: "csv/myki", name: "Myki", required: []string{"nickname", "idname", "idnumber"}, record: func(c *row) *importer.Record {
		record := mykiRow(c, importer.Document, map[string]string{"idnumber": "document-number", "idcountry": "issuer"})
		addField(record, "issued", day(c.text("idissuancedate")), false)
		addField(record, "valid-until", day(c.text("idexpirationdate")), false)
		return record
	}},
	{id: "csv/myki", name: "Myki", required: []string{"nickname", "content"}, record: func(c *row) *importer.Record {
		record := mykiRow(c, importer.Note, nil)
		record.Notes = joined("\n\n", c.text("content"), record.Notes)
		return record
	}},
	{id: "csv/myki", name: "Myki", required: []string{"nickname", "authtoken"}, record: func(c *row) *importer.Record {
		record := mykiRow(c, importer.Login, nil)
		record.TOTP = c.secret("authtoken")
		return record
	}},
}

// mykiRow has what all tables have, and fields by the vault's names for columns.
func mykiRow(c *row, kind importer.Kind, fields map[string]string) *importer.Record {
	c.ignore("status")
	record := &importer.Record{Kind: kind, Title: c.text("nickname"), Notes: c.text("additionalinfo"), Tags: tagsOf(c.text("tags"))}
	for _, column := range c.names {
		if ours := fields[columnKey(column)]; ours != "" {
			addField(record, ours, c.text(column), isHiddenKey(ours))
		}
	}
	return record
}
