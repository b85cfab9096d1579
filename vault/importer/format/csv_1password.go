package format

import (
	"encoding/json"
	"strings"

	"github.com/coffer-vault/coffer/vault/importer"
)

// onePasswordTables are of versions 4 to 7, which have a column for every field of every item.
var onePasswordTables = []table{
	{id: "csv/1password", name: "1Password", required: []string{"title", "url", "username", "password"}, telling: []string{"type", "notes"}, record: onePasswordOldRow},
	{id: "csv/1password", name: "1Password", required: []string{"title", "url", "username", "password"}, telling: []string{"tags", "notes"}, record: onePasswordOldRow},
	{id: "csv/1password", name: "1Password", own: true, required: []string{"uuid", "title", "scope", "autosubmit"}, record: onePasswordOldRow}, // Windows
}

// onePasswordTypes are the categories of 1PUX by what the column "Type" calls them.
var onePasswordTypes = map[string]string{
	"Login": "001", "Credit Card": "002", "Secure Note": "003", "Identity": "004", "Password": "005", "Software License": "100", "Bank Account": "101",
	"Database": "102", "Driver License": "103", "Outdoor License": "104", "Membership": "105", "Passport": "106", "Reward Program": "107",
	"Social Security Number": "108", "Wireless Router": "109", "Server": "110", "Email Account": "111",
}

// onePasswordIDs are ids of fields by the columns of Windows, where they differ.
var onePasswordIDs = map[string]string{
	"cardholdername": "cardholder", "number": "ccnum", "verificationnumber": "cvv", "expirydate": "expiry", "issuingbank": "bank", "defaultphone": "defphone",
}

// onePasswordRow is of version 8.
func onePasswordRow(c *row) *importer.Record {
	archived := isYes(c.text("archived"))
	record := plainRow(c)
	record.Archived = archived
	return record
}

func onePasswordOldRow(c *row) *importer.Record {
	c.ignore("uuid", "scope", "autosubmit")
	kind, tags := c.text("type"), onePasswordTags(c.text("tags"))
	created, modified := since1970(c.text("created date"), seconds), since1970(c.text("modified date"), seconds)
	record := plainRow(c)
	record.Tags, record.Created, record.Modified = append(tags, record.Tags...), created, modified
	code, known := onePasswordTypes[kind]
	if !known {
		addField(record, "Type", kind, false)
		code = c.onePasswordForm()
	}
	if category, found := onePasswordCategories[code]; found {
		record.Kind = category.kind
		c.addOnePasswordColumns(record, category)
	}
	return record
}

// onePasswordTags are the tags of a cell, which macOS writes as it describes a set: {( "a", b )}.
func onePasswordTags(text string) (tags []string) {
	inner, isSet := strings.CutPrefix(strings.TrimSpace(text), "{(")
	for _, tag := range list(strings.TrimSuffix(inner, ")}"), ",;") {
		if isSet {
			tag = strings.Trim(tag, `"`)
		}
		tags = append(tags, tag)
	}
	return tags
}

// onePasswordForm is the category of a row of Windows, which does not say it, where its columns do; empty where they do not.
func (r *row) onePasswordForm() string {
	for i, name := range r.names {
		_, title := onePasswordColumn(name)
		switch {
		case i >= len(r.cells) || r.cells[i] == "":
		case title == "CARDHOLDER NAME" || title == "VERIFICATION NUMBER":
			return "002"
		case title == "FIRST NAME" || title == "LAST NAME":
			return "004"
		}
	}
	return ""
}

// onePasswordColumn is the id of the field in a column, and its title: macOS has "title(id)", Windows "SECTION 2: TITLE" or "2: TITLE".
// The id is empty for a column of another form.
func onePasswordColumn(name string) (id, title string) {
	if at := strings.LastIndex(name, "("); at > 0 && strings.HasSuffix(name, ")") && name[at-1] != ' ' {
		return name[at+1 : len(name)-1], strings.ReplaceAll(name[:at], "\u200b", "")
	}
	before, title, found := strings.Cut(name, ": ")
	if number := before[strings.LastIndex(before, " ")+1:]; !found || !isNumber(number) || strings.HasPrefix(strings.ToUpper(before), "SECTION ") {
		return "", name
	}
	id = columnKey(title)
	if theirs := onePasswordIDs[id]; theirs != "" {
		id = theirs
	}
	return id, title
}

func (r *row) addOnePasswordColumns(record *importer.Record, category onePasswordCategory) {
	for i, name := range r.names {
		id, title := onePasswordColumn(name)
		if id == "" || i >= len(r.cells) || r.used[i] || r.cells[i] == "" {
			continue
		}
		r.used[i] = true
		value, kind := r.cells[i], "string"
		if id == "expiry" {
			value = month(value)
		}
		if isSecretName(title) {
			kind = "concealed"
		}
		raw, _ := json.Marshal(value) // a text is never refused
		addOnePasswordField(record, category, onePasswordField{id, title, kind, raw})
	}
}
