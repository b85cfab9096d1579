package screen

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/screen/screentest"
)

var testTime = time.Date(2026, 9, 20, 0, 50, 0, 0, time.UTC)

func newTestRunner() (*Runner, *screentest.Queue, *screentest.Clock) {
	queue, clock := screentest.NewQueue(), screentest.NewClock(testTime)
	return NewRunner(queue.Post, clock), queue, clock
}

func TestRunBringsResultBack(t *testing.T) {
	r, queue, _ := newTestRunner()
	broken := errors.New("broken")
	var got int
	var gotErr error
	Run(r, func(context.Context) (int, error) { return 7, broken }, func(n int, err error) { got, gotErr = n, err })
	queue.Until(t, "result", func() bool { return got != 0 })
	if got != 7 || gotErr != broken {
		t.Errorf("got %d, %v", got, gotErr)
	}
}

func TestLateResultsAreDropped(t *testing.T) {
	for name, stop := range map[string]func(*Runner, func()){
		"runner stopped":    func(r *Runner, _ func()) { r.Stop() },
		"this one canceled": func(_ *Runner, cancel func()) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			r, queue, _ := newTestRunner()
			discarded, done := 0, false
			cancel := RunOwned(r, func(ctx context.Context) (int, error) {
				<-ctx.Done() // stopping cancels the work too
				return 7, nil
			}, func(int, error) { done = true }, func(n int) { discarded = n })
			stop(r, cancel)
			queue.Until(t, "discarded result", func() bool { return discarded == 7 })
			if done {
				t.Error("a late result was delivered")
			}
		})
	}
}

// The result has arrived in the queue, but the screen is left before it is its turn.
func TestResultQueuedBeforeStopIsDropped(t *testing.T) {
	r, queue, _ := newTestRunner()
	finished := make(chan struct{})
	post := r.post
	r.post = func(f func()) { post(f); close(finished) }
	discarded, done := false, false
	RunOwned(r, func(context.Context) (int, error) { return 1, nil }, func(int, error) { done = true }, func(int) { discarded = true })
	<-finished
	r.Stop()
	queue.Drain()
	if done || !discarded {
		t.Errorf("done %v, discarded %v", done, discarded)
	}
}

func TestLateErrorsAreNotDiscarded(t *testing.T) {
	r, queue, _ := newTestRunner()
	arrived := false
	post := r.post
	r.post = func(f func()) { post(func() { f(); arrived = true }) }
	RunOwned(r, func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, ctx.Err() },
		func(int, error) { t.Error("delivered") }, func(int) { t.Error("discarded") })
	r.Stop()
	queue.Until(t, "late error", func() bool { return arrived })
}

func TestTimers(t *testing.T) {
	r, queue, clock := newTestRunner()
	var once, ticks, stopped int
	r.After(10*time.Second, func() { once++ })
	r.After(10*time.Second, func() { stopped++ })()
	stopTicks := r.Every(time.Second, func() { ticks++ })
	clock.Advance(queue, 5*time.Second)
	if once != 0 || ticks != 5 {
		t.Errorf("after 5 s: once %d, ticks %d", once, ticks)
	}
	stopTicks()
	clock.Advance(queue, time.Minute)
	if once != 1 || ticks != 5 || stopped != 0 {
		t.Errorf("after 65 s: once %d, ticks %d, stopped %d", once, ticks, stopped)
	}
	r.After(time.Second, func() { stopped++ })
	r.Stop()
	clock.Advance(queue, time.Minute)
	if stopped != 0 {
		t.Error("a timer outlived its runner")
	}
}

func TestEveryCanBeStoppedFromItsOwnTick(t *testing.T) {
	r, queue, clock := newTestRunner()
	ticks := 0
	var stop func()
	stop = r.Every(time.Second, func() {
		if ticks++; ticks == 2 {
			stop()
		}
	})
	clock.Advance(queue, time.Minute)
	if ticks != 2 {
		t.Errorf("%d ticks", ticks)
	}
}

func TestProgressStopsWithTheRunner(t *testing.T) {
	r, queue, _ := newTestRunner()
	var seen []int
	report := reports(r, func(done int) { seen = append(seen, done) })
	report(1)
	report(2)
	queue.Drain()
	r.Stop()
	report(3)
	queue.Drain()
	if len(seen) != 2 || seen[0] != 1 || seen[1] != 2 {
		t.Errorf("saw %v", seen)
	}
}
