package exporter

import (
	"encoding/base64"
	"maps"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/otp"
)

// entry is an item on its way into the file.
type entry struct {
	*vault.Item
	export *export
	files  []vault.Attachment
	left   bool // out of the file
}

// lose notes that something of the item is not in the file.
func (e *entry) lose(part Part, count int) { e.export.losses.add(part, count, e.Title) }

// leave says that the format has no place for the item: nothing else is counted of it then.
func (e *entry) leave() {
	e.lose(PartItems, 1)
	e.left = true
}

// count notes what the format has no place for.
func (e *entry) count() {
	if e.left {
		return
	}
	for _, part := range e.export.spec.Omits {
		if has := amounts[part]; has != nil {
			e.lose(part, has(e))
		}
	}
	if e.ReadOnly {
		e.lose(PartNewer, 1)
	}
}

// amounts says how much of a part an item has. Trash and folders are counted where they are met.
var amounts = map[Part]func(*entry) int{
	PartFiles:    func(e *entry) int { return len(e.files) },
	PartOTP:      func(e *entry) int { return one(!e.Value(vault.OTP).IsZero()) },
	PartCustom:   func(e *entry) int { return len(e.Custom) },
	PartHistory:  func(e *entry) int { return len(e.History) },
	PartTags:     func(e *entry) int { return len(e.Tags) },
	PartFavorite: func(e *entry) int { return one(e.Favorite) },
	PartArchive:  func(e *entry) int { return one(e.ArchivedAt != 0) },
	PartFindings: func(e *entry) int { return len(e.Ignored) },
	PartDates:    func(e *entry) int { return one(e.CreatedAt != 0 || e.UpdatedAt != 0 || e.PasswordSetAt != 0) },
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// text is a value as text. Bytes that are none become base64, which the report says.
func (e *entry) text(value secret.Bytes) string {
	if b := value.Reveal(); !utf8.Valid(b) {
		e.lose(PartBytes, 1)
		return base64.StdEncoding.EncodeToString(b)
	}
	return string(value.Reveal())
}

// field is the value of a field of the kind as text.
func (e *entry) field(key vault.Key) string { return e.text(e.Value(key)) }

// field is a named value of an item that has no place of its own in a format.
type field struct {
	name  string
	kind  vault.FieldType
	value secret.Bytes
}

// others are the values of the item beside those of some keys and the notes: in the order of the kind, what no version knows last, then the custom
// fields. A field of the kind has its key as its name, by which an import finds it again.
func (e *entry) others(taken ...vault.Key) []field {
	skip := map[vault.Key]bool{vault.Notes: true}
	for _, key := range taken {
		skip[key] = true
	}
	var all []field
	spec, _ := vault.SpecOf(e.Kind)
	for _, f := range spec.Fields {
		if value := e.Value(f.Key); !skip[f.Key] && !value.IsZero() {
			all = append(all, field{string(f.Key), f.Type, value})
		}
		skip[f.Key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(e.Values)) {
		if !skip[key] && !e.Value(key).IsZero() {
			all = append(all, field{string(key), vault.Concealed, e.Value(key)})
		}
	}
	for _, c := range e.Custom {
		all = append(all, field{c.Label, c.Type, c.Value})
	}
	return all
}

// uuid is how other programs write an id.
func uuid(i id.ID) string {
	hex := i.String()
	return hex[:8] + "-" + hex[8:12] + "-" + hex[12:16] + "-" + hex[16:20] + "-" + hex[20:]
}

// timeFormat is the form of RFC 3339 with milliseconds, as JavaScript writes it.
const timeFormat = "2006-01-02T15:04:05.000Z"

// date is a time in Unix milliseconds as text; nil for none.
func date(millis int64) *string {
	if millis == 0 {
		return nil
	}
	text := time.UnixMilli(millis).UTC().Format(timeFormat)
	return &text
}

// steamSeed is the secret of codes of Steam Guard in base32, which programs write each in a way of its own; ok is false for others.
func steamSeed(e *entry) (seed string, ok bool) {
	key, err := otp.Parse(e.Value(vault.OTP))
	defer key.Wipe()
	if err != nil || !key.Steam {
		return "", false
	}
	return key.Base32(), true
}
