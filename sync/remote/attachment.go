package remote

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/wire"
)

// octets is the media type of a chunk, which travels as it is.
const octets = "application/octet-stream"

// PutChunk gives the server one chunk of an attachment. The same bytes again succeed; others are CodeConflict, a vault or attachment that
// is gone is CodeNotFound, an account that is full CodeQuotaExceeded with its numbers.
func (s *Session) PutChunk(ctx context.Context, vault, attachment id.ID, index, count int, envelope []byte) error {
	path := chunkPath(vault, attachment, index) + "?count=" + strconv.Itoa(count)
	_, err := s.doRaw(ctx, "PUT", path, envelope)
	return err
}

// Chunk fetches one chunk, at most wire.MaxEnvelope bytes; CodeNotFound where the server does not have it.
func (s *Session) Chunk(ctx context.Context, vault, attachment id.ID, index int) ([]byte, error) {
	return s.doRaw(ctx, "GET", chunkPath(vault, attachment, index), nil)
}

// Chunks asks of how many chunks an attachment is at the server and which it has, in order; count is 0 where it has none. Whatever the
// server says, 0 <= present[i] < count <= wire.MaxChunks, each index once.
func (s *Session) Chunks(ctx context.Context, vault, attachment id.ID) (count int, present []int, err error) {
	var out wire.Chunks
	path := attachmentPath(vault, attachment)
	if err := s.do(ctx, "GET", path, nil, &out); err != nil {
		return 0, nil, err
	}
	last := -1
	for _, index := range out.Present {
		if index <= last || index >= out.Count {
			return 0, nil, fmt.Errorf("GET %s: chunk %d of %d: %w", path, index, out.Count, ErrStrangeAnswer)
		}
		last = index
	}
	if out.Count < 0 || out.Count > wire.MaxChunks {
		return 0, nil, fmt.Errorf("GET %s: %d chunks: %w", path, out.Count, ErrStrangeAnswer)
	}
	return out.Count, out.Present, nil
}

func attachmentPath(vault, attachment id.ID) string {
	return "/v1/vaults/" + vault.String() + "/attachments/" + attachment.String()
}

func chunkPath(vault, attachment id.ID, index int) string {
	return attachmentPath(vault, attachment) + "/chunks/" + strconv.Itoa(index)
}

// doRaw is do for a request whose body, or answer, is bytes and not JSON.
func (s *Session) doRaw(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	var answer []byte
	err := s.live(ctx, func(token []byte) (err error) {
		answer, err = s.client.callRaw(ctx, method, path, &s.signer, token, body)
		return err
	})
	return answer, err
}

// callRaw sends bytes and returns those of the answer, none where it is a 204.
func (c *Client) callRaw(ctx context.Context, method, path string, signer *Signer, token, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	answer, err := c.onceRaw(ctx, method, path, signer, token, body)
	if c.learnTime(err) {
		return c.onceRaw(ctx, method, path, signer, token, body)
	}
	return answer, err
}

func (c *Client) onceRaw(ctx context.Context, method, path string, signer *Signer, token, body []byte) ([]byte, error) {
	resp, err := c.send(ctx, method, path, octets, signer, token, body)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, wire.MaxEnvelope+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s %s: %w: %w", method, path, ErrUnreachable, err)
	case len(data) > wire.MaxEnvelope:
		return nil, fmt.Errorf("%s %s: answer over %d bytes: %w", method, path, wire.MaxEnvelope, ErrStrangeAnswer)
	case resp.StatusCode/100 != 2:
		return nil, errorAnswer(resp, data)
	case resp.StatusCode == http.StatusNoContent && method == "PUT":
		return nil, nil
	case resp.StatusCode != http.StatusOK || method == "PUT" || mediaType(resp) != octets:
		return nil, fmt.Errorf("%s %s: status %d: %w", method, path, resp.StatusCode, ErrStrangeAnswer)
	}
	return data, nil
}
