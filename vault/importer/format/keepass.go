package format

import (
	"bytes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// openKeePassXML opens an export of KeePass 2 as XML, which is what is inside its databases too.
func openKeePassXML(data []byte) (importer.Source, error) {
	if !bytes.Contains(data[:min(len(data), 4096)], []byte("<KeePassFile")) {
		return nil, ErrUnknownFormat
	}
	root, err := parseKeePass(data, nil)
	if err != nil {
		return nil, err
	}
	root.findFiles(nil)
	return newCountedFile(importer.Info{ID: "keepass", Browser: "KeePass", Count: root.stored()}, root.rows), nil
}

// element is an element of the XML.
type element struct {
	name     string
	attrs    []xml.Attr
	text     string
	children []*element
	file     *attachment // of a Binary of an entry: the attached file; nil if it is not there
}

// child is the first child of a name; an empty one if there is none.
func (e *element) child(name string) *element {
	for _, c := range e.children {
		if c.name == name {
			return c
		}
	}
	return &element{}
}

func (e *element) attr(name string) string {
	for _, a := range e.attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// parseKeePass reads the XML of a database.
func parseKeePass(data []byte, protected cipher.Stream) (*element, error) {
	document, err := parseXML(data, protected)
	if err != nil {
		return nil, err
	}
	if root := document.child("KeePassFile"); root.name != "" {
		return root, nil
	}
	return nil, fmt.Errorf("%w: XML", importer.ErrMalformed)
}

// parseXML reads XML into an element around the outermost one. Values that are protected are decrypted in their order in the document, for the stream goes on from one to
// the next. Entities that a document defines for itself are refused, so that none can grow without bound.
func parseXML(data []byte, protected cipher.Stream) (*element, error) {
	decoder := xml.NewDecoder(bytes.NewReader(data))
	decoder.CharsetReader = func(_ string, text io.Reader) (io.Reader, error) { return text, nil } // asUTF8 has seen to it
	stack := []*element{{}}
	for {
		token, err := decoder.RawToken()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: XML", importer.ErrMalformed)
		}
		top := stack[len(stack)-1]
		switch t := token.(type) {
		case xml.StartElement:
			e := &element{name: t.Name.Local, attrs: slices.Clone(t.Attr)}
			top.children = append(top.children, e)
			if stack = append(stack, e); len(stack) > 4*maxDepth {
				return nil, fmt.Errorf("%w: XML of too many levels", importer.ErrMalformed)
			}
		case xml.CharData:
			top.text += string(t)
		case xml.EndElement:
			if len(stack) == 1 || t.Name.Local != top.name {
				return nil, fmt.Errorf("%w: XML", importer.ErrMalformed)
			}
			if err := top.unprotect(protected); err != nil {
				return nil, err
			}
			stack = stack[:len(stack)-1]
		case xml.Directive:
			return nil, fmt.Errorf("%w: XML with definitions", importer.ErrMalformed)
		}
	}
	if len(stack) != 1 {
		return nil, fmt.Errorf("%w: XML", importer.ErrMalformed)
	}
	return stack[0], nil
}

// unprotect decrypts a protected value.
func (e *element) unprotect(stream cipher.Stream) error {
	if e.attr("Protected") != "True" {
		return nil
	}
	sealed, err := base64.StdEncoding.DecodeString(strings.TrimSpace(e.text))
	if err != nil || stream == nil && len(sealed) > 0 {
		return fmt.Errorf("%w: a protected value", importer.ErrMalformed)
	}
	if stream != nil {
		stream.XORKeyStream(sealed, sealed)
	}
	e.text = string(sealed)
	return nil
}

// rows are the entries of all groups.
func (e *element) rows(yield func(importer.Row) bool) {
	n := 0
	e.walk(func(entry *element, path string, deleted bool) bool {
		n++
		for _, row := range entry.entry(path, deleted, fmt.Sprint(n)) {
			if !yield(row) {
				return false
			}
		}
		return true
	})
}

// stored is how many rows there are: the entries, and the passkeys in them.
func (e *element) stored() (n int) {
	e.walk(func(entry *element, _ string, deleted bool) bool {
		n++
		if at := slices.IndexFunc(entry.children, (*element).isPasskey); at >= 0 && !deleted && entry.children[at].child("Value").text != "" {
			n++
		}
		return true
	})
	return n
}

// walk visits the entries of all groups, each with the path of its group. Those in the recycle bin were deleted.
func (e *element) walk(visit func(entry *element, path string, deleted bool) bool) {
	bin := ""
	if meta := e.child("Meta"); meta.child("RecycleBinEnabled").text != "False" {
		bin = strings.TrimSpace(meta.child("RecycleBinUUID").text)
	}
	for _, group := range e.child("Root").children {
		if group.name == "Group" && !group.walkGroup("", bin, false, visit) {
			return
		}
	}
}

// walkGroup visits the entries of a group and those in it. The name of the outermost one is that of the database.
func (e *element) walkGroup(path, bin string, deleted bool, visit func(entry *element, path string, deleted bool) bool) bool {
	for _, c := range e.children {
		switch c.name {
		case "Entry":
			if !visit(c, path, deleted) {
				return false
			}
		case "Group":
			name := strings.ReplaceAll(c.child("Name").text, "/", "∕") // a slash is between groups
			uuid := strings.TrimSpace(c.child("UUID").text)
			below := deleted || bin != "" && uuid == bin
			if !c.walkGroup(importer.CleanFolder(path+"/"+name), bin, below, visit) {
				return false
			}
		}
	}
	return true
}

// fields are the strings of an entry in its order.
func (e *element) fields() (fields []importer.Field) {
	for _, s := range e.children {
		if s.name != "String" {
			continue
		}
		value := s.child("Value")
		hidden := value.attr("Protected") == "True" || value.attr("ProtectInMemory") == "True"
		fields = append(fields, importer.Field{Name: s.child("Key").text, Value: secret.FromString(value.text), Hidden: hidden})
	}
	return fields
}

// valueOf is the text of a field.
func valueOf(fields []importer.Field, name string) string {
	for _, f := range fields {
		if f.Name == name {
			return string(f.Value.Reveal())
		}
	}
	return ""
}

// entry is an item, and a passkey beside it where KeePassXC keeps one in it.
func (e *element) entry(folder string, deleted bool, number string) []importer.Row {
	fields := e.fields()
	id := strings.TrimSpace(e.child("UUID").text)
	if id == "" {
		id = number
	}
	title := valueOf(fields, "Title")
	if deleted {
		return []importer.Row{{ID: id, Site: title, Reason: importer.ReasonDeleted}}
	}
	times := e.child("Times")
	record := &importer.Record{
		Title: title, Folder: folder, Tags: list(e.child("Tags").text, ";,"), Source: "keepass", SourceID: id,
		Created: keePassTime(times.child("CreationTime").text), Modified: keePassTime(times.child("LastModificationTime").text),
	}
	for _, f := range fields {
		addKeePassField(record, f)
	}
	addKeePassCodes(record, fields)
	if times.child("Expires").text == "True" {
		if at := keePassTime(times.child("ExpiryTime").text); !at.IsZero() {
			addField(record, "Expires", at.Format(time.DateOnly), false)
		}
	}
	e.addFiles(record)
	e.addHistory(record)
	e.addManners(record)
	if record.Username == "" && record.Password.IsZero() && record.TOTP.IsZero() && len(record.URLs) == 0 {
		record.Kind = importer.Note
	}
	rows := []importer.Row{finish(id, record)}
	if row, found := keePassPasskey(id, folder, fields); found {
		rows = append(rows, row)
	}
	return rows
}

// addManners keeps what an entry says of how KeePass is to treat it: the address that it opens instead as a field, and data of plug-ins. How
// it is typed means nothing elsewhere; what was changed of that has a line.
func (e *element) addManners(record *importer.Record) {
	addField(record, "OverrideURL", e.child("OverrideURL").text, false)
	if typed := e.child("AutoType"); typed.child("DefaultSequence").text != "" || typed.child("Association").name != "" {
		leaveOut(record, importer.PartField, "AutoType")
	}
	for _, item := range e.child("CustomData").children {
		if key := item.child("Key").text; !strings.HasPrefix(key, "_") && !strings.HasPrefix(key, "KPXC_") {
			addField(record, key, item.child("Value").text, isSecretName(key))
		}
	}
}

func addKeePassField(record *importer.Record, f importer.Field) {
	value := string(f.Value.Reveal())
	if strings.Contains(value, "{REF:") {
		leaveOut(record, importer.PartLink, f.Name)
	}
	switch {
	case f.Name == "Title":
	case f.Name == "UserName":
		record.Username = value
	case f.Name == "Password":
		setPassword(record, value)
	case f.Name == "Notes":
		record.Notes = strings.ReplaceAll(value, "\r\n", "\n")
	case f.Name == "URL" || strings.HasPrefix(f.Name, "KP2A_URL") || strings.HasPrefix(f.Name, "AndroidApp") && strings.HasPrefix(value, "androidapp://"):
		record.URLs = append(record.URLs, addresses(value)...)
	case f.Name == "otp", f.Name == "TOTP Seed", f.Name == "TOTP Settings", strings.HasPrefix(f.Name, "TimeOtp-"), strings.HasPrefix(f.Name, "KPEX_PASSKEY_"):
	default:
		addField(record, f.Name, value, f.Hidden || isSecretName(f.Name))
	}
}

// addKeePassCodes adds the secret of one-time codes, for which there are three ways.
func addKeePassCodes(record *importer.Record, fields []importer.Field) {
	setTOTP(record, keeOTP(record, valueOf(fields, "otp")))
	if seed := strings.ReplaceAll(valueOf(fields, "TOTP Seed"), " ", ""); seed != "" {
		period, digits, _ := strings.Cut(valueOf(fields, "TOTP Settings"), ";")
		setTOTP(record, otpAddress(record, seed, period, digits, ""))
	}
	if seed := valueOf(fields, "TimeOtp-Secret-Base32"); seed != "" {
		algorithm := strings.ReplaceAll(strings.TrimPrefix(valueOf(fields, "TimeOtp-Algorithm"), "HMAC-"), "-", "")
		setTOTP(record, otpAddress(record, seed, valueOf(fields, "TimeOtp-Period"), valueOf(fields, "TimeOtp-Length"), algorithm))
		return
	}
	for _, f := range fields { // a secret in a form that nothing else reads
		if strings.HasPrefix(f.Name, "TimeOtp-") {
			addField(record, f.Name, string(f.Value.Reveal()), f.Hidden)
		}
	}
}

// keeOTP is what the plug-in KeeOtp has in its field, "key=…&step=60&size=8", as others read it; any other text as it is.
func keeOTP(record *importer.Record, text string) string {
	values, err := url.ParseQuery(text)
	if err != nil || values.Get("key") == "" {
		return text
	}
	return otpAddress(record, values.Get("key"), values.Get("step"), values.Get("size"), strings.ToUpper(values.Get("otpHashMode")))
}

// otpAddress is the secret alone where all is as usual, else the address that says how it differs.
func otpAddress(record *importer.Record, seed, period, digits, algorithm string) string {
	if seed == "" || (period == "" || period == "30") && (digits == "" || digits == "6") && (algorithm == "" || algorithm == "SHA1") {
		return seed
	}
	values := url.Values{"secret": {seed}}
	for name, value := range map[string]string{"period": period, "digits": digits, "algorithm": algorithm} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if digits == "S" {
		values.Del("digits")
		values.Set("encoder", "steam")
	}
	return "otpauth://totp/" + url.PathEscape(record.Title) + "?" + values.Encode()
}

// addHistory adds the passwords that the entry had. Each version says when it was made; what replaced it, was made at the next.
func (e *element) addHistory(record *importer.Record) {
	current := string(record.Password.Reveal())
	password, since := current, record.Modified
	versions := e.child("History").children
	for i, v := range slices.Backward(versions) {
		fields, modified := v.fields(), keePassTime(v.child("Times").child("LastModificationTime").text)
		if old := valueOf(fields, "Password"); old == password {
			since = modified
		} else {
			if password == current {
				record.PasswordChanged = since
			}
			if old != "" {
				record.History = append(record.History, importer.OldPassword{Password: secret.FromString(old), Changed: modified, Replaced: since})
			}
			password, since = old, modified
		}
		if i == 0 && !e.sameBut(versions, "Password") {
			leaveOut(record, importer.PartField, "History")
		}
	}
	if record.PasswordChanged.IsZero() && password == current {
		record.PasswordChanged = since
	}
}

// sameBut tells whether all versions have the same fields as the entry, one field apart.
func (e *element) sameBut(versions []*element, name string) bool {
	text := func(v *element) string {
		all := ""
		for _, f := range v.fields() {
			if f.Name != name {
				all += f.Name + "\x00" + string(f.Value.Reveal()) + "\x00"
			}
		}
		return all
	}
	now := text(e)
	return !slices.ContainsFunc(versions, func(v *element) bool { return text(v) != now })
}

// isPasskey tells the field in which KeePassXC keeps the private key of a passkey.
func (e *element) isPasskey() bool {
	return e.name == "String" && e.child("Key").text == passkeyField+"PRIVATE_KEY_PEM"
}

// passkeyField begins the names of the fields of a passkey.
const passkeyField = "KPEX_PASSKEY_"

// keePassPasskey is the passkey that KeePassXC keeps in the fields of an entry.
func keePassPasskey(id, folder string, fields []importer.Field) (importer.Row, bool) {
	const prefix = passkeyField
	key := valueOf(fields, prefix+"PRIVATE_KEY_PEM")
	if key == "" {
		return importer.Row{}, false
	}
	row := importer.Row{ID: id + "/passkey", Site: valueOf(fields, "Title")}
	block, _ := pem.Decode([]byte(key))
	if block == nil {
		row.Reason = importer.ReasonUnsupported
		return row, true
	}
	record := &importer.Record{
		Kind: importer.Passkey, Title: row.Site, Folder: folder, Username: valueOf(fields, prefix+"USERNAME"), Source: "keepass", SourceID: row.ID,
	}
	addField(record, "rp-id", valueOf(fields, prefix+"RELYING_PARTY"), false)
	addField(record, "user-handle", valueOf(fields, prefix+"USER_HANDLE"), false)
	addField(record, "credential-id", valueOf(fields, prefix+"CREDENTIAL_ID"), false)
	addField(record, "private-key", base64.RawURLEncoding.EncodeToString(block.Bytes), true)
	row.Record = record
	return row, true
}

// keePassTime is a time as text, or in version 4 as base64 of the seconds since the year 1; zero for what no calendar shows.
func keePassTime(text string) time.Time {
	text = strings.TrimSpace(text)
	if strings.Contains(text, "-") {
		return moment(text)
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) != 8 {
		return time.Time{}
	}
	const year1 = 62_135_596_800 // seconds from the year 1 to 1970
	at := int64(binary.LittleEndian.Uint64(raw)) - year1
	if at <= 0 || at > 253_402_300_799 {
		return time.Time{}
	}
	return time.Unix(at, 0).UTC()
}
