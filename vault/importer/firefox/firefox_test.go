package firefox

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
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

const (
	goldenPrimaryPassword = "correct horse"
	profilesINI           = "[Install4F96D1932A9F858E]\nDefault=x.default\nLocked=1\n\n[Profile0]\nName=default\nIsRelative=1\nPath=x.default\nDefault=1\n\n[General]\nStartWithLastProfile=1\nVersion=2\n"
)

// machineWith has one profile with the files of a golden one; a name with a minus before it is left out.
func machineWith(t testing.TB, golden string, without ...string) *importertest.Machine {
	t.Helper()
	m := importertest.New("linux")
	m.Put(".mozilla/firefox/profiles.ini", []byte(profilesINI))
	m.PutFolder(t, ".mozilla/firefox/x.default", "testdata/"+golden)
	for _, name := range without {
		delete(m.Files, "home/ann/.mozilla/firefox/x.default/"+name)
	}
	return m
}

func discoverOne(t testing.TB, m *importertest.Machine) importer.Source {
	t.Helper()
	sources := Discover(t.Context(), m.Environment())
	if len(sources) != 1 {
		t.Fatalf("%d sources, want 1", len(sources))
	}
	return sources[0]
}

// compareWithCSV compares row by row, with guids and times unless the export was made of another run.
func compareWithCSV(t *testing.T, readout importer.Readout, file string, sameRun bool) {
	t.Helper()
	if readout.Err != nil {
		t.Fatal(readout.Err)
	}
	var got, want []string
	for _, row := range readout.Rows {
		if row.Record == nil {
			t.Fatalf("row %s: %s", row.ID, row.Reason)
		}
		r := row.Record
		line := fmt.Sprintf("%s|%s|%s|%s", r.URLs[0], r.Username, r.Password.Reveal(), r.Realm)
		if sameRun {
			line += fmt.Sprintf("|%s|%d|%d|%d", r.SourceID, r.Created.UnixMilli(), r.LastUsed.UnixMilli(), r.PasswordChanged.UnixMilli())
		}
		got = append(got, line)
	}
	for _, row := range importertest.ReadCSV(t, file) {
		cells := []string{row["url"], row["username"], row["password"], row["httpRealm"]}
		if sameRun {
			cells = append(cells, row["guid"], row["timeCreated"], row["timeLastUsed"], row["timePasswordChanged"])
		}
		want = append(want, strings.Join(cells, "|"))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("rows differ from the browser's own export:\n got %q\nwant %q", got, want)
	}
}

func TestGoldenProfiles(t *testing.T) {
	for _, c := range []struct {
		name, password string
		without        []string
	}{
		{name: "plain"},
		{name: "3des"},
		{name: "mirror"},
		{name: "mirror", without: []string{"logins.json"}},
		{name: "primary", password: goldenPrimaryPassword},
	} {
		t.Run(c.name+strings.Join(c.without, ""), func(t *testing.T) {
			source := discoverOne(t, machineWith(t, c.name, c.without...))
			want := importer.Info{ID: "firefox/x.default", Browser: "Firefox", Profile: "default", Count: 5}
			if source.Info() != want {
				t.Errorf("info %+v, want %+v", source.Info(), want)
			}
			compareWithCSV(t, importer.Read(t.Context(), source, secret.FromString(c.password)), "testdata/"+c.name+"/firefox.csv", c.name != "primary")
		})
	}
}

func TestPrimaryPassword(t *testing.T) {
	for _, c := range []struct {
		profile, password string
		want              error
	}{
		{"primary", "", importer.ErrPrimaryPasswordNeeded},
		{"primary", "Correct horse", importer.ErrWrongPrimaryPassword},
		{"plain", "anything", importer.ErrWrongPrimaryPassword},
		{"plain", "wrong 574", importer.ErrWrongPrimaryPassword}, // its padding is right by chance
	} {
		readout := importer.Read(t.Context(), discoverOne(t, machineWith(t, c.profile)), secret.FromString(c.password))
		if !errors.Is(readout.Err, c.want) || len(readout.Rows) != 0 {
			t.Errorf("%s with %q: %v, %d rows; want %v", c.profile, c.password, readout.Err, len(readout.Rows), c.want)
		}
	}
}

func TestDiscoverEverywhere(t *testing.T) {
	logins := []byte(`{"logins":[{},{}]}`)
	for name, c := range map[string]struct {
		os    string
		vars  map[string]string
		files map[string]string // path below the home folder → content; empty means logins
		want  []string
	}{
		"windows": {
			os: "windows",
			files: map[string]string{
				"AppData/Roaming/Mozilla/Firefox/profiles.ini":                "[Profile0]\r\nName=work\r\nIsRelative=1\r\nPath=Profiles/a.work\r\n[Profile1]\r\nName=moved\r\nIsRelative=0\r\nPath=C:\\Users\\ann\\b\r\n",
				"AppData/Roaming/Mozilla/Firefox/Profiles/a.work/logins.json": "",
				"b/logins.json": "",
				"AppData/Roaming/Mozilla/Firefox/Profiles/a.work/other.db": "x",
			},
			want: []string{"firefox/a.work work 2", "firefox/b moved 2"},
		},
		"darwin": {
			os: "darwin",
			files: map[string]string{
				"Library/Application Support/Firefox/profiles.ini":                      "\ufeff[Profile0]\nName=d\nPath=Profiles/a.d\nIsRelative=1\n",
				"Library/Application Support/Firefox/installs.ini":                      "[2656FF1E876E9973]\nDefault=Profiles/c.release\nLocked=1\n[X]\nDefault=Profiles/a.d\n",
				"Library/Application Support/Firefox/Profiles/a.d/logins.json":          "",
				"Library/Application Support/Firefox/Profiles/c.release/logins.db":      "not a database",
				"Library/Application Support/Firefox/Profiles/unlisted.old/logins.json": "",
			},
			want: []string{"firefox/a.d d 2", "firefox/c.release c.release -1"},
		},
		"linux, several homes": {
			os: "linux", vars: map[string]string{"XDG_CONFIG_HOME": "/home/ann/conf"},
			files: map[string]string{
				"conf/mozilla/firefox/profiles.ini":                             "[Profile0]\nName=x\nPath=1.x\n[Profile1]\nName=empty\nPath=2.x\n[Profile2]\nName=none\n[Profile3]\nName=no logins\nPath=3.x\n",
				"conf/mozilla/firefox/1.x/logins.json":                          "",
				"conf/mozilla/firefox/2.x/logins.json":                          `{"logins":[]}`,
				"snap/firefox/common/.mozilla/firefox/profiles.ini":             "[Profile0]\nName=snap\nPath=s.x\n",
				"snap/firefox/common/.mozilla/firefox/s.x/logins.json":          "{",
				".var/app/org.mozilla.firefox/.mozilla/firefox/profiles.ini":    "Path=before any section\n[Profile0]\nName=flat\nPath=f.x/\n",
				".var/app/org.mozilla.firefox/.mozilla/firefox/f.x/logins.json": "",
				// A profile that was copied when Firefox became a Flatpak.
				".var/app/org.mozilla.firefox/config/mozilla/firefox/profiles.ini":    "[Profile0]\nName=x\nPath=1.x\n",
				".var/app/org.mozilla.firefox/config/mozilla/firefox/1.x/logins.json": "",
			},
			want: []string{"firefox/1.x x 2", "firefox/2.x empty 0", "firefox/s.x snap -1", "firefox/f.x flat 2", "firefox/1.x#2 x 2"},
		},
	} {
		m := importertest.New(c.os)
		m.Vars = c.vars
		for file, content := range c.files {
			if content == "" {
				m.Put(file, logins)
			} else {
				m.Put(file, []byte(content))
			}
		}
		var got []string
		for _, source := range Discover(t.Context(), m.Environment()) {
			got = append(got, fmt.Sprintf("%s %s %d", source.Info().ID, source.Info().Profile, source.Info().Count))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// editLogins changes logins.json of the plain golden profile.
func editLogins(t *testing.T, m *importertest.Machine, edit func(login map[string]any, i int) any) {
	t.Helper()
	const name = "home/ann/.mozilla/firefox/x.default/logins.json"
	var file map[string]any
	if err := json.Unmarshal(m.Files[name].Data, &file); err != nil {
		t.Fatal(err)
	}
	logins := file["logins"].([]any)
	for i := range logins {
		logins[i] = edit(logins[i].(map[string]any), i)
	}
	data, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	m.Files[name].Data = data
}

func TestSpecialRows(t *testing.T) {
	m := machineWith(t, "plain")
	var empty any
	editLogins(t, m, func(login map[string]any, i int) any {
		switch i {
		case 0:
			return "not an object"
		case 1:
			return map[string]any{"guid": "{1}", "deleted": true, "syncCounter": 1}
		case 2:
			login["hostname"] = "chrome://FirefoxAccounts"
		case 3:
			empty = login["encryptedUsername"] // of the login without a user name
			login["encryptedPassword"] = empty
		case 4:
			login["timePasswordChanged"], login["timeCreated"] = 0, 9e18
			login["httpRealm"] = nil
		}
		return login
	})
	var got []string
	for _, row := range importer.Read(t.Context(), discoverOne(t, m), secret.Bytes{}).Rows {
		got = append(got, string(row.Reason))
		if row.Record != nil && (!row.Record.PasswordChanged.IsZero() || !row.Record.Created.IsZero() || row.Record.Title != "münchen.example") {
			t.Errorf("times %v %v, title %s", row.Record.PasswordChanged, row.Record.Created, row.Record.Title)
		}
	}
	if want := []string{"malformed", "deleted", "internal", "empty", ""}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestDamagedValuesSpoilOnlyTheirRow(t *testing.T) {
	m := machineWith(t, "plain")
	editLogins(t, m, func(login map[string]any, i int) any {
		der, err := base64.StdEncoding.DecodeString(login["encryptedPassword"].(string))
		if err != nil {
			t.Fatal(err)
		}
		switch i {
		case 0:
			der[len(der)-1] ^= 1 // in the last block: the padding is wrong
		case 1:
			der = der[:len(der)-1]
		case 2:
			der = append(der, 0)
		case 3:
			der[6] ^= 2 // the key's id
		}
		login["encryptedPassword"] = base64.StdEncoding.EncodeToString(der)
		return login
	})
	var got []string
	for _, row := range importer.Read(t.Context(), discoverOne(t, m), secret.Bytes{}).Rows {
		got = append(got, string(row.Reason))
	}
	if want := []string{"undecryptable", "malformed", "malformed", "key-unavailable", ""}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// editDatabase lets SQLite change a file of the machine.
func editDatabase(t testing.TB, m *importertest.Machine, name, statement string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	entry := m.Files["home/ann/.mozilla/firefox/x.default/"+name]
	if err := os.WriteFile(file, entry.Data, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), file, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(statement + `; PRAGMA journal_mode=DELETE`); err != nil {
		t.Fatal(err)
	}
	if entry.Data, err = os.ReadFile(file); err != nil {
		t.Fatal(err)
	}
}

func TestDamagedKeyDatabase(t *testing.T) {
	golden, err := os.ReadFile("testdata/plain/key4.db")
	if err != nil {
		t.Fatal(err)
	}
	iterations := `UPDATE metaData SET item2 = CAST(replace(hex(item2), '020101', '0204')||'' AS BLOB) WHERE id = 'password'`
	for name, change := range map[string]func(m *importertest.Machine){
		"missing":       func(m *importertest.Machine) { delete(m.Files, "home/ann/.mozilla/firefox/x.default/key4.db") },
		"text":          func(m *importertest.Machine) { m.Put(".mozilla/firefox/x.default/key4.db", []byte("text")) },
		"truncated":     func(m *importertest.Machine) { m.Put(".mozilla/firefox/x.default/key4.db", golden[:40000]) },
		"no metaData":   func(m *importertest.Machine) { editDatabase(t, m, "key4.db", `DROP TABLE metaData`) },
		"no password":   func(m *importertest.Machine) { editDatabase(t, m, "key4.db", `DELETE FROM metaData`) },
		"no nssPrivate": func(m *importertest.Machine) { editDatabase(t, m, "key4.db", `DROP TABLE nssPrivate`) },
		"no DER":        func(m *importertest.Machine) { editDatabase(t, m, "key4.db", iterations) },
	} {
		m := machineWith(t, "plain")
		change(m)
		readout := importer.Read(t.Context(), discoverOne(t, m), secret.Bytes{})
		if readout.Err == nil || len(readout.Rows) != 0 {
			t.Errorf("%s: no error", name)
		}
		if name != "missing" && !errors.Is(readout.Err, importer.ErrMalformed) {
			t.Errorf("%s: %v, want ErrMalformed", name, readout.Err)
		}
	}
	m := machineWith(t, "plain")
	editDatabase(t, m, "key4.db", `DELETE FROM nssPrivate`)
	for _, row := range importer.Read(t.Context(), discoverOne(t, m), secret.Bytes{}).Rows {
		if row.Reason != importer.ReasonKeyUnavailable {
			t.Errorf("without keys: %s", row.Reason)
		}
	}
}

// The number of iterations is under an attacker's hand who can write the profile: it must not keep the program busy for hours.
func TestIterationsAreCapped(t *testing.T) {
	m := machineWith(t, "plain")
	db, err := m.Environment().OpenDatabase(t.Context(), m.Home()+"/.mozilla/firefox/x.default/key4.db")
	if err != nil {
		t.Fatal(err)
	}
	_, check, err := readCheck(t.Context(), db)
	db.Close()
	if err != nil {
		t.Fatal(err)
	}
	// 02 01 01 is INTEGER 1, 02 01 20 the key size; the lengths around them grow by three bytes.
	costly := bytes.Replace(check, []byte{2, 1, 1, 2, 1, 0x20}, []byte{2, 4, 0x7f, 0xff, 0xff, 0xff, 2, 1, 0x20}, 1)
	for _, at := range []int{2, 4, 17, 19, 32} {
		costly[at] += 3
	}
	started := time.Now()
	if _, err := openPBE(costly, secret.FromString("x")); !errors.Is(err, importer.ErrMalformed) || !strings.Contains(err.Error(), "iterations") {
		t.Errorf("%v", err)
	}
	if time.Since(started) > time.Minute {
		t.Error("it was computed all the same")
	}
}

// oldCheck is "password-check" as the first key4.db had it, computed outside of Go: global salt "global salt, 20 byte",
// password "correct horse".
func oldCheck(t testing.TB) []byte {
	der, err := hex.DecodeString("303c3028060b2a864886f70d010c05010330190414656e7472792073616c743a203230206279746573020101" +
		"041017bdc92536dbd35a9aca476c534dbb02")
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestFirstKeyDatabase(t *testing.T) {
	for password, want := range map[string]error{goldenPrimaryPassword: nil, "wrong": errWrongKey} {
		plain, err := openPBE(oldCheck(t), hashPassword([]byte("global salt, 20 byte"), secret.FromString(password)))
		if !errors.Is(err, want) || want == nil && string(plain) != passwordCheck {
			t.Errorf("%s: %q, %v; want %v", password, plain, err, want)
		}
	}
}

func TestMirrorRows(t *testing.T) {
	m := machineWith(t, "mirror", "logins.json")
	editDatabase(t, m, "logins.db", `
		INSERT INTO loginsM (origin, timeCreated, timePasswordChanged, secFields, guid, server_modified, is_overridden)
			SELECT origin, 1, 1, secFields, 'server only', 1, 0 FROM loginsL WHERE id = 1;
		INSERT INTO loginsM (origin, timeCreated, timePasswordChanged, secFields, guid, server_modified, is_overridden)
			SELECT origin, 1, 1, secFields, guid, 1, 1 FROM loginsL WHERE id = 2;
		UPDATE loginsL SET is_deleted = 1 WHERE id = 3;
		UPDATE loginsL SET secFields = replace(secFields, '..', '.x.') WHERE id = 4;
		UPDATE loginsL SET secFields = substr(secFields, 1, 60) WHERE id = 5`)
	outcomes := map[string]int{}
	for _, row := range importer.Read(t.Context(), discoverOne(t, m), secret.Bytes{}).Rows {
		outcomes[string(row.Reason)]++
	}
	want := map[string]int{"": 3, "deleted": 1, "newer-scheme": 1, "malformed": 1}
	if fmt.Sprint(outcomes) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", outcomes, want)
	}
	m = machineWith(t, "mirror", "logins.json")
	editDatabase(t, m, "logins.db", `ALTER TABLE loginsM DROP COLUMN enc_unknown_fields; UPDATE loginsL SET secFields = replace(secFields, '..', '..A')`)
	for _, row := range importer.Read(t.Context(), discoverOne(t, m), secret.Bytes{}).Rows {
		if row.Reason != importer.ReasonMalformed { // the nonce is one byte too long
			t.Errorf("%s", row.Reason)
		}
	}
}

func goldenKeys(t testing.TB, name string) *keys {
	t.Helper()
	p := discoverOne(t, machineWith(t, name)).(*profile)
	k, err := p.openKeys(t.Context(), secret.Bytes{})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// When Firefox changes its algorithm, the new key gets the id of the old one, and old values stay as they are.
func TestKeysOfBothAlgorithmsShareAnID(t *testing.T) {
	old, k := goldenKeys(t, "3des"), goldenKeys(t, "plain")
	for id, list := range old.byID {
		k.byID[id] = append(list, k.byID[id]...)
	}
	if len(k.byID) != 1 {
		t.Fatalf("%d ids, want the same one", len(k.byID))
	}
	for _, name := range []string{"3des", "plain"} {
		data, err := os.ReadFile("testdata/" + name + "/logins.json")
		if err != nil {
			t.Fatal(err)
		}
		logins, err := parseLogins(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range logins {
			if _, _, reason := l.open(k); reason != "" {
				t.Errorf("%s: %s", name, reason)
			}
		}
	}
}

func FuzzLogins(f *testing.F) {
	for _, name := range []string{"plain", "3des", "mirror"} {
		data, err := os.ReadFile("testdata/" + name + "/logins.json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"logins":[{"guid":"{1}","deleted":true},7,null]}`))
	p, k := &profile{}, goldenKeys(f, "plain")
	f.Fuzz(func(t *testing.T, data []byte) {
		logins, err := parseLogins(data)
		if err != nil {
			return
		}
		for _, l := range logins {
			if row := p.decode(l, k); (row.Record == nil) == (row.Reason == "") {
				t.Fatalf("row %+v", row)
			}
		}
	})
}

func FuzzValue(f *testing.F) {
	for _, name := range []string{"plain", "3des"} {
		data, err := os.ReadFile("testdata/" + name + "/logins.json")
		if err != nil {
			f.Fatal(err)
		}
		_, value, _ := strings.Cut(string(data), `"encryptedPassword":"`)
		value, _, _ = strings.Cut(value, `"`)
		f.Add(value)
	}
	k := goldenKeys(f, "plain")
	f.Fuzz(func(t *testing.T, value string) {
		if plain, reason := k.openValue(value); reason == "" && len(plain) > len(value) {
			t.Fatalf("%d bytes from %d", len(plain), len(value))
		}
	})
}

func FuzzJWE(f *testing.F) {
	m := machineWith(f, "mirror")
	db, err := m.Environment().OpenDatabase(f.Context(), m.Home()+"/.mozilla/firefox/x.default/logins.db")
	if err != nil {
		f.Fatal(err)
	}
	defer db.Close()
	var token string
	if err := db.QueryRow(`SELECT secFields FROM loginsL`).Scan(&token); err != nil {
		f.Fatal(err)
	}
	k := goldenKeys(f, "mirror")
	if _, _, reason := k.openJWE(token); reason != "" {
		f.Fatal(reason)
	}
	f.Add(token)
	f.Add("....")
	f.Fuzz(func(t *testing.T, token string) { k.openJWE(token) })
}

func FuzzPBE(f *testing.F) {
	for _, name := range []string{"plain", "primary"} {
		m := machineWith(f, name)
		db, err := m.Environment().OpenDatabase(f.Context(), m.Home()+"/.mozilla/firefox/x.default/key4.db")
		if err != nil {
			f.Fatal(err)
		}
		_, check, err := readCheck(f.Context(), db)
		db.Close()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(check)
	}
	f.Add(oldCheck(f))
	f.Fuzz(func(t *testing.T, der []byte) { openPBE(der, secret.FromString("x")) })
}

func FuzzProfilesINI(f *testing.F) {
	f.Add([]byte(profilesINI), "windows")
	f.Add([]byte("[Profile0]\nPath=C:\\x\nIsRelative=0\n[Profile1]\nPath=/abs/"), "windows")
	f.Fuzz(func(t *testing.T, data []byte, os string) {
		env := importer.Environment{OS: os}
		for _, s := range parseINI(data) {
			if p := newProfile(env, "/root", s.values["path"], s.values["name"]); p.folder == "" || p.info.Profile == "" {
				t.Fatalf("%q: %+v", data, p.info)
			}
		}
	})
}

// FuzzKeyDatabase flips bytes of a real key4.db: the rows are read, or there is an error, and nothing hangs.
func FuzzKeyDatabase(f *testing.F) {
	m := machineWith(f, "plain")
	entry := m.Files["home/ann/.mozilla/firefox/x.default/key4.db"]
	golden := entry.Data
	f.Add(uint32(0), []byte{})
	f.Add(uint32(100), []byte{0xff})
	f.Fuzz(func(t *testing.T, at uint32, patch []byte) {
		entry.Data = slices.Clone(golden)
		copy(entry.Data[at%uint32(len(golden)):], patch)
		readout := importer.Read(t.Context(), discoverOne(t, m), secret.Bytes{})
		if readout.Err == nil && len(readout.Rows) != 5 {
			t.Fatalf("%d rows and no error", len(readout.Rows))
		}
	})
}
