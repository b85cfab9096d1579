package updater

import (
	"context"
	"math/rand/v2"
	"time"
)

// How often a client polls.
const (
	PollEvery  = 4 * time.Hour
	PollJitter = 30 * time.Minute
)

// Clock is the time as Schedule sees it.
type Clock interface {
	Now() time.Time
	After(time.Duration) <-chan time.Time
}

// WallClock is the computer's clock.
type WallClock struct{}

func (WallClock) Now() time.Time                         { return time.Now() }
func (WallClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// Schedule calls a function at start and then at an interval of the wall clock. A computer that slept through several intervals, or
// whose clock jumped, polls once.
type Schedule struct {
	every, jitter time.Duration
	clock         Clock
	poll          func(context.Context)
}

// NewSchedule polls every interval ± jitter. Nothing happens before Run.
func NewSchedule(every, jitter time.Duration, clock Clock, poll func(context.Context)) *Schedule {
	return &Schedule{every, jitter, clock, poll}
}

// lookEvery is how often the clock is compared: timers stand still while a computer sleeps.
const lookEvery = time.Minute

// Run polls until ctx ends.
func (s *Schedule) Run(ctx context.Context) {
	due := s.wall()
	for ctx.Err() == nil {
		now := s.wall()
		// Due further ahead than an interval can be: the clock was set back.
		if !now.Before(due) || due.Sub(now) > s.every+s.jitter {
			s.poll(ctx)
			due = s.wall().Add(s.interval())
			continue
		}
		select {
		case <-ctx.Done():
		case <-s.clock.After(min(lookEvery, due.Sub(now))):
		}
	}
}

// wall is the time without the monotonic reading, which would hide a sleep.
func (s *Schedule) wall() time.Time { return s.clock.Now().Round(0) }

// interval spreads the load: not all computers of a company ask at nine o'clock.
func (s *Schedule) interval() time.Duration {
	return s.every - s.jitter + time.Duration(rand.Int64N(int64(2*s.jitter)+1))
}
