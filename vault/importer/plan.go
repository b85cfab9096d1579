package importer

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// Existing is an item of the vault as the planner sees it: no secret of the vault is in it, only digests of the same Digester.
type Existing struct {
	ID              string // the vault's own, opaque here
	Kind            Kind
	Title           string
	URLs            []string
	Username        string
	Notes           string
	Password        Digest
	PasswordChanged time.Time // zero if unknown
	History         []Digest
	TOTP            Digest // zero if it has none
	Fields          []Digest
	Files           []Digest // see Digester.File
	Folder          string   // path
	Tags            []string
	Refs            []Ref // rows of earlier imports that this item came from
}

// Plan is what an import would change. Nothing in it is applied yet; applying it twice, or planning again afterwards, changes
// nothing more. The records and secrets in it belong to the readouts it was made from.
type Plan struct {
	Batch       string // kept with every item, so that the whole import can be undone
	Creations   []Creation
	Updates     []Update
	Suggestions []Suggestion
	Outcomes    map[*Record]Outcome   // one for every record
	LeftOut     map[*Record][]LeftOut // title, folder and tags of a record, where the item that it went into has others
}

// Creation is a new item.
type Creation struct {
	Record   Record // with all that other records of the same login add to it
	Refs     []Ref  // the rows it comes from
	Conflict bool   // another item has the same address and user name with another password, and no date tells which is newer
}

// Update is a change of an existing item. Everything but the password is only ever added to. How the user has arranged it, in folders,
// as a favorite or in the archive, stays as it is.
type Update struct {
	ItemID          string
	URLs            []string      // to append
	Notes           string        // to append, see JoinNotes
	TOTP            secret.Bytes  // to set; the item has none
	Fields          []Field       // to append
	Password        secret.Bytes  // to set, the present one then goes into the history; zero leaves it
	PasswordChanged time.Time     // to set: when the password, new or present, was chosen; zero leaves it
	History         []OldPassword // to add to the history
	Files           []File        // to attach
	Refs            []Ref         // to add
}

// Suggestion says that several items of one owner's domain share user name and password, and are perhaps one login.
type Suggestion struct {
	Domain    string   // "example.com"
	ItemIDs   []string // existing items
	Creations []int    // indexes into Plan.Creations
}

// JoinNotes appends a note to another one, a blank line between them.
func JoinNotes(present, added string) string {
	if present == "" || added == "" {
		return present + added
	}
	return present + "\n\n" + added
}

// Digest stands for a secret while it is compared.
type Digest [sha256.Size]byte

// Digester makes digests under a random key that lives as long as one import: a digest left behind in memory
// cannot be used to guess the password. It is for one goroutine at a time.
type Digester struct{ mac hash.Hash }

// NewDigester returns a digester with a new key.
func NewDigester() *Digester {
	var key [sha256.Size]byte
	rand.Read(key[:]) // never fails: it crashes the program instead
	return &Digester{hmac.New(sha256.New, key[:])}
}

// Secret returns the digest of a password or TOTP secret; the zero digest for none.
func (d *Digester) Secret(s secret.Bytes) Digest {
	if s.IsZero() {
		return Digest{}
	}
	return d.sum(s.Reveal())
}

// Field returns the digest of a field's name and value.
func (d *Digester) Field(f Field) Digest { return d.sum([]byte(f.Name), f.Value.Reveal()) }

// sum separates the parts by their lengths, so that no two lists of parts give the same input.
func (d *Digester) sum(parts ...[]byte) (digest Digest) {
	d.mac.Reset()
	for _, part := range parts {
		d.mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		d.mac.Write(part)
	}
	d.mac.Sum(digest[:0])
	return digest
}
