package exporter

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// Bitwarden is the unencrypted JSON of Bitwarden (bitwarden.com/help/condition-bitwarden-import/#condition-a-json), which Vaultwarden and
// many others read too.
const Bitwarden Format = "bitwarden"

var bitwardenSpec = Spec{
	Format: Bitwarden, Extension: ".json",
	Omits: []Part{PartTrash, PartFiles, PartTags, PartArchive, PartFindings},
	open: func(x *export) (encoder, error) {
		b := &bitwardenEncoder{w: x.out, folders: map[id.ID]bool{}}
		return b, b.begin(x.folders)
	},
}

// bitwardenEncoder writes item by item: the document is never in memory as a whole.
type bitwardenEncoder struct {
	w       io.Writer
	folders map[id.ID]bool
	any     bool
}

type bitwardenFolder struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type bitwardenItem struct {
	ID       string              `json:"id"`
	FolderID *string             `json:"folderId"`
	Type     int                 `json:"type"`
	Reprompt int                 `json:"reprompt"`
	Name     string              `json:"name"`
	Notes    *string             `json:"notes"`
	Favorite bool                `json:"favorite"`
	Fields   []bitwardenField    `json:"fields"`
	Login    *bitwardenLogin     `json:"login,omitempty"`
	Note     *bitwardenNote      `json:"secureNote,omitempty"`
	Card     map[string]*string  `json:"card,omitempty"`
	Identity map[string]*string  `json:"identity,omitempty"`
	SSHKey   map[string]*string  `json:"sshKey,omitempty"`
	Previous []bitwardenPassword `json:"passwordHistory"`

	Organization *string `json:"organizationId"`
	Collections  *string `json:"collectionIds"`
	Created      *string `json:"creationDate"`
	Revised      *string `json:"revisionDate"`
	Deleted      *string `json:"deletedDate"`
}

type bitwardenField struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Type   int    `json:"type"`
	Linked *int   `json:"linkedId"`
}

type bitwardenNote struct {
	Type int `json:"type"`
}

type bitwardenPassword struct {
	Replaced string `json:"lastUsedDate"`
	Password string `json:"password"`
}

type bitwardenURI struct {
	Match *int   `json:"match"`
	URI   string `json:"uri"`
}

type bitwardenLogin struct {
	URIs     []bitwardenURI     `json:"uris"`
	Username *string            `json:"username"`
	Password *string            `json:"password"`
	TOTP     *string            `json:"totp"`
	Set      *string            `json:"passwordRevisionDate"`
	Passkeys []bitwardenPasskey `json:"fido2Credentials"`
}

// Types of items and of their fields.
const (
	bitwardenTypeLogin    = 1
	bitwardenTypeNote     = 2
	bitwardenTypeCard     = 3
	bitwardenTypeIdentity = 4
	bitwardenTypeSSHKey   = 5

	bitwardenText   = 0
	bitwardenHidden = 1
)

// pair is a field of a kind and what Bitwarden calls it.
type pair struct {
	ours   vault.Key
	theirs string
}

var (
	bitwardenCard = []pair{{vault.Cardholder, "cardholderName"}, {vault.Brand, "brand"}, {vault.Number, "number"}, {vault.CVV, "code"}}

	bitwardenIdentity = []pair{
		{vault.FirstName, "firstName"}, {vault.LastName, "lastName"}, {vault.Company, "company"}, {vault.EmailField, "email"},
		{vault.PhoneField, "phone"}, {vault.City, "city"}, {vault.Region, "state"}, {vault.PostalCode, "postalCode"}, {vault.Country, "country"},
		{vault.NationalID, "ssn"}, {vault.Passport, "passportNumber"}, {vault.License, "licenseNumber"},
	}
	bitwardenSSHKey = []pair{{vault.PrivateKey, "privateKey"}, {vault.PublicKey, "publicKey"}, {vault.Fingerprint, "keyFingerprint"}}
)

func (b *bitwardenEncoder) begin(folders []vault.Folder) error {
	list := []bitwardenFolder{}
	for _, f := range folders {
		b.folders[f.ID] = true
		list = append(list, bitwardenFolder{uuid(f.ID), f.Path}) // a slash nests folders there too
	}
	if _, err := io.WriteString(b.w, `{"encrypted":false,"folders":`); err != nil {
		return err
	}
	if err := writeJSON(b.w, list); err != nil {
		return err
	}
	_, err := io.WriteString(b.w, `,"items":[`)
	return err
}

func (b *bitwardenEncoder) add(_ context.Context, e *entry) error {
	if b.any {
		if _, err := io.WriteString(b.w, ","); err != nil {
			return err
		}
	}
	b.any = true
	return writeJSON(b.w, b.item(e))
}

func (b *bitwardenEncoder) finish() error {
	_, err := io.WriteString(b.w, "]}\n")
	return err
}

func (b *bitwardenEncoder) wipe() {} // nothing waits

// writeJSON writes a value and a line feed; unlike json.Marshal it leaves the marks of HTML as they are.
func writeJSON(w io.Writer, value any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(value)
}

func (b *bitwardenEncoder) item(e *entry) *bitwardenItem {
	it := &bitwardenItem{
		ID: uuid(e.ID), Name: e.Title, Notes: optional(e.field(vault.Notes)), Favorite: e.Favorite, Fields: []bitwardenField{},
		Created: date(e.CreatedAt), Revised: date(e.UpdatedAt),
	}
	if b.folders[e.Folder] {
		folder := uuid(e.Folder)
		it.FolderID = &folder
	}
	it.addContent(e)
	it.addHistory(e)
	return it
}

// addContent chooses the type: what has none of its own, or lacks what Bitwarden demands of the type, becomes a note with fields.
func (it *bitwardenItem) addContent(e *entry) {
	switch {
	case e.Kind == vault.Login:
		it.addLogin(e)
	case e.Kind == vault.Card:
		it.Type, it.Card = bitwardenTypeCard, map[string]*string{}
		it.addParts(e, it.Card, bitwardenCard, addExpiry)
	case e.Kind == vault.Identity:
		it.Type, it.Identity = bitwardenTypeIdentity, map[string]*string{}
		it.addParts(e, it.Identity, bitwardenIdentity, addStreet)
	case e.Kind == vault.SSHKey && complete(e, bitwardenSSHKey):
		it.Type, it.SSHKey = bitwardenTypeSSHKey, map[string]*string{}
		it.addParts(e, it.SSHKey, bitwardenSSHKey, nil)
	case e.Kind == vault.Passkey && it.addPasskey(e):
	default:
		it.addNote(e)
	}
}

func complete(e *entry, pairs []pair) bool {
	for _, p := range pairs {
		if e.Value(p.ours).IsZero() {
			return false
		}
	}
	return true
}

func (it *bitwardenItem) addNote(e *entry) {
	it.Type, it.Note = bitwardenTypeNote, &bitwardenNote{}
	it.addFields(e, e.others())
	for _, website := range e.Websites {
		it.Fields = append(it.Fields, bitwardenField{Name: "website", Value: website})
	}
	e.lose(PartKind, one(e.Kind != vault.Note))
}

func (it *bitwardenItem) addLogin(e *entry) {
	it.Type = bitwardenTypeLogin
	it.Login = &bitwardenLogin{
		URIs: uris(e.Websites), Username: optional(e.field(vault.Username)), Password: optional(e.field(vault.Password)),
		TOTP: optional(e.field(vault.OTP)), Set: date(e.PasswordSetAt), Passkeys: []bitwardenPasskey{},
	}
	if seed, ok := steamSeed(e); ok {
		it.Login.TOTP = optional("steam://" + seed)
	}
	it.addFields(e, e.others(vault.Username, vault.Password, vault.OTP))
}

func uris(websites []string) []bitwardenURI {
	list := []bitwardenURI{}
	for _, w := range websites {
		list = append(list, bitwardenURI{URI: w})
	}
	return list
}

// addParts fills a card, an identity or a key. more writes what has another form there, and returns the keys of what it wrote.
func (it *bitwardenItem) addParts(e *entry, to map[string]*string, pairs []pair, more func(e *entry, to map[string]*string) []vault.Key) {
	var taken []vault.Key
	for _, p := range pairs {
		to[p.theirs] = optional(e.field(p.ours))
		taken = append(taken, p.ours)
	}
	if more != nil {
		taken = append(taken, more(e, to)...)
	}
	it.addFields(e, e.others(taken...))
}

func addExpiry(e *entry, to map[string]*string) []vault.Key {
	month, err := time.Parse("2006-01", e.field(vault.Expires))
	if err != nil {
		return nil
	}
	to["expMonth"], to["expYear"] = optional(month.Format("1")), optional(month.Format("2006"))
	return []vault.Key{vault.Expires}
}

// addStreet has three lines to fill. Other streets become a field.
func addStreet(e *entry, to map[string]*string) []vault.Key {
	lines := strings.Split(e.field(vault.Street), "\n")
	if len(lines) > 3 {
		return nil
	}
	for i, line := range lines {
		if line == "" {
			return nil
		}
		to["address"+string(rune('1'+i))] = optional(line)
	}
	return []vault.Key{vault.Street}
}

func (it *bitwardenItem) addFields(e *entry, fields []field) {
	for _, f := range fields {
		kind := bitwardenText
		if f.kind.Secret() {
			kind = bitwardenHidden
		}
		it.Fields = append(it.Fields, bitwardenField{Name: f.name, Value: e.text(f.value), Type: kind})
	}
}

// addHistory keeps earlier passwords, the latest first as there; other values that were replaced have no place.
func (it *bitwardenItem) addHistory(e *entry) {
	it.Previous = []bitwardenPassword{}
	for i := len(e.History) - 1; i >= 0; i-- {
		p := e.History[i]
		if it.Type != bitwardenTypeLogin || p.Field != vault.ValueField(vault.Password) || p.Value.IsZero() {
			e.lose(PartHistory, 1)
			continue
		}
		// It demands a date.
		replaced := time.UnixMilli(max(p.Time, 1)).UTC().Format(timeFormat)
		it.Previous = append(it.Previous, bitwardenPassword{replaced, e.text(p.Value)})
	}
}

// optional is nil for an empty text, as Bitwarden writes it.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
