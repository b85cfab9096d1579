package machine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/updater"
)

// fakeClient answers with prepared states.
type fakeClient struct {
	check, stage updater.State
	staged       int
	kept         updater.Staged
	keptErr      error
	markErr      error
	failed       []buildinfo.Number
	begun        map[buildinfo.Number]int // outlives a service, as the file of the real one does
}

func (c *fakeClient) Check(context.Context) updater.State { return c.check }

func (c *fakeClient) Stage(context.Context, updater.Progress) updater.State {
	c.staged++
	return c.stage
}

func (c *fakeClient) BeginInstall(v buildinfo.Number) (int, error) {
	if c.begun == nil {
		c.begun = map[buildinfo.Number]int{}
	}
	c.begun[v]++
	return c.begun[v], nil
}

func (c *fakeClient) PutOff(v buildinfo.Number) error {
	c.begun[v]--
	return nil
}

func (c *fakeClient) Kept() (updater.Staged, error) { return c.kept, c.keptErr }

func (c *fakeClient) MarkFailed(v buildinfo.Number) error {
	c.failed = append(c.failed, v)
	return c.markErr
}

// fakeSystem is a computer whose installer answers with codes, one after the other.
type fakeSystem struct {
	manual, busy bool
	rules        policy.Policy
	stops        bool // an installation ends the service and fails afterwards
	err          error
	codes        []int
	installed    []string
}

func (s *fakeSystem) Automatic() bool       { return !s.manual }
func (s *fakeSystem) Policy() policy.Policy { return s.rules }
func (s *fakeSystem) InUse() (bool, error)  { return s.busy, s.err }

func (s *fakeSystem) Install(_ context.Context, st updater.Staged) (Outcome, error) {
	s.installed = append(s.installed, st.Version.String())
	if s.stops {
		runtime.Goexit()
	}
	code := s.codes[0]
	s.codes = s.codes[1:]
	if code < 0 {
		return Outcome{}, updater.ErrTampered
	}
	return windowsOutcome(code), nil
}

func release(version string) updater.Release {
	n, err := buildinfo.ParseNumber(version)
	if err != nil {
		panic(err)
	}
	return updater.Release{Version: n, SHA256: version}
}

func newService(c *fakeClient, s *fakeSystem) *Service {
	return New(c, s, slog.New(slog.DiscardHandler))
}

func TestStagesAndInstallsWhenQuiet(t *testing.T) {
	c := &fakeClient{check: updater.Available{Release: release("1.1.0")}, stage: updater.Staged{Release: release("1.1.0")}}
	s := &fakeSystem{busy: true, codes: []int{0}}
	service := newService(c, s)
	service.InstallIfWanted(t.Context())
	service.Poll(t.Context())
	service.InstallIfWanted(t.Context())
	if c.staged != 1 || len(s.installed) != 0 {
		t.Fatalf("staged %d times, installed %v while Coffer ran", c.staged, s.installed)
	}
	s.busy, s.err = false, errors.New("cannot tell")
	service.InstallIfWanted(t.Context())
	s.err, s.manual = nil, true
	service.InstallIfWanted(t.Context())
	if len(s.installed) != 0 {
		t.Fatal("installed without knowing whether Coffer runs, or without being allowed to")
	}
	s.manual = false
	service.InstallIfWanted(t.Context())
	service.InstallIfWanted(t.Context())
	if !slices.Equal(s.installed, []string{"1.1.0"}) {
		t.Errorf("installed %v, want 1.1.0 once", s.installed)
	}
}

// A policy comes before what the installation was told, and decides when.
func TestPolicyDecidesWhen(t *testing.T) {
	night, err := policy.ParseWindow("22:00-05:00")
	if err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		system   fakeSystem
		hour     int
		installs bool
	}{
		"no policy":                      {fakeSystem{}, 12, true},
		"not automatic":                  {fakeSystem{manual: true}, 12, false},
		"automatic by policy":            {fakeSystem{manual: true, rules: policy.Policy{AutoUpdate: policy.Yes}}, 12, true},
		"not automatic by policy":        {fakeSystem{rules: policy.Policy{AutoUpdate: policy.No}}, 12, false},
		"outside the window":             {fakeSystem{rules: policy.Policy{MaintenanceWindow: night}}, 12, false},
		"in the window":                  {fakeSystem{rules: policy.Policy{MaintenanceWindow: night}}, 23, true},
		"in the window, while it runs":   {fakeSystem{busy: true, rules: policy.Policy{MaintenanceWindow: night}}, 23, true},
		"in the window, not automatic":   {fakeSystem{manual: true, rules: policy.Policy{MaintenanceWindow: night}}, 23, false},
		"paused":                         {fakeSystem{rules: policy.Policy{UpdatePause: "2026-11-02"}}, 12, false},
		"paused until yesterday":         {fakeSystem{rules: policy.Policy{UpdatePause: "2026-11-01"}}, 12, true},
		"paused, in the window":          {fakeSystem{rules: policy.Policy{UpdatePause: "2026-11-02", MaintenanceWindow: night}}, 23, false},
		"pinned below":                   {fakeSystem{rules: policy.Policy{UpdatePin: release("1.0.9").Version}}, 12, false},
		"pinned to it":                   {fakeSystem{rules: policy.Policy{UpdatePin: release("1.1.0").Version}}, 12, true},
		"nobody can tell, in the window": {fakeSystem{err: errors.New("cannot tell"), rules: policy.Policy{MaintenanceWindow: night}}, 23, true},
	} {
		system := c.system
		system.codes = []int{0}
		service := newService(&fakeClient{check: updater.Staged{Release: release("1.1.0")}}, &system)
		service.now = func() time.Time { return noon.Add(time.Duration(c.hour-12) * time.Hour) }
		service.Poll(t.Context())
		service.InstallIfWanted(t.Context())
		if got := len(system.installed) > 0; got != c.installs {
			t.Errorf("%s: installed %v", name, got)
		}
	}
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		codes   []int
		tries   int // of four
		remains bool
		failed  bool
	}{
		{[]int{0}, 1, false, false},
		{[]int{3010}, 1, false, false},
		{[]int{1641}, 1, false, false},
		{[]int{1618, 1618, 1602, 1618}, 4, true, false},
		{[]int{1618, 0}, 2, false, false},
		{[]int{1603, 1603, 1603}, 3, false, true},
		{[]int{1603, 1618, 1620, -1}, 4, false, true},
		{[]int{1603, 0}, 2, false, false},
	} {
		client := &fakeClient{check: updater.Staged{Release: release("1.1.0")}}
		system := &fakeSystem{codes: c.codes}
		service := newService(client, system)
		service.Poll(t.Context())
		for range 4 {
			service.InstallIfWanted(t.Context())
		}
		if len(system.installed) != c.tries || (service.staged != nil) != c.remains || (len(client.failed) > 0) != c.failed {
			t.Errorf("codes %v: %d tries, staged %v, failed %v", c.codes, len(system.installed), service.staged, client.failed)
		}
	}
}

// A package stops the service before it installs, and starts it again when it fails: each try is the first one of a new process.
func TestPackageThatFailsAfterStoppingTheServiceIsGivenUp(t *testing.T) {
	client := &fakeClient{check: updater.Staged{Release: release("1.1.0")}}
	system := &fakeSystem{stops: true}
	for range 6 {
		service := newService(client, system)
		var started sync.WaitGroup
		started.Go(func() {
			service.Poll(t.Context())
			if len(client.failed) == 0 {
				service.InstallIfWanted(t.Context())
			}
		})
		started.Wait()
	}
	if len(system.installed) != maxFailures || len(client.failed) != 1 {
		t.Errorf("installed %d times, given up %v", len(system.installed), client.failed)
	}
}

func TestWhatEndsAStagedRelease(t *testing.T) {
	for name, c := range map[string]struct {
		next    updater.State
		remains bool
	}{
		"hosts silent": {updater.Refused{Err: updater.ErrHostsUnreachable}, true},
		"expired":      {updater.Refused{Err: updater.ErrExpired}, true},
		"a lying host": {updater.Refused{Err: updater.ErrWrongKeys}, true},
		"withdrawn":    {updater.Refused{Err: updater.ErrHalted}, false},
		"failed":       {updater.Refused{Err: updater.ErrFailedBefore}, false},
		"up to date":   {updater.UpToDate{}, false},
		"held":         {updater.Held{}, false},
	} {
		client := &fakeClient{check: updater.Staged{Release: release("1.1.0")}}
		service := newService(client, &fakeSystem{})
		service.Poll(t.Context())
		client.check = c.next
		service.Poll(t.Context())
		if (service.staged != nil) != c.remains {
			t.Errorf("%s: staged %v", name, service.staged)
		}
	}
}

func TestNewReleaseStartsCountingAnew(t *testing.T) {
	client := &fakeClient{check: updater.Staged{Release: release("1.1.0")}}
	system := &fakeSystem{codes: []int{1603, 1603, 1603, 0}}
	service := newService(client, system)
	service.Poll(t.Context())
	service.InstallIfWanted(t.Context())
	service.InstallIfWanted(t.Context())
	client.check = updater.Staged{Release: release("1.2.0")}
	service.Poll(t.Context())
	service.InstallIfWanted(t.Context())
	if len(client.failed) != 0 || service.staged == nil {
		t.Errorf("1.2.0 was given up after one try: %v", client.failed)
	}
}

// stopClock stands still; both loops run once at start.
type stopClock struct{ waits chan struct{} }

func (c stopClock) Now() time.Time { return time.Unix(0, 0) }

func (c stopClock) After(time.Duration) <-chan time.Time {
	c.waits <- struct{}{}
	return nil
}

func TestRunPollsAtStartAndStops(t *testing.T) {
	client := &fakeClient{check: updater.Available{Release: release("1.1.0")}, stage: updater.Staged{Release: release("1.1.0")}}
	service := newService(client, &fakeSystem{busy: true})
	clock := stopClock{make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { service.Run(ctx, clock); close(ended) }()
	<-clock.waits
	<-clock.waits
	cancel()
	<-ended
	if client.staged != 1 {
		t.Errorf("staged %d times", client.staged)
	}
}

func TestArguments(t *testing.T) {
	got := strings.Join(arguments(`C:\a b\x.msi`, `C:\a b\msi.log`), "|")
	if want := `/i|C:\a b\x.msi|/qn|/norestart|REBOOT=ReallySuppress|ALLUSERS=1|/l*v|C:\a b\msi.log`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestHoldVerifies(t *testing.T) {
	path := filepath.Join(t.TempDir(), "coffer.msi")
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	digest := sha256.Sum256([]byte("package"))
	staged := updater.Staged{Release: updater.Release{Size: 7, SHA256: hex.EncodeToString(digest[:])}, Path: path}
	write("package")
	f, err := hold(staged)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	for _, content := range []string{"PACKAGE", "packag", "package!", ""} {
		write(content)
		if f, err := hold(staged); !errors.Is(err, updater.ErrTampered) {
			t.Errorf("%q: %v, %v", content, f, err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := hold(staged); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if err := os.Symlink("/bin/true", path); err != nil {
		t.Skip(err)
	}
	if _, err := hold(staged); err == nil {
		t.Error("a link was followed")
	}
}
