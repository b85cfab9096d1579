package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/sync/wire"
)

const (
	// keepAlive is how often a silent stream says that it is alive, also to the proxies in between.
	keepAlive    = 25 * time.Second
	writeTimeout = 30 * time.Second
)

func (s *Server) events() {
	route(s, operation{id: "events", method: "GET", path: "/v1/events", auth: bySession}, s.stream)
}

// stream answers with server-sent events until the client leaves, the session ends, or its access token expires: a stream lives no
// longer than the token that opened it.
func (s *Server) stream(ctx context.Context, c cloud.Caller, _ *none) (*huma.StreamResponse, error) {
	f := &feed{}
	stream, err := s.cloud.Events.Listen(c, func() { go f.deliver() })
	if err != nil {
		return nil, err
	}
	f.stream, f.end = stream, time.Now().Add(time.UnixMilli(c.Expires).Sub(s.now()))
	f.closed = sync.OnceFunc(func() { s.cloud.Events.Close(stream); s.feeds.Done() })
	s.feeds.Add(1)
	// A session that ended between the request's check and here found no stream to end.
	if err := s.cloud.Sessions.Check(ctx, c); err != nil {
		f.closed()
		return nil, err
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		if err := f.open(humago.Unwrap(ctx)); err != nil {
			f.closed()
			s.log.Warn("event stream not opened", "request", requestID(ctx.Context()), "err", err)
		}
	}}, nil
}

// WaitStreams waits until every stream is closed, for most at the longest. Events.Shutdown ends them.
func (s *Server) WaitStreams(most time.Duration) {
	done := make(chan struct{})
	go func() {
		s.feeds.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(most):
	}
}

// feed is a stream with the connection that it has taken from net/http, which would keep buffers and two deep stacks for it. While
// nothing happens it is a timer and one goroutine that waits for the client to leave.
type feed struct {
	stream *cloud.Stream
	end    time.Time
	closed func() // forgets it, once

	mu      sync.Mutex // held over a write
	conn    net.Conn   // nil until the answer has begun
	chunked bool
	alive   *time.Timer
	over    bool
}

// open begins the answer, takes the connection, and leaves it to the feed.
func (f *feed) open(r *http.Request, w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
	w.Header().Set("Connection", "close")     // nothing comes after it
	w.WriteHeader(http.StatusOK)
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return err
	}
	f.begin(conn, r.ProtoAtLeast(1, 1))
	return nil
}

// begin feeds a connection on which the answer has begun, from now on.
func (f *feed) begin(conn net.Conn, chunked bool) {
	f.mu.Lock()
	f.conn, f.chunked = conn, chunked
	f.alive = time.AfterFunc(f.pause(), f.tick)
	// A first comment, so that the client knows that it is heard from here on.
	f.write(": listening\n\n")
	f.mu.Unlock()
	go f.watch(conn)
	go f.deliver() // what came before there was a connection
}

// watch waits until the client leaves, or sends what nobody asked for, or the feed closes the connection.
func (f *feed) watch(conn net.Conn) {
	var one [1]byte
	conn.Read(one[:])
	f.mu.Lock()
	defer f.mu.Unlock()
	f.close()
}

// deliver writes what has happened.
func (f *feed) deliver() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.conn == nil {
		return
	}
	events, ok := f.stream.Take()
	f.write(textOf(events))
	if !ok {
		f.finish()
	}
}

// tick is called when the stream was open for a while: to say that it is alive, or that the token is over.
func (f *feed) tick() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !time.Now().Before(f.end) {
		f.finish()
		return
	}
	f.write(": alive\n\n")
	if !f.over { // it may have been closed while this waited
		f.alive.Reset(f.pause())
	}
}

// pause is how long nothing has to be done.
func (f *feed) pause() time.Duration { return max(min(keepAlive, time.Until(f.end)), 0) }

// write sends at once, and gives up on a client that does not read.
func (f *feed) write(text string) {
	if text == "" || f.over {
		return
	}
	if f.chunked {
		text = fmt.Sprintf("%x\r\n%s\r\n", len(text), text)
	}
	f.send(text)
}

// finish ends the answer as it has to end, and the connection.
func (f *feed) finish() {
	if f.chunked && !f.over {
		f.send("0\r\n\r\n")
	}
	f.close()
}

func (f *feed) send(text string) {
	f.conn.SetWriteDeadline(time.Now().Add(writeTimeout)) // fails on a connection that is closed, as the write does
	if _, err := io.WriteString(f.conn, text); err != nil {
		f.close()
	}
}

func (f *feed) close() {
	f.over = true
	f.alive.Stop()
	f.conn.Close()
	f.closed()
}

// textOf is how events are written.
func textOf(events []cloud.Event) (text string) {
	for _, event := range events {
		out := wire.Event{Seq: event.Seq, Pairing: event.Pairing, Devices: event.Devices, SignedOut: event.SignedOut}
		if !event.Vault.IsZero() {
			out.Vault = event.Vault.String()
		}
		data, _ := json.Marshal(out) // of numbers, flags and hexadecimal digits: nothing that cannot be written
		text += fmt.Sprintf("data: %s\n\n", data)
	}
	return text
}
