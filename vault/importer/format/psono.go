package format

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/coffer-vault/coffer/vault/importer"
)

// psonoFolder is a folder of an export of Psono; the outermost one has no name.
type psonoFolder struct {
	Name    string            `json:"name"`
	Folders []psonoFolder     `json:"folders"`
	Items   []json.RawMessage `json:"items"`
}

// psonoKinds are the types of entries that are no logins.
var psonoKinds = map[string]importer.Kind{
	"note": importer.Note, "environment_variables": importer.Note, "mail_gpg_own_key": importer.Note, "ssh_own_key": importer.SSHKey,
	"credit_card": importer.Card, "identity": importer.Identity,
}

// psonoNames are the vault's names for the values of types that are no logins.
var psonoNames = map[string]map[string]string{
	"ssh_own_key": {"public": "public-key", "private": "private-key"},
	"credit_card": {"number": "number", "cvc": "cvv", "name": "cardholder", "pin": "pin", "valid_through": "expires"},
	"identity": {
		"first_name": "first-name", "last_name": "last-name", "company": "company", "address": "street", "postal_code": "postal-code", "city": "city",
		"state": "region", "country": "country", "phone_number": "phone", "email": "email",
	},
}

// psonoBookkeeping is what an entry says of how the program is to treat it.
var psonoBookkeeping = []string{"id", "type", "name", "autosubmit", "urlfilter", "auto_submit", "url_filter", "allow_http"}

// isPsono tells an export by its first entry, which has a title under a name that begins with its type.
func isPsono(members map[string]json.RawMessage) bool {
	var root psonoFolder
	if json.Unmarshal(members["items"], &root.Items) != nil && members["items"] != nil || json.Unmarshal(members["folders"], &root.Folders) != nil && members["folders"] != nil {
		return false
	}
	var kind string
	first := root.first(0)
	return json.Unmarshal(first["type"], &kind) == nil && hasAll(kind+"_title")(first)
}

// first is the members of the first entry in a folder, or in those that are in it.
func (f *psonoFolder) first(depth int) (members map[string]json.RawMessage) {
	if len(f.Items) > 0 {
		json.Unmarshal(f.Items[0], &members) // nil for what is no object
		return members
	}
	for i := range f.Folders {
		if members = f.Folders[i].first(depth + 1); members != nil || depth > maxDepth {
			break
		}
	}
	return members
}

func openPsono(data []byte) (importer.Source, error) {
	var root psonoFolder
	if err := json.Unmarshal(data, &root); err != nil {
		return nil, fmt.Errorf("%w: JSON", importer.ErrMalformed)
	}
	rows := func(yield func(importer.Row) bool) {
		n := 0
		root.rows("", &n, yield)
	}
	return newFile(importer.Info{ID: "psono", Browser: "Psono"}, rows), nil
}

func (f *psonoFolder) rows(path string, n *int, yield func(importer.Row) bool) bool {
	for _, raw := range f.Items {
		if *n++; !yield(decodePsono(raw, path, strconv.Itoa(*n))) {
			return false
		}
	}
	for i := range f.Folders {
		name := strings.ReplaceAll(f.Folders[i].Name, "/", "∕") // a slash is between folders
		if !f.Folders[i].rows(importer.CleanFolder(path+"/"+name), n, yield) {
			return false
		}
	}
	return true
}

func decodePsono(raw json.RawMessage, folder, number string) importer.Row {
	var members map[string]any
	if json.Unmarshal(raw, &members) != nil {
		return importer.Row{ID: number, Reason: importer.ReasonMalformed}
	}
	text := func(name string) string { return strings.Join(texts(members[name]), "\n") }
	kind := text("type")
	record := &importer.Record{
		Kind: psonoKinds[kind], Title: cmp.Or(text(kind+"_title"), text("name")), Folder: folder, Source: "psono", SourceID: text("id"),
		Created: moment(text("create_date")), Modified: moment(text("write_date")),
	}
	setTOTP(record, otpAddress(record, text(kind+"_code"), text(kind+"_period"), text(kind+"_digits"), text(kind+"_algorithm")))
	setTOTP(record, otpAddress(record, text(kind+"_totp_code"), text(kind+"_totp_period"), text(kind+"_totp_digits"), text(kind+"_totp_algorithm")))
	for _, member := range sortedKeys(members) {
		if name := strings.TrimPrefix(member, kind+"_"); !slices.Contains(psonoBookkeeping, name) {
			addPsonoValue(record, kind, name, members[member])
		}
	}
	return finish(cmp.Or(record.SourceID, number), record)
}

func addPsonoValue(record *importer.Record, kind, name string, value any) {
	text := strings.Join(texts(value), "\n")
	ours := psonoNames[kind][name]
	switch {
	case text == "":
	case slices.Contains([]string{"title", "create_date", "write_date"}, name) || strings.HasPrefix(strings.TrimPrefix(name, "totp_"), "code") ||
		slices.Contains([]string{"period", "digits", "algorithm"}, strings.TrimPrefix(name, "totp_")):
	case ours == "expires":
		addField(record, ours, month(text), false)
	case ours != "":
		addField(record, ours, text, isHiddenKey(ours))
	case name == "username":
		record.Username = text
	case name == "password":
		setPassword(record, text)
	case name == "url":
		record.URLs = append(record.URLs, addresses(text)...)
	case name == "notes":
		record.Notes = text
	case name == "variables":
		addPsonoVariables(record, value)
	default:
		addField(record, name, text, isSecretName(name) || name == "private" || name == "callback_pass")
	}
}

// addPsonoVariables adds the variables of an environment as fields.
func addPsonoVariables(record *importer.Record, value any) {
	variables, _ := value.([]any)
	for _, v := range variables {
		pair, _ := v.(map[string]any)
		addField(record, strings.Join(texts(pair["key"]), ""), strings.Join(texts(pair["value"]), "\n"), true)
	}
}
