package cloud

import (
	"maps"
	"sync"

	"github.com/coffer-vault/coffer/crypto/id"
)

const (
	streamsPerDevice = 4
	maxStreams       = 20_000
)

// Event says that a vault has a new head, or the account log a new entry (Vault is zero). It carries no content.
type Event struct {
	Vault id.ID
	Seq   uint64
}

// Events tells the devices of an account what changed. It never blocks and never queues: what a slow reader has not fetched yet is
// replaced by the newest.
type Events struct {
	mu      sync.Mutex
	streams map[id.ID]map[*Stream]bool // by account
	count   int
	closed  bool
}

func newEvents() *Events { return &Events{streams: map[id.ID]map[*Stream]bool{}} }

// Stream is one listening device.
type Stream struct {
	account, device id.ID
	ready           chan struct{}

	mu      sync.Mutex
	pending map[id.ID]uint64
	ended   bool
}

// Ready is signalled when Take has something, or the stream has ended.
func (s *Stream) Ready() <-chan struct{} { return s.ready }

// Take returns what happened since the last call; ok is false when the stream has ended.
func (s *Stream) Take() (events []Event, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for vault, seq := range s.pending {
		events = append(events, Event{Vault: vault, Seq: seq})
	}
	clear(s.pending)
	return events, !s.ended
}

func (s *Stream) change(do func()) {
	s.mu.Lock()
	do()
	s.mu.Unlock()
	select {
	case s.ready <- struct{}{}:
	default: // the signal is there already
	}
}

// Listen opens a stream for the caller. Close ends it. Errors: *SlowDown when there are too many.
func (e *Events) Listen(c Caller) (*Stream, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	same := 0
	for s := range e.streams[c.Account] {
		if s.device == c.Device {
			same++
		}
	}
	if e.closed || same >= streamsPerDevice || e.count >= maxStreams {
		return nil, &SlowDown{After: accessLifetime}
	}
	s := &Stream{account: c.Account, device: c.Device, ready: make(chan struct{}, 1), pending: map[id.ID]uint64{}}
	if e.streams[c.Account] == nil {
		e.streams[c.Account] = map[*Stream]bool{}
	}
	e.streams[c.Account][s] = true
	e.count++
	return s, nil
}

// Close forgets a stream.
func (e *Events) Close(s *Stream) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.streams[s.account][s] {
		return
	}
	delete(e.streams[s.account], s)
	if e.count--; len(e.streams[s.account]) == 0 {
		delete(e.streams, s.account)
	}
}

// publish tells every device of the account. It is called after the transaction, so that who is told finds what it is told of.
func (e *Events) publish(account id.ID, event Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for s := range e.streams[account] {
		s.change(func() { s.pending[event.Vault] = max(s.pending[event.Vault], event.Seq) })
	}
}

// drop ends the streams of a device whose session is over.
func (e *Events) drop(account, device id.ID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for s := range e.streams[account] {
		if s.device == device {
			s.change(func() { s.ended = true })
		}
	}
}

// Shutdown ends all streams and admits no new one, so that the HTTP server can stop.
func (e *Events) Shutdown() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for streams := range maps.Values(e.streams) {
		for s := range streams {
			s.change(func() { s.ended = true })
		}
	}
}
