package remote

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/coffer-vault/coffer/sync/wire"
)

const maxEventLine = 4 << 10

// Events reads the server's stream of events (SSE, WHATWG HTML §9.2) and calls each for every one, until the stream or ctx ends, or one
// of the two functions fails. It calls heard first, once: what happens from then on has an event, what was before has none. Events are
// hints to look and carry nothing else. The error is never nil.
func (s *Session) Events(ctx context.Context, heard func() error, each func(wire.Event) error) error {
	token, err := s.token(ctx, nil)
	if err != nil {
		return err
	}
	resp, err := s.client.send(ctx, "GET", "/v1/events", jsonMedia, &s.signer, token, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 {
		data, _ := io.ReadAll(io.LimitReader(resp.Body, maxEventLine))
		err := errorAnswer(resp, data)
		s.client.learnTime(err) // for the next try
		return err
	}
	if mediaType(resp) != "text/event-stream" {
		return fmt.Errorf("event stream: %w", ErrStrangeAnswer)
	}
	if err := heard(); err != nil {
		return err
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(make([]byte, maxEventLine), maxEventLine)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data:")
		var e wire.Event
		if !ok || json.Unmarshal([]byte(data), &e) != nil {
			continue
		}
		if err := each(e); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("event stream: %w", ErrUnreachable)
}
