package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/sync/wire"
)

func TestWhatIsSaid(t *testing.T) {
	for _, name := range []string{"USER", "LOGNAME", "USERNAME", "HOME", "USERPROFILE"} {
		t.Setenv(name, "/home/anna.miller")
	}
	r := describe(t.TempDir())
	if r.Name == "" || r.Version != buildinfo.Version || r.System == "" {
		t.Errorf("%+v", r)
	}
	if strings.Contains(fmt.Sprintf("%+v", r), "anna.miller") {
		t.Errorf("it names a user: %+v", r)
	}
}

func TestWhatHoldsUpdatesBack(t *testing.T) {
	now := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	pin, err := buildinfo.ParseNumber("1.4.0")
	if err != nil {
		t.Fatal(err)
	}
	for want, rules := range map[string]policy.Policy{
		"": {UpdatePause: "2026-11-01"}, "pause until 2026-11-02": {UpdatePause: "2026-11-02"}, "pin 1.4.0": {UpdatePin: pin},
	} {
		if got := held(rules, now); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := problems(policy.Policy{Problems: []policy.Problem{{Name: "x"}}}, t.TempDir()); len(got) == 0 || got[0] != "policy" {
		t.Errorf("%v", got)
	}
}

func TestCleanIsTakenByTheServer(t *testing.T) {
	for _, text := range []string{"", " ", "PC\n1", "\xff\xfe", strings.Repeat("ä", 100), "PC\u202e1", " PC "} {
		got := clean(text, wire.MaxComputerName)
		if got == "" || !utf8.ValidString(got) || utf8.RuneCountInString(got) > wire.MaxComputerName || strings.ContainsAny(got, "\n\u202e") {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// Without a token it starts, says so and ends: an installation without an organization is no failure. It keeps no key then.
func TestOnceWithoutAToken(t *testing.T) {
	if text, err := policy.EnrollText(); text != "" || err != nil {
		t.Skip("this computer has an enrolment token")
	}
	dir := filepath.Join(t.TempDir(), "health")
	o, err := parseOptions([]string{"--once", "--dir", dir}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	if err := run(t.Context(), o, newLog(&log)); err != nil {
		t.Fatal(err)
	}
	state, err := os.ReadFile(filepath.Join(dir, "state.json"))
	if err != nil || string(state) != `{"outcome":"no-token"}` {
		t.Errorf("%s, %v", state, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "key")); err == nil {
		t.Error("it has made a key")
	}
	if o, err = parseOptions([]string{"--anew", "--dir", dir}, io.Discard); err != nil || run(t.Context(), o, newLog(&log)) != nil {
		t.Error("anew")
	}
	if _, err := os.Stat(filepath.Join(dir, "state.json")); err == nil {
		t.Error("its state is left")
	}
}

func TestOptions(t *testing.T) {
	for _, wrong := range [][]string{{"now"}, {"--server", "x"}} {
		if _, err := parseOptions(wrong, io.Discard); err == nil {
			t.Errorf("%v is taken", wrong)
		}
	}
}
