package importer

import (
	"fmt"
	"io"
	"log/slog"
	"time"
	"unicode/utf8"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// Kind is what a record describes.
type Kind string

const (
	Login    Kind = "login"
	Note     Kind = "note"
	Card     Kind = "card"
	Identity Kind = "identity"
	SSHKey   Kind = "ssh-key"
	Passkey  Kind = "passkey"
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

// Field is a named value of a record. Fields that the vault knows for the kind have its names ("cardholder",
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

// An item has to fit an envelope of about a megabyte, together with what other records add to it.
const (
	maxRecord = 512 << 10 // bytes
	perPart   = 64        // that an address, a field or an old password takes beside its text
)

// unfit is the reason why no item could hold the record; empty if one can.
func (r *Record) unfit() Reason {
	texts := append([]string{r.Title, r.Username, r.Realm, r.Notes, r.Folder, r.Source, r.SourceID}, r.URLs...)
	for _, field := range r.Fields {
		texts = append(texts, field.Name)
	}
	size := r.Password.Len() + r.TOTP.Len() + perPart*(len(r.URLs)+len(r.Fields)+len(r.History))
	for _, text := range texts {
		if !utf8.ValidString(text) {
			return ReasonMalformed
		}
		size += len(text)
	}
	for _, field := range r.Fields {
		size += field.Value.Len()
	}
	for _, old := range r.History {
		size += old.Password.Len()
	}
	if size > maxRecord {
		return ReasonUnsupported
	}
	return ""
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
