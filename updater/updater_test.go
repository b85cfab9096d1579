package updater

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/updater/manifest"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

func TestNewVersionIsFoundAndStaged(t *testing.T) {
	w := newWorld(t)
	c := w.client(w.config("1.0.0"))
	wantUpToDate(t, c.Check(t.Context())) // a repository without a release for us
	w.release("1.0.0", "one")
	wantUpToDate(t, c.Check(t.Context()))
	w.release("1.1.0", "one point one")
	r := wantAvailable(t, c.Check(t.Context()), "1.1.0")
	if r.Notes != "What is new in 1.1.0" || r.Urgent || r.Size != int64(len("one point one")) {
		t.Errorf("release %+v", r)
	}
	var last, total int64
	wantStaged(t, c.Stage(t.Context(), func(d, n int64) { last, total = d, n }), "one point one")
	if last != r.Size || total != r.Size {
		t.Errorf("progress ended at %d of %d", last, total)
	}
	// Another process of the same installation knows it, without another download.
	again := w.client(Config{Mirrors: c.cfg.Mirrors, Dir: c.cfg.Dir, Root: c.cfg.Root, Installed: c.cfg.Installed, Target: app, Now: w.now})
	wantStaged(t, again.Check(t.Context()), "one point one")
}

func TestStageChecksByItself(t *testing.T) {
	w := newWorld(t)
	c := w.client(w.config("1.0.0"))
	wantUpToDate(t, c.Stage(t.Context(), nil))
	w.release("1.1.0", "new")
	wantStaged(t, c.Stage(t.Context(), nil), "new")
	w.release("1.2.0", "newer")
	wantAvailable(t, c.Check(t.Context()), "1.2.0")
	s := wantStaged(t, c.Stage(t.Context(), nil), "newer")
	if names, err := os.ReadDir(filepath.Dir(s.Path)); err != nil || len(names) != 1 {
		t.Errorf("staging folder holds %v (%v), want the newest file alone", names, err)
	}
}

func TestOtherPlatformsAreNotOffered(t *testing.T) {
	w := newWorld(t)
	w.release("1.1.0", "linux")
	cfg := w.config("1.0.0")
	cfg.Target.Platform = "windows-amd64"
	wantUpToDate(t, w.client(cfg).Check(t.Context()))
	cfg = w.config("1.0.0")
	cfg.Target.File = "coffer.msi"
	wantUpToDate(t, w.client(cfg).Check(t.Context()))
}

func TestDecisions(t *testing.T) {
	halted := func(m *manifest.Manifest) { m.Halt = true }
	none := func(m *manifest.Manifest) { m.Rollout = []manifest.Step{{At: time.Unix(0, 0), Percent: 0}} }
	for name, c := range map[string]struct {
		installed string
		options   []func(*manifest.Manifest)
		want      any // error or State
	}{
		"newer":                   {"1.1.0", nil, Available{}},
		"same":                    {"2.0.0", nil, UpToDate{}},
		"below installed":         {"2.0.1", nil, ErrRollback},
		"halted":                  {"1.1.0", []func(*manifest.Manifest){halted}, ErrHalted},
		"halted, and it runs":     {"2.0.0", []func(*manifest.Manifest){halted}, UpToDate{}},
		"rollout to nobody":       {"1.1.0", []func(*manifest.Manifest){none}, UpToDate{}},
		"insecure, so not held":   {"1.1.0", []func(*manifest.Manifest){none, func(m *manifest.Manifest) { m.MinSecureVersion = number("1.1.1") }}, Available{}},
		"insecure, but halted":    {"1.1.0", []func(*manifest.Manifest){halted, func(m *manifest.Manifest) { m.MinSecureVersion = number("1.1.1") }}, ErrHalted},
		"old operating system":    {"1.1.0", []func(*manifest.Manifest){func(m *manifest.Manifest) { m.MinOS = "6.2" }}, ErrUnsupportedOS},
		"recent operating system": {"1.1.0", []func(*manifest.Manifest){func(m *manifest.Manifest) { m.MinOS = "6.1" }}, Available{}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.release("2.0.0", "two", c.options...)
			got := w.client(w.config(c.installed)).Check(t.Context())
			switch want := c.want.(type) {
			case error:
				wantRefused(t, got, want)
			case UpToDate:
				wantUpToDate(t, got)
			case Available:
				wantAvailable(t, got, "2.0.0")
			}
		})
	}
}

// What the administrator has decided, here and not at the maintainers'.
func TestPolicy(t *testing.T) {
	step := []manifest.Step{{At: time.Unix(0, 0), Percent: 1}} // a hundredth of all computers
	none := []manifest.Step{{At: time.Unix(0, 0), Percent: 0}}
	for name, c := range map[string]struct {
		rules   policy.Policy
		rollout []manifest.Step
		want    State
	}{
		"no policy":                {policy.Policy{}, nil, Available{}},
		"pilot at the first step":  {policy.Policy{UpdateRing: policy.Pilot}, step, Available{}},
		"pilot before it":          {policy.Policy{UpdateRing: policy.Pilot}, none, UpToDate{}},
		"broad at no step":         {policy.Policy{UpdateRing: policy.Broad}, none, UpToDate{}},
		"broad at the last":        {policy.Policy{UpdateRing: policy.Broad}, nil, Available{}},
		"pinned below":             {policy.Policy{UpdatePin: number("1.0.9")}, nil, Held{By: ByPin}},
		"pinned to it":             {policy.Policy{UpdatePin: number("1.1.0")}, nil, Available{}},
		"pinned above":             {policy.Policy{UpdatePin: number("1.2.0")}, nil, Available{}},
		"paused":                   {policy.Policy{UpdatePause: "2026-11-01"}, nil, Held{By: ByPause}},
		"paused until yesterday":   {policy.Policy{UpdatePause: "2026-10-31"}, nil, Available{}},
		"held, and not yet for us": {policy.Policy{UpdatePause: "2026-11-01"}, none, UpToDate{}},
	} {
		w := newWorld(t)
		w.release("1.1.0", "new", func(m *manifest.Manifest) { m.Rollout = c.rollout })
		cfg := w.config("1.0.0")
		cfg.Policy = func() policy.Policy { return c.rules }
		client := w.client(cfg)
		for range 2 { // the first decision is no other than those that follow
			got := client.Check(t.Context())
			if held, ok := got.(Held); ok && held.Version == number("1.1.0") {
				got = Held{By: held.By}
			}
			if _, ok := got.(Available); ok {
				got = Available{}
			}
			if _, ok := got.(UpToDate); ok {
				got = UpToDate{}
			}
			if got != c.want {
				t.Errorf("%s: %T %+v, want %T", name, got, got, c.want)
			}
		}
	}
}

// A pause that comes when a release is staged already: it is not there to be applied any more, and comes back.
func TestPauseDropsWhatIsStaged(t *testing.T) {
	w := newWorld(t)
	w.release("1.1.0", "new", func(m *manifest.Manifest) { m.MinSecureVersion = number("1.1.0") })
	cfg := w.config("1.0.0")
	var rules policy.Policy
	cfg.Policy = func() policy.Policy { return rules }
	c := w.client(cfg)
	wantStaged(t, c.Stage(t.Context(), nil), "new")
	rules.UpdatePause = "2026-11-01"
	if held, ok := c.Check(t.Context()).(Held); !ok || held.By != ByPause || !held.Urgent {
		t.Errorf("%+v", held)
	}
	if st, err := c.store.load(); err != nil || st.Staged != nil {
		t.Errorf("%+v, %v", st, err)
	}
	w.pass(24 * time.Hour)
	wantStaged(t, c.Stage(t.Context(), nil), "new")
}

func TestHaltDropsWhatIsStaged(t *testing.T) {
	w := newWorld(t)
	w.release("1.1.0", "bad")
	c := w.client(w.config("1.0.0"))
	s := wantStaged(t, c.Stage(t.Context(), nil), "bad")
	w.must(w.repo.Amend(app, func(m *manifest.Manifest) { m.Halt = true }))
	w.publish()
	wantRefused(t, c.Check(t.Context()), ErrHalted)
	if _, err := os.Stat(s.Path); !os.IsNotExist(err) {
		t.Errorf("the withdrawn file is still there: %v", err)
	}
	wantRefused(t, c.Stage(t.Context(), nil), ErrHalted)
}

// What was staged is dropped when it is no longer what is offered to this computer.
func TestSupersededReleaseIsNotApplied(t *testing.T) {
	for name, next := range map[string]func(w *world){
		"a newer one": func(w *world) { w.release("1.2.0", "newer") },
		"built again": func(w *world) { w.release("1.1.0", "other bytes") },
		"rollout stopped": func(w *world) {
			w.release("1.2.0", "newer", func(m *manifest.Manifest) { m.Rollout = []manifest.Step{{Percent: 0}} })
		},
	} {
		w := newWorld(t)
		w.release("1.1.0", "first")
		c := w.client(w.config("1.0.0"))
		s := wantStaged(t, c.Stage(t.Context(), nil), "first")
		w.lies(status(http.StatusServiceUnavailable))
		wantRefused(t, c.Check(t.Context()), ErrHostsUnreachable)
		if _, err := os.Stat(s.Path); err != nil {
			t.Errorf("%s: silence is no reason to drop it: %v", name, err)
		}
		w.lies(nil)
		next(w)
		if got, ok := c.Check(t.Context()).(Staged); ok {
			t.Errorf("%s: %+v", name, got)
		}
		if st, err := c.store.load(); err != nil || st.Staged != nil {
			t.Errorf("%s: %+v, %v", name, st, err)
		}
		if _, err := os.Stat(s.Path); !os.IsNotExist(err) {
			t.Errorf("%s: the file is still there: %v", name, err)
		}
	}
}

func TestFailedReleaseIsNotTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.release("1.1.0", "bad")
	c := w.client(w.config("1.0.0"))
	wantAvailable(t, c.Check(t.Context()), "1.1.0")
	w.must(c.MarkFailed(number("1.1.0")))
	wantRefused(t, c.Stage(t.Context(), nil), ErrFailedBefore)
	wantRefused(t, c.Check(t.Context()), ErrFailedBefore)
	w.release("1.1.1", "good")
	wantAvailable(t, c.Check(t.Context()), "1.1.1")
}

// Tries are counted for the release and not for the process: an installation ends the service that began it.
func TestTriesOutliveTheProcess(t *testing.T) {
	w := newWorld(t)
	w.release("1.1.0", "first")
	cfg := w.config("1.0.0")
	if _, err := w.client(cfg).BeginInstall(number("1.1.0")); !errors.Is(err, ErrNothingStaged) {
		t.Errorf("nothing is staged: %v", err)
	}
	wantStaged(t, w.client(cfg).Stage(t.Context(), nil), "first")
	begin := func(version string, want int) {
		t.Helper()
		c := w.client(cfg)
		wantStaged(t, c.Check(t.Context()), map[string]string{"1.1.0": "first", "1.2.0": "second"}[version])
		if tries, err := c.BeginInstall(number(version)); tries != want || err != nil {
			t.Errorf("%s: try %d, %v, want %d", version, tries, err, want)
		}
	}
	begin("1.1.0", 1)
	begin("1.1.0", 2)
	w.must(w.client(cfg).PutOff(number("1.1.0")))
	begin("1.1.0", 2)
	w.release("1.2.0", "second")
	wantStaged(t, w.client(cfg).Stage(t.Context(), nil), "second")
	begin("1.2.0", 1)
}

func TestRolloutIsDecidedHere(t *testing.T) {
	v := number("1.1.0")
	counts := make([]int, 100)
	for i := range 20000 {
		counts[bucket([]byte{byte(i), byte(i >> 8)}, v)]++
	}
	for b, n := range counts {
		if n < 120 || n > 280 {
			t.Errorf("bucket %d has %d of 20000 computers, want about 200", b, n)
		}
	}
	id := []byte("one computer")
	first := bucket(id, v)
	if again := bucket(id, v); again != first {
		t.Errorf("bucket %d, then %d, of one release", first, again)
	}
	if first == bucket(id, number("1.2.0")) && first == bucket(id, number("1.3.0")) {
		t.Error("the bucket must differ between releases")
	}
}

func TestRolloutReachesEveryone(t *testing.T) {
	w := newWorld(t)
	start := w.now()
	w.release("1.1.0", "new", func(m *manifest.Manifest) {
		m.Rollout = []manifest.Step{{At: start, Percent: 0}, {At: start.Add(time.Hour), Percent: 50}, {At: start.Add(2 * time.Hour), Percent: 100}}
	})
	early := w.client(w.config("1.0.0"))
	late := w.client(w.config("1.0.0"))
	early.id, late.id = idWithBucket(func(b int) bool { return b < 50 }), idWithBucket(func(b int) bool { return b >= 50 })
	wantUpToDate(t, early.Check(t.Context()))
	w.pass(time.Hour)
	wantAvailable(t, early.Check(t.Context()), "1.1.0")
	wantUpToDate(t, late.Check(t.Context()))
	w.pass(time.Hour)
	wantAvailable(t, late.Check(t.Context()), "1.1.0")
}

func idWithBucket(ok func(int) bool) []byte {
	for i := byte(0); ; i++ {
		if id := []byte{i}; ok(bucket(id, number("1.1.0"))) {
			return id
		}
	}
}

// What the metadata says of a file must be enough to verify it, and of a size that a release can have.
func TestOfferNeedsHashAndSize(t *testing.T) {
	custom := json.RawMessage(`{"version":"1.1.0"}`)
	sha := metadata.Hashes{"sha256": make([]byte, 32)}
	for name, c := range map[string]struct {
		info *metadata.TargetFiles
		ok   bool
	}{
		"complete":     {&metadata.TargetFiles{Length: 1, Hashes: sha, Custom: &custom}, true},
		"no hash":      {&metadata.TargetFiles{Length: 1, Custom: &custom}, false},
		"other hash":   {&metadata.TargetFiles{Length: 1, Hashes: metadata.Hashes{"sha512": make([]byte, 64)}, Custom: &custom}, false},
		"short hash":   {&metadata.TargetFiles{Length: 1, Hashes: metadata.Hashes{"sha256": make([]byte, 20)}, Custom: &custom}, false},
		"empty":        {&metadata.TargetFiles{Length: 0, Hashes: sha, Custom: &custom}, false},
		"negative":     {&metadata.TargetFiles{Length: -1, Hashes: sha, Custom: &custom}, false},
		"too large":    {&metadata.TargetFiles{Length: maxRelease + 1, Hashes: sha, Custom: &custom}, false},
		"no manifest":  {&metadata.TargetFiles{Length: 1, Hashes: sha}, false},
		"null pointer": {nil, false},
	} {
		if _, err := newOffer(app, c.info); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLastVerified(t *testing.T) {
	w := newWorld(t)
	c := w.client(w.config("1.0.0"))
	if at, err := c.LastVerified(); err != nil || !at.IsZero() {
		t.Errorf("before the first check: %v, %v", at, err)
	}
	wantUpToDate(t, c.Check(t.Context()))
	checked := w.now()
	w.pass(StaleBanner + time.Hour)
	wantRefused(t, c.Check(t.Context()), ErrExpired)
	if at, err := c.LastVerified(); err != nil || !at.Equal(checked) {
		t.Errorf("last verified %v (%v), want %v", at, err, checked)
	}
	// Whoever looks from outside sees the same, and not when something else was written last.
	w.must(c.MarkFailed(number("1.1.0")))
	for dir, want := range map[string]time.Time{c.cfg.Dir: checked, t.TempDir(): {}} {
		if s, err := ReadStatus(dir); err != nil || !s.Verified.Equal(want) {
			t.Errorf("%v, %v, want %v", s.Verified, err, want)
		}
	}
	w.must(os.WriteFile(c.store.path(), []byte("{"), 0o600))
	if _, err := ReadStatus(c.cfg.Dir); err == nil {
		t.Error("a damaged state was read")
	}
}

// Whoever asks later, and asks no host, sees why there is no update, since when, and nothing that a host made up.
func TestWhyThereIsNoUpdateIsRemembered(t *testing.T) {
	strangers := found(t, t.TempDir())
	strangers.release("9.0.0", "theirs")
	const made = "CALL 0900 123 456"
	for name, c := range map[string]struct {
		spoil func(w *world, cfg *Config)
		says  error
	}{
		"hosts that are down":    {func(w *world, _ *Config) { w.lies(status(http.StatusServiceUnavailable)) }, ErrHostsUnreachable},
		"hosts of strangers":     {func(w *world, _ *Config) { w.lies(strangers.serve(strangers.repo.Public())) }, ErrWrongKeys},
		"hosts that talk":        {func(w *world, _ *Config) { w.lies(text(`{"` + made + `":`)) }, ErrTampered},
		"hosts without end":      {func(w *world, _ *Config) { w.lies(http.HandlerFunc(endless)) }, ErrTampered},
		"hosts that are too old": {func(w *world, _ *Config) { w.pass(49 * time.Hour) }, ErrExpired},
		"a clock two years fast": {func(w *world, cfg *Config) { cfg.Now = func() time.Time { return w.now().AddDate(2, 0, 0) } }, ErrExpired},
		"an older release":       {func(_ *world, cfg *Config) { cfg.Installed = number("2.0.0") }, ErrRollback},
		"a release that failed": {func(w *world, cfg *Config) {
			w.must(w.client(*cfg).MarkFailed(number("1.1.0")))
		}, ErrFailedBefore},
	} {
		w := newWorld(t)
		w.release("1.1.0", "new")
		cfg := w.config("1.0.0")
		honest := cfg
		c.spoil(w, &cfg)
		since := w.client(cfg).cfg.Now()
		for range 2 {
			if _, ok := w.client(cfg).Check(t.Context()).(Refused); !ok {
				t.Errorf("%s: not refused", name)
			}
			w.pass(time.Hour) // for the same reason: since the first time
		}
		s, err := ReadStatus(cfg.Dir)
		if err != nil || !strings.HasPrefix(s.Refused, c.says.Error()) || !s.Since.Equal(since) || strings.Contains(s.Refused, made) {
			t.Errorf("%s: %q since %v (%v), want %q since %v", name, s.Refused, s.Since, err, c.says, since)
		}
		if errors.Is(c.says, ErrRollback) || errors.Is(c.says, ErrFailedBefore) {
			continue
		}
		w.lies(nil)
		w.refresh()
		wantAvailable(t, w.client(honest).Check(t.Context()), "1.1.0")
		if s, err := ReadStatus(cfg.Dir); err != nil || s.Refused != "" {
			t.Errorf("%s is over: still %q (%v)", name, s.Refused, err)
		}
	}
}

// A program that ends in the middle of a check was refused nothing.
func TestEndOfTheProgramIsNoReason(t *testing.T) {
	w := newWorld(t)
	cfg := w.config("1.0.0")
	ended, end := context.WithCancel(t.Context())
	end()
	w.client(cfg).Check(ended)
	if s, err := ReadStatus(cfg.Dir); err != nil || s.Refused != "" {
		t.Errorf("%q, %v", s.Refused, err)
	}
}

func TestDamagedStateStartsOver(t *testing.T) {
	w := newWorld(t)
	w.release("1.1.0", "new")
	cfg := w.config("1.0.0")
	c := w.client(cfg)
	wantStaged(t, c.Stage(t.Context(), nil), "new")
	w.must(os.WriteFile(filepath.Join(cfg.Dir, "state.json"), []byte(`{"staged":`), 0o600))
	wantStaged(t, c.Stage(t.Context(), nil), "new")
	if _, err := os.Stat(filepath.Join(cfg.Dir, "state.json.damaged")); err != nil {
		t.Errorf("the damaged state was not kept: %v", err)
	}
}

func TestFailedListIsBounded(t *testing.T) {
	var s state
	for i := range 3 * maxFailed {
		s.fail(buildinfo.Number{Major: 1, Patch: i})
		s.fail(buildinfo.Number{Major: 1, Patch: i})
	}
	if len(s.Failed) != maxFailed || !s.hasFailed(buildinfo.Number{Major: 1, Patch: 3*maxFailed - 1}) {
		t.Errorf("%d releases, the last %v", len(s.Failed), s.Failed[len(s.Failed)-1])
	}
}

func TestConfig(t *testing.T) {
	w := newWorld(t)
	for name, spoil := range map[string]func(*Config){
		"no mirrors":      func(c *Config) { c.Mirrors = nil },
		"plain http":      func(c *Config) { c.Mirrors = []string{"http://updates.example.org"} },
		"user in address": func(c *Config) { c.Mirrors = []string{"https://me@updates.example.org"} },
		"query":           func(c *Config) { c.Mirrors = []string{"https://updates.example.org/?id=1"} },
		"no host":         func(c *Config) { c.Mirrors = []string{"https:///x"} },
		"relative folder": func(c *Config) { c.Dir = "updates" },
		"no root":         func(c *Config) { c.Root = nil },
		"no target":       func(c *Config) { c.Target = manifest.Target{} },
	} {
		cfg := w.config("1.0.0")
		spoil(&cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	cfg := w.config("1.0.0")
	cfg.Mirrors = Mirrors("example.org")
	if _, err := New(cfg); err != nil {
		t.Errorf("the two usual hosts: %v", err)
	}
}
