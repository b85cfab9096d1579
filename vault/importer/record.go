package importer

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// Kind is what a record describes.
type Kind string

const (
	Login           Kind = "login"
	Note            Kind = "note"
	Card            Kind = "card"
	Identity        Kind = "identity"
	Document        Kind = "document"
	BankAccount     Kind = "bank-account"
	Passkey         Kind = "passkey"
	SSHKey          Kind = "ssh-key"
	APICredential   Kind = "api-credential"
	WiFi            Kind = "wifi"
	SoftwareLicence Kind = "software-licence"
)

// KnownKind tells whether records can be of a kind.
func KnownKind(kind Kind) bool { return slices.Contains(kindsOf, kind) }

var kindsOf = []Kind{Login, Note, Card, Identity, Document, BankAccount, Passkey, SSHKey, APICredential, WiFi, SoftwareLicence}

// places says which of a record's own places items of a kind have: what has no place is a field like others, see Record.settle.
type places struct{ websites, username, password, totp bool }

var placesOf = map[Kind]places{
	Login:           {websites: true, username: true, password: true, totp: true},
	Passkey:         {websites: true, username: true},
	BankAccount:     {websites: true},
	SoftwareLicence: {websites: true},
	APICredential:   {username: true},
	WiFi:            {password: true},
}

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
	Tags     []string
	Favorite bool
	Archived bool
	Fields   []Field       // what has no place above, in the source's order
	History  []OldPassword // earlier passwords

	Created, Modified, LastUsed time.Time // zero if unknown
	PasswordChanged             time.Time // zero if unknown

	Files   []File    // that are attached to it
	LeftOut []LeftOut // what the source holds of the entry and no item can

	Source   string // what SourceID is unique in: a browser, or one profile of it
	SourceID string // identity of the row, stable between imports; empty if the format has none
}

// LeftOut is a part of an entry that does not come along. The report has a line for each.
type LeftOut struct {
	What Part
	Name string // as the source calls it; never logged
}

// Part says what was left out. It is a code: the screens have the words.
type Part string

// The parts of an entry that may be left out.
const (
	PartFile   Part = "file"   // a file that is attached, and is not in the export, too large or damaged
	PartLink   Part = "link"   // a reference to another entry or field
	PartField  Part = "field"  // a value of a form that no field has
	PartTitle  Part = "title"  // the item that it went into has another one
	PartFolder Part = "folder" // the item that it went into is in another one, or in none
	PartTag    Part = "tag"    // the item that it went into does not have it

	PartHistory Part = "history" // earlier values of a field that is no password
)

// Field is a named value of a record. Fields that the vault knows for the kind have its names ("cardholder",
// "number", "first-name", …); all others have the name they had in the source.
type Field struct {
	Name   string
	Value  secret.Bytes
	Hidden bool // shown only on demand
	// Custom is set for one that the user has added, whatever its name. Type is the vault's type of it; empty for what it looks like.
	Custom bool
	Type   string
}

// OldPassword is a password that was replaced. Changed is when it was set, Replaced when another one was; zero if unknown.
type OldPassword struct {
	Password secret.Bytes
	Changed  time.Time
	Replaced time.Time
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

// settle moves what items of the record's kind have no place for into fields, so that a second import finds the item equal.
func (r *Record) settle() {
	has := placesOf[r.Kind]
	if !has.username && r.Username != "" {
		r.Fields = append(r.Fields, Field{Name: "Username", Value: secret.FromString(r.Username)})
		r.Username = ""
	}
	if !has.password && !r.Password.IsZero() {
		r.Fields, r.Password = append(r.Fields, Field{Name: "Password", Value: r.Password, Hidden: true}), secret.Bytes{}
	}
	if !has.totp && !r.TOTP.IsZero() {
		r.Fields, r.TOTP = append(r.Fields, Field{Name: "TOTP", Value: r.TOTP, Hidden: true}), secret.Bytes{}
	}
	if !has.websites {
		for _, address := range r.URLs {
			r.Fields = append(r.Fields, Field{Name: "Website", Value: secret.FromString(address)})
		}
		r.URLs = nil
	}
}

// fields are those of the record, the realm among them.
func (r *Record) fields() []Field {
	if r.Realm == "" {
		return r.Fields
	}
	return append(slices.Clone(r.Fields), Field{Name: RealmField, Value: secret.FromString(r.Realm)})
}

// RealmField is the name of the field that an item keeps a realm in.
const RealmField = "Realm"

// An item has to fit an envelope of about a megabyte, together with what other records add to it.
const (
	maxRecord = 512 << 10 // bytes
	perPart   = 64        // that an address, a field or an old password takes beside its text
)

// unfit is the reason why no item could hold the record; empty if one can.
func (r *Record) unfit() Reason {
	texts := slices.Concat([]string{r.Title, r.Username, r.Realm, r.Notes, r.Folder, r.Source, r.SourceID}, r.URLs, r.Tags)
	for _, field := range r.Fields {
		texts = append(texts, field.Name)
	}
	size := r.Password.Len() + r.TOTP.Len() + perPart*(len(r.URLs)+len(r.Tags)+len(r.Fields)+len(r.History)+len(r.Files))
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
