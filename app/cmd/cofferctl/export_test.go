package main

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/exporter"
)

// exportDesk is a computer with one login and one note.
func exportDesk(t *testing.T) *testpc.PC {
	t.Helper()
	pc := testpc.New(t, "PC A", nil)
	u := pc.SignUp(t, testkit.Cloud(t), email)
	testpc.Save(t, u, testpc.Login("Bank", "anna", "s3cret pass"))
	testpc.Save(t, u, vault.Item{Kind: vault.Note, Title: "A note"})
	u.Lock()
	return pc
}

func TestExport(t *testing.T) {
	pc, path := exportDesk(t), filepath.Join(t.TempDir(), "out.csv")
	code, out, errOut := call(t, pc, strings.NewReader(testpc.Password+"\n"), "export", "--format", "csv", path)
	if code != exitOK || !strings.Contains(out, "has 1 items") || !strings.Contains(out, "1 items left out, of kinds that the format does not know (A note)") {
		t.Fatalf("%d %s %s", code, out, errOut)
	}
	if strings.Contains(out+errOut, "s3cret pass") || !strings.Contains(errOut, "every password") {
		t.Errorf("%s %s", out, errOut)
	}
	content, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(content), ",anna,s3cret pass,") {
		t.Errorf("%s, %v", content, err)
	}
	if info, err := os.Stat(path); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm() != 0o600) {
		t.Errorf("%v, %v", info.Mode(), err)
	}

	code, _, errOut = call(t, pc, strings.NewReader(testpc.Password+"\n"), "export", "--format", "bitwarden", path)
	if code != exitFailure || !strings.Contains(errOut, "--force") || strings.Contains(errOut, "Master password") {
		t.Errorf("a file is replaced unasked, or a password asked for in vain: %d %s", code, errOut)
	}
	code, out, errOut = call(t, pc, strings.NewReader(testpc.Password+"\n"), "--json", "export", "--format", "bitwarden", "--force", path)
	if code != exitOK {
		t.Fatal(errOut)
	}
	if r := decode[exportReport](t, out); r.Items != 2 || r.File != path || r.Format != exporter.Bitwarden || r.Lost == nil {
		t.Errorf("%+v", r)
	}
}

func TestExportAsksForTheMasterPassword(t *testing.T) {
	pc, path := exportDesk(t), filepath.Join(t.TempDir(), "out.csv")
	code, _, errOut := call(t, pc, strings.NewReader("another password\n"), "export", "--format", "csv", path)
	if code != exitFailure || !strings.Contains(errOut, "wrong master password") {
		t.Errorf("%d %s", code, errOut)
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Error("there is a file:", err)
	}
}

// A format of its own password asks for that too, and no warning is due.
func TestSealedExport(t *testing.T) {
	exporter.LowerCostForTests()
	pc, path := exportDesk(t), filepath.Join(t.TempDir(), "out.age")
	code, out, errOut := call(t, pc, strings.NewReader(testpc.Password+"\npass of the file\n"), "export", "--format", "age", path)
	if code != exitOK || !strings.Contains(out, "has 2 items") || strings.Contains(errOut, "every password") || !strings.Contains(errOut, "Password of the file") {
		t.Fatalf("%d %s %s", code, out, errOut)
	}
	content, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(content), "age-encryption.org/v1\n-> scrypt ") {
		t.Errorf("%.60q, %v", content, err)
	}
	code, _, errOut = call(t, pc, strings.NewReader(testpc.Password+"\n\n"), "export", "--format", "age", path+"2")
	if code != exitFailure || !strings.Contains(errOut, "needs a password") {
		t.Errorf("%d %s", code, errOut)
	}
}

func TestExportUsage(t *testing.T) {
	pc := testpc.New(t, "PC A", nil)
	for name, args := range map[string][]string{
		"no format": {"export", "f"}, "unknown format": {"export", "--format", "xls", "f"}, "no file": {"export", "--format", "csv"},
		"two files": {"export", "--format", "csv", "f", "g"},
	} {
		if code, _, errOut := call(t, pc, nil, args...); code != exitUsage || !strings.Contains(errOut, formatNames()) {
			t.Errorf("%s: %d %s", name, code, errOut)
		}
	}
}

// Every part has words, and the usage names every format.
func TestExportWords(t *testing.T) {
	for _, p := range exporter.Parts() {
		if partNames[p] == "" {
			t.Errorf("no words for %s", p)
		}
	}
	i := slices.IndexFunc(commands, func(c command) bool { return c.name == "export" })
	if i < 0 || !strings.Contains(commands[i].args, "--format "+formatNames()+" ") {
		t.Error("the usage does not name", formatNames())
	}
	if got := among([]string{"a", "b", "c", "d", "e", "f", "g"}); got != " (a, b, c, d, e and 2 more)" {
		t.Error(got)
	}
}
