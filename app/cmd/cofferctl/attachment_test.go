package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// attachmentDesk is two computers of an account with an item.
func attachmentDesk(t *testing.T) (a, b *testpc.PC, server *testkit.Server) {
	t.Helper()
	server = testkit.Cloud(t)
	a, b = testpc.New(t, "PC A", nil), testpc.New(t, "PC B", nil)
	u := a.SignUp(t, server, email)
	testpc.Save(t, u, testpc.Login("Bank", "anna", "s3cret pass"))
	testpc.Sync(t, u)
	other := b.SignIn(t, server, email, u.SecretKey())
	testpc.Sync(t, other)
	other.Lock()
	u.Lock()
	return a, b, server
}

// ctl runs an attachment command that has to succeed.
func ctl(t *testing.T, pc *testpc.PC, args ...string) (stdout string) {
	t.Helper()
	code, out, errOut := call(t, pc, strings.NewReader(testpc.Password+"\n"), append([]string{"attachment"}, args...)...)
	if code != exitOK {
		t.Fatalf("%q: %d %s", args, code, errOut)
	}
	return out
}

func filesOf(t *testing.T, pc *testpc.PC) (files []listedFile) {
	t.Helper()
	if err := json.Unmarshal([]byte(ctl(t, pc, "list", "--json", "Bank")), &files); err != nil {
		t.Fatal(err)
	}
	return files
}

func TestFileGoesFromOnePCToAnother(t *testing.T) {
	a, b, server := attachmentDesk(t)
	content := bytes.Repeat([]byte("scan"), 11<<20/4) // too large to come by itself
	path := filepath.Join(t.TempDir(), "contract.pdf")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := ctl(t, a, "add", "Bank", path); !strings.Contains(out, "here  contract.pdf") {
		t.Errorf("add says %q", out)
	}
	if files := filesOf(t, a); len(files) != 1 || files[0].Size != 11<<20 || !files[0].Here || !files[0].Sent {
		t.Fatalf("%+v", files)
	}
	if code, _, errOut := call(t, b, strings.NewReader(testpc.Password), "sync"); code != exitOK {
		t.Fatal(errOut)
	}
	t.Chdir(t.TempDir())
	server.Stop()
	code, _, errOut := call(t, b, strings.NewReader(testpc.Password), "attachment", "save", "Bank", "contract.pdf")
	if code != exitFailure || !strings.Contains(errOut, "not reachable") || filesOf(t, b)[0].Here {
		t.Errorf("without a server: %d %s", code, errOut)
	}
	server.Restart()
	if out := ctl(t, b, "save", "Bank", "contract.pdf"); out != "contract.pdf\n" {
		t.Errorf("save says %q", out)
	}
	if got, err := os.ReadFile("contract.pdf"); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	ctl(t, b, "save", "--to", "other.pdf", "Bank", filesOf(t, b)[0].ID)
	code, _, errOut = call(t, b, strings.NewReader(testpc.Password), "attachment", "save", "Bank", "contract.pdf")
	if code != exitFailure || !strings.Contains(errOut, "--replace") {
		t.Errorf("a file is replaced unasked: %d %s", code, errOut)
	}
	ctl(t, b, "save", "--replace", "Bank", "contract.pdf")
	if out := ctl(t, b, "remove", "Bank", "contract.pdf"); !strings.Contains(out, "removed contract.pdf") || len(filesOf(t, b)) != 0 {
		t.Errorf("remove says %q", out)
	}
}

func TestFileIsAttachedOffline(t *testing.T) {
	a, _, server := attachmentDesk(t)
	server.Stop()
	path := filepath.Join(t.TempDir(), "a.txt")
	if err := os.WriteFile(path, []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := ctl(t, a, "add", "Bank", path); !strings.Contains(out, "waits to be uploaded  a.txt") {
		t.Errorf("add says %q", out)
	}
	ctl(t, a, "add", "Bank", path)
	code, _, errOut := call(t, a, strings.NewReader(testpc.Password), "attachment", "save", "Bank", "a.txt")
	if code != exitFailure || !strings.Contains(errOut, "2 files are called") {
		t.Errorf("%d %s", code, errOut)
	}
}

func TestAttachmentErrorsSayWhatToDo(t *testing.T) {
	a, _, _ := attachmentDesk(t)
	folder := t.TempDir()
	large := filepath.Join(folder, "large")
	err := os.WriteFile(large, nil, 0o600)
	if err == nil {
		err = os.Truncate(large, vault.MaxAttachment+1)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"nothing":   {nil, exitUsage, "list, add, save or remove"},
		"no item":   {[]string{"list"}, exitUsage, "name an item"},
		"no file":   {[]string{"add", "Bank"}, exitUsage, "name an item"},
		"too many":  {[]string{"list", "Bank", "x"}, exitUsage, "name an item"},
		"two":       {[]string{"save", "Bank", "x", "y"}, exitUsage, "one file"},
		"unknown":   {[]string{"list", "Bonk"}, exitFailure, "no item is called"},
		"gone":      {[]string{"add", "Bank", filepath.Join(folder, "gone")}, exitFailure, "no such file"},
		"a folder":  {[]string{"add", "Bank", folder}, exitFailure, "archive"},
		"too large": {[]string{"add", "Bank", large}, exitFailure, "100 MB"},
		"no such":   {[]string{"save", "Bank", "x"}, exitFailure, "attachment list"},
		"not there": {[]string{"remove", "Bank", "x"}, exitFailure, "attachment list"},
	} {
		code, out, errOut := call(t, a, strings.NewReader(testpc.Password), append([]string{"attachment"}, c.args...)...)
		if code != c.code || !strings.Contains(errOut, c.want) {
			t.Errorf("%s: %d %q %q, want %d and %q", name, code, out, errOut, c.code, c.want)
		}
	}
}
