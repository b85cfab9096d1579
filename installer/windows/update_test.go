//go:build system

package windows

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud/updatehost"
	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/updater/manifest"
	"github.com/coffer-vault/coffer/updater/release"
)

// TestServiceUpdates has the service of a real installation find the next package, verify it, and install it over itself. Nobody has ever
// started Coffer on this PC.
func TestServiceUpdates(t *testing.T) {
	t.Parallel()
	older, update := pack(t, programs(t), version), pack(t, nextPrograms(t), newer)
	m := newMaintainers(t)
	pc := newComputer(t, filepath.Join(m.repo.Public(), "metadata", "1.root.json"))
	m.serve(t, pc)
	pc.install(t, 0, "/i "+windowsPath(older)+" ALLUSERS=1 SHOULDAUTOUPDATE=1")
	checkService(t, pc)
	eventually(t, "the first check", func() bool { return !serviceMemory(t, pc).Verified.IsZero() })
	checkEars(t, pc)

	m.release(t, newer, update)
	restartService(t, pc)
	eventually(t, newer+" to be installed", func() bool {
		return strings.Contains(pc.registry(t, `HKLM\Software\Coffer`), newer)
	})
	pc.untilService(t, "RUNNING")
	checkSettings(t, pc, "HKLM", map[string]string{"Version": newer, "AutoUpdate": "1"})
	checkEntry(t, pc, newer)
	checkService(t, pc)
	checkEars(t, pc)
	eventually(t, "the new service to be content", func() bool { r := serviceMemory(t, pc); return r.Staged == nil && len(r.Failed) == 0 })
	if profiles := pc.files(t, "users/*/AppData/Local/Coffer"); len(profiles) > 0 {
		t.Errorf("somebody has started Coffer: %v", profiles)
	}
}

// checkEars counts what the service, while it runs, hears of other programs (attack 36): nothing. One that serves a port, a pipe and a mail
// slot is counted first, so that "nothing" means something.
func checkEars(t *testing.T, pc *computer) {
	t.Helper()
	ears := filepath.Join(pc.drive, "ears.exe")
	script(t, "x86_64-w64-mingw32-gcc", "-s", "-O1", "-Wall", "-Werror", "-municode", "-o", ears, "testdata/ears.c", "-liphlpapi", "-lws2_32", "-lntdll")
	code, own := pc.run(t, `C:\ears.exe --own`)
	for _, ear := range []string{"port ", "named pipe\n", "mail slot\n"} {
		if code != 0 || !strings.Contains(own, ear) {
			t.Fatalf("no %q would be seen: %d\n%s", ear, code, own)
		}
	}
	code, served := pc.run(t, `C:\ears.exe CofferUpdater.exe`)
	if !strings.HasPrefix(served, "processes 1, handles ") || code != 0 {
		t.Errorf("the service serves (%d):\n%s", code, served)
	}
}

// restartService: it looks for releases when it starts, and then every four hours.
func restartService(t *testing.T, pc *computer) {
	t.Helper()
	pc.run(t, "sc.exe stop CofferUpdater")
	pc.untilService(t, "STOPPED")
	pc.run(t, "sc.exe start CofferUpdater")
}

func (c *computer) untilService(t *testing.T, state string) {
	t.Helper()
	eventually(t, "the service to be "+state, func() bool {
		_, out := c.run(t, "sc.exe query CofferUpdater")
		return strings.Contains(out, state)
	})
}

// nextPrograms are the same but for the service, which says that it is the newer version.
func nextPrograms(t *testing.T) string {
	t.Helper()
	return once(t, "next", func(folder string) {
		link(t, programs(t), folder, "Coffer.exe", "cofferctl.exe", "CofferHealth.exe")
		buildFor(t, filepath.Join(folder, "CofferUpdater.exe"), "../../updater/cmd/coffer-updater", stamped(newer)...)
	})
}

// stamped are the flags of a program that says that it is of a version.
func stamped(version string) []string {
	return []string{"-ldflags", "-s -w -X github.com/coffer-vault/coffer/internal/buildinfo.Version=" + version}
}

// maintainers have a public repository with throw-away keys.
type maintainers struct {
	repo *release.Repository
	keys map[string][]release.Key
}

func newMaintainers(t *testing.T) *maintainers {
	t.Helper()
	m := &maintainers{release.Open(t.TempDir(), time.Now), map[string][]release.Key{}}
	var all []release.Key
	for role, rule := range release.Rules {
		for range rule.Keys {
			key, err := release.GenerateKey(role)
			if err != nil {
				t.Fatal(err)
			}
			m.keys[role], all = append(m.keys[role], key), append(all, key)
		}
	}
	if err := m.repo.Init(all); err != nil {
		t.Fatal(err)
	}
	m.publish(t)
	return m
}

func (m *maintainers) publish(t *testing.T) {
	t.Helper()
	drafts, err := m.repo.Drafts()
	if err != nil {
		t.Fatal(err)
	}
	for _, draft := range drafts {
		role := "targets"
		if draft.Role == "root" {
			role = "root"
		}
		for _, key := range m.keys[role] {
			if err := m.repo.Sign(draft.Role, key); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := m.repo.Publish(m.keys["snapshot"][0], m.keys["timestamp"][0]); err != nil {
		t.Fatal(err)
	}
}

func (m *maintainers) release(t *testing.T, version, msi string) {
	t.Helper()
	number, err := buildinfo.ParseNumber(version)
	if err != nil {
		t.Fatal(err)
	}
	target := manifest.Target{Channel: "stable", Platform: "windows-amd64", File: "coffer.msi"}
	if err := m.repo.Add(target, manifest.Manifest{Version: number}, msi); err != nil {
		t.Fatal(err)
	}
	m.publish(t)
}

// serve starts two hosts and tells the computer of them.
func (m *maintainers) serve(t *testing.T, pc *computer) {
	t.Helper()
	var mirrors []string
	for range 2 {
		handler, err := updatehost.New(m.repo.Public())
		if err != nil {
			t.Fatal(err)
		}
		host := httptest.NewServer(handler)
		t.Cleanup(func() { host.CloseClientConnections(); host.Close(); handler.Close() })
		mirrors = append(mirrors, host.URL)
	}
	pc.mustRun(t, "wine", "reg", "add", environmentKey, "/v", "COFFER_UPDATE_MIRRORS", "/d", strings.Join(mirrors, ","), "/f")
	pc.turnOff() // services get the environment that there is at the next start
	pc.startDriver(t)
}

// remembered is the part of the service's state that the test looks at.
type remembered struct {
	Verified time.Time
	Staged   *struct{ Version string }
	Failed   []string
}

func serviceMemory(t *testing.T, pc *computer) (r remembered) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(pc.drive, "ProgramData", "CofferUpdater", "state.json"))
	if os.IsNotExist(err) {
		return remembered{}
	}
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func eventually(t *testing.T, what string, there func() bool) {
	t.Helper()
	for limit := time.Now().Add(patience); !there(); time.Sleep(500 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
