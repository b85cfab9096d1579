package exporter

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// cxfDocument is a file as another program reads it.
type cxfDocument struct {
	Version  struct{ Major, Minor int }
	RPID     string `json:"exporterRpId"`
	Accounts []struct {
		Email       string
		Collections []cxfCollection
		Items       []struct {
			ID          string
			Title       string
			Favorite    bool
			Tags        []string
			Scope       *cxfScope
			Credentials []map[string]any
			Extensions  []cxfDetails
		}
	}
}

func unb64(t testing.TB, text string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(text)
	check(t, err)
	return raw
}

func (b cxfBytes) secret(t testing.TB) secret.Bytes {
	if b.Bytes != "" {
		return secret.New(unb64(t, b.Bytes))
	}
	return secret.FromString(b.Text)
}

func cxfIDOf(t testing.TB, text string) id.ID {
	t.Helper()
	i, err := id.FromBytes(unb64(t, text))
	check(t, err)
	return i
}

// readCXF makes the items of a file again, of what the standard has and what our extension adds.
func readCXF(t *testing.T, file []byte) (items []vault.Item, paths map[id.ID]string) {
	t.Helper()
	var doc cxfDocument
	check(t, json.Unmarshal(file, &doc))
	if doc.Version.Major != 1 || doc.RPID != cxfExporter || len(doc.Accounts) != 1 {
		t.Fatalf("%+v", doc)
	}
	account := doc.Accounts[0]
	folders, paths := map[string]id.ID{}, map[id.ID]string{}
	var walk func(all []cxfCollection, above string)
	walk = func(all []cxfCollection, above string) {
		for _, c := range all {
			paths[cxfIDOf(t, c.ID)] = above + c.Title
			for _, link := range c.Items {
				folders[link.Item] = cxfIDOf(t, c.ID)
			}
			walk(c.Sub, above+c.Title+"/")
		}
	}
	walk(account.Collections, "")
	for _, in := range account.Items {
		d := in.Extensions[0]
		it := vault.Item{
			ID: cxfIDOf(t, in.ID), Kind: d.Kind, Title: in.Title, Favorite: in.Favorite, Tags: in.Tags, Folder: folders[in.ID],
			CreatedAt: d.Created, UpdatedAt: d.Updated, PasswordSetAt: d.Password, ArchivedAt: d.Archived, TrashedAt: d.Trashed, Ignored: d.Ignored,
			Origin: vault.Origin{Source: d.Source, SourceID: d.SourceID},
		}
		if in.Scope != nil {
			it.Websites = in.Scope.URLs
		}
		editable := map[string]map[string]any{}
		for _, c := range in.Credentials {
			collectEditable(c, editable)
		}
		for key, field := range d.Fields {
			it.Set(key, secret.FromString(editable[field]["value"].(string)))
		}
		for key, value := range d.Values {
			it.Set(key, value.secret(t))
		}
		for _, c := range d.Custom {
			field, value := editable[c.ID], cxfBytes{}
			value.Text, _ = field["value"].(string)
			if c.Value != nil {
				value = *c.Value
			}
			label, _ := field["label"].(string)
			it.Custom = append(it.Custom, vault.CustomField{ID: cxfIDOf(t, c.ID), Label: label, Type: c.Type, Value: value.secret(t)})
		}
		for _, p := range d.History {
			past := vault.Past{Field: p.Field, Value: p.Value.secret(t), Time: p.Time, Conflict: p.Conflict}
			if p.Device != "" {
				past.Device, _ = id.Parse(p.Device)
			}
			it.History = append(it.History, past)
		}
		for _, f := range d.Files {
			it.Attachments = append(it.Attachments, cxfIDOf(t, f.ID))
		}
		items = append(items, it)
	}
	return items, paths
}

// collectEditable finds the editable fields of a credential, wherever in it they are.
func collectEditable(value any, into map[string]map[string]any) {
	switch v := value.(type) {
	case []any:
		for _, each := range v {
			collectEditable(each, into)
		}
	case map[string]any:
		if field, ok := v["id"].(string); ok && v["fieldType"] != nil {
			into[field] = v
		}
		for _, each := range v {
			collectEditable(each, into)
		}
	}
}

// everything is an item as text, with all that the model knows.
func everything(it *vault.Item, folder string) string {
	lines := []string{it.ID.String(), string(it.Kind), it.Title, "in " + folder}
	lines = append(lines, fmt.Sprintf("%q %q %v %v %v", it.Websites, it.Tags, it.Favorite, it.Attachments, it.Ignored))
	lines = append(lines, fmt.Sprint(it.ArchivedAt, it.TrashedAt, it.CreatedAt, it.UpdatedAt, it.PasswordSetAt, it.Origin))
	for _, c := range it.Custom {
		lines = append(lines, fmt.Sprintf("custom %s %s %s = %q", c.ID, c.Label, c.Type, c.Value.Reveal()))
	}
	for _, p := range it.History {
		lines = append(lines, fmt.Sprintf("past %s = %q %d %s %v", p.Field, p.Value.Reveal(), p.Time, p.Device, p.Conflict))
	}
	for _, key := range slices.Sorted(func(yield func(vault.Key) bool) {
		for key := range it.Values {
			if !yield(key) {
				return
			}
		}
	}) {
		lines = append(lines, fmt.Sprintf("%s = %q", key, it.Value(key).Reveal()))
	}
	return strings.Join(lines, "\n")
}

// whole is a vault as text, by the ids of its items.
func whole(t *testing.T, v *vault.Vault) map[string]string {
	t.Helper()
	paths, all := map[id.ID]string{}, map[string]string{}
	for _, f := range v.Folders() {
		paths[f.ID] = f.Path
	}
	check(t, v.Each(t.Context(), func(it *vault.Item) error {
		all[it.ID.String()] = everything(it, paths[it.Folder])
		return nil
	}))
	return all
}

// ofEveryKind fills a vault with items of all kinds, every field of them with a value that suits it, and some with one that does not.
func ofEveryKind(t *testing.T) *vault.Vault {
	v, random := rich(t), mathrand.New(mathrand.NewPCG(3, 4))
	suits := map[vault.FieldType]string{vault.Date: "2026-03-01", vault.Month: "2027-04", vault.TOTP: "otpauth://totp/Site:ann?secret=JBSWY3DPEHPK3PXP&issuer=Site&digits=8&period=60&algorithm=SHA256"}
	for _, spec := range vault.Kinds() {
		for _, odd := range []bool{false, true} {
			it := vault.Item{Kind: spec.Kind, Title: fmt.Sprint(spec.Kind, odd), Tags: []string{anyText(random) + "x"}, Websites: []string{"https://a.example/" + string(spec.Kind)}}
			for _, f := range spec.Fields {
				value := suits[f.Type]
				if odd || value == "" {
					value = anyText(random) + "x"
				}
				it.Set(f.Key, secret.FromString(value))
			}
			for _, kind := range []vault.FieldType{vault.Text, vault.Multiline, vault.Concealed, vault.Private, vault.TOTP, vault.Email, vault.Phone, vault.URL, vault.Date, vault.Month} {
				it.Custom = append(it.Custom, custom(anyText(random)+"x", kind, anyText(random)+"x"))
			}
			if odd {
				it.Set(vault.Notes, secret.New([]byte{0xff, 0xfe}))
				it.Custom = append(it.Custom, custom("bytes", vault.Concealed, "\xff"))
			}
			saved(t, v, it)
		}
	}
	for _, it := range ofTheirKinds(t) {
		saved(t, v, it)
	}
	saved(t, v, item(vault.SSHKey, "Real key", "private-key", openSSH(t), "public-key", "ssh-ed25519 A ann", "fingerprint", "SHA256:x"))
	return v
}

func openSSH(t *testing.T) string {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	block, err := ssh.MarshalPrivateKey(private, "ann")
	check(t, err)
	return string(pem.EncodeToMemory(block))
}

func TestCXFLosesNothing(t *testing.T) {
	v := ofEveryKind(t)
	file, report := written(t, v, Options{Format: CXF, Now: start, Email: "ann@example.com"})
	if got := lost(report); got != "files 1 (Shop)" {
		t.Error(got)
	}
	items, paths := readCXF(t, file)
	got := map[string]string{}
	for i := range items {
		got[items[i].ID.String()] = everything(&items[i], paths[items[i].Folder])
	}
	compare(t, got, whole(t, v))
}

// What the standard has a place for is there, in the form that it demands.
func TestCXFCredentials(t *testing.T) {
	v := newVault(t)
	for _, c := range []struct {
		it   vault.Item
		want string
	}{
		{item(vault.Login, "a", "username", "ann", "password", "p", "totp", "otpauth://totp/Site:ann?secret=jbswy3dpehpk3pxp&issuer=Site&digits=8&period=60&algorithm=SHA256"),
			`{"algorithm":"sha256","digits":8,"issuer":"Site","period":60,"secret":"JBSWY3DPEHPK3PXP","type":"totp","username":"ann"}
{"password":{"fieldType":"concealed-string","id":"cGFzc3dvcmQ","value":"p"},"type":"basic-auth","username":{"fieldType":"string","id":"dXNlcm5hbWU","value":"ann"}}`},
		{item(vault.Card, "b", "number", "4111", "expires", "2027-04", "bank", "First"),
			`{"expiryDate":{"fieldType":"year-month","id":"ZXhwaXJlcw","value":"2027-04"},"number":{"fieldType":"concealed-string","id":"bnVtYmVy","value":"4111"},"type":"credit-card"}
{"fields":[{"fieldType":"string","id":"YmFuaw","label":"bank","value":"First"}],"type":"custom-fields"}`},
		{item(vault.Identity, "c", "country", "NL", "region", "Utrecht"),
			`{"country":{"fieldType":"country-code","id":"Y291bnRyeQ","value":"NL"},"type":"address"}
{"fields":[{"fieldType":"string","id":"cmVnaW9u","label":"region","value":"Utrecht"}],"type":"custom-fields"}`},
		{item(vault.Passkey, "d", "rp-id", "s.example", "credential-id", "01020304-0506-0708-090a-0b0c0d0e0f10", "private-key", "AQID", "user-handle", "aA=="),
			`{"credentialId":"AQIDBAUGBwgJCgsMDQ4PEA","key":"AQID","rpId":"s.example","type":"passkey","userDisplayName":"","userHandle":"aA","username":""}`},
		{item(vault.Note, "e", "notes", "n"), `{"content":{"fieldType":"string","id":"bm90ZXM","value":"n"},"type":"note"}`},
	} {
		kept := saved(t, v, c.it)
		e := &entry{Item: &kept, export: &export{losses: losses{}}}
		var got []string
		for _, credential := range newCXFItem(e).Credentials {
			text, err := json.Marshal(credential)
			check(t, err)
			var sorted any
			check(t, json.Unmarshal(text, &sorted))
			text, err = json.Marshal(sorted)
			check(t, err)
			got = append(got, string(text))
		}
		if strings.Join(got, "\n") != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.it.Title, strings.Join(got, "\n"), c.want)
		}
	}
}

func TestCXFSSHKey(t *testing.T) {
	v := newVault(t)
	saved(t, v, item(vault.SSHKey, "Key", "private-key", openSSH(t)))
	saved(t, v, item(vault.SSHKey, "No key", "private-key", "unknown"))
	file, _ := written(t, v, Options{Format: CXF, Now: start})
	if n := strings.Count(string(file), `"keyType":"ssh-ed25519"`); n != 1 || !strings.Contains(string(file), `"value":"unknown","label":"private-key"`) {
		// The key that no one can read is a field.
		t.Errorf("%d keys: %s", n, file)
	}
}

// A program that knows the standard alone reads it too: ours does so.
func TestCXFComesBackByTheStandardAlone(t *testing.T) {
	v := newVault(t)
	login := ofTheirKinds(t)[0]
	login.Custom = nil
	login.Set(vault.OTP, secret.FromString("JBSWY3DPEHPK3PXP"))
	saved(t, v, login)
	saved(t, v, item(vault.Note, "Note", "notes", "text"))
	saved(t, v, item(vault.Card, "Card", "cardholder", "Ann", "number", "4111111111111111", "expires", "2027-04", "cvv", "123", "brand", "Visa", "pin", "9"))
	file, _ := written(t, v, Options{Format: CXF, Now: start})
	compare(t, contents(t, imported(t, file, "")), contents(t, v))
}
