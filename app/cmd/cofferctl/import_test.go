package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

func exported(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "export")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

const chromeCSV = "name,url,username,password,note\nShop,https://shop.example,ann,pass of the shop,\n\"broken\n"

const bitwardenJSON = `{"folders": [{"id": "f", "name": "Work"}], "items": [
	{"id": "1", "folderId": "f", "type": 2, "name": "A note", "notes": "text"},
	{"id": "2", "type": 3, "name": "A card", "card": {"number": "4111"}}]}`

// decode reads what --json printed.
func decode[T any](t *testing.T, out string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	return v
}

func TestImportFiles(t *testing.T) {
	server := testkit.Cloud(t)
	pc := testpc.New(t, "PC A", nil)
	pc.SignUp(t, server, email).Lock()
	csv, bitwarden := exported(t, chromeCSV), exported(t, bitwardenJSON)
	run := func(args ...string) importReport {
		t.Helper()
		code, out, errOut := call(t, pc, strings.NewReader(testpc.Password+"\n"), append([]string{"--json", "import"}, args...)...)
		if shown := strings.Contains(out+errOut, "pass of the shop"); code != exitOK || shown != slices.Contains(args, "--preview") {
			t.Fatalf("%v: %d %s %s", args, code, out, errOut)
		}
		return decode[importReport](t, out)
	}
	contents := func() vault.Counts {
		t.Helper()
		u := pc.Unlock(t)
		defer u.Lock()
		return u.Vault().Counts()
	}
	if r := run("--preview", csv, bitwarden); r.Batch != "" || r.Counts["imported"] != 3 || contents().All != 0 {
		t.Errorf("preview: %+v, %d items", r, contents().All)
	}
	first := run(csv, bitwarden)
	if first.Batch == "" || first.Counts["imported"] != 3 || first.Counts["unreadable"] != 1 || len(first.Sources) != 2 || len(first.Sources[0].Rows) != 2 {
		t.Errorf("%+v", first)
	}
	if row := first.Sources[0].Rows[1]; row.Reason != "malformed" || row.Outcome != "unreadable" || row.ID != "2" {
		t.Errorf("the broken row: %+v", row)
	}
	c := contents()
	if c.Kinds[vault.Login] != 1 || c.Kinds[vault.Note] != 1 || c.Kinds[vault.Card] != 1 || len(c.Folders) != 1 {
		t.Errorf("%+v", c)
	}
	if again := run(csv, bitwarden); again.Batch != "" || again.Counts["already-there"] != 3 {
		t.Errorf("again: %+v", again)
	}
	code, out, errOut := call(t, pc, strings.NewReader(testpc.Password), "import", "--undo", first.Batch)
	if code != exitOK || !strings.Contains(out, "removed 4") || contents().All != 0 { // the folder too
		t.Errorf("undo: %d %s %s, %d items", code, out, errOut, contents().All)
	}
}

func TestUndoOfAnUnknownImport(t *testing.T) {
	server := testkit.Cloud(t)
	pc := testpc.New(t, "PC A", nil)
	pc.SignUp(t, server, email).Lock()
	for batch, want := range map[string]struct {
		code int
		says string
	}{
		strings.Repeat("0", 31) + "1": {exitFailure, "no import of that name"},
		"yesterday":                   {exitUsage, "is no import"},
	} {
		code, _, errOut := call(t, pc, strings.NewReader(testpc.Password), "import", "--undo", batch)
		if code != want.code || !strings.Contains(errOut, want.says) {
			t.Errorf("%s: %d %s", batch, code, errOut)
		}
	}
}

func TestImportReportIsReadable(t *testing.T) {
	server := testkit.Cloud(t)
	pc := testpc.New(t, "PC A", nil)
	pc.SignUp(t, server, email).Lock()
	code, out, errOut := call(t, pc, strings.NewReader(testpc.Password+"\n"), "import", exported(t, chromeCSV))
	if code != exitOK {
		t.Fatalf("%d %s", code, errOut)
	}
	for _, want := range []string{"Chrome, Edge, Brave", "imported       1", "row 2: unreadable, malformed", "import --undo "} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
}

func TestImportOfAProtectedFile(t *testing.T) {
	const protected = "../../../vault/importer/format/testdata/bitwarden-encrypted.json"
	server := testkit.Cloud(t)
	pc := testpc.New(t, "PC A", nil)
	pc.SignUp(t, server, email).Lock()
	for stdin, want := range map[string]struct {
		code int
		says string
	}{
		testpc.Password + "\nexport password\n": {exitOK, "imported"},
		testpc.Password + "\nwrong\n":           {exitFailure, "not the password that protects it"},
		testpc.Password + "\n":                  {exitFailure, "read Password of the exported file"},
	} {
		code, out, errOut := call(t, pc, strings.NewReader(stdin), "import", protected)
		if code != want.code || !strings.Contains(out+errOut, want.says) {
			t.Errorf("%q: %d %s %s", stdin, code, out, errOut)
		}
	}
}

func TestImportWithAKeyFile(t *testing.T) {
	const keyFiles = "../../../vault/importer/format/testdata/keyfiles/"
	pc := testpc.New(t, "PC A", nil)
	for name, c := range map[string]struct {
		stdin string
		args  []string
		code  int
		says  string
	}{
		"key file alone":   {"", []string{keyFiles + "raw.key.kdbx", "--key-file", keyFiles + "raw.key"}, exitOK, "Shop"},
		"both":             {"kp-pass\n", []string{keyFiles + "both.kdbx", "--key-file", keyFiles + "v2.keyx"}, exitOK, "Shop"},
		"wrong password":   {"wrong\n", []string{keyFiles + "both.kdbx", "--key-file", keyFiles + "v2.keyx"}, exitFailure, "not the password that protects it"},
		"no such key file": {"", []string{keyFiles + "both.kdbx", "--key-file", keyFiles + "none"}, exitFailure, "none"},
		"not locked so":    {"", []string{exported(t, chromeCSV), "--key-file", keyFiles + "raw.key"}, exitUsage, "--key-file"},
		"damaged":          {"", []string{keyFiles + "both.kdbx", "--key-file", exported(t, "<KeyFile><Meta><Version>2.0</Version></Meta><Key><Data>00</Data></Key></KeyFile>")}, exitFailure, "key file is damaged. Take"},
	} {
		code, out, errOut := call(t, pc, strings.NewReader(c.stdin), append([]string{"import", "--preview"}, c.args...)...)
		if code != c.code || !strings.Contains(out+errOut, c.says) {
			t.Errorf("%s: %d %s %s", name, code, out, errOut)
		}
	}
}

func TestImportOfAMappedTable(t *testing.T) {
	pc := testpc.New(t, "PC A", nil)
	table := exported(t, "Was;Wer;Geheim;Wo;Konto\nBank;ann;pw;https://bank.example;42\n")
	_, out, errOut := call(t, pc, nil, "import", "--preview", "--json", "--map", "title=was,username=Wer,password=Geheim,url=Wo", table)
	r := decode[draftReport](t, out)
	if len(r.Items) != 1 || r.Items[0].Title != "Bank" || r.Items[0].Values["password"] != "pw" || r.Items[0].Custom[0] != (draftField{"Konto", "text", "42"}) {
		t.Errorf("%+v %s", r, errOut)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"not said":  {[]string{table}, exitFailure, "they are Was, Wer, Geheim, Wo, Konto"},
		"no column": {[]string{"--map", "title=Name", table}, exitFailure, `no column "Name", but Was, Wer`},
		"no target": {[]string{"--map", "colour=Was", table}, exitUsage, "of title, username, password"},
		"no pair":   {[]string{"--map", "title", table}, exitUsage, "--map"},
		"no table":  {[]string{"--map", "title=Was", exported(t, "hello")}, exitFailure, "no export that Coffer knows"},
	} {
		code, _, errOut := call(t, pc, nil, append([]string{"import", "--preview"}, c.args...)...)
		if code != c.code || !strings.Contains(errOut, c.says) {
			t.Errorf("%s: %d %q", name, code, errOut)
		}
	}
}

func TestImportOfWhatCannotBeRead(t *testing.T) {
	pc := testpc.New(t, "PC A", nil) // no account is needed to find out
	missing := filepath.Join(t.TempDir(), "missing.csv")
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no export":  {[]string{exported(t, "hello")}, exitFailure, "no export that Coffer knows"},
		"restricted": {[]string{exported(t, `{"encrypted":true,"items":[]}`)}, exitFailure, "only the Bitwarden account"},
		"damaged":    {[]string{exported(t, `{"items":`)}, exitFailure, "damaged"},
		"missing":    {[]string{missing}, exitFailure, missing},
		"undo of":    {[]string{"--undo", "x", "--preview"}, exitUsage, "--undo"},
	} {
		code, _, errOut := call(t, pc, nil, append([]string{"import"}, c.args...)...)
		if code != c.code || !strings.Contains(errOut, c.want) {
			t.Errorf("%s: %d %q", name, code, errOut)
		}
	}
}

func TestStatusCountsWhatWaitsForTheServer(t *testing.T) {
	server := testkit.Cloud(t)
	pc := testpc.New(t, "PC A", nil)
	u := pc.SignUp(t, server, email)
	testpc.Sync(t, u)
	server.Stop()
	testpc.Save(t, u, testpc.Login("Mail", "anna", "p"))
	u.Lock()
	_, out, _ := call(t, pc, nil, "status", "--json")
	report := decode[struct{ Accounts []accountStatus }](t, out)
	if len(report.Accounts) != 1 || report.Accounts[0].Unsynced != 1 {
		t.Errorf("%s", out)
	}
}

// The desktop program that a crash took away cannot put itself back.
func TestInterruptedUpdateIsTakenBack(t *testing.T) {
	dir := t.TempDir()
	program, old := filepath.Join(dir, programFile), filepath.Join(dir, "."+programFile+".old")
	var said bytes.Buffer
	restoreProgram(dir, &said)
	if said.Len() > 0 {
		t.Errorf("nothing to restore: %s", said.String())
	}
	if err := os.WriteFile(old, []byte("the version before"), 0o700); err != nil {
		t.Fatal(err)
	}
	restoreProgram(dir, &said)
	if data, err := os.ReadFile(program); err != nil || string(data) != "the version before" || said.Len() == 0 {
		t.Errorf("%q, %v, said %q", data, err, said.String())
	}
	if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old file: %v", err)
	}
}

// A preview needs no account and asks for no password of one; its JSON has the items with everything in them.
func TestPreviewNeedsNoVault(t *testing.T) {
	pc := testpc.New(t, "PC A", nil)
	code, out, errOut := call(t, pc, nil, "import", "--preview", "--json", exported(t, chromeCSV), exported(t, bitwardenJSON))
	if code != exitOK {
		t.Fatalf("%d %s", code, errOut)
	}
	r := decode[draftReport](t, out)
	if r.Counts["imported"] != 3 || r.Counts["unreadable"] != 1 || len(r.Items) != 3 || r.Sources[1].Name != "Bitwarden" {
		t.Errorf("%+v", r)
	}
	card, note, shop := r.Items[0], r.Items[1], r.Items[2]
	if card.Kind != vault.Card || card.Values["number"] != "4111" || note.Folder != "Work" || note.Values["notes"] != "text" {
		t.Errorf("%+v\n%+v", card, note)
	}
	if shop.Title != "Shop" || shop.Values["password"] != "pass of the shop" || !slices.Equal(shop.Websites, []string{"https://shop.example"}) {
		t.Errorf("%+v", shop)
	}
	if code, out, _ := call(t, pc, nil, "import", "--preview", exported(t, chromeCSV)); code != exitOK || strings.Contains(out, "pass of the shop") || !strings.Contains(out, "Shop") {
		t.Errorf("for people: %d %s", code, out)
	}
}

// Attached files come with the items; those that are not in the export are named.
func TestPreviewTellsOfFiles(t *testing.T) {
	pc := testpc.New(t, "PC A", nil)
	export := exported(t, `{"items": [{"uuid": "1", "title": "Plan", "template_type": "note.default", "note": "n",
		"attachments": [{"name": "plan.pdf", "data": "aGk="}, {"name": "gone.pdf", "data": ""}]}]}`)
	_, out, _ := call(t, pc, nil, "import", "--preview", "--json", export)
	r := decode[draftReport](t, out)
	if r.Files != 1 || r.Bytes != 2 || len(r.Items) != 1 || len(r.Items[0].Files) != 1 {
		t.Fatalf("%+v", r)
	}
	want := draftFile{"plan.pdf", 2, "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4"}
	if left := r.Sources[0].Rows[0].LeftOut; r.Items[0].Files[0] != want || len(left) != 1 || left[0].Name != "gone.pdf" {
		t.Errorf("%+v, left out %+v", r.Items[0].Files[0], left)
	}
	if _, out, _ := call(t, pc, nil, "import", "--preview", export); !strings.Contains(out, "attached files: 1, 2 bytes") {
		t.Error(out)
	}
}

// What an account has already is told only if one is named: then its vault is opened.
func TestPreviewAgainstAnAccount(t *testing.T) {
	server := testkit.Cloud(t)
	pc := testpc.New(t, "PC A", nil)
	pc.SignUp(t, server, email).Lock()
	csv := exported(t, chromeCSV)
	if code, _, errOut := call(t, pc, strings.NewReader(testpc.Password+"\n"), "import", csv); code != exitOK {
		t.Fatal(errOut)
	}
	code, out, errOut := call(t, pc, strings.NewReader(testpc.Password+"\n"), "import", csv, "--preview", "--json", "--account", email)
	if r := decode[importReport](t, out); code != exitOK || r.Counts["already-there"] != 1 {
		t.Errorf("%d %s %+v", code, errOut, r)
	}
}

func TestPreviewOfProtectedFilesAndProfiles(t *testing.T) {
	const testdata = "../../../vault/importer/"
	password := exported(t, "correct horse\n")
	pc := testpc.New(t, "PC A", nil)
	for name, c := range map[string]struct {
		args []string
		code int
		want string
		n    int
	}{
		"Bitwarden":        {[]string{testdata + "format/testdata/bitwarden-encrypted.json", "--password-file", exported(t, "export password")}, exitOK, "Bitwarden", 6},
		"wrong password":   {[]string{testdata + "format/testdata/bitwarden-encrypted.json", "--password-file", password}, exitFailure, "Bitwarden", 0},
		"Firefox":          {[]string{testdata + "firefox/testdata/plain"}, exitOK, "Firefox", 5},
		"primary password": {[]string{"--password-file", password, testdata + "firefox/testdata/primary"}, exitOK, "Firefox", 5},
		"Chromium":         {[]string{testdata + "chromium/testdata/basic"}, exitOK, "Chromium", 5},
		"its profile":      {[]string{testdata + "chromium/testdata/basic/Default"}, exitOK, "Chromium", 5},
	} {
		code, out, errOut := call(t, pc, nil, append([]string{"import", "--preview", "--json"}, c.args...)...)
		r := decode[draftReport](t, out)
		if code != c.code || len(r.Sources) != 1 || r.Sources[0].Name != c.want || len(r.Items) != c.n {
			t.Errorf("%s: %d %s, %d items of %d, %+v", name, code, errOut, len(r.Items), c.n, r.Counts)
		}
	}
	code, _, errOut := call(t, pc, nil, "import", "--preview", t.TempDir())
	if code != exitFailure || !strings.Contains(errOut, "no browser keeps passwords in this folder") {
		t.Errorf("%d %s", code, errOut)
	}
}
