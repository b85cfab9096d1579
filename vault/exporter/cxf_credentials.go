package exporter

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/ssh"

	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/otp"
)

// cxfEditable is an editable field.
type cxfEditable struct {
	ID    cxfB64Url `json:"id"`
	Type  string    `json:"fieldType"`
	Value string    `json:"value"`
	Label string    `json:"label,omitempty"`
}

// cxfCredential is a credential by its members.
type cxfCredential = map[string]any

// cxfPlace is where a credential of the standard has a field of a kind. The type is the one that the standard demands there.
type cxfPlace struct {
	credential, member, fieldType string
}

// cxfPlaces are the places of the kinds' fields, in the order of the credentials. What has none is in custom fields.
var cxfPlaces = map[vault.Kind]map[vault.Key]cxfPlace{
	vault.Login: {
		vault.Username: {"basic-auth", "username", "string"}, vault.Password: {"basic-auth", "password", "concealed-string"},
	},
	vault.Card: {
		vault.Number: {"credit-card", "number", "concealed-string"}, vault.Cardholder: {"credit-card", "fullName", "string"},
		vault.Brand: {"credit-card", "cardType", "string"}, vault.CVV: {"credit-card", "verificationNumber", "concealed-string"},
		vault.PIN: {"credit-card", "pin", "concealed-string"}, vault.Expires: {"credit-card", "expiryDate", "year-month"},
	},
	vault.Identity: {
		vault.FirstName: {"person-name", "given", "string"}, vault.LastName: {"person-name", "surname", "string"},
		vault.Street: {"address", "streetAddress", "string"}, vault.PostalCode: {"address", "postalCode", "string"}, vault.City: {"address", "city", "string"},
		vault.Region: {"address", "territory", "subdivision-code"}, vault.Country: {"address", "country", "country-code"},
		vault.PhoneField: {"address", "tel", "string"}, vault.Passport: {"passport", "passportNumber", "string"},
		vault.License: {"drivers-license", "licenseNumber", "string"}, vault.NationalID: {"identity-document", "identificationNumber", "string"},
	},
	vault.Document: {
		vault.DocumentNo: {"identity-document", "documentNumber", "string"}, vault.Issuer: {"identity-document", "issuingAuthority", "string"},
		vault.IssuedOn: {"identity-document", "issueDate", "date"}, vault.ValidUntil: {"identity-document", "expiryDate", "date"},
	},
	vault.WiFi: {
		vault.SSID: {"wifi", "ssid", "string"}, vault.Password: {"wifi", "passphrase", "concealed-string"},
	},
	vault.APICredential: {
		vault.Credential: {"api-key", "key", "concealed-string"}, vault.Username: {"api-key", "username", "string"}, vault.Endpoint: {"api-key", "url", "string"},
		vault.Service: {"api-key", "keyType", "string"}, vault.ValidFrom: {"api-key", "validFrom", "date"}, vault.ValidUntil: {"api-key", "expiryDate", "date"},
	},
}

// cxfForms are the forms that the standard demands of types. A value of another form is in custom fields.
var cxfForms = map[string]func(string) bool{
	"year-month":       func(v string) bool { return isTime("2006-01", v) },
	"date":             func(v string) bool { return isTime(time.DateOnly, v) },
	"country-code":     regexp.MustCompile(`^[A-Z]{2}$`).MatchString,
	"subdivision-code": regexp.MustCompile(`^[A-Z]{2}-[A-Z0-9]{1,3}$`).MatchString,
}

func isTime(layout, text string) bool {
	_, err := time.Parse(layout, text)
	return err == nil
}

// cxfBuilder makes the credentials of an item, and notes in the extension where its values are.
type cxfBuilder struct {
	e       *entry
	details *cxfDetails
	all     []any
}

func (b *cxfBuilder) credentials() []any {
	b.all = []any{}
	taken := []vault.Key{}
	switch b.e.Kind {
	case vault.Login:
		taken = append(taken, b.oneTimeCode()...)
	case vault.Passkey:
		taken = append(taken, b.passkey()...)
	case vault.SSHKey:
		taken = append(taken, b.sshKey()...)
	}
	taken = append(taken, b.placed()...)
	b.note()
	b.others(taken)
	return b.all
}

// editable makes an editable field of a value, by which the extension finds it again; false for bytes that are no text.
func (b *cxfBuilder) editable(key vault.Key, fieldType, label string) (cxfEditable, bool) {
	value := b.e.Value(key).Reveal()
	if !utf8.Valid(value) {
		b.details.Values[key] = cxfValue(b.e.Value(key))
		return cxfEditable{}, false
	}
	f := cxfEditable{ID: b64([]byte(key)), Type: fieldType, Value: string(value), Label: label}
	b.details.Fields[key] = f.ID
	return f, true
}

// keep has the extension hold a value as it is, since the credential holds it in another form.
func (b *cxfBuilder) keep(keys ...vault.Key) []vault.Key {
	for _, key := range keys {
		if value := b.e.Value(key); !value.IsZero() {
			b.details.Values[key] = cxfValue(value)
		}
	}
	return keys
}

// placed fills the credentials that have a place for fields of the kind. An empty login is a login all the same.
func (b *cxfBuilder) placed() (taken []vault.Key) {
	made := map[string]cxfCredential{}
	get := func(kind string) cxfCredential {
		if made[kind] == nil {
			made[kind] = cxfCredential{"type": kind}
			b.all = append(b.all, made[kind])
		}
		return made[kind]
	}
	if b.e.Kind == vault.Login {
		get("basic-auth")
	}
	spec, _ := vault.SpecOf(b.e.Kind)
	for _, f := range spec.Fields {
		place, ok := cxfPlaces[b.e.Kind][f.Key]
		value := string(b.e.Value(f.Key).Reveal())
		if form := cxfForms[place.fieldType]; !ok || value == "" || form != nil && !form(value) {
			continue
		}
		taken = append(taken, f.Key)
		if field, ok := b.editable(f.Key, place.fieldType, ""); ok {
			get(place.credential)[place.member] = field
		}
	}
	return taken
}

func (b *cxfBuilder) note() {
	if b.e.Value(vault.Notes).IsZero() {
		return
	}
	if content, ok := b.editable(vault.Notes, "string", ""); ok {
		b.all = append(b.all, cxfCredential{"type": "note", "content": content})
	}
}

// oneTimeCode gives the parts of a secret that a program can read; what it was typed as is kept.
func (b *cxfBuilder) oneTimeCode() []vault.Key {
	key, err := otp.Parse(b.e.Value(vault.OTP))
	if err != nil || b.e.Value(vault.OTP).IsZero() {
		return nil
	}
	defer key.Wipe()
	if key.Steam {
		return nil // the format has digits alone: as it is, in a field of its own
	}
	c := cxfCredential{
		"type": "totp", "secret": key.Base32(),
		"period": key.Period, "digits": key.Digits, "algorithm": strings.ToLower(key.Hash),
	}
	if key.Account != "" {
		c["username"] = key.Account
	}
	if key.Issuer != "" {
		c["issuer"] = key.Issuer
	}
	b.all = append(b.all, c)
	return b.keep(vault.OTP)
}

// passkey needs an id and a key; without them its values are custom fields.
func (b *cxfBuilder) passkey() []vault.Key {
	text := func(key vault.Key) string { return string(b.e.Value(key).Reveal()) }
	credential, ok := credentialBytes(text(vault.CredentialID))
	private, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text(vault.PasskeySecret), "="))
	if !ok || err != nil || len(credential) == 0 || len(private) == 0 || text(vault.RelyingParty) == "" {
		return nil
	}
	defer clear(private)
	b.all = append(b.all, cxfCredential{
		"type": "passkey", "credentialId": b64(credential), "rpId": text(vault.RelyingParty), "username": text(vault.Username),
		"userDisplayName": text(vault.DisplayName), "userHandle": strings.TrimRight(text(vault.UserHandle), "="), "key": b64(private),
	})
	return b.keep(vault.CredentialID, vault.RelyingParty, vault.Username, vault.DisplayName, vault.UserHandle, vault.PasskeySecret)
}

// credentialBytes is the id of a credential, in whichever of the forms it was imported.
func credentialBytes(text string) ([]byte, bool) {
	if guid.MatchString(text) {
		raw, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
		return raw, err == nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(text, bitwardenB64))
	return raw, err == nil
}

// sshKey writes PKCS #8, as the standard demands. A key that its passphrase protects, or of another form, is a custom field.
func (b *cxfBuilder) sshKey() []vault.Key {
	private, err := ssh.ParseRawPrivateKey(b.e.Value(vault.PrivateKey).Reveal())
	if err != nil {
		return nil
	}
	if pointer, ok := private.(*ed25519.PrivateKey); ok {
		private = *pointer
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil
	}
	defer clear(der)
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return nil
	}
	b.all = append(b.all, cxfCredential{"type": "ssh-key", "keyType": signer.PublicKey().Type(), "privateKey": b64(der)})
	return b.keep(vault.PrivateKey)
}

// cxfFieldTypes are the types of custom fields. A value that has not the form of a type is a string.
var cxfFieldTypes = map[vault.FieldType]string{vault.Email: "email", vault.Date: "date", vault.Month: "year-month"}

func cxfFieldType(f field) string {
	t := cxfFieldTypes[f.kind]
	form := cxfForms[t]
	switch {
	case f.kind.Secret():
		return "concealed-string"
	case t == "" || form != nil && !form(string(f.value.Reveal())):
		return "string"
	}
	return t
}

// others are the custom fields: those of the kind that have no other place, under our name for them, and the user's own.
func (b *cxfBuilder) others(taken []vault.Key) {
	fields := []cxfEditable{}
	all := b.e.others(taken...)
	for _, f := range all[:len(all)-len(b.e.Custom)] {
		if made, ok := b.editable(vault.Key(f.name), cxfFieldType(f), f.name); ok {
			fields = append(fields, made)
		}
	}
	for i, c := range b.e.Custom {
		own := cxfCustom{ID: cxfID(c.ID), Type: c.Type}
		f := cxfEditable{ID: own.ID, Type: cxfFieldType(all[len(all)-len(b.e.Custom)+i]), Value: string(c.Value.Reveal()), Label: c.Label}
		if !utf8.Valid(c.Value.Reveal()) {
			value := cxfValue(c.Value)
			own.Value, f.Value = &value, ""
		}
		fields, b.details.Custom = append(fields, f), append(b.details.Custom, own)
	}
	if len(fields) > 0 {
		b.all = append(b.all, cxfCredential{"type": "custom-fields", "fields": fields})
	}
}
