package screen

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/updater"
)

// releases is an update host's answer, as updater.Client gives it; package updater tests that one.
type releases struct {
	check, stage updater.State
	verified     time.Time
	asked        int
}

func (r *releases) Check(context.Context) updater.State {
	r.asked++
	return r.check
}

func (r *releases) Stage(_ context.Context, progress updater.Progress) updater.State {
	for done := range int64(1000) {
		progress(done+1, 1000)
	}
	return r.stage
}

func (r *releases) LastVerified() (time.Time, error) { return r.verified, nil }

func newTestUpdate(t *testing.T, r *releases, restart func() error) (*Update, *desk, *bool) {
	t.Helper()
	env, d := newEnv(t)
	quit := false
	config := UpdateConfig{Installed: buildinfo.Number{Major: 1, Minor: 3}, Restart: restart, Quit: func() { quit = true }}
	if r != nil {
		config.Client = r
	}
	return NewUpdate(env, config), d, &quit
}

func release() updater.Release {
	return updater.Release{Version: buildinfo.Number{Major: 1, Minor: 4}, Notes: "Faster search."}
}

func poll(d *desk, u *Update) UpdateState {
	d.t.Helper()
	u.Poll()
	d.until("answer", func() bool { return !u.State().Busy })
	return u.State()
}

func TestUpdateIsFetchedAndOffered(t *testing.T) {
	r := &releases{check: updater.Available{Release: release()}, stage: updater.Staged{Release: release()}, verified: testTime}
	u, d, quit := newTestUpdate(t, r, func() error { return nil })
	if s := u.State(); s.Installed != "Coffer 1.3.0" || s.LastCheck != "Not checked yet" || !s.Banner.IsZero() {
		t.Errorf("%+v", s)
	}
	steps := 0
	u.OnChange(func(s UpdateState) {
		if s.Progress.Total > 0 {
			steps++
		}
	})
	u.Poll()
	u.Poll() // one at a time
	d.until("answer", func() bool { return !u.State().Busy })
	s := u.State()
	if s.Banner.Title != "Coffer 1.4.0 is ready." || s.Banner.Notes != "Faster search." || s.Banner.Restart != "Restart now" || s.Banner.Later != "Later" {
		t.Errorf("%+v", s.Banner)
	}
	if r.asked != 1 || steps > 101 || steps < 100 {
		t.Errorf("asked %d times, %d steps of progress", r.asked, steps)
	}
	u.Restart()
	d.until("quit", func() bool { return *quit })
}

func TestLaterLastsADay(t *testing.T) {
	r := &releases{check: updater.Staged{Release: release()}}
	u, d, _ := newTestUpdate(t, r, nil)
	poll(d, u)
	u.Later()
	d.clock.Advance(d.queue, laterPause-time.Second)
	if s := poll(d, u); !s.Banner.IsZero() {
		t.Error("Later did not last")
	}
	told := false
	u.OnChange(func(s UpdateState) { told = !s.Banner.IsZero() })
	d.clock.Advance(d.queue, time.Second)
	if !told {
		t.Error("the prompt does not come back")
	}
	u.Later()
	urgent := release()
	urgent.Urgent = true
	r.check = updater.Staged{Release: urgent}
	if s := poll(d, u); s.Banner.IsZero() || !s.Banner.Urgent {
		t.Error("what is urgent was put off")
	}
}

func TestHeldReleaseIsNotOffered(t *testing.T) {
	for by, want := range map[updater.Hold]string{
		updater.ByPause: "Your administrator has paused updates. Coffer 1.4.0 will wait.",
		updater.ByPin:   "Coffer 1.4.0 is out. Your administrator keeps this PC on an earlier version.",
	} {
		u, d, _ := newTestUpdate(t, &releases{check: updater.Held{Release: release(), By: by}}, nil)
		if s := poll(d, u); s.Status.What != want || !s.Banner.IsZero() {
			t.Errorf("%s: %+v", by, s)
		}
	}
}

// The policy is asked when the person says so, and not only when the release was found.
func TestReleaseIsHeldAfterItWasFetched(t *testing.T) {
	restarts, by := 0, updater.Hold("")
	u, d, quit := newTestUpdate(t, &releases{check: updater.Staged{Release: release()}}, func() error { restarts++; return nil })
	u.config.Held = func(v buildinfo.Number) updater.Hold {
		if v != release().Version {
			t.Errorf("asked about %v", v)
		}
		return by
	}
	poll(d, u)
	by = updater.ByPause
	u.Restart()
	d.until("answer", func() bool { return !u.State().Busy })
	if s := u.State(); restarts != 0 || *quit || !s.Banner.IsZero() || s.Status.What != "Your administrator has paused updates. Coffer 1.4.0 will wait." {
		t.Errorf("%d restarts, quit %v, %+v", restarts, *quit, s)
	}
	by = ""
	poll(d, u)
	u.Restart()
	d.until("quit", func() bool { return *quit })
	if restarts != 1 {
		t.Errorf("%d restarts", restarts)
	}
}

func TestRefusalsAreExplained(t *testing.T) {
	r := &releases{check: updater.Refused{Err: fmt.Errorf("update host 1: %w", updater.ErrWrongKeys)}}
	u, d, _ := newTestUpdate(t, r, nil)
	if s := poll(d, u); s.Status.Tone != ToneError || s.Status.Next == "" || !s.Banner.IsZero() {
		t.Errorf("%+v", s)
	}
	r.check = updater.UpToDate{}
	r.verified = testTime
	if s := poll(d, u); s.Status.What != "Coffer is up to date." || s.LastCheck == "Not checked yet" || !s.Warning.IsZero() {
		t.Errorf("%+v", s)
	}
	d.clock.Advance(d.queue, updater.StaleNote+time.Hour)
	u.changed()
	if w := u.State().Warning; w.Tone != ToneQuiet || w.IsZero() {
		t.Errorf("%+v", w)
	}
	d.clock.Advance(d.queue, updater.StaleBanner)
	u.changed()
	if w := u.State().Warning; w.Tone != ToneWarning || w.Next == "" {
		t.Errorf("%+v", w)
	}
}

func TestFailedRestartKeepsTheProgramRunning(t *testing.T) {
	r := &releases{check: updater.Staged{Release: release()}}
	u, d, quit := newTestUpdate(t, r, func() error { return errors.Join(updater.ErrUnsafeFolder) })
	u.Restart() // nothing is ready yet
	poll(d, u)
	u.Restart()
	d.until("answer", func() bool { return !u.State().Busy })
	if s := u.State(); *quit || s.Status.What != "Other users of this PC can change the folder that Coffer is installed in." {
		t.Errorf("quit %v, %+v", *quit, s.Status)
	}
}

func TestWithoutAClient(t *testing.T) {
	for managed, want := range map[bool]string{
		true:  "Updates are installed by this PC’s administrator or update service.",
		false: "This copy of Coffer does not update itself.",
	} {
		u, _, _ := newTestUpdate(t, nil, nil)
		u.config.Managed = managed
		u.Poll()
		if s := u.State(); s.Check != "" || s.Busy || s.Status.What != want {
			t.Errorf("%+v", s)
		}
	}
}

// Where a service installs, the settings say too that it has taken a version back.
func TestVersionThatWasTakenBackIsNamed(t *testing.T) {
	u, _, _ := newTestUpdate(t, nil, nil)
	u.config.Managed = true
	if s := u.State(); !s.Warning.IsZero() {
		t.Errorf("nothing was taken back: %+v", s.Warning)
	}
	u.config.TakenBack = "1.4.0"
	u.changed()
	s := u.State()
	if w := s.Warning; w.What != "Coffer 1.4.0 did not work on this PC, and the version before was put back." || w.Safe == "" || w.Next == "" || w.Tone != ToneQuiet {
		t.Errorf("%+v", w)
	}
	if s.Status.What == "" {
		t.Error("who installs updates is not said any more")
	}
}
