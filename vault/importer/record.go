package importer

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// Kind is what a record describes.
type Kind string

const (
	Login    Kind = "login"
	Note     Kind = "note"
	Card     Kind = "card"
	Identity Kind = "identity"
)

// Record is one entry as its source holds it, in the importer's own words: the session turns it into an item.
// It prints as its source and id only, since every other field may be private.
type Record struct {
	Kind     Kind
	Title    string
	URLs     []string // as stored, the first is where it was saved; "androidapp://package" for Android applications
	Username string
	Password secret.Bytes // never trimmed
	TOTP     secret.Bytes // otpauth:// URI or base32 secret
	Realm    string       // of HTTP authentication, else empty
	Notes    string
	Folder   string // path, levels separated by "/"
	Favorite bool
	Fields   []Field       // what has no place above, in the source's order
	History  []OldPassword // earlier passwords

	Created, LastUsed time.Time // zero if unknown
	PasswordChanged   time.Time // zero if unknown

	Source   string // what SourceID is unique in: a browser, or one profile of it
	SourceID string // identity of the row, stable between imports; empty if the format has none
}

// Field is a named value of a record. Fields of a card or an identity that the vault knows have its names ("cardholder",
// "number", "first-name", …); all others have the name they had in the source.
type Field struct {
	Name   string
	Value  secret.Bytes
	Hidden bool // shown only on demand
}

// OldPassword is a password that was replaced. Changed is when it was set; zero if unknown.
type OldPassword struct {
	Password secret.Bytes
	Changed  time.Time
}

// Ref names the row of a source that a record came from. Items keep it, so that a second import recognises them.
type Ref struct {
	Source string
	ID     string
}

// Ref of the record; the zero Ref if its format has no ids.
func (r *Record) Ref() Ref {
	if r.SourceID == "" {
		return Ref{}
	}
	return Ref{Source: r.Source, ID: r.SourceID}
}

// Wipe clears the secrets of the record.
func (r *Record) Wipe() {
	r.Password.Wipe()
	r.TOTP.Wipe()
	for _, field := range r.Fields {
		field.Value.Wipe()
	}
	for _, old := range r.History {
		old.Password.Wipe()
	}
}

// Format writes where the record came from and nothing of what is in it, under every verb.
func (r Record) Format(f fmt.State, _ rune) { io.WriteString(f, r.label()) }

// LogValue is the same for logs.
func (r Record) LogValue() slog.Value { return slog.StringValue(r.label()) }

func (r Record) label() string { return "record of " + r.Source }
