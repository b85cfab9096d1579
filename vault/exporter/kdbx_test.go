package exporter

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"golang.org/x/crypto/chacha20"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

func keePassOptions() Options {
	o := sealedOptions
	o.Format = KeePass
	return o
}

func TestKeePassReport(t *testing.T) {
	file, report := written(t, rich(t), keePassOptions())
	want := "history 1 (Shop)\nfavorite 1 (Shop)\narchive 1 (Shop)\nfindings 1 (Shop)" // of the history: that a file was attached
	if got := lost(report); got != want || report.Items != 3 || report.Files != 1 {
		t.Errorf("%d items, %d files, lost\n%s\nwant\n%s", report.Items, report.Files, got, want)
	}
	for _, plain := range []string{"Shop", "ann", "scanned", "second", "KeePassFile"} {
		if bytes.Contains(file, []byte(plain)) {
			t.Errorf("%q can be read", plain)
		}
	}
}

// Our own importer opens it with its password: logins, notes, folders, tags and earlier passwords come back.
func TestKeePassComesBack(t *testing.T) {
	v := newVault(t)
	folder, err := v.SaveFolder(t.Context(), vault.Folder{Name: "Work"})
	check(t, err)
	login := ofTheirKinds(t)[0]
	login.Folder, login.Favorite = folder.ID, false
	kept := saved(t, v, login)
	kept.Set(vault.Password, secret.FromString("newer"))
	saved(t, v, kept)
	file, _ := written(t, v, keePassOptions())
	compare(t, contents(t, imported(t, file, "pass of the file")), contents(t, v))
}

// document is the XML of items, with nothing in it encrypted twice.
func document(t *testing.T, items ...vault.Item) string {
	t.Helper()
	protect, err := chacha20.NewUnauthenticatedCipher(make([]byte, 32), make([]byte, 12))
	check(t, err)
	k := newKeePassXML(protect)
	for i := range items {
		k.entry(&entry{Item: &items[i], export: &export{losses: losses{}}}, nil)
	}
	return k.out.String()
}

func TestKeePassStrings(t *testing.T) {
	login := item(vault.Login, "Site", "totp", "jbsw y3dp-ehpk3pxp", "username", "a<b>&\"]]>")
	login.Websites = []string{"https://a.example", "https://b.example", "https://c.example"}
	login.Custom = []vault.CustomField{custom("Title", vault.Text, "same name"), custom("", vault.Text, "none"), custom("x", vault.Text, "1"), custom("x", vault.Text, "2")}
	login.Tags = []string{"a;b", "c"}
	for _, want := range []string{
		"<Key>KP2A_URL</Key><Value>https://b.example</Value>", "<Key>KP2A_URL_1</Key><Value>https://c.example</Value>", "<Tags>a b;c</Tags>",
		"<Key>Title 2</Key><Value>same name</Value>", "<Key>2</Key><Value>none</Value>", "<Key>x</Key><Value>1</Value>", "<Key>x 2</Key><Value>2</Value>",
		"<Key>UserName</Key><Value>a&lt;b&gt;&amp;&#34;]]&gt;</Value>", `<Key>otp</Key><Value Protected="True">`,
	} {
		if got := document(t, login); !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	e := &entry{Item: &login, export: &export{losses: losses{}}}
	if code, ok := keePassCode(e); !ok || code != "otpauth://totp/Site?secret=JBSWY3DPEHPK3PXP" {
		t.Error(code)
	}
	// What no XML document can hold is protected, whatever it is.
	odd := item(vault.Login, "Site", "username", "\x01")
	if got := document(t, odd); !strings.Contains(got, `<Key>UserName</Key><Value Protected="True">`) {
		t.Error(got)
	}
}

func TestKeePassPasskey(t *testing.T) {
	passkey := ofTheirKinds(t)[6]
	if passkey.Kind != vault.Passkey {
		t.Fatal(passkey)
	}
	got := document(t, passkey)
	for _, want := range []string{
		"<Key>KPEX_PASSKEY_RELYING_PARTY</Key><Value>site.example</Value>", "<Key>KPEX_PASSKEY_USERNAME</Key><Value>ann</Value>",
		`<Key>KPEX_PASSKEY_PRIVATE_KEY_PEM</Key><Value Protected="True">`, "<Key>display-name</Key><Value>Ann S</Value>",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	passkey.Set(vault.PasskeySecret, secret.FromString("AQID"))
	if got := document(t, passkey); strings.Contains(got, "KPEX") {
		t.Error("a key that is none is used as one")
	}
}

func TestKeePassTime(t *testing.T) {
	// 0001-01-01 is zero.
	if got := keePassTime(-62135596800000); got != base64.StdEncoding.EncodeToString(make([]byte, 8)) {
		t.Error(got)
	}
}

// What waits in memory is cleared, also where the file was not finished.
func TestSealedEncodersWipeWhatWaits(t *testing.T) {
	shop := item(vault.Login, "Shop", "username", "anna of the shop")
	for _, spec := range []Spec{archiveSpec, keePassSpec} {
		x := &export{spec: spec, options: keePassOptions(), out: io.Discard, losses: losses{}}
		enc, err := spec.open(x)
		check(t, err)
		check(t, enc.add(t.Context(), &entry{Item: &shop, export: x}))
		var waits []byte
		switch e := enc.(type) {
		case *archiveEncoder:
			waits = e.items.Bytes()
		case *keePassEncoder:
			waits = e.xml.out.Bytes()
		}
		if !bytes.Contains(waits, []byte("anna of the shop")) {
			t.Fatalf("%s: nothing waits", spec.Format)
		}
		enc.wipe()
		if !bytes.Equal(waits, make([]byte, len(waits))) {
			t.Errorf("%s: it is still there", spec.Format)
		}
	}
}
