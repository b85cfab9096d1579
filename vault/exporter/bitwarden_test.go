package exporter

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// passkeySecret is a new private key as our model has it.
func passkeySecret(t testing.TB, private any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(private)
	check(t, err)
	return base64.RawURLEncoding.EncodeToString(der)
}

func p256(t testing.TB) string {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	return passkeySecret(t, private)
}

// ofTheirKinds are items of the kinds that Bitwarden has.
func ofTheirKinds(t *testing.T) []vault.Item {
	login := item(vault.Login, "Login", "username", "ann", "password", "\u00fcber <&> \"s3cret\"", "totp", "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP", "notes", "two\nlines")
	login.Websites = []string{"https://login.example/a", "https://other.example"}
	login.Custom = []vault.CustomField{custom("Question", vault.Text, "Which?"), custom("Answer", vault.Concealed, "this"), custom("Story", vault.Multiline, "a\nb")}
	login.Favorite = true
	return []vault.Item{
		login,
		item(vault.Note, "Note", "notes", "text"),
		item(vault.Card, "Card", "cardholder", "Ann", "number", "4111111111111111", "expires", "2027-04", "cvv", "123", "brand", "Visa", "pin", "9876", "bank", "First"),
		item(vault.Identity, "Identity", "first-name", "Ann", "last-name", "Smith", "company", "C", "email", "a@b.example", "phone", "1", "street", "Main St 1\nBack door",
			"city", "X", "region", "R", "postal-code", "1", "country", "NL", "passport-number", "P", "license-number", "L", "national-id", "N", "birthday", "1990-01-02"),
		item(vault.Identity, "Identity of a long street", "street", "1\n2\n3\n4"),
		item(vault.SSHKey, "SSH key", "private-key", "-----BEGIN\n", "public-key", "ssh-ed25519 A", "fingerprint", "SHA256:x", "passphrase", "p"),
		item(vault.Passkey, "Passkey", "rp-id", "site.example", "username", "ann", "display-name", "Ann S", "user-handle", "aGFuZGxl",
			"credential-id", "01020304-0506-0708-090a-0b0c0d0e0f10", "private-key", p256(t)),
	}
}

func TestBitwardenComesBack(t *testing.T) {
	v := newVault(t)
	folder, err := v.SaveFolder(t.Context(), vault.Folder{Name: "Work"})
	check(t, err)
	for _, it := range ofTheirKinds(t) {
		if it.Title == "Login" {
			it.Folder = folder.ID
		}
		kept := saved(t, v, it)
		if it.Title == "Login" {
			kept.Set(vault.Password, secret.FromString("newer"))
			saved(t, v, kept)
		}
	}
	file, report := written(t, v, Options{Format: Bitwarden})
	if report.Items != 7 || strings.Contains(lost(report), "kind") {
		t.Errorf("%d items, %s", report.Items, lost(report))
	}
	compare(t, contents(t, imported(t, file, "")), contents(t, v))
}

// Kinds that Bitwarden has not become notes with a field for every value, and the report says so.
func TestBitwardenNotesOfOtherKinds(t *testing.T) {
	_, ed25519Key, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	for _, c := range []struct{ it vault.Item }{
		{item(vault.WiFi, "WiFi", "ssid", "Home", "password", "p", "security", "WPA3", "notes", "n")},
		{item(vault.BankAccount, "Bank", "iban", "DE1", "pin", "1")},
		{item(vault.SSHKey, "Half a key", "private-key", "k")},
		{item(vault.Passkey, "Another curve", "rp-id", "a.example", "credential-id", "AQ", "private-key", passkeySecret(t, ed25519Key))},
	} {
		v := newVault(t)
		c.it.Websites = []string{"https://w.example"}
		want := c.it.Clone()
		want.Kind, want.Websites = vault.Note, nil
		for key, value := range c.it.Values {
			if key != vault.Notes {
				spec, _ := vault.SpecOf(c.it.Kind)
				f, _ := spec.Field(key)
				delete(want.Values, key)
				want.Custom = append(want.Custom, custom(string(key), f.Type, string(value.Reveal())))
			}
		}
		want.Custom = append(want.Custom, custom("website", vault.Text, "https://w.example"))
		saved(t, v, c.it)
		file, report := written(t, v, Options{Format: Bitwarden})
		if !strings.Contains(lost(report), "kind 1 ("+c.it.Title+")") {
			t.Error(lost(report))
		}
		compare(t, contents(t, imported(t, file, "")), map[string]string{c.it.Title: describe(&want, "")})
	}
}

// What is no month has no place on their card.
func TestBitwardenCardOfAnOddMonth(t *testing.T) {
	v := newVault(t)
	saved(t, v, item(vault.Card, "Card", "number", "4", "expires", "soon"))
	file, _ := written(t, v, Options{Format: Bitwarden})
	if !strings.Contains(string(file), `"fields":[{"name":"expires","value":"soon","type":0,"linkedId":null}]`) {
		t.Errorf("%s", file)
	}
}

// Whatever people type comes back.
func TestBitwardenKeepsAnyText(t *testing.T) {
	random := mathrand.New(mathrand.NewPCG(1, 2))
	v := newVault(t)
	for n := range 60 {
		it := item(vault.Login, fmt.Sprint("item ", n), "username", strings.ReplaceAll(anyText(random), "\n", ""), "password", anyText(random), "notes", anyText(random)+"x")
		it.Websites = []string{fmt.Sprintf("https://site%d.example/", n)}
		for range random.IntN(3) {
			it.Custom = append(it.Custom, custom(anyText(random)+"x", vault.Concealed, anyText(random)+"x"))
		}
		saved(t, v, it)
	}
	file, _ := written(t, v, Options{Format: Bitwarden})
	compare(t, contents(t, imported(t, file, "")), contents(t, v))
}

// anyText is up to 20 letters: marks of JSON, XML and CSV, white space, control characters, and some of every width in UTF-8.
func anyText(random *mathrand.Rand) string {
	const letters = "ab\"'\\,;<>&]}{ \t\n\x01\u007f\u00e9\u2028\ufeff\u5bc6\U0001f511"
	all, text := []rune(letters), ""
	for range random.IntN(20) {
		text += string(all[random.IntN(len(all))])
	}
	return text
}

// The document has what Bitwarden's own has, in the same types.
func TestBitwardenDocument(t *testing.T) {
	v := newVault(t)
	it := item(vault.Login, "Shop <&>", "username", "ann")
	it.Websites = []string{"https://shop.example"}
	kept := saved(t, v, it)
	file, _ := written(t, v, Options{Format: Bitwarden})
	var compact bytes.Buffer
	check(t, json.Compact(&compact, file))
	want := `{"encrypted":false,"folders":[],"items":[{"id":"` + uuid(kept.ID) + `","folderId":null,"type":1,"reprompt":0,"name":"Shop <&>","notes":null,"favorite":false,` +
		`"fields":[],"login":{"uris":[{"match":null,"uri":"https://shop.example"}],"username":"ann","password":null,"totp":null,"passwordRevisionDate":null,"fido2Credentials":[]},` +
		`"passwordHistory":[],"organizationId":null,"collectionIds":null,"creationDate":"` + *date(kept.CreatedAt) + `","revisionDate":"` + *date(kept.UpdatedAt) + `","deletedDate":null}]}`
	if compact.String() != want {
		t.Errorf("%s\nwant\n%s", compact.String(), want)
	}
}

func TestBitwardenCredentialID(t *testing.T) {
	for text, want := range map[string]string{
		"AQIDBAUGBwgJCgsMDQ4PEA":               "01020304-0506-0708-090a-0b0c0d0e0f10",
		"AQIDBA":                               "b64.AQIDBA",
		"b64.AQIDBA":                           "b64.AQIDBA",
		"01020304-0506-0708-090a-0b0c0d0e0f10": "01020304-0506-0708-090a-0b0c0d0e0f10",
	} {
		if got := bitwardenCredentialID(text); got != want {
			t.Errorf("%s becomes %s, want %s", text, got, want)
		}
	}
}
