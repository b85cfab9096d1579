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

// Events reads the server's stream of events (SSE, WHATWG HTML §9.2) and calls each for every one, until the stream or ctx ends.
// Events are hints to pull and carry nothing else: a lost one costs nothing but time. The error is never nil.
func (s *Session) Events(ctx context.Context, each func(wire.Event)) error {
	token, err := s.token(ctx, nil)
	if err != nil {
		return err
	}
	resp, err := s.client.send(ctx, "GET", "/v1/events", &s.signer, token, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 {
		data, _ := io.ReadAll(io.LimitReader(resp.Body, maxEventLine))
		return errorAnswer(resp, data)
	}
	if mediaType(resp) != "text/event-stream" {
		return fmt.Errorf("event stream: %w", ErrStrangeAnswer)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(make([]byte, maxEventLine), maxEventLine)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data:")
		var e wire.Event
		if ok && json.Unmarshal([]byte(data), &e) == nil {
			each(e)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("event stream: %w", ErrUnreachable)
}
