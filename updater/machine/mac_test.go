//go:build !windows

package machine

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/updater"
)

const macProgram = "/Applications/Coffer.app/Contents/MacOS/coffer"

// macPC is a Mac with scripts in the place of Apple's programs, and a package that was staged.
func macPC(t *testing.T, installer, ps string) (*Mac, updater.Staged) {
	t.Helper()
	dir := t.TempDir()
	m := NewMac(macProgram, filepath.Join(dir, "pkg.log"))
	m.installer, m.ps = script(t, installer), script(t, ps)
	digest := sha256.Sum256([]byte("package"))
	staged := updater.Staged{Release: release("1.1.0"), Path: filepath.Join(dir, "coffer.pkg")}
	staged.Size, staged.SHA256 = 7, hex.EncodeToString(digest[:])
	if err := os.WriteFile(staged.Path, []byte("package"), 0o600); err != nil {
		t.Fatal(err)
	}
	return m, staged
}

func script(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMacInstalls(t *testing.T) {
	m, staged := macPC(t, `echo "$@"; pwd; kill -0 -$$ && echo leads its group; cat "$3"`, "exit 1")
	outcome, err := m.Install(t.Context(), staged)
	if err != nil || outcome != (Outcome{Installed, 0}) {
		t.Fatalf("%v, %v", outcome, err)
	}
	said, err := os.ReadFile(m.log)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(said), "\n")
	if len(lines) != 4 || lines[0] != "-verboseR -pkg "+staged.Path+" -target /" || lines[1] != "/" || lines[3] != "package" {
		t.Fatalf("the installer was run as %q", lines)
	}
	if lines[2] != "leads its group" {
		t.Errorf("the installer would end with this service: %q", lines[2])
	}
}

func TestMacInstallsNothingElse(t *testing.T) {
	m, staged := macPC(t, "exit 0", "exit 1")
	if err := os.WriteFile(staged.Path, []byte("PACKAGE"), 0o600); err != nil {
		t.Fatal(err)
	}
	if outcome, err := m.Install(t.Context(), staged); !errors.Is(err, updater.ErrTampered) || outcome != (Outcome{}) {
		t.Errorf("tampered: %v, %v", outcome, err)
	}
	if _, err := os.Stat(m.log); err == nil {
		t.Error("the installer was run")
	}
	m, staged = macPC(t, "exit 0", "exit 1")
	m.installer += ".none"
	if outcome, err := m.Install(t.Context(), staged); err == nil || outcome.Result == Installed {
		t.Errorf("no installer: %v, %v", outcome, err)
	}
}

// What the core does with codes of Windows Installer, it does with those of Apple's.
func TestMacGivesUpAndTakesTheNext(t *testing.T) {
	m, staged := macPC(t, "exit 1", "echo /sbin/launchd")
	client := &fakeClient{check: staged}
	service := New(client, automatic{m}, newService(client, nil).log)
	for range 2 * maxFailures {
		service.Poll(t.Context())
		if len(client.failed) > 0 {
			break
		}
		service.InstallIfWanted(t.Context())
	}
	if client.begun[staged.Version] != maxFailures || len(client.failed) != 1 {
		t.Fatalf("tried %v, given up %v", client.begun, client.failed)
	}
	m.installer = script(t, "exit 0")
	staged.Version = release("1.1.1").Version
	client.check = staged
	service.Poll(t.Context())
	service.InstallIfWanted(t.Context())
	if service.staged != nil || client.begun[staged.Version] != 1 {
		t.Errorf("the next release: staged %v, tried %v", service.staged, client.begun)
	}
}

// automatic is a Mac whose policy lets updates install.
type automatic struct{ *Mac }

func (automatic) Policy() policy.Policy { return policy.Policy{AutoUpdate: policy.Yes} }

func TestMacInUse(t *testing.T) {
	for ps, want := range map[string]string{
		"echo /sbin/launchd; echo '" + macProgram + "'":     "true <nil>",
		"echo '" + macProgram + "   '":                      "true <nil>",
		"echo /sbin/launchd; echo '" + macProgram + "ctl'":  "false <nil>",
		"echo '/Users/anna" + macProgram + "'; echo coffer": "false <nil>",
		"echo":                       "false list processes: there are none",
		"echo /sbin/launchd; exit 1": "false list processes: exit status 1",
	} {
		m, _ := macPC(t, "exit 1", `[ "$*" = "-axww -o comm=" ] || exit 2; `+ps)
		busy, err := m.InUse()
		if got := fmt.Sprint(busy, " ", err); got != want {
			t.Errorf("%s: %s, want %s", ps, got, want)
		}
	}
}
