package screen

import (
	"slices"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// openManagedDesk is an unlocked vault on a PC with a policy.
func openManagedDesk(t *testing.T, p policy.Policy) (*desk, *Vault) {
	t.Helper()
	d, v, _ := openDeskOn(t, testpc.New(t, "Anna's PC", func(c *session.Config) { c.Policy = p }))
	return d, v
}

func TestSettingsSayWhatTheOrganizationDecides(t *testing.T) {
	_, v := openManagedDesk(t, policy.Policy{AutoLockCeiling: 15 * time.Minute, BrowserImport: policy.No, ExportAllowed: policy.No})
	v.OpenSettings()
	settings := v.Settings()
	s := settings.State()
	checkWords(t, "settings", s.LockLimit, s.NoExport)
	var times []string
	for _, c := range s.LockAfter {
		times = append(times, c.Label)
	}
	if !slices.Equal(times, []string{"1 minute", "5 minutes", "10 minutes", "15 minutes"}) {
		t.Errorf("times %v", times)
	}
	at := slices.IndexFunc(s.Toggles, func(t Toggle) bool { return t.ID == ToggleImport })
	for i, toggle := range s.Toggles {
		if (toggle.Managed != "") != (i == at) {
			t.Errorf("%s: %q", toggle.Label, toggle.Managed)
		}
	}
	settings.SetToggle(ToggleImport, true)
	settings.SetLockAfter("1h0m0s")
	s = settings.State()
	if s.Toggles[at].On || selected(s.LockAfter) != "10 minutes" {
		t.Errorf("the person changes it: %+v, lock after %s", s.Toggles[at], selected(s.LockAfter))
	}
}

func TestSettingsOfAPCWithoutPolicyNameNoOrganization(t *testing.T) {
	for _, p := range []policy.Policy{{}, {BrowserImport: policy.Yes, ExportAllowed: policy.Yes}} {
		_, v := openManagedDesk(t, p)
		v.OpenSettings()
		s := v.Settings().State()
		if s.LockLimit+s.NoExport != "" || slices.ContainsFunc(s.Toggles, func(t Toggle) bool { return t.Managed != "" }) || len(s.LockAfter) != len(lockTimes) {
			t.Errorf("%+v: %+v", p, s)
		}
		if !v.mayExport() {
			t.Errorf("%+v: no export", p)
		}
	}
}

// A ceiling between the usual times is one of the choices, in words that are true; one above them all changes nothing.
func TestLockTimesUnderACeiling(t *testing.T) {
	for ceiling, want := range map[time.Duration]string{90 * time.Minute: "90 minutes", time.Hour: "1 hour", time.Minute: "1 minute", 10 * time.Hour: "4 hours"} {
		_, v := openManagedDesk(t, policy.Policy{AutoLockCeiling: ceiling})
		v.OpenSettings()
		choices := v.Settings().State().LockAfter
		if last := choices[len(choices)-1].Label; last != want {
			t.Errorf("%v: the last choice is %s", ceiling, last)
		}
	}
}

// The vault locks after the time that the organization allows, whatever the person had chosen.
func TestCeilingLocks(t *testing.T) {
	d, _ := openManagedDesk(t, policy.Policy{AutoLockCeiling: 2 * time.Minute})
	d.mu.Lock()
	d.idle = 2 * time.Minute
	d.mu.Unlock()
	d.clock.Advance(d.queue, idlePoll)
	d.until("locked", func() bool { return d.shell.State().Page == PageUnlock })
}

func TestForbiddenWaysAreNotOffered(t *testing.T) {
	d, v := openManagedDesk(t, policy.Policy{BrowserImport: policy.No, ExportAllowed: policy.No})
	for _, c := range commands() {
		if c.action == ActionExport && c.when(v) {
			t.Error("the palette offers the export")
		}
	}
	v.OpenImport()
	d.until("why", func() bool { return !v.Import().State().Problem.IsZero() })
	s := v.Import().State()
	if s.Page != ImportNothing || s.Title != english(t).Text("screen.import.file.only") || s.Problem.What != english(t).Text("screen.import.managed") {
		t.Errorf("%+v", s)
	}
}
