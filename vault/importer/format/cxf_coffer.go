package format

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// cofferExtension is what Coffer's own exports say of an item beside what CXF has places for. Times are Unix milliseconds.
type cofferExtension struct {
	Name     string                 `json:"name"`
	Kind     importer.Kind          `json:"kind"`
	Created  int64                  `json:"createdAt"`
	Updated  int64                  `json:"updatedAt"`
	Password int64                  `json:"passwordSetAt"`
	Archived int64                  `json:"archivedAt"`
	Trashed  int64                  `json:"trashedAt"`
	Fields   map[string]string      `json:"fields"` // the ids of editable fields, by the vault's names
	Values   map[string]cofferValue `json:"values"` // what stands in none of them
	Custom   []struct {
		ID    string       `json:"id"` // of the editable field
		Type  string       `json:"type"`
		Value *cofferValue `json:"value"`
	} `json:"custom"`
	History []struct {
		Field string      `json:"field"`
		Value cofferValue `json:"value"`
		Time  int64       `json:"time"`
	} `json:"history"`
	Files []struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"files"`
}

// cofferValue is text, or bytes that are none in base64url.
type cofferValue struct {
	Text  string `json:"text"`
	Bytes string `json:"bytes"`
}

func (v cofferValue) text() string {
	if raw, err := base64.RawURLEncoding.DecodeString(v.Bytes); err == nil && v.Bytes != "" {
		return string(raw)
	}
	return v.Text
}

const cofferExtensionName = "coffer-vault.github.io/item"

// coffer is the item's extension of Coffer, if it has one of a kind that this version knows.
func (item *cxfItem) coffer() (*cofferExtension, bool) {
	for _, raw := range item.Extensions {
		var e cofferExtension
		if json.Unmarshal(raw, &e) == nil && e.Name == cofferExtensionName && importer.KnownKind(e.Kind) {
			return &e, true
		}
	}
	return nil, false
}

// editables are the editable fields of the credentials, by their ids.
func editables(credentials []cxfCredential) map[string]cxfCredential {
	found := map[string]cxfCredential{}
	add := func(raw json.RawMessage) {
		var field cxfCredential
		if json.Unmarshal(raw, &field) == nil && field.text("id") != "" {
			found[field.text("id")] = field
		}
	}
	for _, c := range credentials {
		for _, member := range c {
			add(member)
		}
		var fields []json.RawMessage
		if json.Unmarshal(c["fields"], &fields) == nil {
			for _, raw := range fields {
				add(raw)
			}
		}
	}
	return found
}

// row makes the item that was exported: one, whatever credentials it was spread over.
func (e *cofferExtension) row(item *cxfItem, record *importer.Record, credentials []cxfCredential) importer.Row {
	if e.Trashed != 0 {
		return importer.Row{ID: item.ID, Site: item.Title, Reason: importer.ReasonDeleted}
	}
	record.Kind, record.Archived = e.Kind, e.Archived != 0
	record.Created, record.Modified, record.PasswordChanged = at(e.Created), at(e.Updated), at(e.Password)
	fields := editables(credentials)
	for _, key := range sortedNames(e.Fields) {
		e.put(record, key, fields[e.Fields[key]].text("value"))
	}
	for _, key := range sortedNames(e.Values) {
		e.put(record, key, e.Values[key].text())
	}
	for _, c := range e.Custom {
		field := fields[c.ID]
		value := field.text("value")
		if c.Value != nil {
			value = c.Value.text()
		}
		record.Fields = append(record.Fields, importer.Field{
			Name: field.text("label"), Value: secret.FromString(value), Hidden: field.text("fieldType") == "concealed-string", Type: c.Type, Custom: true,
		})
	}
	for _, file := range e.Files {
		nameFile(record, file.Name, file.ID)
	}
	e.addHistory(record)
	return finish(item.ID, record)
}

// put gives the record a value by the vault's name for it.
func (e *cofferExtension) put(record *importer.Record, key, value string) {
	switch key {
	case "username":
		record.Username = value
	case "password":
		record.Password = secret.FromString(value)
	case "totp":
		record.TOTP = secret.FromString(value)
	case "notes":
		record.Notes = value
	default:
		addField(record, key, value, isHiddenKey(key))
	}
}

// addHistory adds the passwords before. Of other fields a record has no history.
func (e *cofferExtension) addHistory(record *importer.Record) {
	for _, past := range e.History {
		name, isValue := strings.CutPrefix(past.Field, "value/")
		switch value := past.Value.text(); {
		case value == "":
		case isValue && name == "password":
			record.History = append(record.History, importer.OldPassword{Password: secret.FromString(value), Replaced: at(past.Time)})
		default:
			leaveOut(record, importer.PartHistory, name)
		}
	}
}

// at is a time in Unix milliseconds; zero for none.
func at(millis int64) time.Time {
	if millis <= 0 || millis > 253_402_300_799_999 {
		return time.Time{}
	}
	return time.UnixMilli(millis).UTC()
}
