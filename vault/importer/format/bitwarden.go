package format

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// bitwardenFile is an export as JSON; if it is encrypted, the same in Data under the rest.
type bitwardenFile struct {
	Encrypted bool `json:"encrypted"`
	bitwardenLock
	Folders     []bitwardenFolder `json:"folders"`
	Collections []bitwardenFolder `json:"collections"` // instead of folders, in the export of an organization
	Items       []json.RawMessage `json:"items"`
}

type bitwardenFolder struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type bitwardenItem struct {
	ID              string            `json:"id"`
	FolderID        string            `json:"folderId"`
	CollectionIDs   []string          `json:"collectionIds"`
	Type            int               `json:"type"`
	Name            string            `json:"name"`
	Notes           string            `json:"notes"`
	Favorite        bool              `json:"favorite"`
	Created         looseTime         `json:"creationDate"`
	Revised         looseTime         `json:"revisionDate"`
	Archived        looseTime         `json:"archivedDate"`
	Deleted         looseTime         `json:"deletedDate"`
	Reprompt        int               `json:"reprompt"`
	Fields          []bitwardenField  `json:"fields"`
	PasswordHistory []bitwardenOld    `json:"passwordHistory"`
	Login           *bitwardenLogin   `json:"login"`
	Card            map[string]string `json:"card"`
	Identity        map[string]string `json:"identity"`
	SSHKey          map[string]string `json:"sshKey"`

	tags      []string       // the collections that are not its folder
	strangers map[string]any // what this program does not know of an item
}

// bitwardenBookkeeping is what an item says of itself that means nothing elsewhere.
var bitwardenBookkeeping = []string{
	"object", "organizationId", "organizationUseTotp", "edit", "viewPassword", "permissions", "secureNote", "key", "localData", "data", "attachments", "encryptedFor",
}

// looseTime is a time in one of the forms that programs write. One in none of them is not known, and spoils nothing.
type looseTime struct{ time.Time }

func (t *looseTime) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		t.Time = moment(text)
	}
	return nil
}

type bitwardenField struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Type  int    `json:"type"`
}

type bitwardenOld struct {
	Password string    `json:"password"`
	LastUsed looseTime `json:"lastUsedDate"`
}

type bitwardenLogin struct {
	URIs []struct {
		URI   string `json:"uri"`
		Match *int   `json:"match"`
	} `json:"uris"`
	Username         string             `json:"username"`
	Password         string             `json:"password"`
	TOTP             string             `json:"totp"`
	PasswordRevision looseTime          `json:"passwordRevisionDate"`
	Passkeys         []bitwardenPasskey `json:"fido2Credentials"`
}

// bitwardenPasskey is a WebAuthn credential; keyValue is its private key as PKCS #8 in base64url.
type bitwardenPasskey struct {
	CredentialID    string    `json:"credentialId"`
	KeyValue        string    `json:"keyValue"`
	RPID            string    `json:"rpId"`
	UserHandle      string    `json:"userHandle"`
	UserName        string    `json:"userName"`
	UserDisplayName string    `json:"userDisplayName"`
	Counter         any       `json:"counter"` // a number, or a text in older exports
	Created         looseTime `json:"creationDate"`
}

// Types of items and of their fields.
const (
	bitwardenTypeLogin    = 1
	bitwardenTypeNote     = 2
	bitwardenTypeCard     = 3
	bitwardenTypeIdentity = 4
	bitwardenTypeSSHKey   = 5

	bitwardenFieldHidden = 1
	bitwardenFieldLinked = 3
)

// bitwardenNames are the parts of a card, an identity or an SSH key, in order, with the vault's names.
var bitwardenNames = map[int][]struct {
	theirs, ours string
	hidden       bool
}{
	bitwardenTypeCard: {
		{"cardholderName", "cardholder", false}, {"number", "number", true}, {"code", "cvv", true}, {"brand", "brand", false},
	},
	bitwardenTypeIdentity: {
		{"title", "title", false}, {"firstName", "first-name", false}, {"middleName", "middle-name", false}, {"lastName", "last-name", false},
		{"company", "company", false}, {"email", "email", false}, {"phone", "phone", false},
		{"city", "city", false}, {"state", "region", false}, {"postalCode", "postal-code", false}, {"country", "country", false},
		{"passportNumber", "passport-number", true}, {"licenseNumber", "license-number", true}, {"ssn", "national-id", true},
		{"username", "username", false},
	},
	bitwardenTypeSSHKey: {
		{"privateKey", "private-key", true}, {"publicKey", "public-key", false}, {"keyFingerprint", "fingerprint", false},
	},
}

func openBitwarden(data []byte) (importer.Source, error) {
	var f bitwardenFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("%w: JSON", importer.ErrMalformed)
	}
	info := importer.Info{ID: "bitwarden", Browser: "Bitwarden", Count: len(f.Items)}
	switch {
	case !f.Encrypted && f.Items == nil:
		return nil, ErrUnknownFormat
	case !f.Encrypted:
		return &file{info: info, read: func(secret.Bytes) (iter.Seq[importer.Row], error) { return f.rows, nil }}, nil
	case !f.PasswordProtected:
		return nil, ErrAccountRestricted
	}
	info.Count = -1
	return &file{info: info, read: f.unlock}, nil
}

// unlock opens the export inside an encrypted one.
func (f *bitwardenFile) unlock(password secret.Bytes) (iter.Seq[importer.Row], error) {
	plain, err := f.open(password)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	var inner bitwardenFile
	if err := json.Unmarshal(plain, &inner); err != nil {
		return nil, fmt.Errorf("%w: encrypted JSON", importer.ErrMalformed)
	}
	return inner.rows, nil
}

func (f *bitwardenFile) rows(yield func(importer.Row) bool) {
	folders := map[string]string{}
	for _, folder := range slices.Concat(f.Folders, f.Collections) {
		folders[folder.ID] = folder.Name
	}
	for n, raw := range f.Items {
		var item bitwardenItem
		if unmarshal(raw, &item) != nil {
			if !yield(importer.Row{ID: strconv.Itoa(n + 1), Reason: importer.ReasonMalformed}) {
				return
			}
			continue
		}
		if item.FolderID == "" && len(item.CollectionIDs) > 0 {
			item.FolderID, item.CollectionIDs = item.CollectionIDs[0], item.CollectionIDs[1:]
		}
		for _, collection := range item.CollectionIDs {
			if name := folders[collection]; name != "" {
				item.tags = append(item.tags, name)
			}
		}
		item.strangers = strangers(raw, item)
		if item.Type == 0 {
			item.Type = item.likelyType()
		}
		for _, row := range item.rows(folders[item.FolderID]) {
			if !yield(row) {
				return
			}
		}
	}
}

// likelyType is the type of an item that does not say it, by what it has; 0 if it has nothing that tells.
func (item *bitwardenItem) likelyType() int {
	switch {
	case item.Login != nil:
		return bitwardenTypeLogin
	case len(item.Card) > 0:
		return bitwardenTypeCard
	case len(item.Identity) > 0:
		return bitwardenTypeIdentity
	case len(item.SSHKey) > 0:
		return bitwardenTypeSSHKey
	}
	return 0
}

// rows is the item, and one more row for what of it cannot be kept.
func (item *bitwardenItem) rows(folder string) []importer.Row {
	row := importer.Row{ID: item.ID, Site: item.Name}
	record := &importer.Record{
		Title: item.Name, Notes: item.Notes, Folder: folder, Tags: item.tags, Favorite: item.Favorite, Created: item.Created.Time,
		Modified: item.Revised.Time, Archived: !item.Archived.IsZero(), Source: "bitwarden", SourceID: item.ID,
	}
	if item.Reprompt != 0 {
		leaveOut(record, importer.PartField, "reprompt")
	}
	kinds := map[int]importer.Kind{
		bitwardenTypeLogin: importer.Login, bitwardenTypeNote: importer.Note, bitwardenTypeCard: importer.Card,
		bitwardenTypeIdentity: importer.Identity, bitwardenTypeSSHKey: importer.SSHKey,
	}
	record.Kind = kinds[item.Type]
	switch {
	case !item.Deleted.IsZero():
		row.Reason = importer.ReasonDeleted
		return []importer.Row{row}
	case record.Kind == "":
		record.Kind = importer.Note // what a newer version has in it comes as fields
	}
	rows := []importer.Row{row}
	if item.Type == bitwardenTypeLogin && item.Login != nil {
		item.addLogin(record)
		for n := range item.Login.Passkeys {
			rows = append(rows, item.passkey(n, folder))
		}
	}
	item.addParts(record)
	item.addFields(record)
	item.addStrangers(record)
	switch {
	case !isEmpty(record):
		rows[0].Record = record
	case len(rows) > 1:
		return rows[1:] // there is nothing but passkeys
	case kinds[item.Type] == "":
		rows[0].Reason = importer.ReasonUnsupported
	default:
		rows[0].Reason = importer.ReasonEmpty
	}
	return rows
}

// passkey is an item of its own: it is used without the login that it was kept with.
func (item *bitwardenItem) passkey(n int, folder string) importer.Row {
	p := item.Login.Passkeys[n]
	row := importer.Row{ID: item.ID + "/passkey", Site: item.Name}
	if n > 0 {
		row.ID += strconv.Itoa(n + 1)
	}
	if p.KeyValue == "" || p.RPID == "" {
		row.Reason = importer.ReasonUnsupported
		return row
	}
	record := &importer.Record{
		Kind: importer.Passkey, Title: item.Name, Username: p.UserName, Folder: folder, Created: p.Created.Time, Source: "bitwarden", SourceID: row.ID,
	}
	addField(record, "rp-id", p.RPID, false)
	addField(record, "display-name", p.UserDisplayName, false)
	addField(record, "user-handle", p.UserHandle, false)
	addField(record, "credential-id", p.CredentialID, false)
	addField(record, "private-key", p.KeyValue, true)
	if p.Counter != nil && fmt.Sprint(p.Counter) != "0" {
		addField(record, "counter", fmt.Sprint(p.Counter), false)
	}
	row.Record = record
	return row
}

func (item *bitwardenItem) addLogin(record *importer.Record) {
	for _, uri := range item.Login.URIs {
		record.URLs = append(record.URLs, addresses(uri.URI)...)
		if uri.Match != nil && *uri.Match != 0 {
			leaveOut(record, importer.PartField, "match of "+uri.URI)
		}
	}
	record.Username = item.Login.Username
	record.Password = secret.FromString(item.Login.Password)
	record.TOTP = secret.FromString(item.Login.TOTP)
	// Without a revision the password is the one that the item was made with.
	record.PasswordChanged = item.Login.PasswordRevision.Time
	if record.PasswordChanged.IsZero() {
		record.PasswordChanged = item.Created.Time
	}
	for _, old := range item.PasswordHistory {
		// lastUsedDate is when it was replaced; when it was set is not known.
		record.History = append(record.History, importer.OldPassword{Password: secret.FromString(old.Password), Replaced: old.LastUsed.Time})
	}
}

// addParts adds the parts of a card, an identity or an SSH key as fields.
func (item *bitwardenItem) addParts(record *importer.Record) {
	parts := map[int]map[string]string{
		bitwardenTypeCard: item.Card, bitwardenTypeIdentity: item.Identity, bitwardenTypeSSHKey: item.SSHKey,
	}[item.Type]
	for _, name := range bitwardenNames[item.Type] {
		addField(record, name.ours, parts[name.theirs], name.hidden)
	}
	addField(record, "expires", expiry(parts["expYear"], parts["expMonth"]), false)
	street := slices.DeleteFunc([]string{parts["address1"], parts["address2"], parts["address3"]}, func(line string) bool { return line == "" })
	addField(record, "street", strings.Join(street, "\n"), false)
}

// expiry is the month as 2006-01, or what there is of it.
func expiry(year, month string) string {
	if len(year) == 2 && isNumber(year) {
		year = "20" + year
	}
	if len(month) == 1 {
		month = "0" + month
	}
	return strings.Trim(year+"-"+month, "-")
}

// addStrangers adds what this program does not know as fields: of an object each member.
func (item *bitwardenItem) addStrangers(record *importer.Record) {
	for _, name := range sortedKeys(item.strangers) {
		if slices.Contains(bitwardenBookkeeping, name) {
			continue
		}
		members, isObject := item.strangers[name].(map[string]any)
		if !isObject {
			members = map[string]any{name: item.strangers[name]}
		}
		for _, member := range sortedKeys(members) {
			for _, text := range texts(members[member]) {
				addField(record, member, text, isObject)
			}
		}
	}
}

func (item *bitwardenItem) addFields(record *importer.Record) {
	for _, field := range item.Fields {
		if field.Type == bitwardenFieldLinked {
			leaveOut(record, importer.PartLink, field.Name) // it names another field of the item, and has no value of its own
			continue
		}
		addField(record, field.Name, field.Value, field.Type == bitwardenFieldHidden)
	}
}
