package chromium

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/vault/importer"
	"github.com/coffer-vault/coffer/vault/importer/importertest"
)

// goldenSecret is what the keyring held when Chromium wrote testdata/libsecret.
const goldenSecret = "OXlIv7mmdHLxQpt4QuUNSw=="

func discoverOne(t *testing.T, m *importertest.Machine) importer.Source {
	t.Helper()
	sources := Discover(t.Context(), m.Environment())
	if len(sources) != 1 {
		t.Fatalf("%d sources, want 1", len(sources))
	}
	return sources[0]
}

func readAll(t *testing.T, source importer.Source) []importer.Row {
	t.Helper()
	readout := importer.Read(t.Context(), source, secret.Bytes{})
	if readout.Err != nil {
		t.Fatal(readout.Err)
	}
	return readout.Rows
}

func compareWithCSV(t *testing.T, rows []importer.Row, file string) {
	t.Helper()
	var got, want []string
	for _, row := range rows {
		if row.Record == nil {
			t.Fatalf("row %s: %s", row.ID, row.Reason)
		}
		r := row.Record
		got = append(got, fmt.Sprintf("%s|%s|%s|%s", r.URLs[0], r.Username, r.Password.Reveal(), r.Notes))
	}
	for _, row := range importertest.ReadCSV(t, file) {
		want = append(want, fmt.Sprintf("%s|%s|%s|%s", row["url"], row["username"], row["password"], row["note"]))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("rows differ from the browser's own export:\n got %q\nwant %q", got, want)
	}
}

func TestGoldenProfiles(t *testing.T) {
	for _, c := range []struct {
		name string
		keys importertest.Keys
	}{
		{"basic", importertest.Keys{}},
		{"libsecret", importertest.Keys{Secrets: map[string]string{"chromium": goldenSecret}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := importertest.New("linux")
			m.Keys = c.keys
			m.PutFolder(t, ".config/chromium", "testdata/"+c.name)
			source := discoverOne(t, m)
			want := importer.Info{ID: "chromium/Default", Browser: "Chromium", Profile: "Your Chromium", Count: 5}
			if source.Info() != want {
				t.Errorf("info %+v, want %+v", source.Info(), want)
			}
			rows := readAll(t, source)
			compareWithCSV(t, rows, "testdata/basic/chromium.csv") // both profiles got the same logins
			if changed := rows[0].Record.PasswordChanged; changed.Year() != 2026 || changed.Location() != time.UTC {
				t.Errorf("changed %v", changed)
			}
		})
	}
}

func TestMissingOrWrongSecret(t *testing.T) {
	for _, c := range []struct {
		secrets map[string]string
		want    importer.Reason
	}{
		{nil, importer.ReasonKeyUnavailable},
		{map[string]string{"chrome": goldenSecret}, importer.ReasonKeyUnavailable},
		{map[string]string{"chromium": "another secret"}, importer.ReasonUndecryptable},
	} {
		m := importertest.New("linux")
		m.Keys.Secrets = c.secrets
		m.PutFolder(t, ".config/chromium", "testdata/libsecret")
		for _, row := range readAll(t, discoverOne(t, m)) {
			if row.Reason != c.want || row.Record != nil || row.Site == "" {
				t.Errorf("%v: row %+v, want %s", c.secrets, row, c.want)
			}
		}
	}
}

// TestWrongKeysNeverOpen tries enough wrong keys that several pass the check of the padding by chance.
func TestWrongKeysNeverOpen(t *testing.T) {
	sealed := sealCBC(t, "v11", "right", linuxRounds, []byte("a password of some length"))
	for i := range 3000 {
		keys := []secret.Bytes{deriveCBC(fmt.Append(nil, i), linuxRounds)}
		if _, reason := new(keyring).openWith(keys, openCBC, sealed); reason != importer.ReasonUndecryptable {
			t.Fatalf("key %d: %q", i, reason)
		}
	}
}

func TestDiscoverEverywhere(t *testing.T) {
	store, err := os.ReadFile("testdata/basic/Default/Login Data")
	if err != nil {
		t.Fatal(err)
	}
	for os, c := range map[string]struct {
		files []string
		want  []string
		vars  map[string]string
	}{
		"linux": {
			files: []string{
				".config/google-chrome/Default/Login Data", ".config/google-chrome/Profile 1/Login Data For Account",
				".config/BraveSoftware/Brave-Browser/Default/Login Data", ".config/microsoft-edge/Default/Login Data",
				".config/vivaldi/Default/Login Data", ".config/opera/Login Data", "snap/chromium/common/chromium/Default/Login Data",
				".var/app/com.google.Chrome/config/google-chrome/Default/Login Data", ".config/chromium/Guest Profile/Login Data",
			},
			want: []string{"chrome/Default", "chrome/Profile 1", "chrome/Default#2", "edge/Default", "brave/Default", "vivaldi/Default", "opera/Default", "chromium/Default"},
		},
		"darwin": {
			files: []string{
				"Library/Application Support/Google/Chrome/Default/Login Data", "Library/Application Support/Arc/User Data/Profile 2/Login Data",
				"Library/Application Support/com.operasoftware.Opera/Login Data",
			},
			want: []string{"chrome/Default", "opera/Default", "arc/Profile 2"},
		},
		"windows": {
			files: []string{
				"AppData/Local/Google/Chrome/User Data/Default/Login Data", "AppData/Local/Microsoft/Edge/User Data/Default/Login Data",
				"Roaming/Opera Software/Opera Stable/Login Data",
			},
			want: []string{"chrome/Default", "edge/Default", "opera/Default"},
			vars: map[string]string{"APPDATA": `C:\Users\ann\Roaming\`},
		},
	} {
		m := importertest.New(os)
		m.Vars = c.vars
		for _, file := range c.files {
			m.Put(file, store)
		}
		var got []string
		for _, source := range Discover(t.Context(), m.Environment()) {
			got = append(got, source.Info().ID)
			if source.Info().Count != 5 {
				t.Errorf("%s: %+v", os, source.Info())
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", os, got, c.want)
		}
	}
}

// storeWith makes a login file with the table that Chromium 156 made.
func storeWith(t testing.TB, insert func(db *sql.DB)) []byte {
	t.Helper()
	golden, err := os.ReadFile("testdata/basic/Default/Login Data")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "store")
	if err := os.WriteFile(file, golden, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), file, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	execute(t, db, `DELETE FROM logins; DELETE FROM password_notes`)
	insert(db)
	execute(t, db, `PRAGMA journal_mode=DELETE; VACUUM`)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func execute(t testing.TB, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatal(err)
	}
}

func insertPassword(t testing.TB, db *sql.DB, username string, value []byte) {
	t.Helper()
	execute(t, db, `INSERT INTO logins (origin_url, username_value, password_value, signon_realm, date_created, blacklisted_by_user, scheme)
		VALUES ('https://a.example/', ?, ?, 'https://a.example/', 0, 0, 0)`, username, value)
}

func sealGCM(key, plain []byte) []byte {
	block, _ := aes.NewCipher(key)
	aead, _ := cipher.NewGCM(block)
	nonce := []byte("twelve bytes")
	return slices.Concat([]byte("v10"), nonce, aead.Seal(nil, nonce, plain, nil))
}

func sealCBC(t testing.TB, prefix, password string, rounds int, plain []byte) []byte {
	key, err := pbkdf2.Key(sha1.New, password, []byte("saltysalt"), rounds, 16)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := aes.NewCipher(key)
	padding := 16 - len(plain)%16
	padded := slices.Concat(plain, []byte(strings.Repeat(string(rune(padding)), padding)))
	cipher.NewCBCEncrypter(block, []byte(strings.Repeat(" ", 16))).CryptBlocks(padded, padded)
	return append([]byte(prefix), padded...)
}

// outcome of a row: its password, or the reason why there is none.
func outcome(row importer.Row) string {
	if row.Record == nil {
		return string(row.Reason)
	}
	return "=" + string(row.Record.Password.Reveal())
}

func TestPrefixesOfEachSystem(t *testing.T) {
	key := []byte("0123456789abcdef0123456789abcdef")
	dpapi := "\x01\x00\x00\x00\xd0\x8c\x9d\xdf sealed"
	keys := importertest.Keys{
		Secrets:     map[string]string{"chrome": "linux secret"},
		Keychained:  map[string]string{"Chrome Safe Storage/Chrome": "mac secret"},
		Unprotected: map[string]string{"wrapped key": string(key), dpapi: "old password"},
	}
	localState, err := json.Marshal(map[string]any{"os_crypt": map[string]any{"encrypted_key": base64.StdEncoding.EncodeToString([]byte("DPAPIwrapped key"))}})
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		value []byte
		want  string
	}
	for os, c := range map[string]struct {
		folder string
		rows   map[string]row
	}{
		"windows": {"AppData/Local/Google/Chrome/User Data", map[string]row{
			"v10":      {sealGCM(key, []byte("pässword")), "=pässword"},
			"v10empty": {sealGCM(key, nil), "="},
			"wrong":    {sealGCM([]byte("another key another key another!"), []byte("x")), "undecryptable"},
			"short":    {[]byte("v10short"), "undecryptable"},
			"v20":      {[]byte("v20 whatever"), "app-bound"},
			"v21":      {[]byte("v21 whatever"), "newer-scheme"},
			"dpapi":    {[]byte(dpapi), "=old password"},
			"garbage":  {[]byte("\xff\xfe\xfd"), "undecryptable"},
			"empty":    {nil, "="},
		}},
		"darwin": {"Library/Application Support/Google/Chrome", map[string]row{
			"v10":   {sealCBC(t, "v10", "mac secret", 1003, []byte("mac")), "=mac"},
			"linux": {sealCBC(t, "v10", "peanuts", 1, []byte("an odd length of password")), "undecryptable"},
			"plain": {[]byte("from before encryption"), "=from before encryption"},
			"v11":   {[]byte("v11\xff"), "newer-scheme"},
		}},
		"linux": {".config/google-chrome", map[string]row{
			"v10":   {sealCBC(t, "v10", "peanuts", 1, []byte("basic")), "=basic"},
			"v11":   {sealCBC(t, "v11", "linux secret", 1, []byte("0123456789abcdef")), "=0123456789abcdef"},
			"blank": {sealCBC(t, "v11", "", 1, []byte("service failed once")), "=service failed once"},
			"v12":   {[]byte("v12\xff"), "portal"},
			"v13":   {[]byte("v13\xff"), "newer-scheme"},
			"odd":   {[]byte("v10seventeen bytes."), "undecryptable"},
			"plain": {[]byte("from before encryption"), "=from before encryption"},
		}},
	} {
		m := importertest.New(os)
		m.Keys = keys
		m.Put(c.folder+"/Local State", localState)
		m.Put(c.folder+"/Default/Login Data", storeWith(t, func(db *sql.DB) {
			for username, row := range c.rows {
				insertPassword(t, db, username, row.value)
			}
		}))
		rows := readAll(t, discoverOne(t, m))
		if len(rows) != len(c.rows) {
			t.Errorf("%s: %d rows, want %d", os, len(rows), len(c.rows))
		}
		for username, want := range c.rows {
			id := login{originURL: "https://a.example/", username: username, signonRealm: "https://a.example/"}.sourceID()
			i := slices.IndexFunc(rows, func(r importer.Row) bool { return r.ID == id })
			if i < 0 || outcome(rows[i]) != want.want {
				t.Errorf("%s %s: %v, want %s", os, username, rows[max(i, 0)], want.want)
			} else if rows[i].Record == nil && rows[i].Username != username {
				t.Errorf("%s %s: the report knows the user name %q", os, username, rows[i].Username)
			}
		}
	}
}

func TestWindowsWithoutKey(t *testing.T) {
	store := storeWith(t, func(db *sql.DB) { insertPassword(t, db, "ann", sealGCM(make([]byte, 32), []byte("x"))) })
	for name, state := range map[string]string{
		"missing": "", "no JSON": "{", "no key": "{}", "no prefix": `{"os_crypt":{"encrypted_key":"AAAA"}}`,
		"unprotect fails": `{"os_crypt":{"encrypted_key":"RFBBUElhYmM="}}`, "wrong type": `{"os_crypt":{"encrypted_key":7}}`,
	} {
		m := importertest.New("windows")
		if state != "" {
			m.Put("AppData/Local/Chromium/User Data/Local State", []byte(state))
		}
		m.Put("AppData/Local/Chromium/User Data/Default/Login Data", store)
		rows := readAll(t, discoverOne(t, m))
		if len(rows) != 1 || rows[0].Reason != importer.ReasonKeyUnavailable {
			t.Errorf("%s: %+v", name, rows)
		}
	}
}

func TestSpecialRows(t *testing.T) {
	pw := sealCBC(t, "v10", "peanuts", 1, []byte("pw"))
	m := importertest.New("linux")
	m.Put(".config/chromium/Default/Login Data", storeWith(t, func(db *sql.DB) {
		const insert = `INSERT INTO logins (id, origin_url, signon_realm, username_value, password_value, scheme, blacklisted_by_user, federation_url,
			date_created, date_password_modified, date_last_used) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 13439766738689735, 0, 9e18)`
		execute(t, db, insert, 1, "https://never.example/", "https://never.example/", "", nil, 0, 1, "")
		execute(t, db, insert, 2, "https://fed.example/", "https://fed.example/", "ann", nil, 0, 0, "https://accounts.example.com")
		execute(t, db, insert, 3, "http://router.local:8080/admin", "http://router.local:8080/Router / \"7\"", "admin", pw, 1, 0, "")
		execute(t, db, insert, 4, "android://aGFzaA==@com.example.app/", "android://aGFzaA==@com.example.app/", "ann", pw, 0, 0, "")
		execute(t, db, insert, 5, "", "https://realm-only.example/", "ann", pw, 0, 0, nil)
		execute(t, db, insert, 6, "https://empty.example/", "https://empty.example/", "", "", 0, 0, nil)
		execute(t, db, insert, 7, "https://notes.example/", "https://notes.example/", "ann", pw, 0, 0, nil)
		execute(t, db, insert, 8, "https://text.example/", "https://text.example/", []byte("\xff"), pw, 0, 0, nil)
		const note = `INSERT INTO password_notes (parent_id, key, value, date_created) VALUES (7, ?, ?, 0)`
		execute(t, db, note, "", sealCBC(t, "v10", "peanuts", 1, []byte("first")))
		execute(t, db, note, "2", sealCBC(t, "v10", "peanuts", 1, []byte("second")))
		execute(t, db, note, "3", []byte("v10 damaged"))
	}))
	var got []string
	for _, row := range readAll(t, discoverOne(t, m)) {
		if r := row.Record; r != nil {
			got = append(got, fmt.Sprintf("%s %q realm %q notes %q", r.Title, r.URLs, r.Realm, r.Notes))
			if r.Created.IsZero() || !r.PasswordChanged.IsZero() || !r.LastUsed.IsZero() {
				t.Errorf("%s: times %v %v %v", r.Title, r.Created, r.PasswordChanged, r.LastUsed)
			}
			continue
		}
		got = append(got, row.Site+" "+string(row.Reason))
	}
	want := []string{
		"never.example never-save",
		`fed.example ["https://fed.example/"] realm "" notes "signs in with accounts.example.com"`,
		`router.local:8080 ["http://router.local:8080/admin"] realm "Router / \"7\"" notes ""`,
		`com.example.app ["androidapp://com.example.app"] realm "" notes ""`,
		`realm-only.example ["https://realm-only.example/"] realm "" notes ""`,
		"empty.example empty",
		`notes.example ["https://notes.example/"] realm "" notes "first\n\nsecond"`,
		"notes.example undecryptable",
		" malformed",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

func TestBothStoresAndOldTables(t *testing.T) {
	m := importertest.New("linux")
	m.PutFolder(t, ".config/chromium", "testdata/basic")
	m.Put(".config/chromium/Default/Login Data For Account", storeWith(t, func(db *sql.DB) {
		execute(t, db, `DROP TABLE password_notes; DROP TABLE insecure_credentials; DROP TABLE logins;
			CREATE TABLE logins (username_value VARCHAR, password_value BLOB, origin_url VARCHAR);
			INSERT INTO logins VALUES ('ann', 'plain', 'https://old.example')`)
	}))
	source := discoverOne(t, m)
	if rows := readAll(t, source); len(rows) != 6 || source.Info().Count != 6 || outcome(rows[5]) != "=plain" {
		t.Errorf("%d rows of %d", len(rows), source.Info().Count)
	}
}

func TestUnusableFiles(t *testing.T) {
	golden, err := os.ReadFile("testdata/basic/Default/Login Data")
	if err != nil {
		t.Fatal(err)
	}
	other := storeWith(t, func(db *sql.DB) { execute(t, db, `DROP TABLE logins`) })
	for name, data := range map[string][]byte{"empty": nil, "text": []byte("text"), "truncated": golden[:5000], "no table": other} {
		m := importertest.New("linux")
		m.Put(".config/chromium/Default/Login Data", data)
		m.Put(".config/chromium/Default/Login Data For Account", golden)
		source := discoverOne(t, m)
		readout := importer.Read(t.Context(), source, secret.Bytes{})
		if !errors.Is(readout.Err, importer.ErrMalformed) || len(readout.Records()) < 5 || source.Info().Count != -1 {
			t.Errorf("%s: %v, %d records, count %d; want ErrMalformed and the 5 records of the good file", name, readout.Err, len(readout.Records()), source.Info().Count)
		}
	}
}

func TestReaderMayStopEarly(t *testing.T) {
	m := importertest.New("linux")
	m.PutFolder(t, ".config/chromium", "testdata/basic")
	for row, err := range discoverOne(t, m).Rows(t.Context(), secret.Bytes{}) {
		if err != nil || row.Record == nil {
			t.Fatal(row.Reason, err)
		}
		break
	}
}

func FuzzOpenValue(f *testing.F) {
	f.Add("linux", sealCBC(f, "v10", "peanuts", 1, []byte("x")))
	f.Add("windows", sealGCM(make([]byte, 32), []byte("x")))
	f.Add("darwin", []byte("v10"))
	f.Add("linux", []byte("v11"))
	f.Fuzz(func(t *testing.T, os string, value []byte) {
		m := importertest.New("linux")
		env := m.Environment()
		env.OS = os
		k := &keyring{env: env, browser: browsers[0], fetched: map[string][]secret.Bytes{}}
		if os == "windows" {
			k.fetched["v10"] = []secret.Bytes{secret.New(make([]byte, 32))}
		}
		plain, reason := k.open(t.Context(), value)
		if reason != "" && plain != nil || len(plain) > len(value) {
			t.Fatalf("%d bytes of %d, %s", len(plain), len(value), reason)
		}
	})
}

func FuzzLocalState(f *testing.F) {
	for _, name := range []string{"basic", "libsecret"} {
		data, err := os.ReadFile("testdata/" + name + "/Local State")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"os_crypt":{"encrypted_key":"RFBBUEk="},"profile":{"info_cache":{"Default":{"name":"x"}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m := importertest.New("windows")
		m.Put("state", data)
		k := &keyring{env: m.Environment(), localState: m.Home() + "/state"}
		k.localStateKey(t.Context())
		profileNames(m.Environment(), m.Home())
	})
}

// FuzzStore flips bytes of a real login file: whatever comes out, every row is accounted for and nothing hangs.
func FuzzStore(f *testing.F) {
	golden, err := os.ReadFile("testdata/basic/Default/Login Data")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint32(0), []byte{}, uint32(len(golden)))
	f.Add(uint32(2048), []byte{0xff, 0xff}, uint32(len(golden)))
	f.Fuzz(func(t *testing.T, at uint32, patch []byte, size uint32) {
		data := slices.Clone(golden)
		copy(data[at%uint32(len(data)):], patch)
		data = data[:size%uint32(len(data)+1)]
		m := importertest.New("linux")
		m.Put(".config/chromium/Default/Login Data", data)
		for _, source := range Discover(t.Context(), m.Environment()) {
			readout := importer.Read(t.Context(), source, secret.Bytes{})
			for _, row := range readout.Rows {
				if (row.Record == nil) == (row.Reason == "") {
					t.Fatalf("row %+v", row)
				}
			}
		}
	})
}
