//go:build !windows

package machine

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// wholeMac is a Mac whose package has been installed in a folder: installer writes the version of a package into the receipt.
func wholeMac(t *testing.T, installed string) (m *Mac, receipt, word string) {
	t.Helper()
	m, _ = macPC(t, "", "echo /sbin/launchd")
	dir := filepath.Dir(m.log)
	receipt, word = filepath.Join(dir, "receipt"), filepath.Join(dir, "word")
	must(t, os.WriteFile(receipt, []byte(installed), 0o600))
	m.pkgutil = script(t, `[ "$*" = "--pkg-info `+identifier+`" ] && [ -s "`+receipt+`" ] && echo package-id: x && echo "version: $(cat "`+receipt+`")"`)
	m.installer = script(t, `cp "`+dir+`/downgrade" "`+word+`" && cp "$3" "`+receipt+`"`)
	m.program = filepath.Join(dir, "coffer")
	must(t, os.WriteFile(filepath.Join(dir, "cofferctl"), []byte("#!/bin/sh\nset -- \"$1\" \"$HOME\" \"$SECRET\"\n[ \"$*\" = \"version /var/empty \" ] && echo coffer \"$(cat '"+receipt+"')\"\n"), 0o700))
	m.notes = filepath.Join(dir, "notes.json")
	// To become oneself is anybody's right.
	m.nobody = &syscall.Credential{Uid: uint32(os.Getuid()), Gid: uint32(os.Getgid()), NoSetGroups: true}
	return m, receipt, word
}

func digest(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

func TestMacLooksAtWhatIsInstalled(t *testing.T) {
	t.Setenv("SECRET", "of the daemon's environment")
	m, receipt, _ := wholeMac(t, "1.2.0")
	v := release("1.2.0").Version
	if got, there := m.Installed(); !there || got != v {
		t.Errorf("installed %v, %v", got, there)
	}
	if err := m.Answers(t.Context(), v); err != nil {
		t.Error(err)
	}
	if err := m.Answers(t.Context(), release("1.3.0").Version); err == nil {
		t.Error("another version answers")
	}
	must(t, os.Remove(filepath.Join(filepath.Dir(m.program), "cofferctl")))
	if err := m.Answers(t.Context(), v); err == nil {
		t.Error("no command line answers")
	}
	for _, said := range []string{"", "1.2", "none"} {
		must(t, os.WriteFile(receipt, []byte(said), 0o600))
		if got, there := m.Installed(); there {
			t.Errorf("%q: installed %v", said, got)
		}
	}
}

// What administrators can write is not run as root.
func TestMacRunsTheCommandLineAsNobody(t *testing.T) {
	if got := NewMac(macProgram, "log").nobody; int32(got.Uid) != -2 || int32(got.Gid) != -2 || got.NoSetGroups || len(got.Groups) > 0 {
		t.Errorf("it is run as %+v", got)
	}
}

func TestMacIsBusyWhileAnInstallerRuns(t *testing.T) {
	m, _, _ := wholeMac(t, "1.2.0")
	for ps, want := range map[string]bool{"echo /sbin/launchd": false, "echo /sbin/launchd; echo '" + m.installer + "'": true, "exit 1": true} {
		m.ps = script(t, ps)
		if got := m.Busy(); got != want {
			t.Errorf("%s: %v", ps, got)
		}
	}
}

// The whole way back, with the steps and the judgement of trial.go: the word is given for the version before, and taken back.
func TestMacTakesAVersionBack(t *testing.T) {
	m, _, word := wholeMac(t, "1.2.0")
	dir := trialFolder(t.TempDir())
	j := on(installing)
	j.Path, j.Size, j.SHA256 = filepath.Join(filepath.Dir(m.log), "kept.pkg"), 5, digest("1.1.0")
	must(t, os.WriteFile(j.Path, []byte("1.1.0"), 0o600))
	must(t, dir.write(j))
	w, err := NewWatcher(string(dir), m, ticks{func() {}}, slog.New(slog.DiscardHandler))
	must(t, err)
	w.judge = 3
	if !w.Run(t.Context()) {
		t.Fatal("not over")
	}
	ended, err := dir.read()
	must(t, err)
	if got, _ := m.Installed(); got != j.From || ended.Step != returned || ended.Tries != 1 {
		t.Fatalf("installed %v, %+v", got, ended)
	}
	if said, err := os.ReadFile(word); err != nil || string(said) != "1.1.0\n" {
		t.Errorf("the word was %q, %v", said, err)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(m.log), "downgrade")); err == nil {
		t.Error("the word is left")
	}
}

func TestMacTellsEverybody(t *testing.T) {
	m, _, _ := wholeMac(t, "1.1.0")
	must(t, m.Untell())
	must(t, m.Tell(release("1.2.0").Version, "it is <broken>"))
	if version, reason := takenBack(m.notes); version != "1.2.0" || reason != "it is <broken>" {
		t.Errorf("told %q %q", version, reason)
	}
	if info, err := os.Stat(m.notes); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("%v, %v", info, err)
	}
	must(t, m.Untell())
	if version, _ := takenBack(m.notes); version != "" {
		t.Errorf("still told of %s", version)
	}
	must(t, os.WriteFile(m.notes, []byte("{"), 0o600))
	if version, reason := takenBack(m.notes); version+reason != "" {
		t.Errorf("torn notes say %q %q", version, reason)
	}
}

func TestMacWatch(t *testing.T) {
	dir := t.TempDir()
	calls := filepath.Join(dir, "calls")
	w := NewMacWatch(filepath.Join(dir, "a&b"), filepath.Join(dir, "updater"))
	if w.job != "/Library/LaunchDaemons/"+identifier+".watch.plist" {
		t.Errorf("the job is %s", w.job)
	}
	w.job = filepath.Join(dir, "watch.plist")
	w.launchctl = script(t, `echo "$@" >>"`+calls+`"`)
	must(t, os.Mkdir(w.dir, 0o700))
	must(t, os.WriteFile(w.program, []byte("the version before"), 0o755))
	must(t, w.Start())
	copied := filepath.Join(w.dir, "watch")
	info, err := os.Stat(copied)
	must(t, err)
	if content, _ := os.ReadFile(copied); string(content) != "the version before" || info.Mode().Perm() != 0o700 {
		t.Errorf("copied %q, %v", content, info.Mode())
	}
	job, err := os.ReadFile(w.job)
	must(t, err)
	for _, want := range []string{"<string>" + identifier + ".watch</string>", "a&amp;b/watch</string>\n\t\t<string>" + WatchFlag + "</string>",
		"<key>RunAtLoad</key>\n\t<true/>", "<key>SuccessfulExit</key>\n\t\t<false/>", "<key>AbandonProcessGroup</key>\n\t<true/>"} {
		if !strings.Contains(string(job), want) {
			t.Errorf("no %q in %s", want, job)
		}
	}
	if info, err := os.Stat(w.job); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("%v, %v", info, err)
	}
	must(t, w.End())
	must(t, w.End())
	if _, err := os.Stat(w.job); err == nil {
		t.Error("the job would start again with the computer")
	}
	end := "bootout system/" + identifier + ".watch\n"
	if got, _ := os.ReadFile(calls); string(got) != "bootstrap system "+w.job+"\n"+end+end {
		t.Errorf("launchctl was called %s", got)
	}
	// No such job to end; and one that does not start leaves nothing.
	w.launchctl = script(t, "exit 3")
	if err := w.Start(); err == nil {
		t.Error("a watcher that did not start")
	}
	if _, err := os.Stat(w.job); err == nil {
		t.Error("it would start with the computer")
	}
	must(t, w.End())
	w.launchctl += ".none"
	if err := w.End(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no launchctl: %v", err)
	}
}
