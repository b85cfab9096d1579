package platform

import (
	"context"
	"time"
)

// Away is how the user may have left the computer.
type Away string

// The ways that WatchAway tells.
const (
	SessionLocked Away = "session locked"
	Sleep         Away = "sleep"
	SessionEnds   Away = "session ends" // by logging off, or with the computer
)

// WatchAway calls away, on goroutines of its own, when the user locks the session, when the computer goes to sleep, and when the session
// or the computer ends, until ctx ends. Windows and Linux wait until away returns, some seconds at most: what is being typed can be saved
// before windows and processes are taken away.
//
// On every system a sleep that nobody announced is noticed when it is over. That is all on macOS, and all that is left when an
// error is returned, which says why the system tells nothing.
func WatchAway(ctx context.Context, away func(Away)) error {
	go watchClock(ctx, away)
	return watchSystem(ctx, away)
}

// The clock is looked at every clockPeriod. When a look comes clockJump late the computer was asleep, or the program stopped, or
// somebody set the clock: locking once too often does no harm.
const (
	clockPeriod = 5 * time.Second
	clockJump   = 30 * time.Second
)

func watchClock(ctx context.Context, away func(Away)) {
	ticker := time.NewTicker(clockPeriod)
	defer ticker.Stop()
	watchTicks(ctx, ticker.C, time.Now, away)
}

// watchTicks compares wall clocks: the monotonic one stands still while some systems sleep.
func watchTicks(ctx context.Context, ticks <-chan time.Time, now func() time.Time, away func(Away)) {
	last := now().Round(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
		current := now().Round(0)
		if current.Sub(last) > clockPeriod+clockJump {
			away(Sleep)
		}
		last = current
	}
}
