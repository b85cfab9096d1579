package format

import (
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/vault/importer"
)

// lastPassType is a template of LastPass: a secure note whose text has a line "Name:value" for each field.
type lastPassType struct {
	kind   importer.Kind
	fields map[string]string // the vault's names
}

var lastPassTypes = map[string]lastPassType{
	"Credit Card": {importer.Card, map[string]string{
		"Name on Card": "cardholder", "Type": "brand", "Number": "number", "Security Code": "cvv", "Expiration Date": "expires",
	}},
	"Bank Account": {importer.BankAccount, map[string]string{
		"Bank Name": "bank", "Account Type": "account-type", "Routing Number": "routing-number", "Account Number": "account-number",
		"SWIFT Code": "bic", "IBAN Number": "iban", "Pin": "pin", "Branch Phone": "bank-phone",
	}},
	"Address": {importer.Identity, map[string]string{
		"First Name": "first-name", "Last Name": "last-name", "Company": "company", "Birthday": "birthday", "City / Town": "city",
		"State": "region", "Zip / Postal Code": "postal-code", "Country": "country", "Email Address": "email", "Address 1": "street", "Phone": "phone",
	}},
	"SSH Key": {importer.SSHKey, map[string]string{"Passphrase": "passphrase", "Private Key": "private-key", "Public Key": "public-key"}},
	"Wi-Fi Password": {importer.WiFi, map[string]string{
		"SSID": "ssid", "Password": "password", "Connection Type": "", "Authentication": "security",
	}},
	"Software License": {importer.SoftwareLicence, map[string]string{
		"License Key": "licence-key", "Licensee": "licensed-to", "Version": "version", "Publisher": "company", "Support Email": "email",
		"Purchase Date": "purchased", "Order Number": "order-number",
	}},
	"Passport":         {importer.Document, map[string]string{"Number": "document-number", "Issuing Authority": "issuer", "Issued Date": "issued", "Expiration Date": "valid-until"}},
	"Driver's License": {importer.Document, map[string]string{"Number": "document-number", "State": "issuer", "Expiration Date": "valid-until"}},
	"Server":           {importer.Login, nil},
	"Database":         {importer.Login, nil},
	"Email Account":    {importer.Login, nil},
}

// lastPassRow is a login, or a note: those have the address http://sn. Their text may follow a template.
func lastPassRow(c *row) *importer.Record {
	record := &importer.Record{
		Title: c.text("name"), Username: c.text("username"), Password: c.secret("password"), TOTP: c.secret("totp"),
		Folder: strings.ReplaceAll(c.text("grouping"), `\`, "/"), Favorite: isYes(c.text("fav")),
	}
	url, extra := c.text("url"), c.text("extra")
	if url == "http://" || url == "https://" {
		url = "" // it asks for an address
	}
	if url != "http://sn" && url != "http://group" {
		record.URLs, record.Notes = addresses(url), extra
		return record
	}
	record.Kind = importer.Note
	first, text, _ := strings.Cut(strings.ReplaceAll(extra, "\r\n", "\n"), "\n")
	template, found := strings.CutPrefix(first, "NoteType:")
	if !found {
		record.Notes = extra
		return record
	}
	addTemplate(record, template, text)
	return record
}

// addTemplate adds the lines of a note that follows a template. A line without a name goes on with the value before, and what comes after
// "Notes:" is all one text.
func addTemplate(record *importer.Record, template, text string) {
	t := lastPassTypes[template]
	record.Kind = t.kind
	if t.kind == "" {
		record.Kind = importer.Note
		addField(record, "Type", template, false)
	}
	type line struct{ name, value string }
	var lines []line
	for raw := range strings.SplitSeq(text, "\n") {
		name, value, found := strings.Cut(raw, ":")
		last := len(lines) - 1
		if last >= 0 && (!found || lines[last].name == "Notes" || len(name) > 40 || isKeyLine(lines[last].name, name)) {
			lines[last].value += "\n" + raw
			continue
		}
		lines = append(lines, line{name, value})
	}
	for _, l := range lines {
		addTemplateLine(record, t, l.name, strings.TrimRight(l.value, "\n"))
	}
}

// isKeyLine tells whether a line belongs to a key in PEM, whose own headers look like names.
func isKeyLine(before, name string) bool {
	return before == "Private Key" && slices.Contains([]string{"Proc-Type", "DEK-Info"}, name)
}

func addTemplateLine(record *importer.Record, t lastPassType, name, value string) {
	ours, known := t.fields[name]
	switch {
	case name == "Language":
	case name == "Notes":
		record.Notes = value
	case record.Kind == importer.Login && name == "Username":
		record.Username = joined("", record.Username, value)
	case (record.Kind == importer.Login || record.Kind == importer.WiFi) && name == "Password" && record.Password.IsZero():
		setPassword(record, value)
	case record.Kind == importer.Login && (name == "Hostname" || name == "URL"):
		record.URLs = append(record.URLs, addresses(value)...)
	case ours == "expires":
		addField(record, ours, month(value), false)
	case slices.Contains([]string{"birthday", "issued", "valid-until", "purchased"}, ours):
		addField(record, ours, day(value), false)
	case known && ours != "":
		addField(record, ours, value, isHiddenKey(ours))
	case strings.Trim(value, ", ") != "": // an empty date is ",,"
		addField(record, name, value, isSecretName(name))
	}
}
