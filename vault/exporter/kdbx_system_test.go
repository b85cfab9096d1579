//go:build system

package exporter

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/otp"
)

// keePassXC runs a command of KeePassXC on a database.
func keePassXC(t *testing.T, database, command string, args ...string) string {
	t.Helper()
	cmd := exec.Command("keepassxc-cli", append([]string{command, "-q"}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+filepath.Dir(database), "QT_QPA_PLATFORM=offscreen")
	cmd.Stdin = strings.NewReader("pass of the file\n")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("keepassxc-cli %s: %v %s", command, err, out)
	}
	return string(out)
}

// TestKeePassXCOpensIt has the real program read what we write, at the real cost of the password.
func TestKeePassXCOpensIt(t *testing.T) {
	lowered.Store(false)
	defer lowered.Store(true)
	v, path := ofEveryKind(t), filepath.Join(t.TempDir(), "out.kdbx")
	valve := saved(t, v, item(vault.Login, "Valve", "totp", "steam://JBSWY3DPEHPK3PXP"))
	o := sealedOptions
	o.Format = KeePass
	_, err := Save(t.Context(), v, drafts(t), path, o, nil)
	check(t, err)
	list := keePassXC(t, path, "ls", "-R", "-f", path)
	for _, want := range []string{"Work/Clients/Shop\n", "A note\n", "Recycle Bin/Old\n", "Login\n"} {
		if !strings.Contains(list, want) {
			t.Errorf("no %q in %s", want, list)
		}
	}
	if n, want := strings.Count(list, "\n"), len(whole(t, v))+3; n != want { // and the folders
		t.Errorf("%d lines, want %d: %s", n, want, list)
	}
	shop := keePassXC(t, path, "show", "-s", "-a", "UserName", "-a", "Password", "-a", "URL", "-a", "KP2A_URL", "-a", "Notes", "-a", "Answer", path, "Work/Clients/Shop")
	if want := "ann\n second \"quoted\", with comma \nhttps://shop.example/login\nhttps://shop.test\ntwo\nlines\nthis\n"; shop != want {
		t.Errorf("%q, want %q", shop, want)
	}
	if code := strings.TrimSpace(keePassXC(t, path, "show", "-t", path, "Work/Clients/Shop")); len(code) != 6 {
		t.Errorf("one-time code %q", code)
	}
	key, err := otp.Parse(valve.Value(vault.OTP))
	check(t, err)
	before, _ := key.Code(time.Now())
	theirs := strings.TrimSpace(keePassXC(t, path, "show", "-t", path, "Valve"))
	if after, _ := key.Code(time.Now()); theirs != before && theirs != after {
		t.Errorf("code of Steam Guard %q, ours is %q", theirs, after)
	}
	out := filepath.Join(t.TempDir(), "scan.pdf")
	keePassXC(t, path, "attachment-export", path, "Work/Clients/Shop", "scan.pdf", out)
	if content, err := os.ReadFile(out); string(content) != "scanned" {
		t.Errorf("%q, %v", content, err)
	}
	// Every value that any item has, and the password before.
	document := keePassXC(t, path, "export", "-f", "xml", path)
	if !strings.Contains(document, ">first</Value>") {
		t.Error("no history")
	}
	check(t, v.Each(t.Context(), func(it *vault.Item) error {
		for key, value := range it.Values {
			if text := xmlText((&entry{Item: it, export: &export{losses: losses{}}}).text(value)); key != vault.OTP && !strings.Contains(document, text) {
				t.Errorf("%s: %s = %q is not there", it.Title, key, text)
			}
		}
		return nil
	}))
}

// xmlText is a text as KeePassXC writes it into XML: what that cannot hold, the delete character, and a byte order mark in front it leaves
// out.
func xmlText(text string) string {
	kept := strings.Map(func(r rune) rune {
		if !isXML([]byte(string(r))) || r == 0x7f {
			return -1
		}
		return r
	}, text)
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\r", "&#13;").Replace(strings.TrimLeft(kept, "\ufeff"))
}
