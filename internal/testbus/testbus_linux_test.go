package testbus

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// store and lookup go through libsecret's own tool, a client that is not ours.
func store(t *testing.T, s *Session, name, value string) {
	t.Helper()
	cmd := s.Command("secret-tool", "store", "--label=test", "name", name)
	cmd.Stdin = strings.NewReader(value)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("secret-tool store: %v: %s", err, out)
	}
}

func lookup(s *Session, name string) string {
	out, _ := s.Command("secret-tool", "lookup", "name", name).Output()
	return string(out)
}

func TestSessionsAreSeparate(t *testing.T) {
	one, two := Start(t, t.TempDir()), Start(t, t.TempDir())
	store(t, one, "key", "of one")
	if got := lookup(one, "key"); got != "of one" {
		t.Errorf("the session that stored it reads %q", got)
	}
	if got := lookup(two, "key"); got != "" {
		t.Errorf("another session reads %q", got)
	}
}

func TestEntriesOutliveTheSession(t *testing.T) {
	home := t.TempDir()
	first := Start(t, home)
	store(t, first, "key", "kept")
	first.Stop()
	if got := lookup(Start(t, home), "key"); got != "kept" {
		t.Errorf("after the next login: %q", got)
	}
}

func TestDisplay(t *testing.T) {
	cmd := exec.Command("xdpyinfo", "-display", StartDisplay(t))
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("1280x800")) {
		t.Errorf("xdpyinfo: %v: %s", err, out)
	}
}
