package format

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/coffer-vault/coffer/vault/importer"
)

// bossItem is an entry of Password Boss, in either shape of its exports: the flat one, and the older one with identifiers.
type bossItem struct {
	ID       json.RawMessage `json:"id"`
	TypeName string          `json:"itemTypeName"`
	Type     string          `json:"type"`
	Name     string          `json:"name"`
	URL      string          `json:"url"`
	LoginURL string          `json:"login_url"`
	Username string          `json:"username"`
	Email    string          `json:"email"`
	Password string          `json:"password"`
	TOTP     string          `json:"totp"`
	Folder   json.RawMessage `json:"folder"` // a name, in the older shape the id of a folder
	Notes    string          `json:"notes"`
	Tags     []string        `json:"tags"`
	Favorite any             `json:"favorite"`
	Created  looseTime       `json:"createdDate"`
	Modified looseTime       `json:"modifiedDate"`
	Custom   []bossField     `json:"customFields"`

	Identifiers map[string]any `json:"identifiers"`
}

// bossField is a field that the user has added. The older shape has them among the identifiers.
type bossField struct {
	Name  string `json:"name"`
	Label string `json:"label"`
	Value string `json:"value"`
	Type  string `json:"type"`
}

func (f bossField) addTo(record *importer.Record) {
	name := f.Name
	if name == "" {
		name = f.Label
	}
	addField(record, name, f.Value, f.Type == "password" || isSecretName(name))
}

type bossFolder struct {
	ID     json.RawMessage `json:"id"`
	Name   string          `json:"name"`
	Parent json.RawMessage `json:"parent"`
}

func isPasswordBoss(members map[string]json.RawMessage) bool {
	item := firstItem(members)
	return hasAll("identifiers")(item) || hasAll("login_url")(item) || hasAll("itemTypeName")(item)
}

func openPasswordBoss(data []byte) (importer.Source, error) {
	var f struct {
		Items   []json.RawMessage `json:"items"`
		Folders []bossFolder      `json:"folders"`
	}
	err := json.Unmarshal(data, &f)
	if data[0] == '[' {
		err = json.Unmarshal(data, &f.Items)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: JSON", importer.ErrMalformed)
	}
	in := folders{}
	for _, g := range f.Folders {
		in[bareText(g.ID)] = folder{g.Name, bareText(g.Parent)}
	}
	decode := func(raw json.RawMessage, n int) []importer.Row { return decodeBoss(raw, n, in) }
	return newFile(importer.Info{ID: "passwordboss", Browser: "Password Boss"}, decodeAll(f.Items, decode)), nil
}

// bareText is a JSON text or number as text.
func bareText(raw json.RawMessage) string { return strings.Trim(strings.TrimSpace(string(raw)), `"`) }

func decodeBoss(raw json.RawMessage, n int, in folders) []importer.Row {
	var item bossItem
	if unmarshal(raw, &item) != nil {
		return []importer.Row{{ID: strconv.Itoa(n), Reason: importer.ReasonMalformed}}
	}
	var folder string
	if json.Unmarshal(item.Folder, &folder) != nil || in.path(folder) != "" {
		folder = in.path(bareText(item.Folder))
	}
	record := &importer.Record{
		Title: item.Name, Username: item.Username, Notes: item.note(), Folder: strings.ReplaceAll(folder, `\`, "/"), Tags: item.Tags,
		Favorite: item.Favorite == true || item.Favorite == 1.0, Source: "passwordboss", Kind: item.kind(),
		Created: item.Created.Time, Modified: item.Modified.Time,
	}
	for _, address := range []string{item.URL, item.LoginURL} {
		addNewAddress(record, address)
	}
	setPassword(record, item.Password)
	setTOTP(record, item.TOTP)
	item.addEmail(record)
	addBossMembers(record, strangers(raw, item))
	for _, f := range item.Custom {
		f.addTo(record)
	}
	addBossMembers(record, item.Identifiers)
	id := bareText(item.ID)
	if record.SourceID = id; id == "" || id == "null" {
		record.SourceID, id = "", strconv.Itoa(n)
	}
	return []importer.Row{finish(id, record)}
}

func (item *bossItem) kind() importer.Kind {
	name := strings.ToLower(item.TypeName + " " + item.Type)
	switch {
	case strings.Contains(name, "membership"), strings.Contains(name, "passport"), strings.Contains(name, "driver"), strings.Contains(name, "social"):
		return importer.Document
	case strings.Contains(name, "card"):
		return importer.Card
	case strings.Contains(name, "software"), strings.Contains(name, "licen"):
		return importer.SoftwareLicence
	case strings.Contains(name, "note"):
		return importer.Note
	case strings.Contains(name, "bank"):
		return importer.BankAccount
	case strings.Contains(name, "identity"), strings.Contains(name, "personal"), strings.Contains(name, "address"):
		return importer.Identity
	case strings.Contains(name, "wi-fi"), strings.Contains(name, "wifi"):
		return importer.WiFi
	}
	return importer.Login
}

// note has "\n" in two letters for the end of a line in the older shape.
func (item *bossItem) note() string {
	if item.Identifiers != nil {
		return strings.NewReplacer(`\r\n`, "\n", `\n`, "\n").Replace(item.Notes)
	}
	return item.Notes
}

func (item *bossItem) addEmail(record *importer.Record) {
	switch {
	case record.Kind == importer.Login && record.Username == "":
		record.Username = item.Email
	case item.Email != record.Username:
		addField(record, "email", item.Email, false)
	}
}

// addNewAddress adds an address that the record does not have yet.
func addNewAddress(record *importer.Record, address string) {
	for _, a := range addresses(address) {
		if !slices.Contains(record.URLs, a) {
			record.URLs = append(record.URLs, a)
		}
	}
}

// bossNames are the vault's names for what Password Boss knows of entries that are no logins, as columnKey compares them.
var bossNames = map[string]string{
	"nameoncard": "cardholder", "cardnumber": "number", "securitycode": "cvv", "expires": "expires", "expirationdate": "expires", "cardtype": "brand", "pin": "pin",
	"firstname": "first-name", "lastname": "last-name", "email": "email", "phonenumber": "phone", "phone": "phone", "company": "company", "dateofbirth": "birthday",
	"address1": "street", "city": "city", "state": "region", "zipcode": "postal-code", "zip": "postal-code", "country": "country",
	"bankname": "bank", "accountnumber": "account-number", "routingnumber": "routing-number", "iban": "iban", "swift": "bic", "nameonaccount": "account-holder",
	"ssid": "ssid", "licensekey": "licence-key", "passportnumber": "document-number", "driverlicensenumber": "document-number",
}

// addBossMembers adds the values of the older shape, or what the newer one has beside the members of every entry.
func addBossMembers(record *importer.Record, members map[string]any) {
	for _, name := range sortedKeys(members) {
		if columnKey(name) == "customfields" {
			addBossFields(record, members[name])
			continue
		}
		for _, text := range texts(members[name]) {
			addBossMember(record, name, strings.ReplaceAll(text, `\n`, "\n"))
		}
	}
}

// addBossFields adds a list of fields that the user has made.
func addBossFields(record *importer.Record, list any) {
	var fields []bossField
	if raw, err := json.Marshal(list); err == nil && json.Unmarshal(raw, &fields) == nil {
		for _, f := range fields {
			f.addTo(record)
		}
		return
	}
	for _, text := range texts(list) {
		addField(record, "Custom fields", text, true)
	}
}

func addBossMember(record *importer.Record, name, text string) {
	login, ours := record.Kind == importer.Login, bossNames[columnKey(name)]
	switch {
	case text == "":
	case name == "username" && record.Username == "":
		record.Username = text
	case name == "password":
		setPassword(record, text)
	case name == "totp":
		setTOTP(record, text)
	case name == "notes" && record.Notes == "":
		record.Notes = text
	case login && name == "email" && record.Username == "":
		record.Username = text
	case ours == "expires":
		addField(record, ours, monthOfDay(text), false)
	case ours != "" && !login:
		addField(record, ours, text, isHiddenKey(ours))
	case name == "url" || name == "login_url":
		addNewAddress(record, text)
	default:
		addField(record, name, text, isSecretName(name))
	}
}

// monthOfDay is the month of a date, or of a month.
func monthOfDay(text string) string {
	if at := moment(text); !at.IsZero() {
		return at.Format("2006-01")
	}
	return month(text)
}
