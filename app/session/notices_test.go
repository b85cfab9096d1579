package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// slowStream is a network on which the stream of events is opened when the test says so.
type slowStream struct {
	once         sync.Once
	asked, opens chan struct{}
}

func newSlowStream() *slowStream {
	return &slowStream{asked: make(chan struct{}), opens: make(chan struct{})}
}

func (s *slowStream) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/v1/events" {
		s.once.Do(func() { close(s.asked) })
		select {
		case <-s.opens:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}

// What happens while the stream of events is being opened has no event, and is seen nevertheless: above all the recovery of a stranger,
// which its owner has a day to stop.
func TestNothingIsMissedWhileTheStreamOpens(t *testing.T) {
	network := newSlowStream()
	l := newLostBehind(t, never, network)
	<-network.asked
	testpc.Sync(t, l.a)
	b := testpc.New(t, "PC B", nil).SignIn(t, l.server, email, l.a.SecretKey())
	item := testpc.Save(t, b, testpc.Login("Bank", "anna", "second")).ID
	testpc.Sync(t, b)
	if _, err := testpc.New(t, "PC C", nil).BeginPairing(t.Context(), l.server.URL, email); err != nil {
		t.Fatal(err)
	}
	l.begin(t, testpc.New(t, "Eve's PC", nil))
	close(network.opens)
	untilAlarm(t, l.a)
	testpc.Until(t, l.a, "the pairing", func() bool { return l.a.Status().Notices.Pairings == 1 })
	testpc.Until(t, l.a, "the edit", func() bool { return has(t, l.a, item) })
}

func untilAlarm(t *testing.T, u *session.Unlocked) {
	t.Helper()
	testpc.Until(t, u, "the alarm of a recovery", func() bool { return u.Status().Notices.Recovery != nil })
}

func has(t *testing.T, u *session.Unlocked, item id.ID) bool {
	t.Helper()
	_, err := u.Vault().Get(t.Context(), item)
	return err == nil
}

// deaf is a network with a stream of events that the test writes.
type deaf struct {
	stream *io.PipeReader
	looked chan struct{} // the last question after the stream was opened is answered
}

func (d *deaf) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/v1/events" {
		context.AfterFunc(r.Context(), func() { d.stream.Close() })
		header := http.Header{"Content-Type": {"text/event-stream"}}
		return &http.Response{StatusCode: 200, Header: header, Body: d.stream, Request: r}, nil
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if r.URL.Path == "/v1/pairings" {
		d.looked <- struct{}{}
	}
	return resp, err
}

// A server that could not send events at once says them all in one.
func TestOneEventSaysSeveralThings(t *testing.T) {
	stream, events := io.Pipe()
	network := &deaf{stream, make(chan struct{}, 8)}
	l := newLostBehind(t, never, network)
	<-network.looked
	l.begin(t, testpc.New(t, "Eve's PC", nil))
	if _, err := testpc.New(t, "PC C", nil).BeginPairing(t.Context(), l.server.URL, email); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprint(events, "data: {\"seq\":0,\"pairing\":true,\"devices\":true}\n\n"); err != nil {
		t.Fatal(err)
	}
	untilAlarm(t, l.a)
	testpc.Until(t, l.a, "the pairing", func() bool { return l.a.Status().Notices.Pairings == 1 })
}

// Where the question after an event is lost there is no second event: it is asked again. A network that lets no stream through is asked
// instead.
func TestALookIsRepeated(t *testing.T) {
	for name, c := range map[string]struct {
		path  string
		times int32
	}{"after one that failed": {"/v1/me", 1}, "where no stream opens": {"/v1/events", 5}} {
		t.Run(name, func(t *testing.T) {
			var fails atomic.Int32
			l := newLostBehind(t, soon, roundTrip(func(r *http.Request) (*http.Response, error) {
				if r.URL.Path == c.path && fails.Add(-1) >= 0 {
					return nil, errors.New("the network is gone")
				}
				return http.DefaultTransport.RoundTrip(r)
			}))
			l.a.Lock()
			l.begin(t, testpc.New(t, "Eve's PC", nil))
			fails.Store(c.times)
			untilAlarm(t, l.pcA.Unlock(t))
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// newLostBehind is newLost with the network of PC A and its waits between two tries.
func newLostBehind(t *testing.T, after func(time.Duration) <-chan time.Time, network http.RoundTripper) *lost {
	t.Helper()
	return newLostOn(t, testkit.Cloud(t), testpc.New(t, "PC A", func(c *session.Config) { c.Transport, c.After = network, after }))
}

// never is for tests of what has to be seen at the first try.
func never(time.Duration) <-chan time.Time { return nil }

// soon tries again at once what has failed.
func soon(d time.Duration) <-chan time.Time {
	fire := make(chan time.Time, 1)
	if d <= 30*time.Second {
		fire <- time.Time{}
	}
	return fire
}
