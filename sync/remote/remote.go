// Package remote speaks to the cloud API over HTTP: it signs requests with the device key, keeps the session fresh, bounds what it
// reads, and turns answers into typed errors. It carries opaque bytes and believes nothing in them: what a server says is verified
// by the engine.
package remote

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/proof"
	"github.com/coffer-vault/coffer/sync/wire"
)

// Errors that callers decide by. An answer of the server with a code of the protocol is a *wire.Error.
var (
	// ErrUnreachable wraps every failure to get an answer at all: no network, a server that is gone, a timeout.
	ErrUnreachable = errors.New("server not reachable")
	// ErrStrangeAnswer is an answer that is not of the protocol: too long, not JSON, a redirect. Something else answers there.
	ErrStrangeAnswer = errors.New("answer is not of the Coffer protocol")
	// ErrOrigin is an address that is not https (or http on loopback), or carries more than scheme, host and port.
	ErrOrigin = errors.New("not a server address")
)

// maxElements is how many elements an answer may have, counted by their commas: several times the fullest page. Without it 16 MiB of
// empty objects would become gigabytes once they are decoded.
const maxElements = 200_000

// requestTimeout bounds one request but not the stream of events.
const requestTimeout = 60 * time.Second

// Client asks one server. It is safe for concurrent use.
type Client struct {
	origin string
	http   *http.Client
	now    func() time.Time
	clock  serverClock
}

// NewClient returns a client for an origin, which it normalises. transport may be nil for the default; redirects are never followed,
// since a request is signed for one place.
func NewClient(origin string, transport http.RoundTripper, now func() time.Time) (*Client, error) {
	normal, err := NormalizeOrigin(origin)
	if err != nil {
		return nil, err
	}
	refuse := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{origin: normal, http: &http.Client{Transport: transport, CheckRedirect: refuse}, now: now}, nil
}

// CloseIdle closes the connections that no request is using: what was sent and received stays in their buffers, and on the stacks of the
// goroutines that read and write them, for as long as they live. Others of the program that share the transport connect again.
func (c *Client) CloseIdle() { c.http.CloseIdleConnections() }

// Origin returns the normalised origin: scheme, host, and a port that is not the scheme's own.
func (c *Client) Origin() string { return c.origin }

// NormalizeOrigin accepts "vault.example", "https://vault.example:8443" or, on loopback alone, "http://127.0.0.1:8080".
func NormalizeOrigin(text string) (string, error) {
	text = strings.TrimSuffix(strings.TrimSpace(text), "/")
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", fmt.Errorf("%q: %w", text, ErrOrigin)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return "", fmt.Errorf("%q needs https: %w", text, ErrOrigin)
	}
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	}
	return u.Scheme + "://" + host, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// jsonMedia is the media type of all that is not a chunk.
const jsonMedia = "application/json"

// Signer is a device that signs its requests.
type Signer struct {
	Account, Device id.ID
	Key             signing.PrivateKey
}

// call sends in as JSON (nil: no body) and decodes the answer into out (nil: ignored). signer and token may be nil.
func (c *Client) call(ctx context.Context, method, path string, signer *Signer, token []byte, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	err := c.once(ctx, method, path, signer, token, body, out)
	if c.learnTime(err) && signer != nil {
		err = c.once(ctx, method, path, signer, token, body, out)
	}
	return err
}

func (c *Client) once(ctx context.Context, method, path string, signer *Signer, token, body []byte, out any) error {
	resp, err := c.send(ctx, method, path, jsonMedia, signer, token, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, wire.MaxAnswer+1))
	if err != nil {
		return fmt.Errorf("%s %s: %w: %w", method, path, ErrUnreachable, err)
	}
	if len(data) > wire.MaxAnswer {
		return fmt.Errorf("%s %s: answer over %d bytes: %w", method, path, wire.MaxAnswer, ErrStrangeAnswer)
	}
	if bytes.Count(data, []byte(",")) > maxElements {
		return fmt.Errorf("%s %s: answer over %d elements: %w", method, path, maxElements, ErrStrangeAnswer)
	}
	switch {
	case resp.StatusCode/100 != 2:
		return errorAnswer(resp, data)
	case out == nil && resp.StatusCode == http.StatusNoContent:
		return nil
	case out == nil || resp.StatusCode != http.StatusOK: // such as the page of a proxy, which did not do what was asked
		return fmt.Errorf("%s %s: status %d: %w", method, path, resp.StatusCode, ErrStrangeAnswer)
	case mediaType(resp) != jsonMedia || json.Unmarshal(data, out) != nil:
		return fmt.Errorf("%s %s: %w", method, path, ErrStrangeAnswer)
	}
	return nil
}

// mediaType is the type of an answer without its parameters; empty if it has none that can be read.
func mediaType(resp *http.Response) string {
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return media
}

// send makes one signed request, whose body is of a media type, and returns its answer with the body open.
func (c *Client) send(ctx context.Context, method, path, media string, signer *Signer, token, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.origin+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if len(body) > 0 {
		req.Header.Set("Content-Type", media)
	}
	if signer != nil {
		c.sign(req, signer, token, body)
	}
	before := c.now()
	resp, err := c.http.Do(req)
	if err != nil {
		if ctxErr := ctx.Err(); errors.Is(ctxErr, context.Canceled) {
			return nil, ctxErr
		}
		return nil, unreachable(method, path, withoutURL(err))
	}
	c.clock.note(resp.Header, before, c.now())
	return resp, nil
}

// withoutURL strips the address that net/http puts into its errors.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func (c *Client) sign(req *http.Request, s *Signer, token, body []byte) {
	r := proof.Request{
		Origin: c.origin, Method: req.Method, Path: req.URL.EscapedPath(), Query: req.URL.RawQuery,
		Body: body, Token: token, Account: s.Account, Device: s.Device,
		Time: c.requestTime(),
	}
	rand.Read(r.Nonce[:])
	h := req.Header
	if len(token) > 0 {
		h.Set("Authorization", "Bearer "+base64.RawURLEncoding.EncodeToString(token))
	}
	h.Set(wire.HeaderAccount, s.Account.String())
	h.Set(wire.HeaderDevice, s.Device.String())
	h.Set(wire.HeaderTime, strconv.FormatInt(r.Time, 10))
	h.Set(wire.HeaderNonce, hex.EncodeToString(r.Nonce[:]))
	h.Set(wire.HeaderSignature, base64.StdEncoding.EncodeToString(s.Key.Sign(signing.Request, r.Message())))
}

// learnTime takes the server's clock from a clock_skew answer and tells whether to ask once more.
func (c *Client) learnTime(err error) bool {
	var e *wire.Error
	if !errors.As(err, &e) || e.Code != wire.CodeClockSkew || e.ServerTime == 0 {
		return false
	}
	c.clock.skew.Store(e.ServerTime - c.now().UnixMilli())
	return true
}

// errorAnswer decodes an error of the protocol. What is not one (a proxy's page, a redirect) must not look like one: a strange 5xx
// counts as not reachable, everything else as a strange answer.
func errorAnswer(resp *http.Response, data []byte) error {
	var e wire.Error
	if json.Unmarshal(data, &e) == nil && e.Code != "" {
		return &e
	}
	if resp.StatusCode >= 500 {
		return fmt.Errorf("status %d: %w", resp.StatusCode, ErrUnreachable)
	}
	return fmt.Errorf("status %d: %w", resp.StatusCode, ErrStrangeAnswer)
}

// IsCode tells whether err is an answer with this code.
func IsCode(err error, code wire.Code) bool {
	var e *wire.Error
	return errors.As(err, &e) && e.Code == code
}
