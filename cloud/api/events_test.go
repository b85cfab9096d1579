package api_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/wire"
)

type stream struct {
	t     *testing.T
	body  io.ReadCloser
	lines *bufio.Scanner
}

// listen opens a stream and waits until the server listens to its account.
func (d *device) listen(t *testing.T) *stream {
	t.Helper()
	resp, err := http.DefaultClient.Do(d.request("GET", "/v1/events", d.session.AccessToken, nil))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" || resp.Header.Get("X-Accel-Buffering") != "no" {
		t.Fatalf("stream: %d %v", resp.StatusCode, resp.Header)
	}
	s := &stream{t: t, body: resp.Body, lines: bufio.NewScanner(resp.Body)}
	if !s.lines.Scan() || !strings.HasPrefix(s.lines.Text(), ":") {
		t.Fatalf("stream begins with %q", s.lines.Text())
	}
	return s
}

// next is the next event of a vault or the log.
func (s *stream) next() wire.Event {
	s.t.Helper()
	for {
		if e := s.any(); e.Seq > 0 {
			return e
		}
	}
}

func (s *stream) any() wire.Event {
	s.t.Helper()
	for s.lines.Scan() {
		if data, ok := strings.CutPrefix(s.lines.Text(), "data: "); ok {
			var e wire.Event
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				s.t.Fatal(err)
			}
			return e
		}
	}
	s.t.Fatalf("stream ended: %v", s.lines.Err())
	return wire.Event{}
}

// wantEnd reads to the end of the stream.
func (s *stream) wantEnd() {
	s.t.Helper()
	for s.lines.Scan() {
	}
	if err := s.lines.Err(); err != nil {
		s.t.Errorf("stream broke: %v", err)
	}
}

func TestEventsTellOfCommitsAndEntries(t *testing.T) {
	s := testkit.Cloud(t)
	u, stranger := signUp(t, s, "ada@example.org"), signUp(t, s, "bob@example.org")
	phone := u.verified("Phone")
	laptop := u.first.listen(t)
	foreign := stranger.first.listen(t)
	phone.appendLog(phone.entry()).ok(t)
	if e := laptop.next(); e.Vault != "" || e.Seq != 4 {
		t.Errorf("event %+v, want the log's entry 4", e)
	}
	mine := phone.listen(t)
	u.first.push(u.first.put(64, id.New())).ok(t)
	for _, s := range []*stream{laptop, mine} {
		if e := s.next(); e.Vault != u.vault.String() || e.Seq != 1 {
			t.Errorf("event %+v, want the vault's commit 1", e)
		}
	}
	stranger.first.push(stranger.first.put(64, id.New())).ok(t)
	if e := foreign.next(); e.Vault != stranger.vault.String() {
		t.Errorf("a stranger hears of %+v", e)
	}
}

func TestStreamsEnd(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone, tablet := u.enrol("Phone"), u.enrol("Tablet")

	revoked := phone.listen(t)
	u.first.revoke(phone)
	revoked.wantEnd()

	signedOut := tablet.listen(t)
	tablet.call("DELETE", "/v1/sessions", nil, nil).ok(t)
	signedOut.wantEnd()

	stopped := u.first.listen(t)
	s.Stop()
	stopped.wantEnd()
}

func TestStreamEndsWithItsAccessToken(t *testing.T) {
	t.Parallel() // its time is real
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	s.Clock.Advance(10*time.Minute - 2*time.Second)
	d.listen(t).wantEnd()
}

func TestStreamsAreLimited(t *testing.T) {
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	open := make([]*stream, 4)
	for i := range open {
		open[i] = d.listen(t)
	}
	d.call("GET", "/v1/events", nil, nil).want(t, 429, wire.CodeSlowDown)
}

// A session that ends while its request for a stream is on its way has no stream afterwards.
func TestNoStreamForASessionThatHasJustEnded(t *testing.T) {
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	var meanwhile atomic.Pointer[func()]
	s.HoldMail = true // nothing but the two requests commits: what the hook waits for must not hold the write lock
	s.Hook = func(statement string) error {
		// The caller is known; now his session is looked for again.
		again := strings.HasPrefix(statement, "SELECT") && strings.HasSuffix(statement, "session_id = $1")
		if do := meanwhile.Load(); again && do != nil && meanwhile.CompareAndSwap(do, nil) {
			(*do)()
		}
		return nil
	}
	s.Restart()
	closeIdle()
	asks, leaves := d.request("GET", "/v1/events", d.session.AccessToken, nil), d.request("DELETE", "/v1/sessions", d.session.AccessToken, nil)
	signOut := func() {
		if resp, err := http.DefaultClient.Do(leaves); err != nil || resp.StatusCode/100 != 2 {
			t.Errorf("sign out: %v, %v", resp, err)
		}
	}
	meanwhile.Store(&signOut)
	resp, err := http.DefaultClient.Do(asks)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 401 {
		t.Errorf("status %d", resp.StatusCode)
	}
}
