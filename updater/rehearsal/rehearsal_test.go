//go:build system

// Package rehearsal releases with throw-away keys to a real installation: the programs as they are shipped, but for their channel.
package rehearsal

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud/updatehost"
	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/testbus"
	"github.com/coffer-vault/coffer/updater"
)

// built is the folder with what the Makefile has built: 1.0.0/ and 1.1.0/ with the programs.
func built(t *testing.T, version, name string) string {
	t.Helper()
	folder := os.Getenv("COFFER_REHEARSAL")
	if folder == "" {
		t.Fatal("COFFER_REHEARSAL names no folder; make release-rehearsal does")
	}
	return filepath.Join(folder, version, name)
}

// maintainers have a repository, its keys, and two hosts that serve it.
type maintainers struct {
	t         *testing.T
	dir, keys string
	online    []string // flags
	mirrors   []string
}

func newMaintainers(t *testing.T) *maintainers {
	t.Helper()
	dir := t.TempDir()
	m := &maintainers{t: t, dir: filepath.Join(dir, "repository"), keys: filepath.Join(dir, "keys")}
	m.run("init", "-keys", m.keys)
	m.online = []string{"-snapshot-key", m.key("snapshot-1"), "-timestamp-key", m.key("timestamp-1")}
	m.publish()
	for range 2 {
		handler, err := updatehost.New(filepath.Join(m.dir, "public"))
		if err != nil {
			t.Fatal(err)
		}
		host := httptest.NewServer(handler)
		t.Cleanup(func() { host.CloseClientConnections(); host.Close(); handler.Close() })
		m.mirrors = append(m.mirrors, host.URL)
	}
	return m
}

func (m *maintainers) key(name string) string { return filepath.Join(m.keys, name+".json") }

func (m *maintainers) run(command string, args ...string) string {
	m.t.Helper()
	out, err := exec.Command(built(m.t, "1.1.0", "coffer-release"), append([]string{command, "-dir", m.dir}, args...)...).CombinedOutput()
	if err != nil {
		m.t.Fatalf("coffer-release %s: %v\n%s", command, err, out)
	}
	return string(out)
}

// publish has as many holders sign as are needed.
func (m *maintainers) publish() {
	m.t.Helper()
	var status struct{ Drafts []struct{ Role string } }
	if err := json.Unmarshal([]byte(m.run("status", "-json")), &status); err != nil {
		m.t.Fatal(err)
	}
	for _, draft := range status.Drafts {
		holders := []string{"targets-1", "targets-3"}
		if draft.Role == "root" {
			holders = []string{"root-1", "root-2", "root-4"}
		}
		for _, name := range holders {
			m.run("sign", "-role", draft.Role, "-key", m.key(name))
		}
	}
	m.run("publish", m.online...)
}

func (m *maintainers) release(version, file string, more ...string) {
	m.t.Helper()
	notes := filepath.Join(m.t.TempDir(), "notes.txt")
	if err := os.WriteFile(notes, []byte("Rehearsed."), 0o600); err != nil {
		m.t.Fatal(err)
	}
	args := []string{"-platform", updater.Platform(), "-name", "coffer", "-version", version, "-notes-file", notes, "-file", file}
	m.run("add", append(args, more...)...)
	m.publish()
}

// id is that of a key, as its file says.
func (m *maintainers) id(name string) string {
	m.t.Helper()
	var file struct{ ID string }
	data, err := os.ReadFile(m.key(name))
	if err == nil {
		err = json.Unmarshal(data, &file)
	}
	if err != nil {
		m.t.Fatal(err)
	}
	return file.ID
}

// installation is a program on a computer with a display and a session, which trusts the maintainers' first root.
type installation struct {
	t             *testing.T
	program, home string
	env           []string
	app           *exec.Cmd
}

func install(t *testing.T, m *maintainers, version string) *installation {
	t.Helper()
	home := t.TempDir()
	i := &installation{t: t, program: filepath.Join(home, "bin", "coffer"), home: filepath.Join(home, "Coffer")}
	data, err := os.ReadFile(built(t, version, "coffer"))
	if err == nil {
		err = errors.Join(os.MkdirAll(filepath.Dir(i.program), 0o700), os.MkdirAll(i.home, 0o700), os.WriteFile(i.program, data, 0o700))
	}
	if err != nil {
		t.Fatal(err)
	}
	session := testbus.Start(t, home)
	i.env = append(session.Env(), "DISPLAY="+testbus.StartDisplay(t), "COFFER_HOME="+i.home, "LIBGL_ALWAYS_SOFTWARE=1", "LANG=C.UTF-8",
		"COFFER_UPDATE_MIRRORS="+strings.Join(m.mirrors, ","), "COFFER_UPDATE_ROOT="+filepath.Join(m.dir, "public", "metadata", "1.root.json"))
	t.Cleanup(func() {
		i.end()
		if t.Failed() {
			i.tellLogs()
		}
	})
	return i
}

// tellLogs shows the last lines of what the program logged, which goes with its folder.
func (i *installation) tellLogs() {
	logs, _ := filepath.Glob(filepath.Join(i.home, "logs", "*.log"))
	for _, log := range logs {
		data, _ := os.ReadFile(log)
		lines := strings.Split(strings.TrimSpace(string(data)), "\n")
		i.t.Logf("%s ends with\n%s", filepath.Base(log), strings.Join(lines[max(0, len(lines)-30):], "\n"))
	}
}

func (i *installation) updates() string { return filepath.Join(i.home, "cache", "updates") }

// start is what the person does.
func (i *installation) start() {
	i.t.Helper()
	i.app = exec.Command(i.program)
	i.app.Env = i.env
	if err := i.app.Start(); err != nil {
		i.t.Fatal(err)
	}
}

// end kills every process that runs a program of the installation, and waits until there is none.
func (i *installation) end() {
	eventually(i.t, "the program to end", func() bool {
		running := i.processes()
		for _, pid := range running {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		if i.app != nil {
			i.app.Wait()
			i.app = nil
		}
		return len(running) == 0
	})
}

// processes are those whose executable is, or was, in the program's folder.
func (i *installation) processes() (pids []int) {
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		i.t.Fatal(err)
	}
	for _, link := range links {
		target, err := os.Readlink(link)
		if err != nil || !strings.HasPrefix(target, filepath.Dir(i.program)+"/") {
			continue
		}
		var pid int
		for _, digit := range strings.Split(link, "/")[2] {
			pid = 10*pid + int(digit-'0')
		}
		pids = append(pids, pid)
	}
	return pids
}

// memory is the part of the updater's state that a rehearsal looks at.
type memory struct {
	Verified time.Time
	Staged   *struct{ Version string }
	Swap     *struct{ To string }
	Failed   []string
}

func (i *installation) remembers() (m memory) {
	data, err := os.ReadFile(filepath.Join(i.updates(), "state.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return memory{}
	}
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err != nil {
		i.t.Fatal(err)
	}
	return m
}

// stages has the program find a version by itself and fetch it.
func (i *installation) stages(version string) {
	i.t.Helper()
	i.start()
	eventually(i.t, version+" to be staged", func() bool { m := i.remembers(); return m.Staged != nil && m.Staged.Version == version })
	i.end()
}

// restart is what "Restart now" does when the program has quit: the staged version is applied, and the waiter, which is the previous
// program, starts it and watches over it.
func (i *installation) restart(from string) {
	i.t.Helper()
	installed, err := buildinfo.ParseNumber(from)
	if err != nil {
		i.t.Fatal(err)
	}
	program, err := updater.NewProgram(i.program, i.updates(), installed, slog.New(slog.DiscardHandler))
	if err == nil {
		err = program.Apply()
	}
	if err != nil {
		i.t.Fatal(err)
	}
	waiter := exec.Command(filepath.Join(filepath.Dir(i.program), ".coffer.old"), "--update-waiter", i.program, i.updates())
	waiter.Env = i.env
	if err := waiter.Start(); err != nil {
		i.t.Fatal(err)
	}
	go waiter.Wait()
}

func (i *installation) is(file string) bool {
	have, errHave := os.ReadFile(i.program)
	want, errWant := os.ReadFile(file)
	return errHave == nil && errWant == nil && bytes.Equal(have, want)
}

// logged reports whether a version has said in its log that it started.
func (i *installation) logged(version string) bool {
	logs, _ := filepath.Glob(filepath.Join(i.home, "logs", "*.log"))
	for _, log := range logs {
		data, _ := os.ReadFile(log)
		for line := range strings.SplitSeq(string(data), "\n") {
			if strings.Contains(line, "start") && strings.Contains(line, version) {
				return true
			}
		}
	}
	return false
}

func eventually(t *testing.T, what string, there func() bool) {
	t.Helper()
	for limit := time.Now().Add(2 * time.Minute); !there(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// TestLinux is the life of an installation. Each step needs those before it.
func TestLinux(t *testing.T) {
	m := newMaintainers(t)
	m.release("1.0.0", built(t, "1.0.0", "coffer"))
	i := install(t, m, "1.0.0")
	for _, s := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"n becomes n+1, which proves healthy", func(t *testing.T) { becomesNext(t, m, i) }},
		{"a version that does not start is taken back", func(t *testing.T) { takesBack(t, m, i) }},
		{"a new root, and another timestamp key for the lost one", func(t *testing.T) { followsKeys(t, m, i) }},
	} {
		if !t.Run(s.name, s.run) {
			return
		}
	}
}

func becomesNext(t *testing.T, m *maintainers, i *installation) {
	i.start()
	eventually(t, "the first check", func() bool { return !i.remembers().Verified.IsZero() })
	i.end()
	next := built(t, "1.1.0", "coffer")
	m.release("1.1.0", next, "-program", next)
	bills, err := filepath.Glob(filepath.Join(m.dir, "public", "targets", "stable", "*", "*.coffer.cdx.json"))
	if err != nil || len(bills) != 1 {
		t.Errorf("bills of materials %v, %v", bills, err)
	}
	i.stages("1.1.0")
	i.restart("1.0.0")
	if !i.is(next) {
		t.Fatal("1.1.0 is not in place")
	}
	eventually(t, "1.1.0 to prove healthy", func() bool { return i.remembers().Swap == nil })
	if !i.logged("1.1.0") {
		t.Error("1.1.0 was not started")
	}
	i.end()
}

func takesBack(t *testing.T, m *maintainers, i *installation) {
	broken := filepath.Join(t.TempDir(), "coffer")
	if err := os.WriteFile(broken, []byte("#!/bin/sh\nexit 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m.release("1.2.0", broken)
	i.stages("1.2.0")
	i.restart("1.1.0")
	eventually(t, "1.1.0 to come back", func() bool {
		r := i.remembers()
		return r.Swap == nil && len(r.Failed) == 1 && r.Failed[0] == "1.2.0" && i.is(built(t, "1.1.0", "coffer")) && len(i.processes()) > 0
	})
	i.end()
	before := i.remembers().Verified
	i.start()
	eventually(t, "another check", func() bool { return i.remembers().Verified.After(before) })
	if r := i.remembers(); r.Staged != nil {
		t.Errorf("the broken version would be tried again: %+v", r.Staged)
	}
	i.end()
}

func followsKeys(t *testing.T, m *maintainers, i *installation) {
	m.run("rotate", "-role", "root", "-old", m.id("root-5"), "-new", m.key("root-6"))
	m.publish()
	if err := os.Remove(m.key("timestamp-1")); err != nil {
		t.Fatal(err)
	}
	m.run("rotate", "-role", "timestamp", "-old", timestampKey(t, m), "-new", m.key("timestamp-2"))
	m.online[3] = m.key("timestamp-2")
	m.publish()
	before := i.remembers().Verified
	i.start()
	eventually(t, "a check with the new keys", func() bool { return i.remembers().Verified.After(before) })
	i.end()
	if _, err := os.Stat(filepath.Join(i.updates(), "roots", "3.root.json")); err != nil {
		t.Error(err)
	}
}

// timestampKey is the id of the key that is lost, as the public root says.
func timestampKey(t *testing.T, m *maintainers) string {
	t.Helper()
	var root struct {
		Signed struct {
			Roles map[string]struct{ KeyIDs []string }
		}
	}
	data, err := os.ReadFile(filepath.Join(m.dir, "public", "metadata", "2.root.json"))
	if err == nil {
		err = json.Unmarshal(data, &root)
	}
	if err != nil || len(root.Signed.Roles["timestamp"].KeyIDs) != 1 {
		t.Fatalf("timestamp key: %+v, %v", root.Signed.Roles, err)
	}
	return root.Signed.Roles["timestamp"].KeyIDs[0]
}

// TestPatch releases a smaller program with a patch: of the desktop program a patch takes bsdiff minutes.
func TestPatch(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	out, err := exec.Command(built(t, "1.1.0", "coffer-release"), "rehearse", "-dir", dir, "-platform", updater.Platform(), "-name", "coffer", "-patch",
		"-from-version", "1.0.0", "-from", built(t, "1.0.0", "coffer-updater"), "-version", "1.1.0", "-file", built(t, "1.1.0", "coffer-updater")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Logf("%s", out)
}
