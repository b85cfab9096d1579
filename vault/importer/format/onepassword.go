package format

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// onePasswordFile is export.data of a 1PUX archive (support.1password.com/1pux-format).
type onePasswordFile struct {
	Accounts []struct {
		Attrs struct {
			Name string `json:"accountName"`
		} `json:"attrs"`
		Vaults []struct {
			Attrs struct {
				Name string `json:"name"`
			} `json:"attrs"`
			Items []json.RawMessage `json:"items"`
		} `json:"vaults"`
	} `json:"accounts"`
}

type onePasswordItem struct {
	UUID      string `json:"uuid"`
	FavIndex  int    `json:"favIndex"`
	CreatedAt int64  `json:"createdAt"` // seconds
	UpdatedAt int64  `json:"updatedAt"`
	Trashed   bool   `json:"trashed"`
	State     string `json:"state"` // "active", "archived"
	Category  string `json:"categoryUuid"`
	Overview  struct {
		Title string `json:"title"`
		URL   string `json:"url"`
		URLs  []struct {
			URL string `json:"url"`
		} `json:"urls"`
		Tags []string `json:"tags"`
	} `json:"overview"`
	Details onePasswordDetails `json:"details"`
}

type onePasswordDetails struct {
	LoginFields []struct {
		Value       string `json:"value"`
		Name        string `json:"name"`
		ID          string `json:"id"`
		FieldType   string `json:"fieldType"`
		Designation string `json:"designation"`
	} `json:"loginFields"`
	NotesPlain      string               `json:"notesPlain"`
	Sections        []onePasswordSection `json:"sections"`
	PasswordHistory []struct {
		Value string `json:"value"`
		Time  int64  `json:"time"` // seconds, when it was replaced
	} `json:"passwordHistory"`
	Password string `json:"password"` // of an item that is only a password
	Document *struct {
		FileName string `json:"fileName"`
		ID       string `json:"documentId"`
	} `json:"documentAttributes"`
}

type onePasswordSection struct {
	Title  string `json:"title"`
	Fields []struct {
		Title string                     `json:"title"`
		ID    string                     `json:"id"`
		Value map[string]json.RawMessage `json:"value"` // one member, whose name is the type
	} `json:"fields"`
}

// onePasswordCategory is a kind of items, with the vault's names for its fields by their ids.
type onePasswordCategory struct {
	kind   importer.Kind
	fields map[string]string
}

var onePasswordCategories = map[string]onePasswordCategory{
	"001": {importer.Login, nil},
	"002": {importer.Card, map[string]string{
		"cardholder": "cardholder", "type": "brand", "ccnum": "number", "cvv": "cvv", "expiry": "expires", "bank": "bank", "pin": "pin",
	}},
	"003": {importer.Note, nil},
	"004": {importer.Identity, map[string]string{
		"firstname": "first-name", "lastname": "last-name", "birthdate": "birthday", "company": "company", "email": "email", "defphone": "phone",
	}},
	"005": {importer.Login, nil}, // a password alone
	"006": {importer.Document, nil},
	"100": {importer.SoftwareLicence, map[string]string{
		"product_version": "version", "reg_code": "licence-key", "reg_name": "licensed-to", "reg_email": "email", "company": "company",
		"order_date": "purchased", "order_number": "order-number", "publisher_name": "product",
	}},
	"101": {importer.BankAccount, map[string]string{
		"bankName": "bank", "owner": "account-holder", "accountType": "account-type", "routingNo": "routing-number",
		"accountNo": "account-number", "swift": "bic", "iban": "iban", "telephonePin": "pin", "branchPhone": "bank-phone",
	}},
	"102": {importer.Login, nil}, // a database
	"103": {importer.Document, map[string]string{"number": "document-number", "state": "issuer", "expiry_date": "valid-until"}},
	"104": {importer.Document, map[string]string{"name": "", "country": "issuer", "expires": "valid-until"}},
	"105": {importer.Document, map[string]string{"membership_no": "document-number", "org_name": "issuer"}},
	"106": {importer.Document, map[string]string{
		"number": "document-number", "issuing_authority": "issuer", "issue_date": "issued", "expiry_date": "valid-until",
	}},
	"107": {importer.Document, map[string]string{"membership_no": "document-number", "company_name": "issuer"}},
	"108": {importer.Document, map[string]string{"number": "document-number"}},
	"109": {importer.WiFi, map[string]string{
		"network_name": "ssid", "wireless_security": "security", "server": "router-address", "password": "router-password",
	}},
	"110": {importer.Login, nil}, // a server
	"111": {importer.Login, nil}, // an e-mail account
	"112": {importer.APICredential, map[string]string{
		"credential": "credential", "hostname": "endpoint", "type": "service", "validFrom": "valid-from", "expires": "valid-until",
	}},
	"113": {importer.Note, nil}, // a medical record
	"114": {importer.SSHKey, nil},
	"115": {importer.Note, nil}, // a wallet
}

func openOnePassword(data []byte) (importer.Source, error) {
	var f onePasswordFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("%w: 1PUX", importer.ErrMalformed)
	}
	return newFile(importer.Info{ID: "1password", Browser: "1Password"}, f.rows()), nil
}

// rows are the items of all vaults. A vault is a folder where there are several.
func (f *onePasswordFile) rows() iter.Seq[importer.Row] {
	vaults := 0
	for _, account := range f.Accounts {
		vaults += len(account.Vaults)
	}
	return func(yield func(importer.Row) bool) {
		n := 0
		for _, account := range f.Accounts {
			for _, v := range account.Vaults {
				folder := ""
				if vaults > 1 {
					folder = v.Attrs.Name
				}
				for _, raw := range v.Items {
					if n++; !yield(decodeOnePassword(raw, n, folder)) {
						return
					}
				}
			}
		}
	}
}

func decodeOnePassword(raw json.RawMessage, n int, folder string) importer.Row {
	var item onePasswordItem
	if unmarshal(raw, &item) != nil {
		return importer.Row{ID: strconv.Itoa(n), Reason: importer.ReasonMalformed}
	}
	category, known := onePasswordCategories[item.Category]
	switch {
	case item.Trashed || item.State == "deleted":
		return importer.Row{ID: item.UUID, Site: item.Overview.Title, Reason: importer.ReasonDeleted}
	case !known:
		category.kind = importer.Note // what it holds comes as fields
	}
	record := &importer.Record{
		Kind: category.kind, Title: item.Overview.Title, Notes: item.Details.NotesPlain, Folder: folder, Tags: item.Overview.Tags,
		Favorite: item.FavIndex > 0, Archived: item.State == "archived", Source: "1password", SourceID: item.UUID,
		Created: since1970(strconv.FormatInt(item.CreatedAt, 10), seconds), Modified: since1970(strconv.FormatInt(item.UpdatedAt, 10), seconds),
	}
	for _, u := range item.Overview.URLs {
		record.URLs = append(record.URLs, addresses(u.URL)...)
	}
	if url := item.Overview.URL; !slices.Contains(record.URLs, url) {
		record.URLs = append(record.URLs, addresses(url)...)
	}
	item.Details.add(record, category)
	addOnePasswordStrangers(record, raw)
	return finish(item.UUID, record)
}

// onePasswordBookkeeping is what an overview says that means nothing elsewhere, or once more.
var onePasswordBookkeeping = []string{
	"title", "url", "urls", "tags", "subtitle", "ps", "pbe", "pgrng", "icons", "watchtowerExclusions", "b5UserUUID", "appIds", "ainfo",
}

// addOnePasswordStrangers keeps what this program does not know of an item as hidden fields.
func addOnePasswordStrangers(record *importer.Record, raw json.RawMessage) {
	var item struct {
		Overview map[string]any  `json:"overview"`
		Details  json.RawMessage `json:"details"`
	}
	if json.Unmarshal(raw, &item) != nil {
		return
	}
	for _, members := range []map[string]any{strangers(item.Details, onePasswordDetails{}), item.Overview} {
		for _, name := range sortedKeys(members) {
			if slices.Contains(onePasswordBookkeeping, name) {
				continue
			}
			for _, text := range texts(members[name]) {
				addField(record, name, text, true)
			}
		}
	}
}

func (d *onePasswordDetails) add(record *importer.Record, category onePasswordCategory) {
	for _, f := range d.LoginFields {
		switch {
		case f.Designation == "username":
			record.Username = f.Value
		case f.Designation == "password":
			setPassword(record, f.Value)
		case f.FieldType == "I" || f.FieldType == "C" && f.Value == "": // a button or an empty box of the form
		default:
			addField(record, joined("", f.Name), f.Value, f.FieldType == "P")
		}
	}
	setPassword(record, d.Password)
	for _, old := range d.PasswordHistory {
		record.History = append(record.History, importer.OldPassword{
			Password: secret.FromString(old.Value), Replaced: since1970(strconv.FormatInt(old.Time, 10), seconds),
		})
	}
	if d.Document != nil {
		nameFile(record, d.Document.FileName, d.Document.ID)
	}
	for _, section := range d.Sections {
		for _, f := range section.Fields {
			for _, kind := range slices.Sorted(maps.Keys(f.Value)) {
				addOnePasswordField(record, category, onePasswordField{f.ID, joined("", f.Title), kind, f.Value[kind]})
			}
		}
	}
}

// onePasswordField is a field of a section. Its value is tagged with its type, and may be an object.
type onePasswordField struct {
	id, title, kind string
	raw             json.RawMessage
}

func addOnePasswordField(record *importer.Record, category onePasswordCategory, f onePasswordField) {
	if f.title == "" {
		f.title = f.id
	}
	ours := category.fields[f.id]
	value, text := "", f.text()
	switch {
	case text == "":
	case f.kind == "totp":
		setTOTP(record, text)
	case f.kind == "reference":
		leaveOut(record, importer.PartLink, f.title)
	case f.kind == "file":
		addOnePasswordFile(record, f)
	case f.kind == "address":
		addOnePasswordAddress(record, f)
	case f.kind == "sshKey":
		addOnePasswordKey(record, f.raw)
	case category.kind == importer.WiFi && f.id == "wireless_password":
		setPassword(record, text)
	case category.kind == importer.Login && record.Username == "" && (f.id == "username" || f.id == "pop_username"):
		record.Username = text
	case category.kind == importer.Login && record.Password.IsZero() && (f.id == "password" || f.id == "pop_password"):
		setPassword(record, text)
	case category.kind == importer.APICredential && f.id == "username":
		record.Username = text
	case ours != "":
		value = text
	default:
		addField(record, f.title, text, f.kind == "concealed" || f.kind == "creditCardNumber")
	}
	addField(record, ours, value, isHiddenKey(ours) || f.kind == "concealed")
}

// text is the value as text: dates as 2006-01-02, months as 2006-01.
func (f onePasswordField) text() string {
	var value any
	if json.Unmarshal(f.raw, &value) != nil {
		return ""
	}
	number, isNumber := value.(float64)
	switch {
	case f.kind == "date" && isNumber:
		return time.Unix(int64(number), 0).UTC().Format(time.DateOnly)
	case f.kind == "monthYear" && isNumber && number > 0:
		return month(strconv.Itoa(int(number)))
	case f.kind == "email":
		if object, ok := value.(map[string]any); ok {
			value = object["email_address"]
		}
	}
	return strings.Join(texts(value), "\n")
}

func addOnePasswordFile(record *importer.Record, f onePasswordField) {
	var named struct{ FileName, DocumentID string }
	if json.Unmarshal(f.raw, &named) != nil || named.FileName == "" {
		named.FileName = f.title
	}
	nameFile(record, named.FileName, named.DocumentID)
}

func addOnePasswordAddress(record *importer.Record, f onePasswordField) {
	var a struct{ Street, City, Country, Zip, State string }
	if json.Unmarshal(f.raw, &a) != nil {
		return
	}
	if record.Kind != importer.Identity {
		addField(record, f.title, joined("\n", a.Street, joined(" ", a.Zip, a.City), a.State, a.Country), false)
		return
	}
	addField(record, "street", a.Street, false)
	addField(record, "city", a.City, false)
	addField(record, "region", a.State, false)
	addField(record, "postal-code", a.Zip, false)
	addField(record, "country", a.Country, false)
}

func addOnePasswordKey(record *importer.Record, raw json.RawMessage) {
	var key struct {
		PrivateKey string `json:"privateKey"`
		Metadata   struct {
			PublicKey   string `json:"publicKey"`
			Fingerprint string `json:"fingerprint"`
		} `json:"metadata"`
	}
	if json.Unmarshal(raw, &key) != nil {
		return
	}
	addField(record, "private-key", key.PrivateKey, true)
	addField(record, "public-key", key.Metadata.PublicKey, false)
	addField(record, "fingerprint", key.Metadata.Fingerprint, false)
}
