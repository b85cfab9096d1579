package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/internal/testpc"
)

func TestStatusTellsOfUpdates(t *testing.T) {
	pc := testpc.New(t, "PC A", nil)
	folder := filepath.Join(pc.Paths.Cache, "updates")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for state, want := range map[string]string{
		"":                                    "no check on record yet",
		`{"verified":"2026-11-01T08:00:00Z"}`: "last check 2026-",
		`{"verified":"2026-11-01T08:00:00Z","staged":{"version":"1.4.0"}}`:                 "Coffer 1.4.0 is ready",
		`{"verified":"2026-11-01T08:00:00Z","swap":{"to":"1.4.0"},"failed":["1.3.0"]}`:     "Coffer 1.4.0 is new here",
		`{"verified":"2026-11-01T08:00:00Z","failed":["1.3.0","1.3.1"],"from_later":true}`: "not tried again: 1.3.0, 1.3.1",
		refusedAt(time.Now(), time.Now()):                                                  "the hosts are silent. Coffer goes on as it is",
		`{`:                                                                                "read update state",
	} {
		if err := os.WriteFile(filepath.Join(folder, "state.json"), []byte(state), 0o600); err != nil {
			t.Fatal(err)
		}
		if state == "" {
			os.Remove(filepath.Join(folder, "state.json"))
		}
		if code, out, errOut := call(t, pc, nil, "status"); code != exitOK || !strings.Contains(out, want) {
			t.Errorf("%s: %d %s %s", state, code, out, errOut)
		}
		code, out, _ := call(t, pc, nil, "--json", "status")
		var report struct{ Updates map[string]any }
		if err := json.Unmarshal([]byte(out), &report); err != nil || code != exitOK || state != "" && len(report.Updates) == 0 {
			t.Errorf("%s: %d %s %v", state, code, out, err)
		}
	}
}

// refusedAt is the record of an updater that was last sure to be current at one time, and has found no answer that counts since another.
func refusedAt(verified, since time.Time) string {
	return fmt.Sprintf(`{"verified":%q,"refused":{"since":%q,"reason":"the hosts are silent"}}`, verified.Format(time.RFC3339), since.Format(time.RFC3339))
}

func TestStatusOfAService(t *testing.T) {
	for want, s := range map[string]updateStatus{
		"for administrators":                       {Service: "the service", Sealed: true},
		"1.4.0 has been fetched and waits":         {Service: "the service", LastCheck: time.Now(), Ready: "1.4.0"},
		"the hosts are silent. Coffer goes on as ": {Service: "the service", LastCheck: time.Now(), Refused: "the hosts are silent", Since: time.Now()},
		"no check on record yet":                   {Service: "the service"},
	} {
		got := strings.Join(s.lines(), "\n")
		if !strings.Contains(got, want) || !strings.Contains(got, "Updates: the service") {
			t.Errorf("no %q in %s", want, got)
		}
	}
}

func TestStatusTellsWhatAServiceTookBack(t *testing.T) {
	got := strings.Join(updateStatus{Service: "the service", Failed: []string{"1.5.0"}, Reason: "its service has not proved that it works"}.lines(), "\n")
	for _, want := range []string{"the service", "not tried again: 1.5.0", "Taken back since its service has not proved that it works"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
}

func TestStatusTellsWhatIsDecidedAboutUpdates(t *testing.T) {
	night, err := policy.ParseWindow("22:00-05:00")
	if err != nil {
		t.Fatal(err)
	}
	s := updateStatus{Policy: updatePolicy(policy.Policy{UpdateRing: policy.Pilot, UpdatePause: "2026-12-31", MaintenanceWindow: night, Server: "coffer.example.com"})}
	got := strings.Join(s.lines(), "\n")
	for _, want := range []string{"UpdateRing pilot", "UpdatePause 2026-12-31", "MaintenanceWindow 22:00-05:00"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	if strings.Contains(got, "coffer.example.com") {
		t.Errorf("that is no matter of updates: %s", got)
	}
}
