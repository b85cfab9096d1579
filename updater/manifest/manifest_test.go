package manifest

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/internal/buildinfo"
)

var day = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)

func TestParse(t *testing.T) {
	const text = `{"version":"1.4.0","notes":"Faster.","min_secure_version":"1.2.9","min_os":"10.0.17763","from_the_future":1,
		"rollout":[{"at":"2026-11-01T08:00:00Z","percent":5},{"at":"2026-11-02T08:00:00Z","percent":100}]}`
	m, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if m.Version != (buildinfo.Number{Major: 1, Minor: 4}) || m.Notes != "Faster." || len(m.Rollout) != 2 || m.Halt {
		t.Errorf("read %+v", m)
	}
	for version, urgent := range map[string]bool{"1.2.8": true, "1.2.9": false, "1.3.0": false} {
		n, _ := buildinfo.ParseNumber(version)
		if m.Urgent(n) != urgent {
			t.Errorf("Urgent(%s) = %v", version, !urgent)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"empty":            ``,
		"no version":       `{}`,
		"zero version":     `{"version":"0.0.0"}`,
		"null":             `null`,
		"two parts":        `{"version":"1.4"}`,
		"below its own":    `{"version":"1.4.0","min_secure_version":"1.5.0"}`,
		"percent":          `{"version":"1.4.0","rollout":[{"at":"2026-11-01T08:00:00Z","percent":101}]}`,
		"shrinking":        `{"version":"1.4.0","rollout":[{"at":"2026-11-01T08:00:00Z","percent":50},{"at":"2026-11-02T08:00:00Z","percent":5}]}`,
		"unordered":        `{"version":"1.4.0","rollout":[{"at":"2026-11-02T08:00:00Z","percent":5},{"at":"2026-11-01T08:00:00Z","percent":50}]}`,
		"operating system": `{"version":"1.4.0","min_os":"ten"}`,
		"long notes":       `{"version":"1.4.0","notes":"` + strings.Repeat("x", maxSize/2+1) + `"}`,
		"long":             `{"version":"1.4.0","x":"` + strings.Repeat("x", maxSize) + `"}`,
		"patch of nothing": `{"version":"1.4.0","patches":[{"sha256":"` + strings.Repeat("0", 64) + `","size":1}]}`,
		"patch by a path":  `{"version":"1.4.0","patches":[{"from":"` + strings.Repeat("0", 64) + `","sha256":"../../x","size":1}]}`,
		"empty patch":      `{"version":"1.4.0","patches":[{"from":"` + strings.Repeat("0", 64) + `","sha256":"` + strings.Repeat("0", 64) + `"}]}`,
		"patches":          `{"version":"1.4.0","patches":[` + strings.Repeat(`{},`, maxPatches) + `{}]}`,
		"steps":            `{"version":"1.4.0","rollout":[` + strings.Repeat(`{"at":"2026-11-01T08:00:00Z","percent":5},`, maxSteps) + `{}]}`,
	} {
		if m, err := Parse([]byte(text)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %+v, %v; want ErrInvalid", name, m, err)
		}
	}
}

func TestPercent(t *testing.T) {
	m := Manifest{Rollout: []Step{{day, 5}, {day.Add(24 * time.Hour), 25}, {day.Add(48 * time.Hour), 100}}}
	for after, want := range map[time.Duration]int{-time.Second: 0, 0: 5, 23 * time.Hour: 5, 24 * time.Hour: 25, 100 * time.Hour: 100} {
		if got := m.Percent(day.Add(after)); got != want {
			t.Errorf("%v after the start: %d percent, want %d", after, got, want)
		}
	}
	if got := (Manifest{}).Percent(day); got != 100 {
		t.Errorf("without a curve: %d percent", got)
	}
}

func TestRunsOn(t *testing.T) {
	for _, c := range []struct {
		min, have string
		want      bool
	}{
		{"", "", true}, {"", "anything", true},
		{"10.0.17763", "10.0.17763", true}, {"10.0.17763", "10.0.17762", false}, {"10.0.17763", "10.0.22631", true},
		{"11", "11.0.0", true}, {"11.1", "11", false}, {"9", "10", true},
		{"11", "", false}, {"11", "unknown", false},
	} {
		if got := (Manifest{MinOS: c.min}).RunsOn(c.have); got != c.want {
			t.Errorf("min_os %q on %q: %v", c.min, c.have, got)
		}
	}
}

func TestTargetNames(t *testing.T) {
	good := Target{"stable", "linux-amd64", "coffer"}
	if err := good.Validate(); err != nil || good.Path() != "stable/linux-amd64/coffer" || good.Role() != "stable-linux-amd64" {
		t.Errorf("%v: %q, %q", err, good.Path(), good.Role())
	}
	for _, bad := range []Target{{}, {"nightly", "linux-amd64", "coffer"}, {"stable", "linux", "coffer"}, {"stable", "linux-amd64", "../coffer"},
		{"stable", "linux-amd64", ".coffer"}, {"stable", "linux-amd64", "a/b"}, {"stable", "LINUX-amd64", "coffer"}, {"stable", "linux-amd64", ""}} {
		if err := bad.Validate(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q was accepted", bad.Path())
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"version":"1.4.0","notes":"n","rollout":[{"at":"2026-11-01T08:00:00Z","percent":5}],"min_secure_version":"1.0.0","halt":true,"min_os":"11"}`))
	f.Add([]byte(`{"version":"1.4.0"}`))
	f.Add([]byte(`{"rollout":[null]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse(data)
		if err != nil {
			return
		}
		if p := m.Percent(day); p < 0 || p > 100 {
			t.Errorf("%d percent", p)
		}
		m.RunsOn(m.MinOS)
		// What was accepted once is accepted again: the maintainers' tool reads, amends and writes it.
		out, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(out); err != nil && len(out) <= maxSize {
			t.Errorf("%s: %v", out, err)
		}
	})
}
