package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
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
		if code != exitOK || strings.Contains(out+errOut, "pass of the shop") {
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
