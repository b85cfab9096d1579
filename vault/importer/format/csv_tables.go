package format

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// tables are the formats with a header. The last one is for programs that are not named here.
var tables = []table{
	{
		id: "csv/firefox", name: "Firefox",
		required: []string{"url", "username", "password", "httprealm", "formactionorigin", "guid", "timecreated", "timelastused", "timepasswordchanged"},
		record: func(c *row) *importer.Record {
			c.ignore("formactionorigin") // where the form was sent to: the profile's import does not ask for it either
			return &importer.Record{
				URLs: addresses(c.text("url")), Username: c.text("username"), Password: c.secret("password"), Realm: c.text("httprealm"),
				Created: c.millis("timecreated"), LastUsed: c.millis("timelastused"), PasswordChanged: c.millis("timepasswordchanged"),
				Source: "firefox", SourceID: c.text("guid"), // the same as from the profile itself
			}
		},
	},
	{id: "csv/chrome", name: "Chrome, Edge, Brave", required: []string{"name", "url", "username", "password"}, record: chromeRow},
	{id: "csv/safari", name: "Safari", required: []string{"title", "url", "username", "password"}, record: safariRow},
	{id: "csv/bitwarden", name: "Bitwarden", required: []string{"type", "name", "notes", "fields", "login_uri", "login_username", "login_password", "login_totp"}, record: bitwardenRow},
	{id: "csv/1password", name: "1Password", required: []string{"title", "url", "username", "password", "otpauth", "favorite", "archived", "tags", "notes"}, record: onePasswordRow},
	{id: "csv/lastpass", name: "LastPass", required: []string{"url", "username", "password", "extra", "name", "grouping", "fav"}, record: lastPassRow},
	{id: "csv/keepassxc", name: "KeePassXC", required: []string{"group", "title", "username", "password", "url", "notes"}, record: keePassXCRow},
	{id: "csv/keepass", name: "KeePass", required: []string{"account", "login name", "password", "web site", "comments"}, record: func(c *row) *importer.Record {
		return &importer.Record{
			Title: c.text("account"), Username: c.text("login name"), Password: c.secret("password"), URLs: addresses(c.text("web site")), Notes: c.text("comments"),
		}
	}},
	{id: "csv/nordpass", name: "NordPass", required: []string{"name", "url", "username", "password", "note", "cardholdername", "cardnumber", "folder"}, record: nordPassRow},
	{id: "csv/protonpass", name: "Proton Pass", required: []string{"type", "name", "url", "email", "username", "password", "note", "totp", "vault"}, record: protonRow},
	{id: "csv/roboform", name: "RoboForm", required: []string{"name", "url", "matchurl", "login", "pwd", "note", "folder"}, trailing: "rffieldsv2", record: roboFormRow},
	{id: "csv/zoho", name: "Zoho Vault", required: []string{"password name", "password url", "secretdata", "notes"}, record: func(c *row) *importer.Record { return zohoRow(c, "password") }},
	{id: "csv/zoho", name: "Zoho Vault", required: []string{"secret name", "secret url", "secretdata", "notes"}, record: func(c *row) *importer.Record { return zohoRow(c, "secret") }},
	{id: "csv/buttercup", name: "Buttercup", required: []string{"!group_id", "!group_name", "title", "username", "password"}, record: buttercupRow},
	{id: "csv/dashlane", name: "Dashlane", required: []string{"username", "username2", "username3", "title", "password", "note", "url", "category"}, record: dashlaneLogin},
	netwrixTable,
	{id: "csv", name: "CSV", required: []string{"password"}, record: plainRow},
}

func chromeRow(c *row) *importer.Record {
	return &importer.Record{
		Title: c.text("name"), URLs: addresses(c.text("url")), Username: c.text("username"), Password: c.secret("password"), Notes: c.text("note"),
	}
}

func safariRow(c *row) *importer.Record {
	return &importer.Record{
		Title: c.text("title"), URLs: addresses(c.text("url")), Username: c.text("username"), Password: c.secret("password"),
		Notes: c.text("notes"), TOTP: c.secret("otpauth"),
	}
}

func onePasswordRow(c *row) *importer.Record {
	record := safariRow(c)
	record.Favorite, record.Archived = isYes(c.text("favorite")), isYes(c.text("archived"))
	record.Tags = list(c.text("tags"), ",;")
	return record
}

func isYes(text string) bool {
	return slices.Contains([]string{"1", "true", "yes", "y", "x"}, strings.ToLower(strings.TrimSpace(text)))
}

// list is the parts of a text between any of the separators, without blanks around them.
func list(text, separators string) (parts []string) {
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// bitwardenRow has the custom fields as lines "name: value", and several addresses with commas between them.
func bitwardenRow(c *row) *importer.Record {
	record := &importer.Record{
		Title: c.text("name"), Notes: c.text("notes"), Folder: c.text("folder"), Favorite: isYes(c.text("favorite")),
		Username: c.text("login_username"), Password: c.secret("login_password"), TOTP: c.secret("login_totp"),
		Archived: c.text("archiveddate") != "",
	}
	if collections := list(c.text("collections"), ","); record.Folder == "" && len(collections) > 0 {
		record.Folder, record.Tags = collections[0], collections[1:]
	}
	for _, address := range list(c.text("login_uri"), ",") {
		record.URLs = append(record.URLs, addresses(address)...)
	}
	if isYes(c.text("reprompt")) {
		leaveOut(record, importer.PartField, "reprompt")
	}
	if c.text("type") == "note" {
		record.Kind = importer.Note
	}
	addLines(record, c.text("fields"))
	return record
}

// addLines adds lines "name: value" as fields; what is no such line goes on with the value before.
func addLines(record *importer.Record, text string) {
	name, value := "", ""
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		before, after, found := strings.Cut(line, ": ")
		if !found && name != "" {
			value += "\n" + line
			continue
		}
		addField(record, name, value, isSecretName(name))
		name, value = before, after
		if !found {
			name, value = "", ""
			addField(record, "Field", line, false)
		}
	}
	addField(record, name, strings.TrimRight(value, "\n"), isSecretName(name))
}

func keePassXCRow(c *row) *importer.Record {
	c.ignore("icon")
	root, folder, _ := strings.Cut(c.text("group"), "/")
	if strings.EqualFold(root, "Recycle Bin") || strings.HasPrefix(folder, "Recycle Bin") {
		folder = "Recycle Bin"
	}
	return &importer.Record{
		Title: c.text("title"), Username: c.text("username"), Password: c.secret("password"), URLs: addresses(c.text("url")), Notes: c.text("notes"),
		TOTP: c.secret("totp"), Folder: folder, Created: moment(c.text("created")), Modified: moment(c.text("last modified")),
	}
}

// moment is a time in one of the forms that programs write; zero for what is none.
func moment(text string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// nordPassRow is of one of several kinds. Lists are JSON in a cell.
func nordPassRow(c *row) *importer.Record {
	record := &importer.Record{
		Title: c.text("name"), Notes: c.text("note"), Folder: c.text("folder"), URLs: addresses(c.text("url")),
		Username: c.text("username"), Password: c.secret("password"), TOTP: c.secret("totp"),
	}
	var more []string
	if json.Unmarshal([]byte(c.text("additional_urls")), &more) == nil {
		record.URLs = append(record.URLs, more...)
	} else if text := c.text("additional_urls"); text != "" {
		record.URLs = append(record.URLs, list(text, ", \n")...)
	}
	switch c.text("type") {
	case "note":
		record.Kind = importer.Note
	case "credit_card":
		record.Kind = importer.Card
		addField(record, "cardholder", c.text("cardholdername"), false)
		addField(record, "number", c.text("cardnumber"), true)
		addField(record, "cvv", c.text("cvc"), true)
		addField(record, "pin", c.text("pin"), true)
		addField(record, "expires", month(c.text("expirydate")), false)
	case "identity":
		record.Kind = importer.Identity
		addName(record, c.text("full_name"))
		addField(record, "email", c.text("email"), false)
		addField(record, "phone", c.text("phone_number"), false)
		addField(record, "street", joined("\n", c.text("address1"), c.text("address2")), false)
		addField(record, "city", c.text("city"), false)
		addField(record, "region", c.text("state"), false)
		addField(record, "postal-code", c.text("zipcode"), false)
		addField(record, "country", c.text("country"), false)
	}
	addNordPassFields(record, c.text("custom_fields"))
	return record
}

func addNordPassFields(record *importer.Record, text string) {
	var fields []struct{ Label, Type, Value string }
	if json.Unmarshal([]byte(text), &fields) != nil {
		addField(record, "custom_fields", text, true)
		return
	}
	for _, f := range fields {
		addField(record, f.Label, f.Value, f.Type == "hidden")
	}
}

// addName adds a full name as the last word and what comes before it.
func addName(record *importer.Record, full string) {
	full = strings.TrimSpace(full)
	at := strings.LastIndex(full, " ")
	addField(record, "first-name", strings.TrimSpace(full[:max(at, 0)]), false)
	addField(record, "last-name", full[at+1:], false)
}

// joined is the texts that are not empty.
func joined(separator string, texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(text string) bool { return text == "" }), separator)
}

// protonRow has what is no login as JSON in the note.
func protonRow(c *row) *importer.Record {
	record := &importer.Record{
		Title: c.text("name"), Notes: c.text("note"), Folder: c.text("vault"), TOTP: c.secret("totp"), Password: c.secret("password"),
		Created: since1970(c.text("createtime"), seconds), Modified: since1970(c.text("modifytime"), seconds),
	}
	for _, address := range list(c.text("url"), ",") {
		record.URLs = append(record.URLs, addresses(address)...)
	}
	record.Username = c.text("username")
	if email := c.text("email"); record.Username == "" {
		record.Username = email
	} else {
		addField(record, "E-mail", email, false)
	}
	if c.text("type") == "note" {
		record.Kind = importer.Note
	}
	return record
}

func seconds(n int64) time.Time { return time.Unix(n, 0) }

// roboFormRow has further fields in the cells after the last column, as "name,type,id,0,value"; one without an address is a note.
func roboFormRow(c *row) *importer.Record {
	c.ignore("matchurl", "rffieldsv2")
	record := &importer.Record{
		Title: c.text("name"), URLs: addresses(c.text("url")), Username: c.text("login"), Password: c.secret("pwd"), Notes: c.text("note"),
		Folder: strings.Trim(strings.ReplaceAll(c.text("folder"), `\`, "/"), "/"),
	}
	if match := c.text("matchurl"); match != c.text("url") {
		record.URLs = append(record.URLs, addresses(match)...)
	}
	if len(record.URLs) == 0 && record.Username == "" && record.Password.IsZero() {
		record.Kind = importer.Note
	}
	at, found := c.columns["rffieldsv2"]
	if !found {
		return record
	}
	for _, cell := range c.cells[min(at, len(c.cells)):] {
		parts := strings.SplitN(cell, ",", 5)
		if len(parts) < 5 || slices.Contains([]string{record.Username, string(record.Password.Reveal())}, parts[4]) {
			continue // the user name and the password once more
		}
		addField(record, parts[0], parts[4], parts[2] == "pwd")
	}
	return record
}

// zohoRow has user name and password as lines of a cell.
func zohoRow(c *row, prefix string) *importer.Record {
	c.ignore("classification")
	record := &importer.Record{
		Title: c.text(prefix + " name"), URLs: addresses(c.text(prefix + " url")), Notes: joined("\n\n", c.text("description"), c.text("notes")),
		Tags: list(c.text("tags"), ","), Folder: c.text("folder name"), Favorite: isYes(c.text("favorite")), TOTP: c.secret("login_totp"),
	}
	lines := c.text("secretdata") + "\n" + c.text("customdata")
	for line := range strings.Lines(lines) {
		name, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "secrettype":
		case "user name", "username":
			record.Username = strings.TrimSpace(value)
		case "password":
			record.Password = secret.FromString(value)
		default:
			addField(record, name, value, isSecretName(name))
		}
	}
	return record
}

// buttercupRow is a group or an entry.
func buttercupRow(c *row) *importer.Record {
	c.ignore("!group_id", "!group_parent", "!type", "id")
	record := &importer.Record{
		Title: c.text("title"), URLs: addresses(c.text("url")), Username: c.text("username"), Password: c.secret("password"),
		Notes: joined("\n\n", c.text("note"), c.text("notes")), Folder: c.text("!group_name"),
	}
	if c.columns["!type"] < len(c.cells) && c.cells[c.columns["!type"]] == "group" {
		return &importer.Record{Title: record.Folder}
	}
	return record
}

// plainRow is of a program that is not known, or of a person's own table: columns say by their names what they hold.
func plainRow(c *row) *importer.Record {
	first := func(names ...string) string {
		for _, name := range names {
			if i, found := c.columns[name]; found && i < len(c.cells) && c.cells[i] != "" {
				return c.text(name)
			}
		}
		return ""
	}
	return &importer.Record{
		Title: first("title", "name", "account", "site name"), URLs: addresses(first("url", "website", "web site", "site", "login_url", "login uri", "uri", "address")),
		Username: first("username", "user name", "login", "login name", "user", "email", "e-mail"), Password: c.secret("password"),
		TOTP:  secret.FromString(first("totp", "otpauth", "otp", "2fa", "authenticator key")),
		Notes: first("notes", "note", "comments", "comment", "extra", "description"), Folder: first("folder", "group", "category", "grouping"),
		Tags: list(first("tags", "labels"), ",;"),
	}
}
