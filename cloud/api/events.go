package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
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
	stream, err := s.cloud.Events.Listen(c)
	if err != nil {
		return nil, err
	}
	// A session that ended between the request's check and here found no stream to end.
	if err := s.cloud.Sessions.Check(ctx, c); err != nil {
		s.cloud.Events.Close(stream)
		return nil, err
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer s.cloud.Events.Close(stream)
		r, w := humago.Unwrap(ctx)
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
		out := &eventWriter{w: w, control: http.NewResponseController(w)}
		// A first comment, so that the client knows that it is heard from here on.
		if out.write(": listening\n\n") != nil {
			return
		}
		end := time.NewTimer(time.UnixMilli(c.Expires).Sub(s.now()))
		defer end.Stop()
		alive := time.NewTicker(keepAlive)
		defer alive.Stop()
		forward(r.Context(), out, stream, end.C, alive.C)
	}}, nil
}

// forward writes events as they come until somebody has enough: the client, the session, the token's time.
func forward(ctx context.Context, out *eventWriter, stream *cloud.Stream, end, alive <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-end:
			return
		case <-alive:
			if out.write(": alive\n\n") != nil {
				return
			}
		case <-stream.Ready():
			events, ok := stream.Take()
			if out.events(events) != nil || !ok {
				return
			}
		}
	}
}

type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// write sends at once, and gives up on a client that does not read.
func (e *eventWriter) write(text string) error {
	if err := e.control.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	if _, err := e.w.Write([]byte(text)); err != nil {
		return err
	}
	return e.control.Flush()
}

func (e *eventWriter) events(events []cloud.Event) error {
	text := ""
	for _, event := range events {
		out := wire.Event{Seq: event.Seq, Pairing: event.Pairing, Devices: event.Devices, SignedOut: event.SignedOut}
		if !event.Vault.IsZero() {
			out.Vault = event.Vault.String()
		}
		data, err := json.Marshal(out)
		if err != nil {
			return err
		}
		text += fmt.Sprintf("data: %s\n\n", data)
	}
	if text == "" {
		return nil
	}
	return e.write(text)
}
