package vault

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// Field names one mergeable field of an item, in history entries and conflicts:
//
//	title
//	websites   tags   attachments                        in history entries alone: the whole list, a line an element
//	value/<key>
//	custom/<id>   custom/<id>/label   custom/<id>/type
//	unknown/<n>                                          a CBOR key of a newer version
type Field string

// The fields that items of every kind have, besides values and custom fields.
const (
	FieldTitle    Field = "title"
	FieldWebsites Field = "websites"
	FieldTags     Field = "tags"
	// FieldAttachments is a list of ids.
	FieldAttachments Field = "attachments"
)

const (
	valuePrefix   = "value/"
	customPrefix  = "custom/"
	unknownPrefix = "unknown/"
	labelPart     = "label"
)

// CustomTypePart is what Custom says of the type of a custom field.
const CustomTypePart = "type"

// ValueField names a field of the kind.
func ValueField(key Key) Field { return Field(valuePrefix + key) }

// CustomValue names the value of a custom field.
func CustomValue(custom id.ID) Field { return Field(customPrefix + custom.String()) }

// CustomLabel names the label of a custom field.
func CustomLabel(custom id.ID) Field { return CustomValue(custom) + "/" + labelPart }

func customType(custom id.ID) Field { return CustomValue(custom) + "/" + CustomTypePart }

func unknownField(key uint64) Field {
	return Field(unknownPrefix + strconv.FormatUint(key, 10))
}

// Key returns the key of a field of the kind; false for other fields.
func (f Field) Key() (Key, bool) {
	key, ok := strings.CutPrefix(string(f), valuePrefix)
	return Key(key), ok
}

// Custom returns which custom field it is about, and whether it is its value ("") or its "label" or "type"; false for other fields.
func (f Field) Custom() (custom id.ID, part string, ok bool) {
	rest, ok := strings.CutPrefix(string(f), customPrefix)
	if !ok {
		return id.ID{}, "", false
	}
	digits, part, _ := strings.Cut(rest, "/")
	raw, err := hex.DecodeString(digits)
	if err != nil {
		return id.ID{}, "", false
	}
	custom, err = id.FromBytes(raw)
	return custom, part, err == nil
}

// fields is the content of an item as a flat table, the form in which versions are compared and merged. The bytes are borrowed
// from the item; a field that is empty is not in it.
type fields map[Field][]byte

func (it *Item) fields() fields {
	all := make(fields, len(it.Values)+3*len(it.Custom)+1)
	all.put(FieldTitle, []byte(it.Title))
	for key, value := range it.Values {
		all.put(ValueField(key), value.Reveal())
	}
	for _, c := range it.Custom {
		all.put(CustomValue(c.ID), c.Value.Reveal())
		all.put(CustomLabel(c.ID), []byte(c.Label))
		all.put(customType(c.ID), []byte(c.Type))
	}
	for key, raw := range it.unknown {
		all.put(unknownField(key), raw)
	}
	return all
}

func (f fields) put(field Field, value []byte) {
	if len(value) > 0 {
		f[field] = value
	}
}

// setField gives a field a copy of value; an empty one clears it. A custom field that is gone comes back. A field name that
// this version does not know is ignored.
func (it *Item) setField(f Field, value []byte) {
	if f == FieldTitle {
		it.Title = string(value)
	} else if f == FieldWebsites {
		it.Websites = lines(value)
	} else if f == FieldTags {
		it.Tags = lines(value)
	} else if f == FieldAttachments {
		it.Attachments = parseIDs(value)
	} else if key, ok := f.Key(); ok {
		it.Set(key, secret.New(append([]byte(nil), value...)))
	} else if custom, part, ok := f.Custom(); ok {
		it.setCustom(custom, part, value)
	} else if digits, ok := strings.CutPrefix(string(f), unknownPrefix); ok {
		it.setUnknown(digits, value)
	}
}

// lines is a list as history entries have it.
func lines(value []byte) []string {
	if len(value) == 0 {
		return nil
	}
	return strings.Split(string(value), "\n")
}

func (it *Item) setCustom(custom id.ID, part string, value []byte) {
	field := it.custom(custom)
	if field == nil {
		it.Custom = append(it.Custom, CustomField{ID: custom, Type: Concealed})
		field = &it.Custom[len(it.Custom)-1]
	}
	switch part {
	case "":
		field.Value = secret.New(append([]byte(nil), value...))
	case labelPart:
		field.Label = string(value)
	case CustomTypePart:
		field.Type = FieldType(value)
	}
}

func (it *Item) custom(custom id.ID) *CustomField {
	for i := range it.Custom {
		if it.Custom[i].ID == custom {
			return &it.Custom[i]
		}
	}
	return nil
}

func (it *Item) setUnknown(digits string, raw []byte) {
	key, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || key <= lastKey { // a version that did not know the key yet wrote the entry
		return
	}
	if it.unknown == nil {
		it.unknown = make(canonical.Unknown)
	}
	if len(raw) == 0 {
		delete(it.unknown, key)
		return
	}
	it.unknown[key] = append(canonical.RawMessage(nil), raw...)
}
