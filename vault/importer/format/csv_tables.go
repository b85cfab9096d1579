package format

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// tables are the formats with a header.
var tables = []table{
	{
		id: "csv/firefox", name: "Firefox",
		required: []string{"url", "username", "password", "httprealm", "formactionorigin", "guid", "timecreated", "timelastused", "timepasswordchanged"},
		record: func(c *row) *importer.Record {
			c.ignore("formactionorigin") // where the form was sent to: the profile's import does not ask for it either
			if strings.HasPrefix(c.text("url"), "chrome://") {
				c.skip = importer.ReasonInternal
			}
			return &importer.Record{
				URLs: addresses(c.text("url")), Username: c.text("username"), Password: c.secret("password"), Realm: c.text("httprealm"),
				Created: c.millis("timecreated"), LastUsed: c.millis("timelastused"), PasswordChanged: c.millis("timepasswordchanged"),
				Source: "firefox", SourceID: c.text("guid"), // the same as from the profile itself
			}
		},
	},
	{id: "csv/chrome", name: "Chrome, Edge, Brave", required: []string{"name", "url", "username", "password"}, record: plainRow},
	{id: "csv/safari", name: "Safari", required: []string{"title", "url", "username", "password"}, record: plainRow},
	{id: "csv/bitwarden", name: "Bitwarden", required: []string{"type", "name", "notes", "fields", "login_uri", "login_username", "login_password", "login_totp"}, record: bitwardenRow},
	{id: "csv/1password", name: "1Password", required: []string{"title", "url", "username", "password", "otpauth", "favorite", "archived", "tags", "notes"}, record: onePasswordRow},
	{id: "csv/lastpass", name: "LastPass", required: []string{"url", "username", "password", "extra", "name", "grouping", "fav"}, record: lastPassRow},
	{id: "csv/keepassxc", name: "KeePassXC", required: []string{"group", "title", "username", "password", "url", "notes"}, record: keePassXCRow},
	{id: "csv/keepass", name: "KeePass", escapes: true, required: []string{"account", "login name", "password", "web site", "comments"}, record: func(c *row) *importer.Record {
		return &importer.Record{
			Title: c.text("account"), Username: c.text("login name"), Password: c.secret("password"), URLs: addresses(c.text("web site")), Notes: c.text("comments"),
		}
	}},
	{id: "csv/nordpass", name: "NordPass", required: []string{"name", "url", "username", "password", "note", "cardholdername", "cardnumber", "folder"}, record: nordPassRow},
	{id: "csv/protonpass", name: "Proton Pass", required: []string{"type", "name", "url", "username", "password", "note", "totp"}, record: protonRow},
	{id: "csv/roboform", name: "RoboForm", required: []string{"name", "url", "login", "pwd", "note"}, trailing: "rffieldsv2", record: roboFormRow},
	{id: "csv/zoho", name: "Zoho Vault", required: []string{"password name", "password url", "secretdata", "notes"}, record: func(c *row) *importer.Record { return zohoRow(c, "password") }},
	{id: "csv/zoho", name: "Zoho Vault", required: []string{"secret name", "secret url", "secretdata", "notes"}, record: func(c *row) *importer.Record { return zohoRow(c, "secret") }},
	{id: "csv/buttercup", name: "Buttercup", own: true, required: []string{"!group_id", "!group_name", "title", "username", "password"}, remember: buttercupRows},
	{id: "csv/dashlane", name: "Dashlane", required: []string{"username", "username2", "username3", "title", "password", "note", "url", "category"}, record: dashlaneLogin},
	netwrixTable,
	netwrixEnglish,
	{id: "csv/keeper", name: "Keeper", required: []string{"folder", "title", "login", "password", "notes", "shared folder"}, trailing: "custom fields", record: keeperRow},
	{id: "csv/passworddepot", name: "Password Depot", required: []string{"description", "importance", "password", "user name", "url"}, record: depotRow(depotEnglish)},
	{id: "csv/passworddepot", name: "Password Depot", required: []string{"beschreibung", "wichtigkeit", "passwort", "benutzername", "url"}, record: depotRow(depotGerman)},
	{id: "csv/delinea", name: "Delinea Secret Server", required: []string{"secret name", "username", "password", "url", "totp key"}, record: delineaRow},
	{id: "csv/passwordstate", name: "Passwordstate", required: []string{"title", "username", "password", "genericfield1", "generic field 2"}, record: passwordstateRow},
	{id: "csv/zoho", name: "Zoho Vault", required: []string{"secret name", "secret url", "notes"}, trailing: "notes", record: zohoShortRow},
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
	record.URLs = splitAddresses(c.text("login_uri"))
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

// recycleBins is what KeePassXC calls the group of what was deleted, in the languages of the app.
var recycleBins = []string{"Recycle Bin", "Papierkorb", "Corbeille", "Papelera de reciclaje", "Cestino", "Prullenbak", "ごみ箱", "ゴミ箱"}

func keePassXCRow(c *row) *importer.Record {
	c.ignore("icon")
	root, folder, _ := strings.Cut(c.text("group"), "/")
	if top, _, _ := strings.Cut(folder, "/"); slices.Contains(recycleBins, top) || slices.Contains(recycleBins, root) {
		c.skip = importer.ReasonDeleted
	}
	return &importer.Record{
		Title: c.text("title"), Username: c.text("username"), Password: c.secret("password"), URLs: addresses(c.text("url")), Notes: c.text("notes"),
		TOTP: c.secret("totp"), Folder: folder, Created: moment(c.text("created")), Modified: moment(c.text("last modified")),
	}
}

// moment is a time in one of the forms that programs write; zero for what is none.
func moment(text string) time.Time {
	if text == "" {
		return time.Time{}
	}
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
	kind := c.text("type")
	switch {
	case kind == "note":
		record.Kind = importer.Note
	case kind == "credit_card" || kind == "" && c.filled("cardnumber"):
		record.Kind = importer.Card
		addField(record, "cardholder", c.text("cardholdername"), false)
		addField(record, "number", c.text("cardnumber"), true)
		addField(record, "cvv", c.text("cvc"), true)
		addField(record, "pin", c.text("pin"), true)
		addField(record, "expires", month(c.text("expirydate")), false)
	case kind == "identity" || kind == "" && (c.filled("full_name") || c.filled("address1")):
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

// filled tells whether a column holds something in the row. It does not count as taken.
func (r *row) filled(column string) bool {
	i := r.at(column)
	return i >= 0 && i < len(r.cells) && r.cells[i] != ""
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
	record.URLs = splitAddresses(c.text("url"))
	record.Username = c.text("username")
	if email := c.text("email"); record.Username == "" {
		record.Username = email
	} else {
		addField(record, "E-mail", email, false)
	}
	name := c.text("type")
	if name == "note" {
		record.Kind = importer.Note
	}
	var content map[string]json.RawMessage
	if t := protonTypes[name]; name != "login" && name != "note" && name != "alias" && json.Unmarshal([]byte(record.Notes), &content) == nil {
		record.Kind, record.Notes = t.kind, ""
		addProtonContent(record, t, content)
	}
	return record
}

func seconds(n int64) time.Time { return time.Unix(n, 0) }

// roboFormRow has further fields in the cells after the last column, as "name,type,id,kind,value", in older versions "name:kind:value"; one
// without an address is a note. A value that a spreadsheet would calculate has an apostrophe before it.
func roboFormRow(c *row) *importer.Record {
	c.ignore("rffieldsv2", "rf_fields")
	plain := func(column string) string { return withoutApostrophe(c.text(column)) }
	record := &importer.Record{
		Title: plain("name"), URLs: addresses(c.text("url")), Username: plain("login"), Password: secret.FromString(plain("pwd")), Notes: plain("note"),
		Folder: strings.Trim(strings.ReplaceAll(c.text("folder"), `\`, "/"), "/"),
	}
	if match := c.text("matchurl"); match != c.text("url") {
		record.URLs = append(record.URLs, addresses(match)...)
	}
	if template, text, found := strings.Cut(strings.ReplaceAll(record.Notes, "\r\n", "\n"), "\n"); found && strings.HasPrefix(template, "NoteType:") && len(record.URLs) == 0 {
		record.Notes = ""
		addTemplate(record, strings.TrimPrefix(template, "NoteType:"), text) // it came from LastPass
	}
	for _, column := range []string{"rffieldsv2", "rf_fields"} {
		if at := c.at(column); at >= 0 {
			for _, cell := range c.cells[min(at, len(c.cells)):] {
				addRoboFormField(record, cell)
			}
		}
	}
	return record
}

// withoutApostrophe undoes what RoboForm does to values that begin with a sign.
func withoutApostrophe(text string) string {
	if len(text) > 1 && text[0] == '\'' && strings.ContainsRune("=+-@'", rune(text[1])) {
		return text[1:]
	}
	return text
}

func addRoboFormField(record *importer.Record, cell string) {
	name, kind, value := "", "", ""
	if parts := strings.SplitN(cell, ",", 5); len(parts) == 5 {
		name, kind, value = parts[0], parts[3], parts[4]
	} else if parts := strings.SplitN(cell, ":", 3); len(parts) == 3 {
		name, kind, value = parts[0], parts[1], parts[2]
	} else {
		addField(record, "Field", cell, true)
		return
	}
	if quoted := strings.TrimSuffix(strings.TrimPrefix(value, `"`), `"`); len(quoted) == len(value)-2 {
		value = strings.ReplaceAll(quoted, `""`, `"`) // it had a quote in it
	}
	name, value = strings.TrimSuffix(name, "$"), withoutApostrophe(value)
	switch {
	case slices.Contains([]string{record.Username, string(record.Password.Reveal())}, value): // once more
	case strings.EqualFold(name, "TOTP KEY"):
		setTOTP(record, value)
	default:
		addField(record, name, value, kind == "pwd" || isSecretName(name))
	}
}

// zohoRow has user name and password as lines of a cell.
func zohoRow(c *row, prefix string) *importer.Record {
	c.ignore("classification")
	record := &importer.Record{
		Title: c.text(prefix + " name"), URLs: addresses(c.text(prefix + " url")), Notes: joined("\n\n", c.text("description"), c.text("notes")),
		Tags: list(c.text("tags"), ","), Folder: c.text("folder name"), Favorite: isYes(c.text("favorite")), TOTP: secret.FromString(c.first([]string{"login_totp", "totp"})),
	}
	if chambers := list(c.text("chambername"), "\r\n"); record.Folder == "" && len(chambers) > 0 {
		record.Folder, record.Tags = chambers[0], append(record.Tags, chambers[1:]...) // a secret may be in several
	}
	custom := c.text("customdata")
	var fields map[string]any
	if json.Unmarshal([]byte(custom), &fields) == nil {
		custom = ""
		for _, name := range sortedKeys(fields) {
			for _, text := range texts(fields[name]) {
				addField(record, name, text, isSecretName(name))
			}
		}
	}
	lines := c.text("secretdata") + "\n" + custom
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

// zohoShortRow is of the export without names for what a secret holds: user name, password, and what else there is.
func zohoShortRow(c *row) *importer.Record {
	record := &importer.Record{Title: c.text("secret name"), URLs: addresses(c.text("secret url")), Notes: c.text("notes")}
	for i, cell := range c.cells[min(len(c.names), len(c.cells)):] {
		switch i {
		case 0:
			record.Username = cell
		case 1:
			record.Password = secret.FromString(cell)
		default:
			addField(record, "Field", cell, true)
		}
	}
	return record
}

// buttercupRows are entries, and the groups before them, whose names entries of newer versions do not repeat.
func buttercupRows() func(c *row) *importer.Record {
	groups := folders{}
	return func(c *row) *importer.Record {
		c.ignore("id")
		kind, group, name, parent := c.text("!type"), c.text("!group_id"), c.text("!group_name"), c.text("!group_parent")
		marks := c.cells[max(c.at("title"), 0)] == "--" && !c.filled("username") && !c.filled("password")
		if kind == "group" || marks {
			groups[group] = folder{name, parent}
			c.ignore("title")
			return &importer.Record{Title: name}
		}
		record := plainRow(c)
		if record.Folder = groups.path(group); record.Folder == "" {
			record.Folder = name // older versions have no rows of groups
		}
		return record
	}
}

// plainRow is of a program that is not known, or of a person's own table: columns say by their names what they hold.
func plainRow(c *row) *importer.Record {
	first := func(target Target) string { return c.first(columnNames[target]) }
	record := &importer.Record{
		Notes: first(ToNotes), Title: first(ToTitle), Username: first(ToUsername), Password: secret.FromString(first(ToPassword)), TOTP: secret.FromString(first(ToTOTP)),
		Folder: levels(first(ToFolder)), Tags: tagsOf(first(ToTags)), Favorite: isYes(c.first([]string{"favorite", "favourite", "fav", "favorit", "starred"})),
	}
	if record.Title == "" {
		record.Title = c.first([]string{"description", "beschreibung"})
	}
	for i, name := range c.names {
		if i < len(c.cells) && !c.used[i] && isAddressColumn(columnKey(name), c.cells[i]) {
			record.URLs, c.used[i] = append(record.URLs, splitAddresses(c.cells[i])...), true
		}
	}
	record.Created, record.Modified = c.time(createdNames), c.time(modifiedNames)
	addPlainCard(c, record)
	return record
}

// Names of columns with times.
var (
	createdNames  = []string{"created", "created at", "created on", "created date", "date created", "creation date", "creation time", "create time", "createdate", "time created"}
	modifiedNames = []string{"modified", "modified at", "modified on", "modified date", "date modified", "last modified", "modification time", "modify time", "updated", "updated at", "last updated", "changed"}
)

// time is the first time in the columns of these names that is one without doubt; what is none remains.
func (r *row) time(names []string) time.Time {
	for _, name := range names {
		i := r.at(name)
		if i < 0 || i >= len(r.cells) || r.used[i] {
			continue
		}
		at := moment(r.cells[i])
		if number := r.cells[i]; at.IsZero() && isNumber(number) {
			switch len(number) {
			case len("1600000000"):
				at = since1970(number, seconds)
			case len("1600000000000"):
				at = since1970(number, time.UnixMilli)
			}
		}
		if !at.IsZero() {
			r.used[i] = true
			return at
		}
	}
	return time.Time{}
}

// tagsOf are the tags of a cell. Some programs write a list in brackets, Passpack JSON with each tag as JSON in it.
func tagsOf(text string) []string {
	var around struct {
		Tags []string `json:"tags"`
	}
	if json.Unmarshal([]byte(text), &around) == nil && len(around.Tags) > 0 {
		for i, tag := range around.Tags {
			var inner struct {
				Tag string `json:"tag"`
			}
			if json.Unmarshal([]byte(tag), &inner) == nil && inner.Tag != "" {
				around.Tags[i] = inner.Tag
			}
		}
		return around.Tags
	}
	if inner, found := strings.CutPrefix(strings.TrimSpace(text), "["); found && strings.HasSuffix(inner, "]") {
		text = strings.TrimSuffix(inner, "]")
	}
	return list(text, ",;\n")
}

// plainCard are the names of a card's columns, by the vault's.
var plainCard = []struct {
	ours  string
	names []string
}{
	{"cardholder", []string{"cardholder", "cardholder name", "card holder", "name on card"}},
	{"number", []string{"card number", "credit card number", "cc number", "number"}},
	{"expires", []string{"expires", "expiry", "expiry date", "expiration", "expiration date"}},
	{"cvv", []string{"cvv", "cvc", "security code", "verification", "verification code"}},
	{"pin", []string{"pin"}},
}

// addPlainCard makes the record a card if the row has a holder and a number of one.
func addPlainCard(c *row, record *importer.Record) {
	has := func(names []string) bool { return slices.ContainsFunc(names, c.filled) }
	if !has(plainCard[0].names) || !has(plainCard[1].names) {
		return
	}
	record.Kind = importer.Card
	for _, column := range plainCard {
		value := c.first(column.names)
		if column.ours == "expires" {
			value = month(value)
		}
		addField(record, column.ours, value, isHiddenKey(column.ours))
	}
}

// isAddressColumn tells whether a cell is an address of a website. Some names may mean other things, like the address of a person.
func isAddressColumn(key, cell string) bool {
	if !isColumn(ToURL, key) {
		return false
	}
	surely := slices.ContainsFunc([]string{"url", "uri", "web", "internet"}, func(part string) bool { return strings.Contains(key, part) })
	return surely || isWebAddress(cell) || strings.Contains(cell, ".") && !strings.ContainsFunc(cell, unicode.IsSpace)
}

// levels is a folder of which the levels may have backslashes between them.
func levels(folder string) string {
	if strings.Contains(folder, "/") {
		return folder
	}
	return strings.ReplaceAll(folder, `\`, "/")
}

// splitAddresses is the addresses of a cell that may hold several: what comes after a comma or a blank is one if it has a scheme.
func splitAddresses(text string) (all []string) {
	from := 0
	for i, r := range text {
		isEnd := r == ',' || r == ';' || unicode.IsSpace(r)
		if next := strings.TrimLeft(text[i:], ",; \t\r\n"); isEnd && i >= from && isWebAddress(firstWord(next)) {
			all = append(all, addresses(strings.TrimRight(text[from:i], ",; \t\r\n"))...)
			from = len(text) - len(next)
		}
	}
	return append(all, addresses(strings.TrimRight(text[from:], ",; \t\r\n"))...)
}

func firstWord(text string) string {
	if end := strings.IndexAny(text, ",; \t\r\n"); end >= 0 {
		return text[:end]
	}
	return text
}
