package policy

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/internal/buildinfo"
)

// window is one that is right.
func window(t *testing.T, s string) Window {
	t.Helper()
	w, err := ParseWindow(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return w
}

func TestEverySettingIsRead(t *testing.T) {
	vs, problems, err := decode(strings.NewReader(`{"Server": "coffer.example.com", "AutoUpdate": true, "UpdateRing": "pilot", "UpdatePin": "1.4.0",
		"UpdatePause": "2026-12-31", "MaintenanceWindow": "Sat,Sun 22:00-05:00", "AutoLockCeiling": 15, "BrowserImport": 0, "ExportAllowed": false}`))
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	want := Policy{
		Server: "coffer.example.com", AutoUpdate: Yes, UpdateRing: Pilot, UpdatePin: buildinfo.Number{Major: 1, Minor: 4},
		UpdatePause: "2026-12-31", MaintenanceWindow: window(t, "Sat,Sun 22:00-05:00"), AutoLockCeiling: 15 * time.Minute, BrowserImport: No, ExportAllowed: No,
	}
	got := parse(vs)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	var names []string
	for _, s := range got.InForce() {
		names = append(names, s.Name)
	}
	if !slices.Equal(names, Names()) || !slices.IsSorted(names) {
		t.Errorf("in force %v of %v", got.InForce(), Names())
	}
	if none := parse(nil); !reflect.DeepEqual(none, Policy{}) || none.InForce() != nil {
		t.Errorf("nothing written sets %+v", none)
	}
}

// Every field of Policy is a setting, and the other way round.
func TestFieldsAreTheSettings(t *testing.T) {
	var names []string
	for i := range reflect.TypeFor[Policy]().NumField() {
		if name := reflect.TypeFor[Policy]().Field(i).Name; name != "Problems" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if !slices.Equal(names, Names()) {
		t.Errorf("the fields are %v, the settings %v", names, Names())
	}
}

func TestBadValuesAreReportedAndTheOthersHold(t *testing.T) {
	for name, bad := range map[string][]any{
		"Server": {"", "https://coffer.example.com", "Coffer.example.com", "coffer..com", "coffer.example.com.", "-a.com", "a/b", "a:443", strings.Repeat("a", 64),
			strings.Repeat("a.", 200) + "a", uint64(1), true, nil},
		"AutoUpdate":        {uint64(2), "1", "yes", nil},
		"UpdateRing":        {"", "Pilot", "canary", uint64(1)},
		"UpdatePin":         {"", "1.4", "0.0.0", "v1.4.0", "1.4.0 "},
		"UpdatePause":       {"", "yes", "2026-13-01", "2026-02-30", "31.12.2026", "2026-12-31T00:00:00Z", true},
		"MaintenanceWindow": {"", "22:00", "22:00-22:00", "24:00-05:00", "5:00-6:00", "Mo 22:00-05:00", "Mon,Mon 22:00-05:00", "22:00-05:00 Sat", " 22:00-05:00", uint64(22)},
		"AutoLockCeiling":   {uint64(0), uint64(1441), "15", true, nil},
		"BrowserImport":     {"off", uint64(3)},
		"ExportAllowed":     {"false", nil},
	} {
		for _, v := range bad {
			vs := values{name: v, "UpdateRing": "broad"}
			vs[name] = v
			p := parse(vs)
			if len(p.Problems) != 1 || p.Problems[0].Name != name || p.Problems[0].Reason == "" {
				t.Errorf("%s=%#v: problems %v", name, v, p.Problems)
			}
			if name != "UpdateRing" && !slices.Equal(p.InForce(), []Setting{{"UpdateRing", "broad"}}) {
				t.Errorf("%s=%#v: in force %v", name, v, p.InForce())
			}
		}
	}
}

// Problems are written into logs and support bundles.
func TestProblemsQuoteNoValue(t *testing.T) {
	for _, name := range Names() {
		for _, p := range parse(values{name: "Hunter2!"}).Problems {
			if strings.Contains(p.Reason, "Hunter2") {
				t.Errorf("%s: %s", p.Name, p.Reason)
			}
		}
	}
}

func TestNamesInAnyCaseOnceAndKnown(t *testing.T) {
	if p := parse(values{"updatering": "pilot"}); p.UpdateRing != Pilot || p.Problems != nil {
		t.Errorf("another case: %+v", p)
	}
	if p := parse(values{"updatering": "pilot", "UpdateRing": "broad"}); p.UpdateRing != "" || len(p.Problems) != 1 {
		t.Errorf("twice: %+v", p)
	}
	p := parse(values{"Zebra": true, "Apple\n": true, "UpdateRing": "broad"})
	if p.UpdateRing != Broad || len(p.Problems) != 2 || p.Problems[0].Name != `"apple\n"` || p.Problems[1].Name != `"zebra"` {
		t.Errorf("unknown: %+v", p)
	}
}

func TestPause(t *testing.T) {
	p := Policy{UpdatePause: "2026-12-31"}
	east := time.FixedZone("east", 9*3600)
	for moment, paused := range map[time.Time]bool{
		time.Date(2026, 12, 31, 23, 59, 0, 0, time.UTC): true,
		time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC):     false,
		time.Date(2027, 1, 1, 0, 30, 0, 0, east):        false, // where it is still the year before in UTC
		time.Date(2026, 1, 1, 0, 0, 0, 0, east):         true,
	} {
		if p.Paused(moment) != paused {
			t.Errorf("%v: paused is %v", moment, !paused)
		}
		if (Policy{}).Paused(moment) {
			t.Errorf("%v: paused without a policy", moment)
		}
	}
}

func TestWindowOpens(t *testing.T) {
	at := func(day int, clock string) time.Time { // of November 2026, whose 22nd is a Sunday
		c, err := time.Parse("15:04", clock)
		if err != nil {
			t.Fatal(err)
		}
		return time.Date(2026, 11, day, c.Hour(), c.Minute(), 59, 0, time.UTC)
	}
	for _, c := range []struct {
		window string
		now    time.Time
		open   bool
	}{
		{"02:00-05:00", at(22, "02:00"), true},
		{"02:00-05:00", at(22, "04:59"), true},
		{"02:00-05:00", at(22, "05:00"), false},
		{"02:00-05:00", at(22, "01:59"), false},
		{"22:00-05:00", at(22, "23:59"), true},
		{"22:00-05:00", at(23, "04:59"), true},
		{"22:00-05:00", at(23, "12:00"), false},
		{"Sun 22:00-05:00", at(22, "22:00"), true},
		{"Sun 22:00-05:00", at(23, "04:00"), true},  // Monday, of Sunday's window
		{"Sun 22:00-05:00", at(22, "04:00"), false}, // it would be Saturday's
		{"Sun 22:00-05:00", at(23, "22:30"), false},
		{"Sat 22:00-05:00", at(22, "04:00"), true},
		{"Mon,Tue 12:00-13:00", at(24, "12:30"), true},
		{"Mon,Tue 12:00-13:00", at(25, "12:30"), false},
		{"00:00-23:59", at(22, "23:59"), false},
	} {
		if got := window(t, c.window).Open(c.now); got != c.open {
			t.Errorf("%s at %v: open is %v", c.window, c.now, got)
		}
	}
	if w := (Window{}); w.Open(at(22, "00:00")) || !w.IsZero() || w.String() != "" {
		t.Error("no window is open")
	}
}

func FuzzWindow(f *testing.F) {
	for _, seed := range []string{"22:00-05:00", "Sat,Sun 22:00-05:00", "Sun 00:00-00:01", "Mon,Tue,Wed,Thu,Fri,Sat,Sun 01:00-02:00", "24:00-1:00", ", -", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		w, err := ParseWindow(s)
		if err != nil {
			return
		}
		again, err := ParseWindow(w.String())
		if err != nil || again != w || w.IsZero() {
			t.Errorf("%q became %q, which is read as %v, %v", s, w, again, err)
		}
	})
}
