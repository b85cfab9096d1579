package exporter

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/chacha20"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// keePassXML is the document. Secrets in it are encrypted once more, in the order in which they come.
type keePassXML struct {
	out     bytes.Buffer
	protect *chacha20.Cipher
}

func newKeePassXML(protect *chacha20.Cipher) *keePassXML { return &keePassXML{protect: protect} }

func (k *keePassXML) start(bin id.ID) {
	k.out.WriteString(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n<KeePassFile><Meta>")
	k.element("Generator", "Coffer")
	k.element("DatabaseName", "Coffer")
	k.element("RecycleBinEnabled", "True")
	k.element("RecycleBinUUID", keePassUUID(bin))
	k.out.WriteString("<MemoryProtection><ProtectPassword>True</ProtectPassword></MemoryProtection></Meta><Root>\n")
	k.group(id.New(), "Coffer")
}

func (k *keePassXML) end() {
	k.endGroup()
	k.out.WriteString("</Root></KeePassFile>\n")
}

func (k *keePassXML) group(group id.ID, name string) {
	k.out.WriteString("<Group>")
	k.element("UUID", keePassUUID(group))
	k.element("Name", name)
	k.out.WriteByte('\n')
}

func (k *keePassXML) endGroup() { k.out.WriteString("</Group>\n") }

func keePassUUID(i id.ID) string { return base64.StdEncoding.EncodeToString(i[:]) }

func (k *keePassXML) element(name, text string) {
	k.out.WriteString("<" + name + ">")
	_ = xml.EscapeText(&k.out, []byte(text)) // a buffer takes everything
	k.out.WriteString("</" + name + ">")
}

// entry writes an item with the versions that its history knows.
func (k *keePassXML) entry(e *entry, files []keePassFile) {
	k.version(e, files, func() {
		k.out.WriteString("<History>")
		edits := e.Edits()
		for _, edit := range slices.Backward(edits) {
			was, ok := e.Before(edit)
			if ok {
				was.UpdatedAt = edit.Time
				k.version(&entry{Item: &was, export: &export{losses: losses{}}}, nil, func() {})
			}
			was.Wipe()
		}
		k.out.WriteString("</History>")
	})
	for _, p := range e.History {
		// The side of a conflict is no version, and files that were removed are not there.
		e.lose(PartHistory, one(p.Conflict || p.Field == vault.FieldAttachments))
	}
	e.lose(PartKind, one(e.Kind != vault.Login && e.Kind != vault.Note))
}

// version writes an item as it is or was; rest writes what follows.
func (k *keePassXML) version(e *entry, files []keePassFile, rest func()) {
	k.out.WriteString("<Entry>")
	k.element("UUID", keePassUUID(e.ID))
	k.element("Tags", keePassTags(e))
	k.times(e)
	for _, s := range keePassStrings(e) {
		k.string(s)
	}
	for _, f := range files {
		k.out.WriteString("<Binary>")
		k.element("Key", f.name)
		fmt.Fprintf(&k.out, `<Value Ref="%d"/></Binary>`, f.ref)
	}
	rest()
	k.out.WriteString("</Entry>\n")
}

// keePassTags joins the tags. A separator within one becomes a space.
func keePassTags(e *entry) string {
	var tags []string
	for _, tag := range e.Tags {
		plain := strings.NewReplacer(";", " ", ",", " ").Replace(tag)
		e.lose(PartTags, one(plain != tag))
		tags = append(tags, plain)
	}
	return strings.Join(tags, ";")
}

func (k *keePassXML) times(e *entry) {
	k.out.WriteString("<Times>")
	k.element("CreationTime", keePassTime(e.CreatedAt))
	k.element("LastModificationTime", keePassTime(e.UpdatedAt))
	k.element("LastAccessTime", keePassTime(e.UpdatedAt))
	k.element("ExpiryTime", keePassTime(e.UpdatedAt))
	k.element("Expires", "False")
	k.out.WriteString("</Times>")
}

// keePassTime is the seconds since the year 1, little endian, in base64.
func keePassTime(millis int64) string {
	seconds := millis/1000 - time.Time{}.Unix()
	return base64.StdEncoding.EncodeToString(binary.LittleEndian.AppendUint64(nil, uint64(seconds)))
}

// string writes a value. What XML cannot hold is written as a protected one.
func (k *keePassXML) string(s field) {
	k.out.WriteString("<String>")
	k.element("Key", s.name)
	value := s.value.Reveal()
	if s.kind.Secret() || !isXML(value) {
		hidden := make([]byte, len(value))
		k.protect.XORKeyStream(hidden, value)
		k.out.WriteString(`<Value Protected="True">` + base64.StdEncoding.EncodeToString(hidden) + "</Value>")
	} else {
		k.element("Value", string(value))
	}
	k.out.WriteString("</String>")
}

// isXML tells whether every character of a text may stand in an XML 1.0 document.
func isXML(text []byte) bool {
	for _, r := range string(text) {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == utf8.RuneError || r == 0xfffe || r == 0xffff {
			return false
		}
	}
	return true
}

// keePassStrings are the values of an entry by the names that KeePass and KeePassXC know, and else by ours. Each name is there once.
func keePassStrings(e *entry) []field {
	all := []field{
		{"Title", vault.Text, secret.FromString(e.Title)}, {"UserName", vault.Text, e.textBytes(vault.Username)},
		{"Password", vault.Concealed, e.textBytes(vault.Password)}, {"URL", vault.Text, secret.FromString(first(e.Websites))},
		{"Notes", vault.Multiline, e.textBytes(vault.Notes)},
	}
	for i, website := range e.Websites[min(1, len(e.Websites)):] {
		name := "KP2A_URL"
		if i > 0 {
			name = fmt.Sprint(name, "_", i)
		}
		all = append(all, field{name, vault.Text, secret.FromString(website)})
	}
	taken := []vault.Key{vault.Username, vault.Password}
	if code, ok := keePassCode(e); ok {
		all, taken = append(all, field{"otp", vault.TOTP, secret.FromString(code)}), append(taken, vault.OTP)
	}
	if e.Kind == vault.Passkey {
		all = append(all, keePassPasskey(e)...)
	}
	names := map[string]bool{}
	for _, f := range all {
		names[f.name] = true
	}
	for _, f := range e.others(taken...) {
		f.name = unique(names, f.name)
		f.value = secret.FromString(e.text(f.value))
		all = append(all, f)
	}
	return all
}

// textBytes is the value of a field as text.
func (e *entry) textBytes(key vault.Key) secret.Bytes { return secret.FromString(e.field(key)) }

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// unique is a name that no string of the entry has yet.
func unique(names map[string]bool, name string) string {
	free := name
	for n := 2; names[free] || free == ""; n++ {
		free = strings.TrimSpace(fmt.Sprint(name, " ", n))
	}
	names[free] = true
	return free
}

// keePassCode is a secret of one-time codes as the address that KeePassXC reads.
func keePassCode(e *entry) (string, bool) {
	text := strings.TrimSpace(e.field(vault.OTP))
	if e.Kind != vault.Login || text == "" {
		return "", false
	}
	if seed, ok := steamSeed(e); ok {
		return "otpauth://totp/" + url.PathEscape(e.Title) + "?" + url.Values{"secret": {seed}, "encoder": {"steam"}}.Encode(), true
	}
	if strings.HasPrefix(strings.ToLower(text), "otpauth://") {
		return text, true
	}
	plain := strings.ToUpper(strings.NewReplacer(" ", "", "-", "", "=", "").Replace(text))
	return "otpauth://totp/" + url.PathEscape(e.Title) + "?" + url.Values{"secret": {plain}}.Encode(), true
}

// keePassPasskey are the strings by which KeePassXC uses a passkey, beside those of ours that it does not know. A key that is none, or
// has no id, is left to ours.
func keePassPasskey(e *entry) []field {
	credential, ok := credentialBytes(e.field(vault.CredentialID))
	der, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(e.field(vault.PasskeySecret), "="))
	if err != nil || !ok {
		return nil
	}
	if _, err := x509.ParsePKCS8PrivateKey(der); err != nil {
		return nil
	}
	key := secret.New(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	return []field{
		{"KPEX_PASSKEY_USERNAME", vault.Text, e.textBytes(vault.Username)},
		{"KPEX_PASSKEY_CREDENTIAL_ID", vault.Concealed, secret.FromString(b64(credential))},
		{"KPEX_PASSKEY_PRIVATE_KEY_PEM", vault.Private, key},
		{"KPEX_PASSKEY_RELYING_PARTY", vault.Text, e.textBytes(vault.RelyingParty)},
		{"KPEX_PASSKEY_USER_HANDLE", vault.Concealed, e.textBytes(vault.UserHandle)},
	}
}
