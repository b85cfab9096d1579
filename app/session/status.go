package session

import (
	"sync"
	"time"
)

// SyncState is what the sync line of the window says.
type SyncState int

// The states. Problem has a reason in Status.Err that waiting will not mend.
const (
	Offline SyncState = iota
	Syncing
	Synced
	Problem
)

// Status is where an unlocked account stands with its server.
type Status struct {
	State    SyncState
	LastSync time.Time // zero: never since unlock
	Pending  int       // edits that the server does not have yet
	Loaded   int       // of a first sync: objects that are on this disk
	ToLoad   int       // and how many there are; 0 at all other times
	Err      error     // why Offline or Problem
	Notices  Notices
	ClockOff time.Duration // how far this PC's clock is ahead of the server's; 0 for less than half a minute
	Evidence string        // after a violation: the file that keeps what the server answered
}

// board holds a Status and tells watchers of changes.
type board struct {
	mu       sync.Mutex
	status   Status
	watchers map[int]func()
	next     int
}

func (b *board) get() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.status
}

// watch calls f after every change until the returned function is called, from the goroutine that made the change.
func (b *board) watch(f func()) (stop func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.watchers == nil {
		b.watchers = map[int]func(){}
	}
	key := b.next
	b.next++
	b.watchers[key] = f
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.watchers, key)
	}
}

func (b *board) change(edit func(*Status)) {
	b.mu.Lock()
	edit(&b.status)
	watchers := make([]func(), 0, len(b.watchers))
	for _, f := range b.watchers {
		watchers = append(watchers, f)
	}
	b.mu.Unlock()
	for _, f := range watchers {
		f()
	}
}
