package vault

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// Item is what a user sees: a login, a note, a card, an identity. Its fields are what KindSpec lists for its kind, and any number
// of custom ones. Times are Unix milliseconds UTC; 0 means never.
//
// An Item shares its secrets with its copies: Clone before changing one that somebody else holds, and Wipe when done.
type Item struct {
	ID       id.ID
	Kind     Kind
	Title    string
	Values   map[Key]secret.Bytes // an empty value is the same as none
	Websites []string
	Tags     []string
	Custom   []CustomField
	// Attachments are the item's files, in order. Vault.Attach adds to them; a copy of an item has none. An id may stand for a file that
	// was deleted, or that another device has not sent yet: Vault.Attachments leaves it out.
	Attachments []id.ID
	Folder      id.ID // zero, or the id of a deleted folder: in no folder. Of a folder: the one that it is in
	Favorite    bool

	ArchivedAt, TrashedAt, CreatedAt, UpdatedAt int64
	// PasswordSetAt is when the present password was set, 0 if nobody knows. Save sees to it; an import brings its own.
	PasswordSetAt int64
	// Ignored are the findings of a security check that the user has called no problem.
	Ignored []Finding

	History []Past
	Origin  Origin

	// ReadOnly is set for an item that a newer version of the program wrote: to edit it could lose what this version does not know.
	ReadOnly bool

	unknown canonical.Unknown
	seen    secret.Bytes // the encoding it was read from: the base when it is saved
}

// CustomField is a field that the user added. ID is random and stays when label or type change.
type CustomField struct {
	ID    id.ID
	Label string
	Type  FieldType
	Value secret.Bytes

	unknown canonical.Unknown
}

// Past is a value that a field had before, or the side of a conflict that did not become the field's value.
type Past struct {
	Field  Field
	Value  secret.Bytes
	Time   int64 // when it was replaced; of a conflict, when it was typed; by that device's clock
	Device id.ID // the device that replaced it, or typed it
	// Conflict says that two devices changed the field, and the user has not chosen yet. The item has the other device's value.
	Conflict bool

	unknown canonical.Unknown
}

// Origin says where an imported item came from, so that a second import recognises it.
type Origin struct {
	Source   string // "chrome/Default"
	SourceID string // the row's identity in the source
	Batch    id.ID  // the import that made the item
}

// Notes is the key of the notes that items of every kind have.
const Notes Key = "notes"

// Value returns the value of a field, zero if it is empty. The bytes are the item's own.
func (it *Item) Value(key Key) secret.Bytes { return it.Values[key] }

// Set sets the value of a field, which takes ownership; an empty value removes it.
func (it *Item) Set(key Key, value secret.Bytes) {
	if value.IsZero() {
		delete(it.Values, key)
		return
	}
	if it.Values == nil {
		it.Values = make(map[Key]secret.Bytes)
	}
	it.Values[key] = value
}

// Conflicts returns the history entries that wait for the user's choice.
func (it *Item) Conflicts() []Past {
	var open []Past
	for _, p := range it.History {
		if p.Conflict {
			open = append(open, p)
		}
	}
	return open
}

// Format writes kind and id under every verb: what is in an item belongs in no log.
func (it Item) Format(f fmt.State, _ rune) { io.WriteString(f, it.label()) }

// LogValue is the same for logs.
func (it Item) LogValue() slog.Value { return slog.StringValue(it.label()) }

func (it *Item) label() string { return string(it.Kind) + " " + it.ID.String() }

// Clone returns a copy that shares nothing with it, secrets included.
func (it *Item) Clone() Item {
	c := *it
	c.Values = make(map[Key]secret.Bytes, len(it.Values))
	for key, value := range it.Values {
		c.Values[key] = value.Clone()
	}
	c.Websites, c.Tags = slices.Clone(it.Websites), slices.Clone(it.Tags)
	c.Custom, c.History = slices.Clone(it.Custom), slices.Clone(it.History)
	c.Attachments, c.Ignored = slices.Clone(it.Attachments), slices.Clone(it.Ignored)
	for i := range c.Custom {
		field := &c.Custom[i]
		field.Value, field.unknown = field.Value.Clone(), cloneUnknown(field.unknown)
	}
	for i := range c.History {
		past := &c.History[i]
		past.Value, past.unknown = past.Value.Clone(), cloneUnknown(past.unknown)
	}
	c.unknown = cloneUnknown(it.unknown)
	if !it.seen.IsZero() {
		c.seen = it.seen.Clone()
	}
	return c
}

// Wipe clears the secrets of the item and of everything that shares them.
func (it *Item) Wipe() {
	for _, value := range it.Values {
		value.Wipe()
	}
	for _, field := range it.Custom {
		field.Value.Wipe()
		wipeUnknown(field.unknown)
	}
	for _, past := range it.History {
		past.Value.Wipe()
		wipeUnknown(past.unknown)
	}
	wipeUnknown(it.unknown)
	it.seen.Wipe()
}

// What this version does not know may be a secret of a newer one: it is copied and wiped like one.

func cloneUnknown(unknown canonical.Unknown) canonical.Unknown {
	copied := maps.Clone(unknown)
	for key, raw := range copied {
		copied[key] = slices.Clone(raw)
	}
	return copied
}

func wipeUnknown(unknown canonical.Unknown) {
	for _, raw := range unknown {
		clear(raw)
	}
}
