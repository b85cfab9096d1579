package format

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/vault/importer"
)

// keeperFile is an export of Keeper as JSON.
type keeperFile struct {
	Records []json.RawMessage `json:"records"`
}

type keeperRecord struct {
	UID     any            `json:"uid"` // a text, or a number
	Title   string         `json:"title"`
	Notes   string         `json:"notes"`
	Type    string         `json:"$type"`
	Schema  []string       `json:"schema"`
	Login   string         `json:"login"`
	Secret  string         `json:"password"`
	URL     string         `json:"login_url"`
	Changed int64          `json:"last_modified"` // seconds
	Custom  map[string]any `json:"custom_fields"`
	Links   map[string]any `json:"references"` // to other records
	Folders []struct {
		Folder string `json:"folder"`
		Shared string `json:"shared_folder"`
	} `json:"folders"`
}

var keeperKinds = map[string]importer.Kind{
	"bankCard": importer.Card, "bankAccount": importer.BankAccount, "encryptedNotes": importer.Note, "address": importer.Identity,
	"contact": importer.Identity, "sshKeys": importer.SSHKey, "softwareLicense": importer.SoftwareLicence, "driverLicense": importer.Document,
	"passport": importer.Document, "ssnCard": importer.Document, "birthCertificate": importer.Document, "wifiCredentials": importer.WiFi,
}

func openKeeper(data []byte) (importer.Source, error) {
	var f keeperFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("%w: JSON", importer.ErrMalformed)
	}
	return newFile(importer.Info{ID: "keeper", Browser: "Keeper"}, decodeAll(f.Records, decodeKeeper)), nil
}

func decodeKeeper(raw json.RawMessage, n int) []importer.Row {
	var r keeperRecord
	if unmarshal(raw, &r) != nil {
		return []importer.Row{{ID: strconv.Itoa(n), Reason: importer.ReasonMalformed}}
	}
	id := strings.Join(texts(r.UID), "")
	record := &importer.Record{
		Kind: keeperKinds[r.Type], Title: r.Title, Username: r.Login, Notes: r.Notes, URLs: addresses(r.URL), Source: "keeper", SourceID: id,
		Modified: since1970(strconv.FormatInt(r.Changed, 10), seconds),
	}
	setPassword(record, r.Secret)
	for _, f := range r.Folders {
		addKeeperFolder(record, f.Folder)
		addKeeperFolder(record, f.Shared)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Custom)) {
		addKeeperValue(record, name, r.Custom[name])
	}
	for _, name := range sortedKeys(r.Links) {
		leaveOut(record, importer.PartLink, name)
	}
	if id == "" {
		id = strconv.Itoa(n)
	}
	return []importer.Row{finish(id, record)}
}

// addKeeperFolder puts the record into a folder, whose levels have a backslash between them; two are one in a name. A second folder becomes
// a tag.
func addKeeperFolder(record *importer.Record, path string) {
	const double = "\x00"
	path = strings.NewReplacer(`\\`, double, "/", "∕").Replace(path) // a slash is between our levels
	path = importer.CleanFolder(strings.NewReplacer(`\`, "/", double, `\`).Replace(path))
	if record.Folder == "" {
		record.Folder = path
	} else if path != "" {
		record.Tags = append(record.Tags, path)
	}
}

// keeperNames are the vault's names for typed fields and for the members of those that are objects.
var keeperNames = map[importer.Kind]map[string]string{
	importer.Card:        {"cardNumber": "number", "cardExpirationDate": "expires", "cardSecurityCode": "cvv", "cardholderName": "cardholder", "pinCode": "pin"},
	importer.BankAccount: {"accountType": "account-type", "routingNumber": "routing-number", "accountNumber": "account-number"},
	importer.Identity: {
		"first": "first-name", "last": "last-name", "street1": "street", "middle": "middle-name", "city": "city", "state": "region", "zip": "postal-code", "country": "country",
		"email": "email", "company": "company", "birthDate": "birthday", "number": "phone",
	},
	importer.SSHKey:          {"privateKey": "private-key", "publicKey": "public-key", "passphrase": "passphrase"},
	importer.Document:        {"accountNumber": "document-number", "expirationDate": "valid-until"},
	importer.SoftwareLicence: {"licenseNumber": "licence-key", "expirationDate": "valid-until", "date": "purchased"},
	importer.WiFi:            {"SSID": "ssid", "wifiEncryption": "security"},
}

// addKeeperValue adds a further field, or each member of one that is an object.
func addKeeperValue(record *importer.Record, name string, value any) {
	switch v := value.(type) {
	case []any:
		for _, part := range v {
			addKeeperValue(record, name, part)
		}
	case map[string]any:
		switch {
		case strings.HasPrefix(name, "$phone"):
			v = keeperPhone(v)
		case strings.HasPrefix(name, "$passkey"):
			addField(record, "passkey", strings.Join(texts(v), "\n"), true) // the private key is in a form of Keeper's own
			return
		}
		if second, _ := v["street2"].(string); second != "" {
			v = maps.Clone(v)
			v["street1"] = strings.Join(append(texts(v["street1"]), second), "\n")
			delete(v, "street2")
		}
		for _, member := range sortedKeys(v) {
			addKeeperValue(record, keeperMember(name, member), v[member])
		}
	default:
		for _, text := range texts(v) {
			addKeeperField(record, name, text)
		}
	}
}

// keeperMember is the name of a member of a field that is an object. Where a user has given the field a label, that says more than its type.
func keeperMember(field, member string) string {
	parts := strings.Split(field, ":")
	switch {
	case len(parts) < 2 || parts[1] == "" || isNumber(parts[1]):
		return "$" + member
	case member == "number":
		return "$" + member + ":" + parts[1]
	}
	return "$" + member + ":" + parts[1] + " " + member
}

// keeperPhone is a phone number with its extension; where it is of, and what sort of phone, stay as they are.
func keeperPhone(v map[string]any) map[string]any {
	v = maps.Clone(v)
	if region, _ := v["region"].(string); region != "" {
		delete(v, "region") // else it is that of an address
		v["phone region"] = region
	}
	if ext, _ := v["ext"].(string); ext != "" {
		v["number"] = strings.Join(append(texts(v["number"]), "ext. "+ext), " ")
		delete(v, "ext")
	}
	return v
}

// addKeeperField adds a further field. Its name is "$type:label:number", where the program has given it a type.
func addKeeperField(record *importer.Record, name, value string) {
	kind, label, typed := "", name, strings.HasPrefix(name, "$")
	if typed {
		parts := strings.Split(strings.TrimPrefix(name, "$"), ":")
		kind, label = parts[0], parts[0]
		if len(parts) > 1 && parts[1] != "" && !isNumber(parts[1]) {
			label = parts[1]
		}
	}
	if slices.Contains([]string{"date", "birthDate", "expirationDate"}, kind) && isNumber(value) {
		if at := since1970(value, time.UnixMilli); !at.IsZero() {
			value = at.Format(time.DateOnly)
		}
	}
	ours := keeperNames[record.Kind][label]
	if ours == "" {
		ours = keeperNames[record.Kind][kind]
	}
	switch {
	case value == "":
	case ours == "expires":
		addField(record, ours, month(value), false)
	case ours != "":
		addField(record, ours, value, isHiddenKey(ours))
	case kind == "note" && record.Kind == importer.Note:
		record.Notes = importer.JoinNotes(record.Notes, value)
	case kind == "oneTimeCode" || strings.EqualFold(name, "TFC:Keeper"):
		setTOTP(record, value)
	case kind == "url" && record.Kind == "":
		record.URLs = append(record.URLs, addresses(value)...)
	default:
		addField(record, label, value, isSecretName(label) || slices.Contains([]string{"secret", "pinCode", "privateKey", "accountNumber", "cardNumber", "cardSecurityCode"}, kind))
	}
}

func isNumber(text string) bool {
	_, err := strconv.Atoi(text)
	return err == nil
}

// texts is the texts in a JSON value: itself, or those in it, each with its name before it.
func texts(value any) []string {
	switch v := value.(type) {
	case nil:
		return nil
	case string:
		return []string{v}
	case float64:
		return []string{strconv.FormatFloat(v, 'f', -1, 64)}
	case bool:
		return []string{strconv.FormatBool(v)}
	case []any:
		var all []string
		for _, part := range v {
			all = append(all, texts(part)...)
		}
		return all
	case map[string]any:
		var lines []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			for _, text := range texts(v[name]) {
				lines = append(lines, name+": "+text)
			}
		}
		return []string{strings.Join(lines, "\n")}
	}
	return []string{fmt.Sprint(value)}
}
