package machine

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/updater"
)

// pc is a computer with a version and an installer that answers with results, one after the other.
type pc struct {
	version string // empty: none
	busy    int    // looks in which an installer runs
	mute    error  // of the command line
	results []Result
	tries   []string
	told    string
	killed  string // "before" or "after": the watcher is killed before or after the installer has done its work
}

func (c *pc) Installed() (buildinfo.Number, bool) {
	v, err := buildinfo.ParseNumber(c.version)
	return v, err == nil
}

func (c *pc) Busy() bool { c.busy--; return c.busy >= 0 }

func (c *pc) Answers(context.Context, buildinfo.Number) error { return c.mute }

func (c *pc) Tell(v buildinfo.Number, reason string) error {
	c.told = v.String() + " " + reason
	return nil
}

func (c *pc) Return(s updater.Staged) (Outcome, error) {
	c.tries = append(c.tries, s.Version.String()+" "+s.Path+" "+s.SHA256)
	kill := c.killed
	c.killed = ""
	if kill == "before" {
		runtime.Goexit()
	}
	result := c.results[0]
	c.results = c.results[1:]
	if result == Installed {
		c.version = s.Version.String()
	}
	if kill == "after" {
		runtime.Goexit()
	}
	return Outcome{Result: result}, nil
}

// ticks pass at once; onLook is called before each.
type ticks struct{ onLook func() }

func (ticks) Now() time.Time { return time.Time{} }

func (c ticks) After(time.Duration) <-chan time.Time {
	c.onLook()
	passed := make(chan time.Time)
	close(passed)
	return passed
}

func on(step step) journal {
	return journal{From: release("1.1.0").Version, To: release("1.2.0").Version, Path: "kept", SHA256: "hash", Step: step}
}

// watch runs watchers, one after the other while they are killed, until one says that it is over.
func watch(t *testing.T, dir trialFolder, c *pc, onLook func(look int)) {
	t.Helper()
	look := 0
	clock := ticks{func() {
		if look++; onLook != nil {
			onLook(look)
		}
		if look > 5000 {
			t.Error("it never ends")
			runtime.Goexit()
		}
	}}
	for over := false; !over && look <= 5000; {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			w, err := NewWatcher(string(dir), c, clock, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Error(err)
				look = 5001
				return
			}
			over = w.Run(t.Context())
		}()
		<-ended
	}
}

func TestVersionOnTrial(t *testing.T) {
	to := release("1.2.0").Version
	mute := errors.New("exit status 2")
	for name, c := range map[string]struct {
		pc     pc
		begins step
		prove  int // look before which the new service leaves its proof, 0 for never
		ends   step
		left   string
		tries  int
	}{
		"works":                            {pc: pc{version: "1.2.0"}, prove: 12, ends: proved, left: "1.2.0"},
		"works at the last moment":         {pc: pc{version: "1.2.0"}, prove: 60, ends: proved, left: "1.2.0"},
		"a moment too late":                {pc: pc{version: "1.2.0", results: []Result{Installed}}, prove: 62, ends: returned, left: "1.1.0", tries: 1},
		"service is broken":                {pc: pc{version: "1.2.0", results: []Result{Installed}}, ends: returned, left: "1.1.0", tries: 1},
		"command line is broken":           {pc: pc{version: "1.2.0", mute: mute, results: []Result{Installed}}, prove: 1, ends: returned, left: "1.1.0", tries: 1},
		"installers are not counted":       {pc: pc{version: "1.2.0", busy: 500}, prove: 550, ends: proved, left: "1.2.0"},
		"returns at the third try":         {pc: pc{version: "1.2.0", results: []Result{Failed, Failed, Installed}}, ends: returned, left: "1.1.0", tries: 3},
		"cannot return":                    {pc: pc{version: "1.2.0", results: []Result{Failed, Failed, Failed}}, ends: givenUp, left: "1.2.0", tries: 3},
		"waits for others to return":       {pc: pc{version: "1.2.0", results: []Result{Later, Later, Later, Later, Installed}}, ends: returned, left: "1.1.0", tries: 5},
		"was not installed":                {pc: pc{version: "1.1.0"}, ends: installing, left: "1.1.0"},
		"another was installed":            {pc: pc{version: "1.3.0"}, ends: installing, left: "1.3.0"},
		"another is installed by now":      {pc: pc{version: "1.3.0"}, begins: judging, ends: judging, left: "1.3.0"},
		"is uninstalled":                   {pc: pc{}, begins: judging, ends: judging},
		"is uninstalled before the return": {pc: pc{}, begins: returning, ends: givenUp},
		"killed before the installer":      {pc: pc{version: "1.2.0", killed: "before", results: []Result{Installed}}, ends: returned, left: "1.1.0", tries: 2},
		"killed after the installer":       {pc: pc{version: "1.2.0", killed: "after", results: []Result{Installed}}, ends: returned, left: "1.1.0", tries: 1},
	} {
		t.Run(name, func(t *testing.T) {
			dir := trialFolder(t.TempDir())
			if c.begins == "" {
				c.begins = installing
			}
			must(t, dir.write(on(c.begins)))
			watch(t, dir, &c.pc, func(look int) {
				if look == c.prove {
					must(t, dir.prove(to))
				}
			})
			j, err := dir.read()
			must(t, err)
			if j.Step != c.ends || c.pc.version != c.left || len(c.pc.tries) != c.tries {
				t.Errorf("step %q, version %q, tries %v", j.Step, c.pc.version, c.pc.tries)
			}
			if c.tries > 0 && (c.pc.tries[0] != "1.1.0 kept hash" || j.Reason == "") {
				t.Errorf("tried %v because of %q", c.pc.tries, j.Reason)
			}
		})
	}
}

// The power is cut in the middle of the way back, when neither version is there.
func TestReturnThatWasTornIsFinished(t *testing.T) {
	dir, c := trialFolder(t.TempDir()), &pc{results: []Result{Installed}}
	j := on(returning)
	j.Tries = 1
	must(t, dir.write(j))
	watch(t, dir, c, nil)
	if c.version != "1.1.0" {
		t.Errorf("version %q", c.version)
	}
}

// A proof of another version is none, and what cannot be read is nothing to act upon.
func TestWatcherBelievesNothingElse(t *testing.T) {
	dir, c := trialFolder(t.TempDir()), &pc{version: "1.2.0", results: []Result{Installed}}
	must(t, dir.write(on(judging)))
	must(t, dir.prove(release("1.1.0").Version))
	watch(t, dir, c, nil)
	if c.version != "1.1.0" {
		t.Errorf("the proof of another version was taken: %q", c.version)
	}
	must(t, os.WriteFile(dir.journal(), []byte("{"), 0o600))
	c = &pc{version: "1.2.0"}
	watch(t, dir, c, nil)
	must(t, os.Remove(dir.journal()))
	watch(t, dir, c, nil)
	if len(c.tries) > 0 {
		t.Errorf("acted on nothing: %v", c.tries)
	}
}

type watchman struct {
	calls []string
	busy  int // starts that fail, since another one has not ended
}

func (w *watchman) Start() error {
	w.calls = append(w.calls, "start")
	if w.busy--; w.busy >= 0 {
		return errors.New("there is one")
	}
	return nil
}

func (w *watchman) End() error { w.calls = append(w.calls, "end"); return nil }

func TestServiceLearnsHowATrialEnded(t *testing.T) {
	for name, c := range map[string]struct {
		step      step
		installed string
		failed    bool
		left      bool // the journal
	}{
		"new version":                {judging, "1.2.0", false, true},
		"not installed":              {installing, "1.1.0", false, false},
		"returned, watcher killed":   {returning, "1.1.0", true, true},
		"returned":                   {returned, "1.1.0", true, true},
		"went back by hand":          {proved, "1.1.0", false, false},
		"another version altogether": {returned, "1.3.0", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir, client, p := trialFolder(t.TempDir()), &fakeClient{}, &pc{}
			ended := on(c.step)
			ended.Reason = "the reason"
			must(t, dir.write(ended))
			service := newService(client, &fakeSystem{})
			for range 2 {
				must(t, service.TakeBack(NewTrials(string(dir), release(c.installed).Version, p, &watchman{}, service.log)))
			}
			j, err := dir.read()
			must(t, err)
			if failed := slices.Contains(client.failed, release("1.2.0").Version); failed != c.failed || (j != nil) != c.left || (p.told == "1.2.0 the reason") != c.failed {
				t.Errorf("failed %v, told %q, journal %v", client.failed, p.told, j)
			}
		})
	}
}

// A release that cannot be marked would be installed again: the service ends, and is started again.
func TestServiceThatCannotRememberAFailureEnds(t *testing.T) {
	dir, full := trialFolder(t.TempDir()), errors.New("disk full")
	must(t, dir.write(on(returned)))
	service := newService(&fakeClient{markErr: full}, &fakeSystem{})
	if err := service.TakeBack(NewTrials(string(dir), release("1.1.0").Version, &pc{}, &watchman{}, service.log)); !errors.Is(err, full) {
		t.Errorf("went on: %v", err)
	}
}

// A release is installed with a way back if there is one, and else without.
func TestTrialBeginsBeforeTheInstaller(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*fakeClient, *pc)
		proof  bool
		code   int
		begun  bool // and not abandoned
	}{
		"with a way back":             {nil, true, 0, true},
		"installer fails":             {nil, true, 1603, false},
		"package before is not there": {func(f *fakeClient, _ *pc) { f.keptErr = updater.ErrNothingStaged }, true, 0, false},
		"insecure version before": {func(f *fakeClient, _ *pc) {
			st := f.check.(updater.Staged)
			st.Urgent = true
			f.check = st
		}, true, 0, false},
		"nothing can be asked here": {func(_ *fakeClient, p *pc) { p.mute = errors.New("no answer") }, true, 0, false},
		"not proved itself":         {nil, false, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir, p, man := trialFolder(t.TempDir()), &pc{version: "1.1.0"}, &watchman{}
			client := &fakeClient{check: updater.Staged{Release: release("1.2.0")}, kept: updater.Staged{Release: release("1.1.0"), Path: "kept"}}
			system := &fakeSystem{codes: []int{c.code}}
			if c.change != nil {
				c.change(client, p)
			}
			service := newService(client, system)
			must(t, service.TakeBack(NewTrials(string(dir), release("1.1.0").Version, p, man, service.log)))
			if c.proof {
				must(t, dir.prove(release("1.1.0").Version))
			}
			service.Poll(t.Context())
			service.InstallIfWanted(t.Context())
			j, err := dir.read()
			must(t, err)
			if !slices.Equal(system.installed, []string{"1.2.0"}) || (j != nil) != c.begun {
				t.Fatalf("installed %v, journal %v", system.installed, j)
			}
			if c.begun && (dir.proves(release("1.1.0").Version) || !slices.Contains(man.calls, "start") || j.Path != "kept" || j.Step != installing) {
				t.Errorf("began with %v, %v", j, man.calls)
			}
			if !c.begun && len(man.calls) > 0 && man.calls[len(man.calls)-1] != "end" {
				t.Errorf("the watcher is left: %v", man.calls)
			}
		})
	}
}

// The system takes its time to end the watcher of the update before.
func TestWatcherIsStartedWhenTheOneBeforeHasEnded(t *testing.T) {
	for busy, starts := range map[int]int{0: 1, 1: 2, 24: 25, 1000: 25} {
		man := &watchman{busy: busy}
		trials := NewTrials(t.TempDir(), release("1.1.0").Version, &pc{}, man, slog.New(slog.DiscardHandler))
		trials.pause = 0
		err := trials.startWatch(t.Context())
		if len(man.calls) != starts || (err == nil) != (busy < starts) {
			t.Errorf("%d fail: %d starts, %v", busy, len(man.calls), err)
		}
	}
	ctx, end := context.WithCancel(t.Context())
	end()
	man := &watchman{busy: 1}
	if err := NewTrials(t.TempDir(), release("1.1.0").Version, &pc{}, man, slog.New(slog.DiscardHandler)).startWatch(ctx); err == nil || len(man.calls) != 1 {
		t.Errorf("a service that ends: %v, %v", man.calls, err)
	}
}

func TestServiceProvesItselfAfterAMinute(t *testing.T) {
	dir, v := trialFolder(t.TempDir()), release("1.2.0").Version
	service := newService(&fakeClient{}, &fakeSystem{})
	must(t, service.TakeBack(NewTrials(string(dir), v, &pc{}, &watchman{}, service.log)))
	service.each(t.Context())
	if dir.proves(v) {
		t.Error("proved by its start alone")
	}
	service.each(t.Context())
	if !dir.proves(v) {
		t.Error("not proved")
	}
}

func TestProgramsThatComeAtTheNextStart(t *testing.T) {
	files := []string{`\??\C:\Config.Msi\1.rbf`, ``, `\??\C:\Program Files\COFFER\cofferctl.exe`, `!\??\C:\Program Files\Other\x.exe`}
	for folder, want := range map[string]bool{`C:\Program Files\Coffer\`: true, `C:\Program Files\Coffer`: true, `C:\Program Files\Cof`: false, `D:\Coffer\`: false, ``: false} {
		if got := pendingIn(files, folder); got != want {
			t.Errorf("%q: %v", folder, got)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
