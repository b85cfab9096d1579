package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// onePIFLine is between the entries of a 1Password Interchange File, which versions 4 to 7 write: each is JSON of its own.
var onePIFLine = []byte("***5642bee8-a5ff-11dc-8314-0800200c9a66***")

// isOnePIF tells such a file by that line; the last entry has one behind it as well.
func isOnePIF(data []byte) bool {
	return bytes.HasPrefix(data, []byte("{")) && bytes.Contains(data, onePIFLine)
}

type onePIFItem struct {
	UUID      string          `json:"uuid"`
	Title     string          `json:"title"`
	Location  string          `json:"location"`
	TypeName  string          `json:"typeName"`
	CreatedAt int64           `json:"createdAt"` // seconds
	UpdatedAt int64           `json:"updatedAt"`
	Trashed   bool            `json:"trashed"`
	Folder    string          `json:"folderUuid"`
	Secure    json.RawMessage `json:"secureContents"`
	Open      struct {
		Tags      []string `json:"tags"`
		FaveIndex int      `json:"faveIndex"`
	} `json:"openContents"`
}

// onePIFContents is what an entry holds. Its other members are values of older versions, which have no sections.
type onePIFContents struct {
	Fields []struct {
		Value       string `json:"value"`
		Name        string `json:"name"`
		Type        string `json:"type"`
		Designation string `json:"designation"`
	} `json:"fields"`
	URLs []struct {
		URL string `json:"url"`
	} `json:"URLs"`
	Notes    string `json:"notesPlain"`
	Password string `json:"password"`
	Sections []struct {
		Title  string `json:"title"`
		Fields []struct {
			Kind  string          `json:"k"`
			ID    string          `json:"n"`
			Title string          `json:"t"`
			Value json.RawMessage `json:"v"`
		} `json:"fields"`
	} `json:"sections"`
	History []struct {
		Value string `json:"value"`
		Time  int64  `json:"time"` // seconds, when it was replaced
	} `json:"passwordHistory"`
}

// onePIFTypes are the categories of 1PUX by what they were called before.
var onePIFTypes = map[string]string{
	"webforms.WebForm": "001", "wallet.financial.CreditCard": "002", "securenotes.SecureNote": "003", "identities.Identity": "004", "passwords.Password": "005",
	"wallet.computer.License": "100", "wallet.financial.BankAccountUS": "101", "wallet.computer.Database": "102", "wallet.government.DriversLicense": "103",
	"wallet.government.HuntingLicense": "104", "wallet.membership.Membership": "105", "wallet.government.Passport": "106", "wallet.membership.RewardProgram": "107",
	"wallet.government.SsnUS": "108", "wallet.computer.Router": "109", "wallet.computer.UnixServer": "110", "wallet.onlineservices.Email.v2": "111",
}

// onePIFFolder is the type of an entry that is a folder.
const onePIFFolder = "system.folder.Regular"

func openOnePIF(data []byte) (importer.Source, error) {
	var entries []json.RawMessage
	folders := map[string]string{}
	for part := range bytes.SplitSeq(data, onePIFLine) {
		part = bytes.TrimSpace(part)
		if len(part) == 0 {
			continue
		}
		var item onePIFItem
		if unmarshal(part, &item) == nil && item.TypeName == onePIFFolder {
			folders[item.UUID] = item.Title
			continue
		}
		entries = append(entries, part)
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("%w: 1PIF", importer.ErrMalformed)
	}
	decode := func(raw json.RawMessage, n int) []importer.Row { return []importer.Row{decodeOnePIF(raw, n, folders)} }
	return newFile(importer.Info{ID: "1password", Browser: "1Password"}, decodeAll(entries, decode)), nil
}

func decodeOnePIF(raw json.RawMessage, n int, folders map[string]string) importer.Row {
	var item onePIFItem
	var contents onePIFContents
	if unmarshal(raw, &item) != nil || len(item.Secure) > 0 && unmarshal(item.Secure, &contents) != nil {
		return importer.Row{ID: strconv.Itoa(n), Reason: importer.ReasonMalformed}
	}
	if item.Trashed {
		return importer.Row{ID: item.UUID, Site: item.Title, Reason: importer.ReasonDeleted}
	}
	category, known := onePasswordCategories[onePIFTypes[item.TypeName]]
	if !known {
		category.kind = importer.Note
	}
	record := &importer.Record{
		Kind: category.kind, Title: item.Title, Notes: contents.Notes, Folder: folders[item.Folder], Tags: item.Open.Tags, Favorite: item.Open.FaveIndex > 0,
		Source: "1password", SourceID: item.UUID,
		Created: since1970(strconv.FormatInt(item.CreatedAt, 10), seconds), Modified: since1970(strconv.FormatInt(item.UpdatedAt, 10), seconds),
	}
	for _, u := range contents.URLs {
		addNewAddress(record, u.URL)
	}
	addNewAddress(record, item.Location)
	contents.add(record, category)
	addOnePIFMembers(record, category, strangers(item.Secure, contents))
	return finish(item.UUID, record)
}

func (c *onePIFContents) add(record *importer.Record, category onePasswordCategory) {
	for _, f := range c.Fields {
		switch {
		case f.Designation == "username":
			record.Username = f.Value
		case f.Designation == "password":
			setPassword(record, f.Value)
		case f.Type == "I" || f.Type == "C" && f.Value == "": // a button or an empty box of the form
		default:
			addField(record, f.Name, f.Value, f.Type == "P")
		}
	}
	setPassword(record, c.Password)
	for _, old := range c.History {
		record.History = append(record.History, importer.OldPassword{
			Password: secret.FromString(old.Value), Replaced: since1970(strconv.FormatInt(old.Time, 10), seconds),
		})
	}
	for _, section := range c.Sections {
		for _, f := range section.Fields {
			kind := map[string]string{"URL": "url", "cctype": "creditCardType"}[f.Kind]
			if kind == "" {
				kind = f.Kind
			}
			if strings.HasPrefix(f.ID, "TOTP_") {
				kind = "totp"
			}
			addOnePasswordField(record, category, onePasswordField{f.ID, joined("", f.Title), kind, f.Value})
		}
	}
}

// holds tells whether one of the fields has this value.
func holds(record *importer.Record, text string) bool {
	return slices.ContainsFunc(record.Fields, func(f importer.Field) bool {
		value := string(f.Value.Reveal())
		return value == text || value == month(text)
	})
}

// addOnePIFMembers adds what older versions have beside the sections, and those between have once more. A date has its parts in members of their
// own.
func addOnePIFMembers(record *importer.Record, category onePasswordCategory, members map[string]any) {
	members = maps.Clone(members)
	for _, name := range sortedKeys(members) {
		if whole, isYear := strings.CutSuffix(name, "_yy"); isYear {
			parts := []string{strings.Join(texts(members[name]), ""), strings.Join(texts(members[whole+"_mm"]), ""), strings.Join(texts(members[whole+"_dd"]), "")}
			for i, part := range parts {
				if len(part) == 1 {
					parts[i] = "0" + part
				}
			}
			delete(members, name)
			delete(members, whole+"_mm")
			delete(members, whole+"_dd")
			members[whole] = joined("-", parts...)
		}
	}
	for _, name := range sortedKeys(members) {
		if holds(record, strings.Join(texts(members[name]), "\n")) {
			continue // a section has it
		}
		if strings.HasPrefix(name, "html") || slices.Contains([]string{"notesPlain", "passwordHistory"}, name) {
			continue // of the form that it was filled into
		}
		raw, err := json.Marshal(members[name])
		if err != nil {
			continue
		}
		kind := "string"
		switch _, isObject := members[name].(map[string]any); {
		case isObject && name == "address":
			kind = "address"
		case isSecretName(name):
			kind = "concealed"
		}
		addOnePasswordField(record, category, onePasswordField{name, name, kind, raw})
	}
}
