package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
	"github.com/coffer-vault/coffer/vault/importer/chromium"
	"github.com/coffer-vault/coffer/vault/importer/firefox"
	"github.com/coffer-vault/coffer/vault/importer/importertest"
)

const bitwardenPassword = "export password"

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func read(t *testing.T, data []byte, password string) importer.Readout {
	t.Helper()
	source, err := Open(data)
	if err != nil {
		t.Fatal(err)
	}
	return importer.Read(t.Context(), source, secret.FromString(password))
}

// describe prints a row with its test secrets.
func describe(row importer.Row) string {
	r := row.Record
	if r == nil {
		return fmt.Sprintf("%s %s: %s", row.ID, row.Site, row.Reason)
	}
	text := fmt.Sprintf("%s %s %q %q %q=%q", row.ID, r.Kind, r.Title, r.URLs, r.Username, r.Password.Reveal())
	for _, part := range [][2]string{{"totp", string(r.TOTP.Reveal())}, {"realm", r.Realm}, {"notes", r.Notes}, {"folder", r.Folder}} {
		if part[1] != "" {
			text += fmt.Sprintf(" %s %q", part[0], part[1])
		}
	}
	for _, field := range r.Fields {
		text += fmt.Sprintf(" [%s %q %v]", field.Name, field.Value.Reveal(), field.Hidden)
	}
	return text
}

func compare(t *testing.T, readout importer.Readout, want []string) {
	t.Helper()
	if readout.Err != nil {
		t.Fatal(readout.Err)
	}
	var got []string
	for _, row := range readout.Rows {
		got = append(got, describe(row))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestCSV(t *testing.T) {
	for name, c := range map[string]struct {
		csv  string
		info importer.Info
		want []string
	}{
		"Chrome": {
			"\ufeffname,url,username,password,note\r\nshop,https://a.example/x,ann,\" p,\"\"q\"\"\r\n\",\"first\r\nsecond\"\r\n,android://aGFzaA==@com.example.a/,ann,pw,\r\n",
			importer.Info{ID: "csv/chrome", Browser: "Chrome, Edge, Brave", Count: 2},
			[]string{
				`1 login "shop" ["https://a.example/x"] "ann"=" p,\"q\"\n" notes "first\nsecond"`,
				`2 login "com.example.a" ["androidapp://com.example.a"] "ann"="pw"`,
			},
		},
		"Chrome before notes": {
			"name,url,username,password\nx,https://a.example/,,pw",
			importer.Info{ID: "csv/chrome", Browser: "Chrome, Edge, Brave", Count: 1},
			[]string{`1 login "x" ["https://a.example/"] ""="pw"`},
		},
		"Safari": {
			"Title,URL,Username,Password,Notes,OTPAuth\nMy bank,https://bank.example/,ann,pw,note,otpauth://totp/x?secret=A\nno address,,ann,pw,,\n,https://x.example/,,,,\n",
			importer.Info{ID: "csv/safari", Browser: "Safari", Count: 3},
			[]string{
				`1 login "My bank" ["https://bank.example/"] "ann"="pw" totp "otpauth://totp/x?secret=A" notes "note"`,
				`2 login "no address" [] "ann"="pw"`,
				`3 x.example: empty`,
			},
		},
		"columns in another order and case": {
			"PASSWORD,Username,URL,Name\npw,ann,https://a.example,x\n",
			importer.Info{ID: "csv/chrome", Browser: "Chrome, Edge, Brave", Count: 1},
			[]string{`1 login "x" ["https://a.example"] "ann"="pw"`},
		},
		"bad rows spoil only themselves": {
			"name,url,username,password\na,https://a.example,ann,pw\nb,short\nc,https://c.example,\"a\"nn\"\"\",pw,x\nd,https://d.example,ann,\x81\ne,https://e.example,ann,pw,one more\nf,https://f.example,ann,pw\n",
			importer.Info{ID: "csv/chrome", Browser: "Chrome, Edge, Brave", Count: 6},
			[]string{
				`1 login "a" ["https://a.example"] "ann"="pw"`, `2 : malformed`, `3 : malformed`, `4 : malformed`, `5 : malformed`,
				`6 login "f" ["https://f.example"] "ann"="pw"`,
			},
		},
		"header alone": {"name,url,username,password\n", importer.Info{ID: "csv/chrome", Browser: "Chrome, Edge, Brave"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			source, err := Open([]byte(c.csv))
			if err != nil {
				t.Fatal(err)
			}
			if source.Info() != c.info {
				t.Errorf("info %+v, want %+v", source.Info(), c.info)
			}
			compare(t, importer.Read(t.Context(), source, secret.Bytes{}), c.want)
		})
	}
}

func TestUnknownFormats(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		want error
	}{
		"empty":      {"", ErrUnknownFormat},
		"text":       {"hello\nworld\n", ErrUnknownFormat},
		"a table":    {"name,amount\nx,1\n", ErrUnknownFormat},
		"a list":     {`[1, 2]`, ErrUnknownFormat},
		"PGP":        {"-----BEGIN PGP MESSAGE-----\n\nx", importer.ErrMalformed},
		"UTF-16":     {"\xff\xfen\x00a\x00", ErrUnknownFormat},
		"bad quote":  {"name,\"url\n", ErrUnknownFormat},
		"twice":      {"name,url,url,username,password\n", nil},
		"other JSON": {`{"a":1}`, ErrUnknownFormat},
		"bad JSON":   {`{"items":[`, importer.ErrMalformed},
		"restricted": {`{"encrypted":true,"items":[]}`, ErrAccountRestricted},
	} {
		if _, err := Open([]byte(c.data)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := Open(make([]byte, MaxFile+1)); !errors.Is(err, importer.ErrTooLarge) {
		t.Errorf("%v, want ErrTooLarge", err)
	}
}

// TestExportHasNothingNew imports a browser's profile and then its export: every row must be recognised.
func TestExportHasNothingNew(t *testing.T) {
	for name, c := range map[string]struct {
		folder, profile, export string
		discover                func(m *importertest.Machine) []importer.Source
	}{
		"chromium": {".config/chromium", "../chromium/testdata/basic", "../chromium/testdata/basic/chromium.csv",
			func(m *importertest.Machine) []importer.Source {
				return chromium.Discover(t.Context(), m.Environment())
			}},
		"firefox": {".mozilla/firefox/x", "../firefox/testdata/plain", "../firefox/testdata/plain/firefox.csv",
			func(m *importertest.Machine) []importer.Source { return firefox.Discover(t.Context(), m.Environment()) }},
	} {
		m := importertest.New("linux")
		m.PutFolder(t, c.folder, c.profile)
		m.Put(".mozilla/firefox/profiles.ini", []byte("[Profile0]\nPath=x\n"))
		profile := importer.Read(t.Context(), c.discover(m)[0], secret.Bytes{})
		export := read(t, readFile(t, c.export), "")
		records := append(profile.Records(), export.Records()...)
		plan := importer.NewPlan("b", records, nil, importer.NewDigester())
		if len(plan.Creations) != 5 || len(records) != 10 {
			t.Errorf("%s: %d records, %d items; want 10 and 5", name, len(records), len(plan.Creations))
		}
		for _, creation := range plan.Creations {
			if creation.Conflict || len(creation.Record.URLs) != 1 {
				t.Errorf("%s: %q, conflict %v", name, creation.Record.URLs, creation.Conflict)
			}
		}
	}
}

var bitwardenRows = []string{
	`1 login "Example" ["https://example.com/login" "androidapp://com.example"] "ann"=" S3cret " totp "JBSWY3DPEHPK3PXP" notes "first\nsecond" folder "Work/Servers" [PIN "1234" true] [agreed "true" false] [shop "7" false]`,
	`1/passkey Example: unsupported`,
	`2 login "never changed" [] ""="pw"`,
	`3 note "Wi-Fi" [] ""="" notes "the key"`,
	`4 card "Visa" [] ""="" [cardholder "Ann" false] [number "4111111111111111" true] [cvv "123" true] [brand "Visa" false] [expires "2027-04" false]`,
	`5 identity "Me" [] ""="" [title "Ms" false] [first-name "Ann" false] [last-name "Lee" false] [city "Bern" false] [national-id "756" true] [street "Street 1\nYard" false]`,
	`6 ssh-key "key" [] ""="" [private-key "-----BEGIN" true] [public-key "ssh-ed25519 AAAA" false] [fingerprint "SHA256:x" false]`,
	`7 from the future: unsupported`,
	`8 nothing: empty`,
	`9 in the trash: deleted`,
	`10 : malformed`,
}

func TestBitwarden(t *testing.T) {
	readout := read(t, readFile(t, "testdata/bitwarden.json"), "")
	compare(t, readout, bitwardenRows)
	first, second := readout.Rows[0].Record, readout.Rows[2].Record
	if first.PasswordChanged.Format("2006-01-02") != "2024-01-02" || second.PasswordChanged.Format("2006-01-02") != "2023-05-06" {
		t.Errorf("password changed %v, %v", first.PasswordChanged, second.PasswordChanged)
	}
	if len(first.History) != 1 || string(first.History[0].Password.Reveal()) != "older" || !first.Favorite || first.Ref() != (importer.Ref{Source: "bitwarden", ID: "1"}) {
		t.Errorf("history %d, favorite %v, ref %v", len(first.History), first.Favorite, first.Ref())
	}
}

func TestBitwardenPasskeys(t *testing.T) {
	const export = `{"items": [{"id": "1", "type": 1, "name": "Shop", "login": {"fido2Credentials": [
		{"credentialId": "c1", "keyValue": "MIGH", "rpId": "shop.example", "userHandle": "aGk", "userName": "ann", "userDisplayName": "Ann", "counter": "0", "creationDate": "2024-01-02T00:00:00Z"},
		{"credentialId": "c2", "keyValue": "MIGI", "rpId": "shop.example", "counter": 7},
		{"credentialId": "c3"}]}}]}`
	compare(t, read(t, []byte(export), ""), []string{
		`1/passkey passkey "Shop" [] "ann"="" [rp-id "shop.example" false] [display-name "Ann" false] [user-handle "aGk" false] [credential-id "c1" false] [private-key "MIGH" true]`,
		`1/passkey2 passkey "Shop" [] ""="" [rp-id "shop.example" false] [credential-id "c2" false] [private-key "MIGI" true] [counter "7" false]`,
		`1/passkey3 Shop: unsupported`,
	})
}

func TestEncryptedBitwarden(t *testing.T) {
	data := readFile(t, "testdata/bitwarden-encrypted.json")
	compare(t, read(t, data, bitwardenPassword), bitwardenRows)
	for password, want := range map[string]error{"": importer.ErrPrimaryPasswordNeeded, "wrong": importer.ErrWrongPrimaryPassword} {
		if readout := read(t, data, password); !errors.Is(readout.Err, want) || len(readout.Rows) != 0 {
			t.Errorf("password %q: %v, want %v", password, readout.Err, want)
		}
	}
}

// change returns the encrypted export with some members replaced.
func change(t *testing.T, members map[string]any) []byte {
	t.Helper()
	var file map[string]any
	if err := json.Unmarshal(readFile(t, "testdata/bitwarden-encrypted.json"), &file); err != nil {
		t.Fatal(err)
	}
	maps.Copy(file, members)
	data, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestBitwardenLockIsChecked(t *testing.T) {
	for name, members := range map[string]map[string]any{
		"no iterations":       {"kdfIterations": 0},
		"too many iterations": {"kdfIterations": maxPBKDF2Iterations + 1},
		"negative":            {"kdfIterations": -1},
		"unknown KDF":         {"kdfType": 2},
		"Argon2, no memory":   {"kdfType": 1, "kdfIterations": 3, "kdfParallelism": 4},
		"Argon2, too much":    {"kdfType": 1, "kdfIterations": 3, "kdfMemory": maxArgon2Memory + 1, "kdfParallelism": 4},
		"Argon2, too slow":    {"kdfType": 1, "kdfIterations": 1000, "kdfMemory": 64, "kdfParallelism": 4},
		"Argon2, too wide":    {"kdfType": 1, "kdfIterations": 3, "kdfMemory": 64, "kdfParallelism": 256},
		"no data":             {"data": nil},
		"other cipher":        {"data": "0.AAAA|AAAA|AAAA"},
		"no base64":           {"data": "2.!|AAAA|AAAA"},
		"changed data":        {"data": "2.AAECAwQFBgcICQoLDA0ODw==|AAECAwQFBgcICQoLDA0ODw==|AAECAwQFBgcICQoLDA0ODw=="},
	} {
		if readout := read(t, change(t, members), bitwardenPassword); !errors.Is(readout.Err, importer.ErrMalformed) {
			t.Errorf("%s: %v, want ErrMalformed", name, readout.Err)
		}
	}
	argon2 := change(t, map[string]any{"kdfType": 1, "kdfIterations": 1, "kdfMemory": 16, "kdfParallelism": 1})
	if readout := read(t, argon2, bitwardenPassword); !errors.Is(readout.Err, importer.ErrWrongPrimaryPassword) {
		t.Errorf("another KDF gives another key: %v", readout.Err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(readFile(f, "../chromium/testdata/basic/chromium.csv"))
	f.Add(readFile(f, "../firefox/testdata/plain/firefox.csv"))
	f.Add(readFile(f, "testdata/bitwarden.json"))
	f.Add(readFile(f, "testdata/bitwarden-encrypted.json"))
	f.Add([]byte("Title,URL,Username,Password,Notes,OTPAuth\n\"a\nb\",,,\"\n"))
	for _, name := range samples(f) {
		f.Add(sample(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.Contains(data, []byte("kdf")) {
			return // a key derivation may take its time, and is not what is looked for
		}
		source, err := Open(data)
		if err != nil {
			return
		}
		readout := importer.Read(t.Context(), source, secret.Bytes{})
		if n := source.Info().Count; readout.Err == nil && n >= 0 && len(readout.Rows) < n {
			t.Fatalf("%d rows of %d", len(readout.Rows), n)
		}
		for _, row := range readout.Rows {
			if (row.Record == nil) == (row.Reason == "") {
				t.Fatalf("row %+v", row)
			}
		}
	})
}
