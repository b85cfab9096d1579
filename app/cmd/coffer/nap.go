package main

import (
	"context"
	"sync/atomic"
	"time"
)

// How long the toolkit's loop goes on at its own pace before it may sleep, and how long it sleeps at most: what the toolkit itself hands
// its loop, which is rare and never urgent, waits that long.
const (
	napLength  = 500 * time.Millisecond
	afterInput = 500 * time.Millisecond // the toolkit's own timers that follow a click or a turn of the wheel run meanwhile
	afterWork  = 50 * time.Millisecond  // three of its turns: what a function of ours has changed is drawn
)

// nap has the toolkit's loop sleep while nothing happens. By itself the loop asks for events and for what is to be drawn 60 times a
// second, also for a window that nobody sees, which takes two to three hundredths of a processor. Asleep it waits in the system's queue
// of events; input and our own functions wake it at once.
type nap struct {
	own   *uiThread             // for the naps themselves
	do    func(func())          // the toolkit's: runs a function on its loop
	wait  func(d time.Duration) // handles the events that are there or come first, and returns; without any, after d
	wake  func()                // has wait return
	moves func() bool           // something in sight moves; belongs to the UI goroutine

	handed, begun atomic.Int64 // functions for the loop
	asleep        atomic.Bool
	worked        time.Time // when the loop ran one last
}

func newNap(do func(func()), wait func(time.Duration), wake func(), moves func() bool) *nap {
	return &nap{own: newUIThread(do), do: do, wait: wait, wake: wake, moves: moves}
}

// hand is fyne.Do for a loop that may be asleep.
func (n *nap) hand(f func()) {
	n.handed.Add(1)
	n.do(func() {
		n.begun.Add(1)
		defer func() { n.worked = time.Now() }()
		f()
	})
	if n.asleep.Load() {
		n.wake()
	}
}

// run lets the loop sleep again and again, until the context ends.
func (n *nap) run(ctx context.Context) {
	for pause := afterInput; ; {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		next := make(chan time.Duration, 1)
		n.own.post(func() { next <- n.sleep() })
		select {
		case pause = <-next:
		case <-ctx.Done():
			return
		}
	}
}

// sleep returns how long the loop shall be awake now.
func (n *nap) sleep() time.Duration {
	if n.moves() {
		return afterInput
	}
	if rest := afterWork - time.Since(n.worked); rest > 0 {
		return rest
	}
	// Whoever hands a function over counts it first and then looks whether the loop is asleep; here it is the other way round, so that
	// one of the two sees the other.
	n.asleep.Store(true)
	defer n.asleep.Store(false)
	if n.handed.Load() != n.begun.Load() {
		return afterWork
	}
	began := time.Now()
	n.wait(napLength)
	if n.handed.Load() != n.begun.Load() || time.Since(began) >= napLength {
		return afterWork
	}
	return afterInput
}
