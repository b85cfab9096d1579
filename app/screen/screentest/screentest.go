// Package screentest runs screens in tests: a queue in place of the UI goroutine and a clock that the test moves.
package screentest

import (
	"sort"
	"sync"
	"testing"
	"time"
)

// patience is how long Until waits for background work before it calls the test stuck. Nothing ever waits for it to pass.
const patience = 3 * time.Minute

// Queue is the UI goroutine of a test: what is posted runs when the test says so, on the test's goroutine.
type Queue struct {
	mu      sync.Mutex
	pending []func()
	arrived chan struct{}
	// Says is what Until tells about the screen where it waited in vain; may be nil.
	Says func() string
}

// NewQueue makes an empty queue.
func NewQueue() *Queue { return &Queue{arrived: make(chan struct{}, 1)} }

// Post is screen.Env.Post.
func (q *Queue) Post(f func()) {
	q.mu.Lock()
	q.pending = append(q.pending, f)
	q.mu.Unlock()
	select {
	case q.arrived <- struct{}{}:
	default:
	}
}

// Drain runs what was posted, and what that posts in turn, until nothing is left.
func (q *Queue) Drain() {
	for q.step() {
	}
}

func (q *Queue) step() bool {
	q.mu.Lock()
	if len(q.pending) == 0 {
		q.mu.Unlock()
		return false
	}
	f := q.pending[0]
	q.pending = q.pending[1:]
	q.mu.Unlock()
	f()
	return true
}

// Until runs what is posted, waiting for background work, until the condition holds. It fails the test, with what it
// waited for, if that takes absurdly long. A benchmark waits as long as go test lets it: how long it takes is what it is to find out.
func (q *Queue) Until(t testing.TB, what string, condition func() bool) {
	t.Helper()
	var deadline <-chan time.Time
	if _, measures := t.(*testing.B); !measures {
		deadline = time.After(patience)
	}
	for !condition() {
		if q.step() {
			continue
		}
		select {
		case <-q.arrived:
		case <-deadline:
			if q.Says != nil {
				what += "; there is " + q.Says()
			}
			t.Fatalf("waited in vain for: %s", what)
		}
	}
}

// Clock stands still until the test moves it.
type Clock struct {
	mu     sync.Mutex
	now    time.Time
	timers []*timer
}

type timer struct {
	at      time.Time
	f       func()
	stopped bool
}

// NewClock starts at the given time.
func NewClock(now time.Time) *Clock { return &Clock{now: now} }

// Now is the time of the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// AfterFunc is screen.Clock: f is called by Advance.
func (c *Clock) AfterFunc(d time.Duration, f func()) (stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &timer{at: c.now.Add(d), f: f}
	c.timers = append(c.timers, t)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		t.stopped, t.f = true, nil
	}
}

// Advance moves the clock, calling what falls due in its order. Drain between steps lets a timer set the next one: it
// is given the queue for that.
func (c *Clock) Advance(q *Queue, d time.Duration) {
	q.Drain()
	end := c.Now().Add(d)
	for c.fireNext(end) {
		q.Drain()
	}
	c.mu.Lock()
	c.now = end
	c.mu.Unlock()
}

// fireNext calls the earliest timer that is due at end, and reports whether there was one.
func (c *Clock) fireNext(end time.Time) bool {
	c.mu.Lock()
	sort.SliceStable(c.timers, func(i, j int) bool { return c.timers[i].at.Before(c.timers[j].at) })
	for len(c.timers) > 0 && c.timers[0].stopped {
		c.timers = c.timers[1:]
	}
	if len(c.timers) == 0 || c.timers[0].at.After(end) {
		c.mu.Unlock()
		return false
	}
	due := c.timers[0]
	c.timers = c.timers[1:]
	c.now = due.at
	c.mu.Unlock()
	due.f()
	return true
}
