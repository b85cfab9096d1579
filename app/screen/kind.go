package screen

import (
	"slices"

	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/vault"
)

var kindIcons = map[vault.Kind]assets.IconName{
	vault.Login:           assets.IconKeyRound,
	vault.Note:            assets.IconStickyNote,
	vault.Card:            assets.IconCreditCard,
	vault.Identity:        assets.IconIdCard,
	vault.Document:        assets.IconFileText,
	vault.BankAccount:     assets.IconLandmark,
	vault.Passkey:         assets.IconFingerprintPattern,
	vault.SSHKey:          assets.IconTerminal,
	vault.APICredential:   assets.IconKeySquare,
	vault.WiFi:            assets.IconWifi,
	vault.SoftwareLicence: assets.IconPackage,
}

// kindIcon is the icon of a kind, also of one that a newer version has made.
func kindIcon(kind vault.Kind) assets.IconName {
	if icon, ok := kindIcons[kind]; ok {
		return icon
	}
	return assets.IconFile
}

func known(kind vault.Kind) bool {
	_, ok := vault.SpecOf(kind)
	return ok
}

// kindText is one of the texts that every kind has: "name", "plural", "new", "edit".
func kindText(words *assets.Catalog, kind vault.Kind, form string) string {
	if !known(kind) {
		return words.Text("kind.unknown." + form)
	}
	return words.Text("kind." + string(kind) + "." + form)
}

// fieldLabel is what a field of the kind is called.
func fieldLabel(words *assets.Catalog, kind vault.Kind, key vault.Key) string {
	if key == vault.Notes {
		return words.Text("kind.notes")
	}
	if spec, ok := vault.SpecOf(kind); ok {
		if _, ok := spec.Field(key); ok {
			return words.Text("kind." + string(kind) + ".field." + string(key))
		}
	}
	return string(key) // made by a newer version, which has a better name for it
}

// labelOf is what people call a field of an item, also one that is in its history alone.
func labelOf(words *assets.Catalog, it *vault.Item, field vault.Field) string {
	switch field {
	case vault.FieldTitle:
		return words.Text("screen.field.title")
	case vault.FieldWebsites:
		return words.Text("screen.field.websites")
	case vault.FieldTags:
		return words.Text("screen.field.tags")
	case vault.FieldAttachments:
		return words.Text("screen.files.title")
	}
	if key, ok := field.Key(); ok {
		return fieldLabel(words, it.Kind, key)
	}
	if custom, part, ok := field.Custom(); ok {
		return customLabel(words, it, vault.CustomValue(custom), part)
	}
	return words.Text("screen.field.unknown")
}

func customLabel(words *assets.Catalog, it *vault.Item, field vault.Field, part string) string {
	name := words.Text("screen.field.custom")
	for _, c := range it.Custom {
		if vault.CustomValue(c.ID) == field && c.Label != "" {
			name = c.Label
		}
	}
	if part == "" {
		return name
	}
	return words.Text("screen.field.part."+part, "field", name)
}

// typeOf is the type of a field's value. What this version does not know is treated as a secret.
func typeOf(it *vault.Item, field vault.Field) vault.FieldType {
	switch field {
	case vault.FieldTitle:
		return vault.Text
	case vault.FieldWebsites, vault.FieldTags, vault.FieldAttachments:
		return vault.Multiline
	}
	if key, ok := field.Key(); ok {
		return keyType(it.Kind, key)
	}
	custom, part, ok := field.Custom()
	if !ok {
		return vault.Concealed
	}
	if part != "" {
		return vault.Text
	}
	i := slices.IndexFunc(it.Custom, func(c vault.CustomField) bool { return c.ID == custom })
	if i < 0 {
		return vault.Concealed
	}
	return it.Custom[i].Type
}

func keyType(kind vault.Kind, key vault.Key) vault.FieldType {
	if key == vault.Notes {
		return vault.Multiline
	}
	if spec, ok := vault.SpecOf(kind); ok {
		if f, ok := spec.Field(key); ok {
			return f.Type
		}
	}
	return vault.Concealed
}

// placeOf is where the editor has a field: those of an item are ordered by it.
func placeOf(it *vault.Item, field vault.Field) int {
	const websites, tags, custom, files, notes = 1000, 2000, 3000, 8000, 9000
	switch field {
	case vault.FieldTitle:
		return 0
	case vault.FieldWebsites:
		return websites
	case vault.FieldTags:
		return tags
	case vault.FieldAttachments:
		return files
	case vault.ValueField(vault.Notes):
		return notes
	}
	if key, ok := field.Key(); ok {
		spec, _ := vault.SpecOf(it.Kind)
		return 1 + indexOrEnd(spec.Fields, func(f vault.FieldSpec) bool { return f.Key == key })
	}
	id, _, _ := field.Custom()
	return custom + indexOrEnd(it.Custom, func(c vault.CustomField) bool { return c.ID == id })
}

// indexOrEnd is where an element is, or would be appended.
func indexOrEnd[T any](list []T, is func(T) bool) int {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return i
	}
	return len(list)
}
