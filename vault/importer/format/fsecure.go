package format

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// fSecureFile is an export of F-Secure's password manager (KEY, ID Protection, Total): entries by their ids.
type fSecureFile struct {
	Data map[string]json.RawMessage `json:"data"`
}

type fSecureEntry struct {
	Service   string            `json:"service"`
	URL       string            `json:"url"`
	Username  string            `json:"username"`
	Password  string            `json:"password"`
	Notes     string            `json:"notes"`
	Favorite  int               `json:"favorite"`
	Type      int               `json:"type"`  // 2 is a card
	Style     string            `json:"style"` // of earlier versions: "creditcard"
	Number    string            `json:"creditNumber"`
	Expiry    string            `json:"creditExpiry"`
	CVV       string            `json:"creditCvv"`
	Changed   int64             `json:"passwordModifiedDate"` // milliseconds
	Passwords []json.RawMessage `json:"passwordList"`
}

// fSecureKnown are the members that fSecureEntry has, or that say nothing worth keeping.
var fSecureKnown = []string{
	"service", "url", "username", "password", "notes", "favorite", "type", "style", "creditNumber", "creditExpiry", "creditCvv",
	"passwordModifiedDate", "passwordList", "rev", "color",
}

func isFSecure(members map[string]json.RawMessage) bool {
	var f map[string]map[string]json.RawMessage
	if json.Unmarshal(members["data"], &f) != nil || len(f) == 0 {
		return false
	}
	for _, entry := range f {
		if !hasAll("service", "username", "password")(entry) {
			return false
		}
	}
	return true
}

func openFSecure(data []byte) (importer.Source, error) {
	var f fSecureFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("%w: F-Secure", importer.ErrMalformed)
	}
	rows := func(yield func(importer.Row) bool) {
		for _, id := range sortedNames(f.Data) {
			if !yield(decodeFSecure(id, f.Data[id])) {
				return
			}
		}
	}
	return newFile(importer.Info{ID: "fsecure", Browser: "F-Secure"}, rows), nil
}

func decodeFSecure(id string, raw json.RawMessage) importer.Row {
	var entry fSecureEntry
	var members map[string]any
	if unmarshal(raw, &entry) != nil || json.Unmarshal(raw, &members) != nil {
		return importer.Row{ID: id, Reason: importer.ReasonMalformed}
	}
	record := &importer.Record{
		Title: entry.Service, URLs: addresses(entry.URL), Username: entry.Username, Password: secret.FromString(entry.Password), Notes: entry.Notes,
		Favorite: entry.Favorite > 0, Source: "fsecure", SourceID: id, PasswordChanged: since1970(strconv.FormatInt(entry.Changed, 10), time.UnixMilli),
	}
	if entry.Type == 2 || entry.Style == "creditcard" {
		record.Kind = importer.Card
		// The name on the card and its PIN stand where a login has its user name and password.
		addField(record, "cardholder", entry.Username, false)
		addField(record, "pin", entry.Password, true)
		record.Username, record.Password = "", secret.Bytes{}
	}
	addField(record, "number", entry.Number, true)
	addField(record, "expires", month(entry.Expiry), false)
	addField(record, "cvv", entry.CVV, true)
	for _, old := range entry.Passwords {
		entry.addOld(record, old)
	}
	for _, name := range sortedNames(members) {
		if !slices.Contains(fSecureKnown, name) {
			for _, text := range texts(members[name]) {
				addField(record, name, text, isSecretName(name))
			}
		}
	}
	return finish(id, record)
}

// addOld adds an earlier password, which is text or an object with one; what is neither is named.
func (entry *fSecureEntry) addOld(record *importer.Record, raw json.RawMessage) {
	var text string
	var object struct{ Password string }
	if json.Unmarshal(raw, &text) != nil && json.Unmarshal(raw, &object) == nil {
		text = object.Password
	}
	switch text {
	case "":
		leaveOut(record, importer.PartHistory, "passwordList")
	case entry.Password:
	default:
		record.History = append(record.History, importer.OldPassword{Password: secret.FromString(text)})
	}
}
