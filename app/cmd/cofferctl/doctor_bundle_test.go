package main

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// unpack is all that is in a bundle, by name.
func unpack(t *testing.T, path string) map[string]string {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	contents := map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		contents[f.Name] = string(text)
	}
	return contents
}

func TestBundleHasNoNamesAndNoSecrets(t *testing.T) {
	pc := testpc.New(t, "PC A", nil)
	u := pc.SignUp(t, testkit.Cloud(t), email)
	secretKey := u.SecretKey()
	u.Lock()
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	// What never gets into a log, but for a mistake.
	leaks := []string{email, secretKey, secretKey[:14], "bob@example.org", "https://api.example.org/?token=hunter2", home + "/x", pc.Paths.Home}
	if name := platform.DeviceName(); len(name) > 2 { // shorter ones are in every other word
		leaks = append(leaks, name)
	}
	log := "first\n" + strings.Join(leaks, "\nlevel=WARN said ") + "\nlast line\n"
	for _, name := range []string{pc.Paths.Log(), pc.Paths.Log() + ".old"} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(log), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	bundle := filepath.Join(t.TempDir(), "support.zip")
	call(t, pc, nil, "doctor", "--bundle", bundle)
	contents := unpack(t, bundle)
	if len(contents) != 3 || !strings.Contains(contents["coffer.log"], "last line") || !strings.Contains(contents["doctor.json"], "vault file of [account 1]") {
		t.Errorf("in the bundle: %q", contents)
	}
	for name, text := range contents {
		for _, leak := range leaks {
			if strings.Contains(text, leak) {
				t.Errorf("%s has %q", name, leak)
			}
		}
	}
	info, err := os.Stat(bundle)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if code, _, said := call(t, pc, nil, "doctor", "--bundle", bundle); code != exitFailure || !strings.Contains(said, "exists") {
		t.Errorf("an existing file: %d, %s", code, said)
	}
}

func TestBundleTakesTheEndOfALongLog(t *testing.T) {
	pc := testpc.New(t, "PC A", nil)
	if err := os.MkdirAll(filepath.Dir(pc.Paths.Log()), 0o700); err != nil {
		t.Fatal(err)
	}
	line := "anna@example.com " + strings.Repeat("x", 80) + "\n"
	if err := os.WriteFile(pc.Paths.Log(), []byte(strings.Repeat(line, 3*maxLog/len(line))+"end\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	bundle := filepath.Join(t.TempDir(), "support.zip")
	call(t, pc, nil, "doctor", "--bundle", bundle)
	log := unpack(t, bundle)["coffer.log"]
	// A line that was cut in its address would not be recognised as one.
	if !strings.HasSuffix(log, "end\n") || !strings.HasPrefix(log, "[redacted] x") || len(log) > maxLog {
		t.Errorf("%d bytes, from %.40q", len(log), log)
	}
}

func TestDoctorsExitCodes(t *testing.T) {
	server := testkit.Cloud(t)
	pc := testpc.New(t, "PC A", nil)
	pc.SignUp(t, server, email).Lock()
	t.Setenv("DISPLAY", "")
	if code, out, _ := call(t, pc, nil, "doctor"); code != exitOK {
		t.Fatalf("%d: %s", code, out)
	}
	managed := pc.Copy(t, nil, func(c *session.Config) {
		c.Policy = policy.Policy{AutoLockCeiling: 15 * time.Minute, Problems: []policy.Problem{{Name: "UpdateRing", Reason: "must be pilot or broad"}}}
	})
	code, out, _ := call(t, managed, nil, "doctor")
	if code != exitTrouble || !strings.Contains(out, "AutoLockCeiling 15 minutes") || !strings.Contains(out, "LOOK  policy UpdateRing") {
		t.Errorf("%d: %s", code, out)
	}
	server.Stop()
	if code, out, _ := call(t, pc, nil, "doctor"); code != exitNetwork {
		t.Errorf("only the network: %d: %s", code, out)
	}
	if code, _, _ := call(t, managed, nil, "doctor"); code != exitTrouble {
		t.Errorf("the network and this PC: %d", code)
	}
}

func TestDoctorAsksTheHostsOfTheDomain(t *testing.T) {
	defer func(d string) { buildinfo.Domain = d }(buildinfo.Domain)
	buildinfo.Domain = "coffer.example"
	for want, p := range map[string]policy.Policy{"coffer.example": {}, "org.example": {Server: "org.example"}} {
		pc := testpc.New(t, "PC", func(c *session.Config) { c.Policy = p })
		hosts := (&program{manager: pc.Manager}).hosts([]session.Account{{Origin: "https://api." + want}, {Origin: "https://other.example"}})
		if len(hosts) != 6 || hosts[5] != "https://app-updates2."+want {
			t.Errorf("%v", hosts)
		}
	}
}
