package updater

import (
	"context"
	"testing"
	"time"
)

// fakeClock moves only when a test says so.
type fakeClock struct {
	now   time.Time
	waits chan time.Duration // how long Run wants to wait
	fire  chan time.Time
}

func (c *fakeClock) Now() time.Time { return c.now }

func (c *fakeClock) After(d time.Duration) <-chan time.Time {
	c.waits <- d
	return c.fire
}

// scheduled runs a Schedule over a fake clock.
type scheduled struct {
	*Schedule
	clock *fakeClock
	polls int
}

func startSchedule(t *testing.T) *scheduled {
	t.Helper()
	clock := &fakeClock{now: birth, waits: make(chan time.Duration), fire: make(chan time.Time)}
	s := &scheduled{clock: clock}
	s.Schedule = NewSchedule(PollEvery, PollJitter, clock, func(context.Context) { s.polls++ })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { s.Run(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	<-clock.waits
	return s
}

// jump moves the clock while the timer stands still, as sleep does, and wakes Run up.
func (s *scheduled) jump(d time.Duration) {
	s.clock.now = s.clock.now.Add(d)
	s.clock.fire <- s.clock.now
	<-s.clock.waits
}

func (s *scheduled) want(t *testing.T, polls int) {
	t.Helper()
	if s.polls != polls {
		t.Fatalf("%d polls, want %d", s.polls, polls)
	}
}

func TestPollsAtStartAndEveryFourHours(t *testing.T) {
	s := startSchedule(t)
	s.want(t, 1)
	for minute := 0; minute < int((PollEvery-PollJitter)/time.Minute)-1; minute++ {
		s.jump(time.Minute)
	}
	s.want(t, 1)
	for range 2*int(PollJitter/time.Minute) + 2 {
		s.jump(time.Minute)
	}
	s.want(t, 2)
	for range 30 * 24 * 60 {
		s.jump(time.Minute)
	}
	if days := s.polls / 6; days < 28 || days > 32 {
		t.Errorf("%d polls in 30 days, want about 180", s.polls)
	}
}

func TestOnePollAfterSleepOrJump(t *testing.T) {
	s := startSchedule(t)
	for i, jump := range []time.Duration{8 * time.Hour, 30 * 24 * time.Hour, -10 * 24 * time.Hour, -8 * time.Hour} {
		s.jump(jump)
		s.want(t, i+2)
		s.jump(time.Minute)
		s.jump(time.Minute)
		s.want(t, i+2)
	}
}

func TestIntervalIsSpread(t *testing.T) {
	s := NewSchedule(PollEvery, PollJitter, WallClock{}, nil)
	seen := map[time.Duration]bool{}
	for range 1000 {
		d := s.interval()
		if d < PollEvery-PollJitter || d > PollEvery+PollJitter {
			t.Fatalf("interval %v", d)
		}
		seen[d] = true
	}
	if len(seen) < 900 {
		t.Errorf("%d different intervals of 1000", len(seen))
	}
}
