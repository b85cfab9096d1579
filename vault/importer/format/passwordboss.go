package format

import (
	"encoding/json"
	"fmt"
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
	Custom   []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
		Type  string `json:"type"`
	} `json:"customFields"`

	CardNumber string `json:"cardNumber"`
	NameOnCard string `json:"nameOnCard"`
	Security   string `json:"securityCode"`
	Expires    string `json:"expirationDate"`

	Identifiers map[string]any `json:"identifiers"`
}

func isPasswordBoss(members map[string]json.RawMessage) bool {
	item := firstItem(members)
	return hasAll("identifiers")(item) || hasAll("login_url")(item) || hasAll("itemTypeName")(item)
}

func openPasswordBoss(data []byte) (importer.Source, error) {
	var f struct {
		Items   []json.RawMessage `json:"items"`
		Folders []struct {
			ID     json.RawMessage `json:"id"`
			Name   string          `json:"name"`
			Parent json.RawMessage `json:"parent"`
		} `json:"folders"`
	}
	err := json.Unmarshal(data, &f)
	if data[0] == '[' {
		err = json.Unmarshal(data, &f.Items)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: JSON", importer.ErrMalformed)
	}
	folders := map[string]string{}
	for _, folder := range f.Folders {
		folders[bareText(folder.ID)] = folder.Name
	}
	decode := func(raw json.RawMessage, n int) []importer.Row { return decodeBoss(raw, n, folders) }
	return newFile(importer.Info{ID: "passwordboss", Browser: "Password Boss"}, decodeAll(f.Items, decode)), nil
}

// bareText is a JSON text or number as text.
func bareText(raw json.RawMessage) string { return strings.Trim(strings.TrimSpace(string(raw)), `"`) }

func decodeBoss(raw json.RawMessage, n int, folders map[string]string) []importer.Row {
	var item bossItem
	if unmarshal(raw, &item) != nil {
		return []importer.Row{{ID: strconv.Itoa(n), Reason: importer.ReasonMalformed}}
	}
	var folder string
	if json.Unmarshal(item.Folder, &folder) != nil || folders[folder] != "" {
		folder = folders[bareText(item.Folder)]
	}
	record := &importer.Record{
		Title: item.Name, Username: item.Username, Notes: item.note(), Folder: strings.ReplaceAll(folder, `\`, "/"), Tags: item.Tags,
		Favorite: item.Favorite == true || item.Favorite == 1.0, Source: "passwordboss", Kind: item.kind(),
	}
	for _, address := range []string{item.URL, item.LoginURL} {
		record.URLs = append(record.URLs, addresses(address)...)
	}
	setPassword(record, item.Password)
	setTOTP(record, item.TOTP)
	item.addEmail(record)
	addField(record, "cardholder", item.NameOnCard, false)
	addField(record, "number", item.CardNumber, true)
	addField(record, "cvv", item.Security, true)
	addField(record, "expires", month(item.Expires), false)
	for _, f := range item.Custom {
		addField(record, f.Name, f.Value, f.Type == "password" || isSecretName(f.Name))
	}
	item.addIdentifiers(record)
	id := bareText(item.ID)
	if record.SourceID = id; id == "" || id == "null" {
		record.SourceID, id = "", strconv.Itoa(n)
	}
	return []importer.Row{finish(id, record)}
}

func (item *bossItem) kind() importer.Kind {
	name := strings.ToLower(item.TypeName + " " + item.Type)
	switch {
	case strings.Contains(name, "card") && (item.CardNumber != "" || item.Identifiers["cardNumber"] != nil):
		return importer.Card
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

// addIdentifiers adds the values of the older shape.
func (item *bossItem) addIdentifiers(record *importer.Record) {
	names := map[string]string{
		"nameOnCard": "cardholder", "cardNumber": "number", "security_code": "cvv", "securityCode": "cvv", "expires": "expires", "expirationDate": "expires",
		"firstName": "first-name", "lastName": "last-name", "email": "email", "phoneNumber": "phone", "company": "company",
		"bank_name": "bank", "account_number": "account-number", "routing_number": "routing-number", "iban": "iban", "swift": "bic",
	}
	for _, name := range sortedKeys(item.Identifiers) {
		for _, text := range texts(item.Identifiers[name]) {
			text = strings.ReplaceAll(text, `\n`, "\n")
			switch ours := names[name]; {
			case name == "username" && record.Username == "":
				record.Username = text
			case name == "password":
				setPassword(record, text)
			case name == "totp":
				setTOTP(record, text)
			case name == "notes" && record.Notes == "":
				record.Notes = text
			case record.Kind == importer.Login && name == "email" && record.Username == "":
				record.Username = text
			case ours == "expires":
				addField(record, ours, month(text), false)
			case ours != "" && record.Kind != importer.Login:
				addField(record, ours, text, isHiddenKey(ours))
			case name == "url" || name == "login_url":
				record.URLs = append(record.URLs, addresses(text)...)
			default:
				addField(record, name, text, isSecretName(name))
			}
		}
	}
}
