package format

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"iter"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/vault/importer"
)

// cxfFile is the FIDO Alliance's Credential Exchange Format 1.0: one account of a password manager, or several.
type cxfFile struct {
	Exporter string       `json:"exporterDisplayName"`
	RPID     string       `json:"exporterRpId"`
	Accounts []cxfAccount `json:"accounts"`
}

type cxfAccount struct {
	Collections []cxfCollection   `json:"collections"`
	Items       []json.RawMessage `json:"items"`
}

type cxfCollection struct {
	Title string `json:"title"`
	Items []struct {
		Item string `json:"item"`
	} `json:"items"`
	Sub []cxfCollection `json:"subCollections"`
}

type cxfItem struct {
	ID       string `json:"id"`
	Created  int64  `json:"creationAt"` // seconds
	Modified int64  `json:"modifiedAt"`
	Title    string `json:"title"`
	Subtitle string `json:"subtitle"`
	Favorite bool   `json:"favorite"`
	Scope    struct {
		URLs []string `json:"urls"`
		Apps []struct {
			BundleID string `json:"bundleId"`
		} `json:"androidApps"`
	} `json:"scope"`
	Credentials []json.RawMessage `json:"credentials"`
	Tags        []string          `json:"tags"`
	Extensions  []json.RawMessage `json:"extensions"`
}

// cxfType is a type of credential: the kind of item that it makes, and the vault's names for its members.
type cxfType struct {
	kind    importer.Kind
	members map[string]string
}

// cxfTypes in the order in which they decide what an item is.
var cxfOrder = []string{
	"basic-auth", "totp", "generated-password", "credit-card", "ssh-key", "api-key", "wifi", "passport", "drivers-license", "identity-document", "person-name", "address", "note",
}

var cxfTypes = map[string]cxfType{
	"basic-auth":         {importer.Login, nil},
	"totp":               {importer.Login, nil},
	"generated-password": {importer.Login, nil},
	"note":               {importer.Note, nil},
	"credit-card": {importer.Card, map[string]string{
		"number": "number", "fullName": "cardholder", "cardType": "brand", "verificationNumber": "cvv", "pin": "pin", "expiryDate": "expires",
	}},
	"ssh-key": {importer.SSHKey, map[string]string{"privateKey": "private-key"}},
	"api-key": {importer.APICredential, map[string]string{
		"key": "credential", "keyType": "service", "url": "endpoint", "validFrom": "valid-from", "expiryDate": "valid-until",
	}},
	"wifi": {importer.WiFi, map[string]string{"ssid": "ssid", "networkSecurityType": "security"}},
	"passport": {importer.Document, map[string]string{
		"passportNumber": "document-number", "issuingAuthority": "issuer", "issueDate": "issued", "expiryDate": "valid-until",
	}},
	"drivers-license": {importer.Document, map[string]string{
		"licenseNumber": "document-number", "issuingAuthority": "issuer", "issueDate": "issued", "expiryDate": "valid-until",
	}},
	"identity-document": {importer.Document, map[string]string{
		"documentNumber": "document-number", "issuingAuthority": "issuer", "issueDate": "issued", "expiryDate": "valid-until",
	}},
	"person-name": {importer.Identity, map[string]string{"given": "first-name", "surname": "last-name"}},
	"address": {importer.Identity, map[string]string{
		"streetAddress": "street", "postalCode": "postal-code", "city": "city", "territory": "region", "country": "country", "tel": "phone",
	}},
}

func isCXF(members map[string]json.RawMessage) bool {
	if hasAll("accounts", "exporterRpId")(members) || isCXFAccount(members) {
		return true
	}
	var accounts []map[string]json.RawMessage
	if json.Unmarshal(members["accounts"], &accounts) != nil || len(accounts) == 0 {
		return false
	}
	return hasAll("items")(accounts[0]) // 1PUX has vaults there
}

// isCXFAccount tells an account without the file around it, as systems hand it from one program to another.
func isCXFAccount(members map[string]json.RawMessage) bool {
	return hasAll("id", "credentials")(firstItem(members))
}

func openCXF(data []byte) (importer.Source, error) {
	var f cxfFile
	var alone cxfAccount
	if err := json.Unmarshal(data, &f); err != nil || f.Accounts == nil && json.Unmarshal(data, &alone) != nil {
		return nil, fmt.Errorf("%w: CXF", importer.ErrMalformed)
	}
	if f.Accounts == nil {
		f.Accounts = []cxfAccount{alone}
	}
	info := importer.Info{ID: "cxf", Browser: "Credential Exchange", Profile: f.Exporter}
	if info.Profile == "" {
		info.Profile = f.RPID
	}
	return newFile(info, f.rows), nil
}

func (f *cxfFile) rows(yield func(importer.Row) bool) {
	for _, account := range f.Accounts {
		folders := map[string][]string{}
		for _, c := range account.Collections {
			c.addTo(folders, "", 0)
		}
		decode := func(raw json.RawMessage, n int) []importer.Row { return f.decode(raw, n, folders) }
		for row := range iter.Seq[importer.Row](decodeAll(account.Items, decode)) {
			if !yield(row) {
				return
			}
		}
	}
}

// maxDepth is how deep collections and groups may be in each other.
const maxDepth = 64

// addTo notes for each item the paths of the collections that it is in.
func (c cxfCollection) addTo(folders map[string][]string, above string, depth int) {
	path := importer.CleanFolder(above + "/" + c.Title)
	for _, link := range c.Items {
		folders[link.Item] = append(folders[link.Item], path)
	}
	if depth < maxDepth {
		for _, sub := range c.Sub {
			sub.addTo(folders, path, depth+1)
		}
	}
}

// decode makes one item of all credentials but the passkeys, which are items of their own.
func (f *cxfFile) decode(raw json.RawMessage, n int, folders map[string][]string) []importer.Row {
	var item cxfItem
	if json.Unmarshal(raw, &item) != nil {
		return []importer.Row{{ID: strconv.Itoa(n), Reason: importer.ReasonMalformed}}
	}
	if item.ID == "" {
		item.ID = strconv.Itoa(n)
	}
	var credentials []cxfCredential
	for _, raw := range item.Credentials {
		var c cxfCredential
		if json.Unmarshal(raw, &c) == nil {
			credentials = append(credentials, c)
		}
	}
	record := item.record(folders, "cxf/"+f.RPID)
	if own, found := item.coffer(); found {
		return []importer.Row{own.row(&item, record, credentials)}
	}
	record.Kind = kindOf(credentials)
	var rows []importer.Row
	for _, c := range credentials {
		if c.kind() == "passkey" {
			rows = append(rows, c.passkey(item, len(rows), record.Folder, record.Source))
			continue
		}
		c.addTo(record)
	}
	for _, app := range item.Scope.Apps {
		record.URLs = append(record.URLs, "androidapp://"+app.BundleID)
	}
	if record.Title == "" && len(record.URLs) == 0 && len(credentials) > 0 {
		record.Title = strings.ReplaceAll(credentials[0].kind(), "-", " ") // else a licence and a passport of one person are alike
	}
	main := finish(item.ID, record)
	if main.Record == nil && len(rows) > 0 {
		return rows
	}
	return append([]importer.Row{main}, rows...)
}

func (item *cxfItem) record(folders map[string][]string, source string) *importer.Record {
	record := &importer.Record{
		Title: item.Title, URLs: slices.Clone(item.Scope.URLs), Tags: slices.Clone(item.Tags), Favorite: item.Favorite, Source: source, SourceID: item.ID,
		Created: cxfTime(item.Created), Modified: cxfTime(item.Modified),
	}
	if in := folders[item.ID]; len(in) > 0 {
		record.Folder, record.Tags = in[0], append(record.Tags, in[1:]...)
	}
	addField(record, "Subtitle", item.Subtitle, false)
	return record
}

// cxfTime is a time in seconds. Accounts from Apple's systems have been seen with times that count the years from 1970 to 2001 twice: what lies
// beyond 2038 is taken for one of them.
func cxfTime(at int64) time.Time {
	const to2001 = 978_307_200
	if at > math.MaxInt32 {
		at -= to2001
	}
	return since1970(strconv.FormatInt(at, 10), seconds)
}

// kindOf is the kind of an item with these credentials.
func kindOf(credentials []cxfCredential) importer.Kind {
	for _, kind := range cxfOrder {
		if slices.ContainsFunc(credentials, func(c cxfCredential) bool { return c.kind() == kind }) {
			return cxfTypes[kind].kind
		}
	}
	return importer.Note
}

// cxfCredential is a credential by its members. Most of them are objects with a value, which the user may edit.
type cxfCredential map[string]json.RawMessage

func (c cxfCredential) kind() string { return c.text("type") }

// text is a member, or the value in it.
func (c cxfCredential) text(member string) string {
	text, _ := c.field(member)
	return text
}

// field is a member with the label that it may have, else its name.
func (c cxfCredential) field(member string) (value, label string) {
	var v any
	if json.Unmarshal(c[member], &v) != nil {
		return "", member
	}
	label = member
	if object, ok := v.(map[string]any); ok {
		if _, editable := object["fieldType"]; editable {
			v = object["value"]
			if own, _ := object["label"].(string); own != "" {
				label = own
			}
		}
	}
	return strings.Join(texts(v), "\n"), label
}

// addTo adds what the credential holds.
func (c cxfCredential) addTo(record *importer.Record) {
	t, known := cxfTypes[c.kind()]
	switch kind := c.kind(); {
	case kind == "totp":
		setTOTP(record, c.otp())
	case kind == "note":
		record.Notes = importer.JoinNotes(record.Notes, c.text("content"))
	case kind == "custom-fields":
		c.addCustom(record)
	case kind == "file":
		nameFile(record, c.text("name"), c.text("id"))
	case kind == "item-reference":
		leaveOut(record, importer.PartLink, c.text("reference"))
	case kind == "generated-password":
		setPassword(record, c.text("password"))
	case !known:
		all, _ := json.Marshal(c)
		addField(record, "CXF "+kind, string(all), true)
	default:
		for _, member := range slices.Sorted(maps.Keys(c)) {
			c.addMember(record, t, member)
		}
	}
}

func (c cxfCredential) addMember(record *importer.Record, t cxfType, member string) {
	value, label := c.field(member)
	ours, known := t.members[member]
	switch {
	case member == "type" || value == "":
	case c.kind() == "basic-auth" && member == "urls":
		record.URLs = append(record.URLs, strings.Split(value, "\n")...)
	case member == "username" && record.Username == "":
		record.Username = value
	case c.kind() == "basic-auth" && member == "password", c.kind() == "wifi" && member == "passphrase":
		setPassword(record, value)
	case c.kind() == "ssh-key" && member == "privateKey":
		addField(record, ours, keyPEM(value), true)
	case known:
		addField(record, ours, value, isHiddenKey(ours))
	default:
		addField(record, label, value, strings.Contains(string(c[member]), `"concealed-string"`))
	}
}

func (c cxfCredential) addCustom(record *importer.Record) {
	var fields []cxfCredential
	if json.Unmarshal(c["fields"], &fields) != nil {
		return
	}
	section := c.text("label")
	for _, f := range fields {
		if text := f.text("value"); strings.HasPrefix(text, "otpauth://") {
			setTOTP(record, text)
			continue
		}
		addField(record, joined(" ", section, f.text("label")), f.text("value"), f.text("fieldType") == "concealed-string")
	}
}

// otp is the secret of one-time codes, as an address where there is more to it.
func (c cxfCredential) otp() string {
	secret, issuer, user := c.text("secret"), c.text("issuer"), c.text("username")
	algorithm, period, digits := strings.ToUpper(c.text("algorithm")), c.text("period"), c.text("digits")
	plain := (algorithm == "" || algorithm == "SHA1") && (period == "" || period == "30") && (digits == "" || digits == "6")
	if secret == "" || plain && issuer == "" && user == "" {
		return secret
	}
	values := url.Values{"secret": {secret}}
	for name, value := range map[string]string{"issuer": issuer, "algorithm": algorithm, "period": period, "digits": digits} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return "otpauth://totp/" + url.PathEscape(joined(":", issuer, user)) + "?" + values.Encode()
}

// passkey is an item of its own: it is used without what it was kept with.
func (c cxfCredential) passkey(item cxfItem, n int, folder, source string) importer.Row {
	id := item.ID + "/passkey"
	if n > 0 {
		id += strconv.Itoa(n + 1)
	}
	if c.text("key") == "" || c.text("rpId") == "" {
		return importer.Row{ID: id, Site: item.Title, Reason: importer.ReasonUnsupported}
	}
	record := &importer.Record{
		Kind: importer.Passkey, Title: item.Title, Username: c.text("username"), Folder: folder, Source: source, SourceID: id,
		Tags: slices.Clone(item.Tags), Created: cxfTime(item.Created),
	}
	for _, member := range []struct{ theirs, ours string }{
		{"rpId", "rp-id"}, {"userDisplayName", "display-name"}, {"userHandle", "user-handle"}, {"credentialId", "credential-id"}, {"key", "private-key"},
	} {
		addField(record, member.ours, c.text(member.theirs), isHiddenKey(member.ours))
	}
	addField(record, "fido2Extensions", string(c["fido2Extensions"]), true)
	return finish(id, record)
}

// keyPEM is a private key in PKCS #8 as text, also of one that is text already under its base64; what is none stays as it is.
func keyPEM(text string) string {
	der, err := base64.RawURLEncoding.DecodeString(strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(text, "=")))
	if err == nil && strings.HasPrefix(string(der), "-----BEGIN ") {
		return string(der)
	}
	if err != nil || len(der) == 0 || der[0] != 0x30 {
		return text
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
