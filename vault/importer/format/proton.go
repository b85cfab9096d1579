package format

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/coffer-vault/coffer/vault/importer"
)

// protonFile is data.json of an export of Proton Pass.
type protonFile struct {
	Encrypted bool `json:"encrypted"`
	Vaults    map[string]struct {
		Name  string            `json:"name"`
		Items []json.RawMessage `json:"items"`
	} `json:"vaults"`
}

type protonItem struct {
	ID       string   `json:"itemId"`
	State    int      `json:"state"` // 2: in the trash
	Alias    string   `json:"aliasEmail"`
	Created  int64    `json:"createTime"` // seconds
	Modified int64    `json:"modifyTime"`
	Pinned   bool     `json:"pinned"`
	Files    []string `json:"files"`
	Data     struct {
		Type     string `json:"type"`
		Metadata struct {
			Name string `json:"name"`
			Note string `json:"note"`
		} `json:"metadata"`
		Extra    []protonField `json:"extraFields"`
		Platform struct {
			Android struct {
				Apps []struct {
					Package string `json:"packageName"`
				} `json:"allowedApps"`
			} `json:"android"`
		} `json:"platformSpecific"`
		Content map[string]json.RawMessage `json:"content"`
	} `json:"data"`
}

type protonField struct {
	Name string         `json:"fieldName"`
	Type string         `json:"type"`
	Data map[string]any `json:"data"` // "content", of a code "totpUri"
}

// protonSection is a part of an item that its user has made.
type protonSection struct {
	Name   string        `json:"sectionName"`
	Fields []protonField `json:"sectionFields"`
}

// addTo adds the field's values. Its name may be empty.
func (f protonField) addTo(record *importer.Record) {
	for _, key := range sortedKeys(f.Data) {
		for _, text := range texts(f.Data[key]) {
			addField(record, f.Name, text, f.Type == "hidden" || f.Type == "totp")
		}
	}
}

// protonType is a type of item, with the vault's names for its members.
type protonType struct {
	kind    importer.Kind
	members map[string]string
}

var protonTypes = map[string]protonType{
	"login": {importer.Login, nil},
	"note":  {importer.Note, nil},
	"alias": {importer.Login, nil},
	"creditCard": {importer.Card, map[string]string{
		"cardholderName": "cardholder", "number": "number", "verificationNumber": "cvv", "expirationDate": "expires", "pin": "pin",
	}},
	"identity": {importer.Identity, map[string]string{
		"firstName": "first-name", "middleName": "middle-name", "lastName": "last-name", "email": "email", "phoneNumber": "phone", "birthdate": "birthday",
		"organization": "company", "streetAddress": "street", "city": "city", "stateOrProvince": "region", "zipOrPostalCode": "postal-code",
		"countryOrRegion": "country", "socialSecurityNumber": "national-id", "passportNumber": "passport-number", "licenseNumber": "license-number",
	}},
	"sshKey": {importer.SSHKey, map[string]string{"privateKey": "private-key", "publicKey": "public-key"}},
	"wifi":   {importer.WiFi, map[string]string{"ssid": "ssid", "security": "security"}},
	"custom": {importer.Note, nil},
}

func openProton(data []byte) (importer.Source, error) {
	var f protonFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("%w: Proton Pass", importer.ErrMalformed)
	}
	if f.Encrypted {
		return nil, ErrEncryptedExport
	}
	return newFile(importer.Info{ID: "protonpass", Browser: "Proton Pass"}, f.rows()), nil
}

func (f *protonFile) rows() iter.Seq[importer.Row] {
	return func(yield func(importer.Row) bool) {
		for _, id := range slices.Sorted(maps.Keys(f.Vaults)) {
			folder := ""
			if len(f.Vaults) > 1 {
				folder = f.Vaults[id].Name
			}
			decode := func(raw json.RawMessage, n int) []importer.Row { return decodeProton(raw, n, folder) }
			for row := range decodeAll(f.Vaults[id].Items, decode) {
				if !yield(row) {
					return
				}
			}
		}
	}
}

func decodeProton(raw json.RawMessage, n int, folder string) []importer.Row {
	var item protonItem
	if unmarshal(raw, &item) != nil {
		return []importer.Row{{ID: strconv.Itoa(n), Reason: importer.ReasonMalformed}}
	}
	if item.State == 2 {
		return []importer.Row{{ID: item.ID, Site: item.Data.Metadata.Name, Reason: importer.ReasonDeleted}}
	}
	t, known := protonTypes[item.Data.Type]
	if !known {
		t.kind = importer.Note
	}
	record := &importer.Record{
		Kind: t.kind, Title: item.Data.Metadata.Name, Notes: item.Data.Metadata.Note, Folder: folder, Favorite: item.Pinned, Username: item.Alias,
		Source: "protonpass", SourceID: item.ID,
		Created: since1970(strconv.FormatInt(item.Created, 10), seconds), Modified: since1970(strconv.FormatInt(item.Modified, 10), seconds),
	}
	addProtonContent(record, t, item.Data.Content)
	for _, f := range item.Data.Extra {
		f.addTo(record)
	}
	for _, app := range item.Data.Platform.Android.Apps {
		if app.Package != "" {
			record.URLs = append(record.URLs, "androidapp://"+app.Package)
		}
	}
	for _, name := range item.Files {
		nameFile(record, name, name)
	}
	rows := []importer.Row{finish(item.ID, record)}
	return append(rows, protonPasskeys(&item)...)
}

// addProtonContent adds what an item of a type holds. Lists of fields and sections of them are fields like others.
func addProtonContent(record *importer.Record, t protonType, content map[string]json.RawMessage) {
	var full string
	if named := content["firstName"] != nil || content["lastName"] != nil; t.kind == importer.Identity && named {
		var first, last string
		_, _ = json.Unmarshal(content["firstName"], &first), json.Unmarshal(content["lastName"], &last) // what is no text is no name
		if json.Unmarshal(content["fullName"], &full); first+last == "" {
			addName(record, full)
		}
		if first+last == "" || strings.EqualFold(full, joined(" ", first, last)) {
			content = maps.Clone(content)
			delete(content, "fullName")
		}
	}
	for _, member := range slices.Sorted(maps.Keys(content)) {
		var fields []protonField
		var sections []protonSection
		switch {
		case json.Unmarshal(content[member], &sections) == nil && len(sections) > 0 && sections[0].Fields != nil:
			for _, section := range sections {
				addProtonFields(record, section.Fields)
			}
		case json.Unmarshal(content[member], &fields) == nil && len(fields) > 0 && fields[0].Data != nil:
			addProtonFields(record, fields)
		default:
			addProtonMember(record, t, member, content[member])
		}
	}
}

func addProtonFields(record *importer.Record, fields []protonField) {
	for _, f := range fields {
		f.addTo(record)
	}
}

func addProtonMember(record *importer.Record, t protonType, member string, raw json.RawMessage) {
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return
	}
	ours := t.members[member]
	for _, text := range texts(value) {
		switch {
		case text == "" || member == "passkeys" || member == "cardType" && text == "0" || member == "note" && text == record.Notes:
		case member == "note" && record.Notes == "":
			record.Notes = text
		case member == "urls":
			record.URLs = append(record.URLs, addresses(text)...)
		case member == "itemUsername" || member == "username" && record.Username == "":
			setUsername(record, text)
		case member == "itemEmail":
			addProtonEmail(record, text)
		case member == "password":
			setPassword(record, text)
		case member == "totpUri":
			setTOTP(record, text)
		case ours == "expires":
			addField(record, ours, month(text), false)
		case ours == "birthday":
			addField(record, ours, day(text), false)
		case ours != "":
			addField(record, ours, text, isHiddenKey(ours))
		default:
			addField(record, member, text, isSecretName(member))
		}
	}
}

// addProtonEmail is the user name where there is no other. It comes before the user name.
func addProtonEmail(record *importer.Record, email string) {
	if record.Username == "" {
		record.Username = email
		return
	}
	addField(record, "E-mail", email, false)
}

// setUsername makes it the user name; an e-mail address that was it so far becomes a field.
func setUsername(record *importer.Record, username string) {
	addField(record, "E-mail", record.Username, false)
	record.Username = username
}

func protonPasskeys(item *protonItem) (rows []importer.Row) {
	var keys []map[string]any
	if json.Unmarshal(item.Data.Content["passkeys"], &keys) != nil {
		return nil
	}
	for n, key := range keys {
		row := importer.Row{ID: fmt.Sprintf("%s/passkey%d", item.ID, n+1), Site: item.Data.Metadata.Name, Reason: importer.ReasonUnsupported}
		if site, ok := key["domain"].(string); ok {
			row.Site = site
		}
		rows = append(rows, row) // the private key is in a form of Proton's own
	}
	return rows
}
