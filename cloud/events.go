package cloud

import (
	"maps"
	"sync"

	"github.com/coffer-vault/coffer/crypto/id"
)

const (
	streamsPerDevice = 4
	maxStreams       = 20_000
	maxHeld          = 5_000
)

// Event says that a vault has a new head, or the account log a new entry (Vault is zero), or what its flags say. It carries no
// content.
type Event struct {
	Vault id.ID
	Seq   uint64
	Notice
}

// Notice is what an event can say without a number.
type Notice struct {
	Pairing   bool // the account's pairings have changed
	Devices   bool // its devices, its address or its recovery have
	SignedOut bool // another device ended this one's session; the last event of its stream
}

func (n *Notice) add(more Notice) {
	*n = Notice{Pairing: n.Pairing || more.Pairing, Devices: n.Devices || more.Devices, SignedOut: n.SignedOut || more.SignedOut}
}

// Events tells the devices of an account what changed. It never blocks and never queues: what a slow reader has not fetched yet is
// replaced by the newest.
type Events struct {
	relay Relay  // nil where this process is the only one
	mail  func() // a mail waits to be sent

	mu      sync.Mutex
	streams map[id.ID]map[*Stream]bool // by account
	count   int
	held    map[id.ID]chan struct{} // requests that wait for a pairing to change
	closed  bool
}

func newEvents(relay Relay, mail func()) *Events {
	e := &Events{relay: relay, mail: mail, streams: map[id.ID]map[*Stream]bool{}, held: map[id.ID]chan struct{}{}}
	if relay != nil {
		relay.Hear(e.hear)
	}
	return e
}

// Stream is one listening device. Nothing waits for it: 10,000 of them are quiet, and each goroutine has a stack.
type Stream struct {
	account, device id.ID
	wake            func()

	mu      sync.Mutex
	pending map[id.ID]uint64
	notice  Notice
	ended   bool
	woken   bool // since the last Take
}

// Take returns what happened since the last call; ok is false when the stream has ended.
func (s *Stream) Take() (events []Event, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.woken = false
	for vault, seq := range s.pending {
		events = append(events, Event{Vault: vault, Seq: seq})
	}
	s.pending = nil
	if s.notice != (Notice{}) {
		events = append(events, Event{Notice: s.notice})
		s.notice = Notice{}
	}
	return events, !s.ended
}

// expect notes a vault's newest number. A stream to which nothing happens has no map.
func (s *Stream) expect(vault id.ID, seq uint64) {
	if s.pending == nil {
		s.pending = map[id.ID]uint64{}
	}
	s.pending[vault] = max(s.pending[vault], seq)
}

func (s *Stream) change(do func()) {
	s.mu.Lock()
	do()
	first := !s.woken
	s.woken = true
	s.mu.Unlock()
	if first {
		s.wake()
	}
}

// Listen opens a stream for the caller. wake is called when Take has something or the stream has ended, once until the next Take; it
// must not wait for anything. Close ends the stream. Errors: *SlowDown when there are too many.
func (e *Events) Listen(c Caller, wake func()) (*Stream, error) {
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
	s := &Stream{account: c.Account, device: c.Device, wake: wake}
	if e.streams[c.Account] == nil {
		e.streams[c.Account] = map[*Stream]bool{}
	}
	e.streams[c.Account][s] = true
	e.count++
	return s, nil
}

// Count is how many streams are open.
func (e *Events) Count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.count
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

// spread is publish for the devices that listen here.
func (e *Events) spread(account id.ID, event Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for s := range e.streams[account] {
		s.change(func() {
			s.notice.add(event.Notice)
			// An event of flags alone has no number.
			if event.Seq > 0 {
				s.expect(event.Vault, event.Seq)
			}
		})
	}
}

// end ends streams of the account.
func (e *Events) end(account id.ID, which func(device id.ID) bool, why Notice) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for s := range e.streams[account] {
		if which(s.device) {
			s.change(func() { s.ended = true; s.notice.add(why) })
		}
	}
}

// hold returns a channel that is closed by the next wake of the pairing, or by the next hold: the newest request alone waits, so that
// a pairing costs one. It is closed at once where too many wait already.
func (e *Events) hold(pairing id.ID) <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	changed := make(chan struct{})
	if before := e.held[pairing]; before != nil {
		close(before)
	} else if e.closed || len(e.held) >= maxHeld {
		close(changed)
		return changed
	}
	e.held[pairing] = changed
	return changed
}

// release forgets a request that waits no more.
func (e *Events) release(pairing id.ID, changed <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.held[pairing] == changed {
		delete(e.held, pairing)
	}
}

// answer is wake for the request that waits here.
func (e *Events) answer(pairing id.ID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if changed := e.held[pairing]; changed != nil {
		close(changed)
		delete(e.held, pairing)
	}
}

// Shutdown ends all streams and waiting requests and admits no new one, so that the HTTP server can stop.
func (e *Events) Shutdown() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for pairing, changed := range e.held {
		close(changed)
		delete(e.held, pairing)
	}
	for streams := range maps.Values(e.streams) {
		for s := range streams {
			s.change(func() { s.ended = true })
		}
	}
}
