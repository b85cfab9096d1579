// Package breach asks a server how often a password was found in breaches, without telling it the password.
//
//	SHA-1(password) = 5 hex digits | 35 hex digits
//	                       │              └─ looked for here, in the answer
//	                       └─ GET {server}/range/{prefix} ──▶ every suffix that the server knows, with its count
//
// That is the range query of Have I Been Pwned (haveibeenpwned.com/API/v3#PwnedPasswords), which others serve too. What a reviewer can
// check:
//
//   - Five digits leave the computer, which a millionth of all passwords share; nothing says whose they are, or of which site.
//   - With Add-Padding answers of the same sort have about the same size, so whoever sees the traffic does not learn the prefix by it.
//   - The server can only lie: each way about one password, which shows a finding more or less. Its answers are bounded, and everything
//     that is not of the form is an error.
//   - No redirect is followed, no cookie kept, nothing sent but to the one server.
package breach

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// Public is the server of Have I Been Pwned.
const Public = "https://api.pwnedpasswords.com"

var (
	// ErrServer is returned for an address that is none: https, or http on this computer, without user, query and fragment.
	ErrServer = errors.New("not the address of a breach server")
	// ErrUnreachable: no answer came, or that of a server in trouble. It wraps the cause.
	ErrUnreachable = errors.New("breach server not reachable")
	// ErrStrangeAnswer: the answer is not one of a range query.
	ErrStrangeAnswer = errors.New("not the answer of a breach server")
)

// BusyError: the server asks to be left alone for a while.
type BusyError struct{ RetryAfter time.Duration }

// Error implements error.
func (e *BusyError) Error() string {
	return fmt.Sprintf("breach server is busy, try again in %s", e.RetryAfter)
}

const (
	prefixLength = 5
	suffixLength = 2*sha1.Size - prefixLength
	countDigits  = 10

	patience = 30 * time.Second
	maxRetry = time.Hour // what a server may ask for
	// The public server's answers have 800 to 1,000 lines with padding, in 40 KB.
	maxAnswer = 1 << 20
	maxLines  = 20_000
)

// Client asks one server.
type Client struct {
	server string
	http   *http.Client
}

// New returns a client; a nil transport is the default one. Errors: ErrServer.
func New(server string, transport http.RoundTripper) (*Client, error) {
	u, err := url.Parse(strings.TrimSuffix(strings.TrimSpace(server), "/"))
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
		return nil, ErrServer
	}
	local := u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1"
	if u.Scheme != "https" && !(u.Scheme == "http" && local) {
		return nil, ErrServer
	}
	return &Client{server: u.String(), http: &http.Client{
		Transport: transport, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Server is the address that is asked.
func (c *Client) Server() string { return c.server }

// Times returns how often a password was found, 0 for never. It borrows the password.
// Errors: ErrUnreachable, ErrStrangeAnswer, *BusyError, and the context's.
func (c *Client) Times(ctx context.Context, password secret.Bytes) (int, error) {
	sum := sha1.Sum(password.Reveal())
	digits := make([]byte, 2*sha1.Size)
	hex.Encode(digits, sum[:])
	digits = bytes.ToUpper(digits)
	defer clear(digits)
	defer clear(sum[:])
	answer, err := c.ask(ctx, string(digits[:prefixLength]))
	if err != nil {
		return 0, err
	}
	return find(answer, digits[prefixLength:])
}

func (c *Client) ask(ctx context.Context, prefix string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.server+"/range/"+prefix, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrServer, err)
	}
	req.Header.Set("Add-Padding", "true")
	req.Header.Set("User-Agent", "Coffer") // without a version, which would tell people apart
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	defer resp.Body.Close()
	if err := check(resp); err != nil {
		return nil, err
	}
	// What is compressed is bounded as it comes out.
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	if len(answer) > maxAnswer {
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrStrangeAnswer, maxAnswer)
	}
	return answer, nil
}

// unreachable tells what was cancelled here from what failed elsewhere. The URL in the cause has the prefix, and goes.
func unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

func check(resp *http.Response) error {
	switch code := resp.StatusCode; {
	case code == http.StatusOK:
		return nil
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable:
		seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
		if err != nil || seconds < 0 {
			seconds = 60
		}
		return &BusyError{min(time.Duration(min(seconds, int(maxRetry/time.Second)))*time.Second, maxRetry)}
	case code >= http.StatusInternalServerError:
		return fmt.Errorf("%w: status %d", ErrUnreachable, code)
	default:
		return fmt.Errorf("%w: status %d", ErrStrangeAnswer, code)
	}
}

// find looks for a suffix in an answer: lines of 35 hex digits, a colon and a count. Lines with the count 0 are padding. All lines are
// checked, so that half a page of something else is not taken for "not found".
func find(answer, suffix []byte) (times int, err error) {
	lines := 0
	for line := range bytes.Lines(answer) {
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			continue
		}
		if lines++; lines > maxLines {
			return 0, fmt.Errorf("%w: more than %d lines", ErrStrangeAnswer, maxLines)
		}
		digits, count, err := parse(line)
		if err != nil {
			return 0, err
		}
		if bytes.EqualFold(digits, suffix) {
			times = max(times, count)
		}
	}
	if lines == 0 { // every prefix has suffixes
		return 0, fmt.Errorf("%w: empty", ErrStrangeAnswer)
	}
	return times, nil
}

func parse(line []byte) (digits []byte, count int, err error) {
	digits, number, found := bytes.Cut(line, []byte(":"))
	if !found || len(digits) != suffixLength || len(number) == 0 || len(number) > countDigits {
		return nil, 0, fmt.Errorf("%w: a line that is none", ErrStrangeAnswer)
	}
	for _, d := range digits {
		if !(d >= '0' && d <= '9' || d >= 'A' && d <= 'F' || d >= 'a' && d <= 'f') {
			return nil, 0, fmt.Errorf("%w: a suffix that is none", ErrStrangeAnswer)
		}
	}
	for _, d := range number {
		if d < '0' || d > '9' {
			return nil, 0, fmt.Errorf("%w: a count that is none", ErrStrangeAnswer)
		}
		count = count*10 + int(d-'0')
	}
	return digits, count, nil
}
