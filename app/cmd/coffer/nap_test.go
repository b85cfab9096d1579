package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// napping is a toolkit's loop, and the system's queue of events before it.
type napping struct {
	*nap
	queue  chan func()
	events chan struct{}
	naps   int
	moving bool
}

// newNapping starts the loop and its naps; end ends both. It belongs into a bubble of synctest.
func newNapping(t *testing.T) *napping {
	t.Helper()
	p := &napping{queue: make(chan func(), 100), events: make(chan struct{}, 100)}
	ctx, end := context.WithCancel(context.Background())
	t.Cleanup(end)
	p.nap = newNap(func(f func()) { p.queue <- f }, p.wait, func() { p.events <- struct{}{} }, func() bool { return p.moving })
	go p.run(ctx)
	go func() {
		for {
			select {
			case f := <-p.queue:
				f()
			case <-ctx.Done():
				return
			}
		}
	}()
	return p
}

func (p *napping) wait(d time.Duration) {
	p.naps++
	select {
	case <-p.events:
	case <-time.After(d):
	}
}

func TestTheLoopSleepsWhileNothingHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newNapping(t)
		time.Sleep(time.Minute)
		synctest.Wait()
		if awake := time.Minute - time.Duration(p.naps)*napLength; awake > time.Minute/8 {
			t.Errorf("awake for %v of a minute, in %d naps", awake, p.naps)
		}
		before := p.naps
		p.moving = true
		time.Sleep(time.Minute)
		if p.naps > before+1 {
			t.Errorf("%d naps while something moved", p.naps-before)
		}
	})
}

// What is handed to the loop runs at once, and the loop stays awake until it is drawn.
func TestWhatIsHandedOverWakesTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newNapping(t)
		time.Sleep(2 * time.Second)
		for range 50 {
			time.Sleep(137 * time.Millisecond)
			handed, ran := time.Now(), make(chan time.Time, 1)
			p.hand(func() { ran <- time.Now() })
			if took := (<-ran).Sub(handed); took > 0 {
				t.Fatalf("it waited for %v", took)
			}
			naps := p.naps
			time.Sleep(afterWork - time.Millisecond)
			synctest.Wait()
			if p.naps != naps || p.asleep.Load() {
				t.Fatal("asleep before it is drawn")
			}
		}
	})
}

// Somebody hands a function over between the loop's decision to sleep and its sleep: it does not sleep on it.
func TestNoNapOverWhatWaits(t *testing.T) {
	n := newNap(func(func()) {}, func(time.Duration) { t.Error("asleep") }, func() {}, func() bool { return false })
	n.hand(func() {}) // its turn has not come
	if got := n.sleep(); got != afterWork {
		t.Errorf("looks again after %v", got)
	}
}

// The toolkit's timers behind a click need its loop for a while.
func TestInputKeepsTheLoopAwake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newNapping(t)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		for !p.asleep.Load() {
			time.Sleep(time.Millisecond)
			synctest.Wait()
		}
		p.events <- struct{}{}
		naps := p.naps
		time.Sleep(afterInput - time.Millisecond)
		synctest.Wait()
		if p.naps != naps {
			t.Error("asleep at once")
		}
	})
}
