package format

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// enpassFile is an export of Enpass as JSON.
type enpassFile struct {
	Folders []struct {
		UUID   string `json:"uuid"`
		Title  string `json:"title"`
		Parent string `json:"parent_uuid"`
	} `json:"folders"`
	Items []json.RawMessage `json:"items"`
}

type enpassItem struct {
	UUID        string        `json:"uuid"`
	Title       string        `json:"title"`
	Subtitle    string        `json:"subtitle"`
	Note        string        `json:"note"`
	Template    string        `json:"template_type"` // "login.default", "creditcard.default"
	Category    string        `json:"category"`
	Favorite    int           `json:"favorite"`
	Archived    int           `json:"archived"`
	Trashed     int           `json:"trashed"`
	Created     int64         `json:"createdAt"` // seconds
	Updated     int64         `json:"updated_at"`
	Folders     []string      `json:"folders"`
	Fields      []enpassField `json:"fields"`
	Attachments []struct {
		Name string `json:"name"`
		Data string `json:"data"` // base64
	} `json:"attachments"`
}

type enpassField struct {
	Label     string `json:"label"`
	Type      string `json:"type"`
	Value     string `json:"value"`
	Sensitive int    `json:"sensitive"`
	Deleted   int    `json:"deleted"`
	Changed   int64  `json:"value_updated_at"` // seconds
	History   []struct {
		Value   string `json:"value"`
		Updated int64  `json:"updated_at"` // when it was set
	} `json:"history"`
}

// enpassType is a template, with the vault's names for its fields by their types.
type enpassType struct {
	kind   importer.Kind
	fields map[string]string
}

var enpassTypes = map[string]enpassType{
	"creditcard": {importer.Card, map[string]string{
		"ccName": "cardholder", "ccNumber": "number", "ccCvc": "cvv", "ccPin": "pin", "ccExpiry": "expires", "ccBankname": "bank", "ccType": "brand",
	}},
	"identity": {importer.Identity, map[string]string{"email": "email", "phone": "phone"}},
	"note":     {importer.Note, nil},
	"finance":  {importer.BankAccount, nil},
	"license":  {importer.SoftwareLicence, nil},
	"travel":   {importer.Document, nil},
}

func isEnpass(members map[string]json.RawMessage) bool {
	item := firstItem(members)
	return hasAll("uuid", "template_type")(item) || hasAll("uuid", "category", "fields")(item)
}

func openEnpass(data []byte) (importer.Source, error) {
	var f enpassFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("%w: Enpass", importer.ErrMalformed)
	}
	in := folders{}
	for _, g := range f.Folders {
		in[g.UUID] = folder{g.Title, g.Parent}
	}
	decode := func(raw json.RawMessage, n int) []importer.Row { return decodeEnpass(raw, n, in) }
	return newFile(importer.Info{ID: "enpass", Browser: "Enpass"}, decodeAll(f.Items, decode)), nil
}

func decodeEnpass(raw json.RawMessage, n int, in folders) []importer.Row {
	var item enpassItem
	if unmarshal(raw, &item) != nil {
		return []importer.Row{{ID: strconv.Itoa(n), Reason: importer.ReasonMalformed}}
	}
	if item.Trashed != 0 {
		return []importer.Row{{ID: item.UUID, Site: item.Title, Reason: importer.ReasonDeleted}}
	}
	template, _, _ := strings.Cut(item.Template, ".")
	t, known := enpassTypes[template]
	if !known {
		t = enpassTypes[item.Category]
	}
	record := &importer.Record{
		Kind: t.kind, Title: item.Title, Notes: item.Note, Favorite: item.Favorite != 0, Archived: item.Archived != 0, Source: "enpass", SourceID: item.UUID,
		Created: since1970(strconv.FormatInt(item.Created, 10), seconds), Modified: since1970(strconv.FormatInt(item.Updated, 10), seconds),
	}
	for i, id := range item.Folders {
		if path := in.path(id); i == 0 {
			record.Folder = path
		} else if path != "" {
			record.Tags = append(record.Tags, path)
		}
	}
	for _, field := range item.Fields {
		field.addTo(record, t)
	}
	for _, a := range item.Attachments {
		addBase64(record, a.Name, a.Data)
	}
	return []importer.Row{finish(item.UUID, record)}
}

// addHistory adds the passwords before, each with the time when the next one was set.
func (f enpassField) addHistory(record *importer.Record) {
	when := func(at int64) time.Time { return since1970(strconv.FormatInt(at, 10), seconds) }
	record.PasswordChanged = when(f.Changed)
	for i, old := range f.History {
		if old.Value == "" || old.Value == f.Value {
			continue
		}
		replaced := when(f.Changed)
		if i+1 < len(f.History) {
			replaced = when(f.History[i+1].Updated)
		}
		record.History = append(record.History, importer.OldPassword{Password: secret.FromString(old.Value), Changed: when(old.Updated), Replaced: replaced})
	}
}

// addApp adds the package of an application for Android as an address. Others of its fields are about the look of the entry.
func (f enpassField) addApp(record *importer.Record) {
	if app := "androidapp://" + strings.TrimPrefix(f.Value, "androidapp://"); strings.Contains(app, ".") && importer.Origin(app) != "" {
		record.URLs = append(record.URLs, app)
		return
	}
	addField(record, f.Label, f.Value, f.Sensitive != 0)
}

func (f enpassField) addTo(record *importer.Record, t enpassType) {
	ours, login := t.fields[f.Type], record.Kind == "" || record.Kind == importer.Login
	if isPassword := login && f.Type == "password" && record.Password.IsZero(); len(f.History) > 0 && !isPassword && f.Deleted == 0 {
		leaveOut(record, importer.PartHistory, f.Label)
	}
	switch {
	case f.Deleted != 0 || f.Value == "" || f.Type == "section":
	case strings.HasPrefix(f.Type, ".Android"):
		f.addApp(record)
	case ours == "expires":
		addField(record, ours, month(f.Value), false)
	case ours != "":
		addField(record, ours, f.Value, isHiddenKey(ours))
	case login && f.Type == "username" && record.Username == "":
		record.Username = f.Value
	case login && f.Type == "email" && record.Username == "":
		record.Username = f.Value
	case login && f.Type == "password" && record.Password.IsZero():
		setPassword(record, f.Value)
		f.addHistory(record)
	case login && f.Type == "url":
		record.URLs = append(record.URLs, addresses(f.Value)...)
	case f.Type == "totp":
		setTOTP(record, f.Value)
	default:
		addField(record, f.Label, f.Value, f.Sensitive != 0)
	}
}
