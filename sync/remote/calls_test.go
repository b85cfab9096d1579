package remote

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/wire"
)

// how a call shows who asks.
type how int

const (
	unsigned how = iota
	byKey        // signed by the device key, no token
	byToken      // signed, in a session
)

// calls are all that ask for one JSON answer, with what goes on the wire.
var calls = map[string]struct {
	how how
	ask func(context.Context, *Client, Signer, *Session) error
}{
	"POST /v1/signup/start": {unsigned, func(ctx context.Context, c *Client, _ Signer, _ *Session) error {
		_, err := c.SignupStart(ctx, wire.SignupStart{})
		return err
	}},
	"POST /v1/signup/verify": {unsigned, func(ctx context.Context, c *Client, _ Signer, _ *Session) error {
		_, err := c.SignupVerify(ctx, wire.SignupVerify{})
		return err
	}},
	"POST /v1/signup/mail": {unsigned, func(ctx context.Context, c *Client, _ Signer, _ *Session) error {
		_, err := c.SignupMail(ctx, "id")
		return err
	}},
	"POST /v1/signin/mail": {byKey, func(ctx context.Context, c *Client, s Signer, _ *Session) error {
		_, err := c.SigninMail(ctx, s)
		return err
	}},
	"POST /v1/recovery/mail": {byKey, func(ctx context.Context, c *Client, s Signer, _ *Session) error {
		_, err := c.RecoveryMail(ctx, s)
		return err
	}},
	"POST /v1/signup/finish": {byKey, func(ctx context.Context, c *Client, s Signer, _ *Session) error {
		_, err := c.SignupFinish(ctx, s, wire.SignupFinish{})
		return err
	}},
	"POST /v1/signin/lookup": {unsigned, func(ctx context.Context, c *Client, _ Signer, _ *Session) error {
		_, err := c.Lookup(ctx, [32]byte{})
		return err
	}},
	"POST /v1/signin/verify-device": {byKey, func(ctx context.Context, c *Client, s Signer, _ *Session) error {
		_, err := c.VerifyDevice(ctx, s, "code")
		return err
	}},
	"POST /v1/signin/resend": {byKey, func(ctx context.Context, c *Client, s Signer, _ *Session) error {
		_, err := c.Resend(ctx, s)
		return err
	}},
	"GET /v1/sessions/log?since=3": {byKey, func(ctx context.Context, c *Client, s Signer, _ *Session) error {
		_, err := c.LogByKey(ctx, s, 3)
		return err
	}},
	"POST /v1/pairings/start": {byKey, func(ctx context.Context, c *Client, s Signer, _ *Session) error {
		_, err := c.PairingStart(ctx, s, wire.PairingStart{})
		return err
	}},
	"POST /v1/pairings/poll": {byKey, func(ctx context.Context, c *Client, s Signer, _ *Session) error {
		_, err := c.PairingPoll(ctx, s, wire.PairingPoll{})
		return err
	}},
	"POST /v1/pairings/reveal": {byKey, func(ctx context.Context, c *Client, s Signer, _ *Session) error {
		return c.PairingReveal(ctx, s, wire.PairingReveal{})
	}},
	"POST /v1/recovery/lookup": {unsigned, func(ctx context.Context, c *Client, _ Signer, _ *Session) error {
		_, err := c.RecoveryLookup(ctx, [32]byte{})
		return err
	}},
	"POST /v1/recovery/challenge": {unsigned, func(ctx context.Context, c *Client, _ Signer, _ *Session) error {
		_, err := c.RecoveryChallenge(ctx, id.ID{1})
		return err
	}},
	"POST /v1/recovery/start": {unsigned, func(ctx context.Context, c *Client, _ Signer, _ *Session) error {
		_, err := c.RecoveryStart(ctx, wire.RecoveryStart{})
		return err
	}},
	"POST /v1/recovery/verify": {byKey, func(ctx context.Context, c *Client, s Signer, _ *Session) error {
		_, err := c.RecoveryVerify(ctx, s, "code")
		return err
	}},
	"POST /v1/recovery/open": {byKey, func(ctx context.Context, c *Client, s Signer, _ *Session) error {
		_, err := c.RecoveryOpen(ctx, s)
		return err
	}},
	"POST /v1/recovery/cancel": {byToken, func(ctx context.Context, _ *Client, _ Signer, s *Session) error { return s.CancelRecovery(ctx) }},
	"POST /v1/account/challenge": {byToken, func(ctx context.Context, _ *Client, _ Signer, s *Session) error {
		_, err := s.AccountChallenge(ctx)
		return err
	}},
	"POST /v1/account/change": {byToken, func(ctx context.Context, _ *Client, _ Signer, s *Session) error {
		return s.ChangeAccount(ctx, wire.AccountChange{})
	}},
	"POST /v1/account/delete": {byToken, func(ctx context.Context, _ *Client, _ Signer, s *Session) error {
		return s.DeleteAccount(ctx, wire.AccountDelete{})
	}},
	"POST /v1/account/log": {byToken, func(ctx context.Context, _ *Client, _ Signer, s *Session) error {
		return s.AppendLog(ctx, wire.SignedEntry{})
	}},
	"GET /v1/account/log?since=7": {byToken, func(ctx context.Context, _ *Client, _ Signer, s *Session) error {
		_, err := s.Log(ctx, 7)
		return err
	}},
	"GET /v1/account/keys": {byToken, func(ctx context.Context, _ *Client, _ Signer, s *Session) error {
		_, err := s.Keys(ctx)
		return err
	}},
	"POST /v1/email/start": {byToken, func(ctx context.Context, _ *Client, _ Signer, s *Session) error {
		_, err := s.EmailStart(ctx, wire.EmailStart{})
		return err
	}},
	"POST /v1/email/finish": {byToken, func(ctx context.Context, _ *Client, _ Signer, s *Session) error {
		return s.EmailFinish(ctx, wire.EmailFinish{})
	}},
	"POST /v1/sessions/end-others": {byToken, func(ctx context.Context, _ *Client, _ Signer, s *Session) error {
		return s.EndOtherSessions(ctx, wire.SignedEntry{})
	}},
	"DELETE /v1/sessions": {byToken, func(ctx context.Context, _ *Client, _ Signer, s *Session) error { return s.SignOut(ctx) }},
	"GET /v1/pairings": {byToken, func(ctx context.Context, _ *Client, _ Signer, s *Session) error {
		_, err := s.Pairings(ctx)
		return err
	}},
	"GET /v1/pairings/02000000000000000000000000000000": {byToken, func(ctx context.Context, _ *Client, _ Signer, s *Session) error {
		_, err := s.Pairing(ctx, id.ID{2})
		return err
	}},
	"POST /v1/pairings/answer": {byToken, func(ctx context.Context, _ *Client, _ Signer, s *Session) error {
		return s.AnswerPairing(ctx, wire.PairingAnswer{})
	}},
	"POST /v1/pairings/refuse": {byToken, func(ctx context.Context, _ *Client, _ Signer, s *Session) error {
		return s.RefusePairing(ctx, wire.PairingRefuse{})
	}},
	"GET /v1/me": {byToken, func(ctx context.Context, _ *Client, _ Signer, s *Session) error {
		_, err := s.Me(ctx)
		return err
	}},
	"GET /v1/vaults": {byToken, func(ctx context.Context, _ *Client, _ Signer, s *Session) error {
		_, err := s.Vaults(ctx)
		return err
	}},
	"GET /v1/vaults/03000000000000000000000000000000/head": {byToken, func(ctx context.Context, _ *Client, _ Signer, s *Session) error {
		_, err := s.Head(ctx, id.ID{3})
		return err
	}},
	"GET /v1/vaults/03000000000000000000000000000000/changes?since=9": {byToken, func(ctx context.Context, _ *Client, _ Signer, s *Session) error {
		_, err := s.Changes(ctx, id.ID{3}, 9)
		return err
	}},
	"GET /v1/vaults/03000000000000000000000000000000/objects?after=a%26b": {byToken, func(ctx context.Context, _ *Client, _ Signer, s *Session) error {
		_, err := s.Objects(ctx, id.ID{3}, "a&b")
		return err
	}},
	"POST /v1/vaults/03000000000000000000000000000000/objects/fetch": {byToken, func(ctx context.Context, _ *Client, _ Signer, s *Session) error {
		_, err := s.Fetch(ctx, id.ID{3}, []id.ID{{4}})
		return err
	}},
	"POST /v1/vaults/03000000000000000000000000000000/commits": {byToken, func(ctx context.Context, _ *Client, _ Signer, s *Session) error {
		_, err := s.Push(ctx, id.ID{3}, wire.Push{})
		return err
	}},
}

// silent are the calls that are answered by a success without content. Any other success is of somebody who has not done what was asked.
var silent = map[string]bool{
	"POST /v1/account/change": true, "POST /v1/account/delete": true, "POST /v1/account/log": true, "POST /v1/email/finish": true,
	"POST /v1/pairings/answer": true, "POST /v1/pairings/refuse": true, "POST /v1/pairings/reveal": true, "POST /v1/recovery/cancel": true,
	"DELETE /v1/sessions": true, "POST /v1/sessions/end-others": true,
}

// instead is a network that gives one answer to everything.
type instead struct {
	status int
	media  string // empty: JSON
	body   string
	err    error
	got    []*http.Request
}

func (i *instead) RoundTrip(r *http.Request) (*http.Response, error) {
	i.got = append(i.got, r)
	if i.err != nil {
		return nil, i.err
	}
	return &http.Response{StatusCode: i.status, Header: http.Header{"Content-Type": {cmp.Or(i.media, asJSON)}}, Body: io.NopCloser(strings.NewReader(i.body))}, nil
}

func clientOver(t *testing.T, network http.RoundTripper) (*Client, Signer, *Session) {
	t.Helper()
	c, err := NewClient("http://localhost", network, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	signer := Signer{Account: id.ID{1}, Device: id.ID{2}, Key: signing.Generate()}
	tokens := wire.Session{AccessToken: []byte("token"), AccessExpires: time.Now().Add(24 * time.Hour).UnixMilli()}
	return c, signer, c.Session(signer, tokens, Hooks{})
}

// Every call goes where it should, shows who asks in the way that the protocol says, and tells apart an answer, an error of the protocol,
// an answer of something else, and none.
func TestEveryCall(t *testing.T) {
	for place, call := range calls {
		t.Run(place, func(t *testing.T) {
			right, wrong := instead{status: 200, body: "{}"}, instead{status: 204}
			if silent[place] {
				right, wrong = wrong, right
			}
			for _, answer := range []struct {
				name string
				instead
				want error
			}{
				{"an answer", right, nil},
				{"another call's answer", wrong, ErrStrangeAnswer},
				{"the page of a hotel", instead{status: 200, media: "text/html", body: "<html>"}, ErrStrangeAnswer},
				{"something else", instead{status: 418, body: "<html>"}, ErrStrangeAnswer},
				{"a proxy whose server is gone", instead{status: 503, body: "<html>"}, ErrUnreachable},
				{"no answer", instead{err: errors.New("connection refused")}, ErrUnreachable},
				{"an error of the protocol", instead{status: 409, body: `{"code":"conflict"}`}, &wire.Error{Code: wire.CodeConflict}},
			} {
				network := answer.instead
				c, signer, session := clientOver(t, &network)
				err := call.ask(t.Context(), c, signer, session)
				if code := new(wire.Error); errors.As(answer.want, &code) {
					if !IsCode(err, code.Code) {
						t.Errorf("%s: %v", answer.name, err)
					}
				} else if !errors.Is(err, answer.want) {
					t.Errorf("%s: %v", answer.name, err)
				}
				if len(network.got) != 1 {
					t.Fatalf("%s: %d requests", answer.name, len(network.got))
				}
				checkRequest(t, network.got[0], place, call.how)
			}
		})
	}
}

func checkRequest(t *testing.T, r *http.Request, place string, how how) {
	t.Helper()
	if got := r.Method + " " + r.URL.RequestURI(); got != place {
		t.Errorf("asked for %s", got)
	}
	if signed := r.Header.Get(wire.HeaderSignature) != ""; signed != (how != unsigned) {
		t.Errorf("signed: %t", signed)
	}
	if token := r.Header.Get("Authorization") != ""; token != (how == byToken) {
		t.Errorf("with a token: %t", token)
	}
}

// The connection ends after every byte of an answer, of known length and in chunks: only the whole one counts.
func TestAConnectionThatEndsAnywhere(t *testing.T) {
	const body = `{"account_id":"a","generation":1,"profile":"P2"}`
	for name, answer := range map[string]string{
		"of known length": "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 48\r\n\r\n" + body,
		"in chunks":       "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n30\r\n" + body + "\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			parts := make(chan string)
			go answerParts(listener, parts)
			defer close(parts)
			c, err := NewClient("http://"+listener.Addr().String(), &http.Transport{DisableKeepAlives: true}, time.Now)
			if err != nil {
				t.Fatal(err)
			}
			for end := range len(answer) + 1 {
				parts <- answer[:end]
				out, err := c.Lookup(t.Context(), [32]byte{})
				if end == len(answer) && (err != nil || out.Profile != "P2") || end < len(answer) && !errors.Is(err, ErrUnreachable) {
					t.Errorf("after %d of %d bytes: %+v, %v", end, len(answer), out, err)
				}
			}
		})
	}
}

// answerParts reads a request from each connection, answers with the next part, and ends the connection.
func answerParts(listener net.Listener, parts <-chan string) {
	for part := range parts {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			io.Copy(io.Discard, r.Body)
		}
		io.WriteString(conn, part)
		conn.Close()
	}
}

// drip is an answer that brings a byte a second and has no end.
type drip struct{ ctx context.Context }

func (d drip) Read(p []byte) (int, error) {
	select {
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	case <-time.After(time.Second):
		p[0] = ' '
		return 1, nil
	}
}

func (drip) Close() error { return nil }

type dripping struct{}

func (dripping) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {asJSON}}, Body: drip{r.Context()}}, nil
}

// An answer that comes in drops is given up after the time that a request has, not when the server likes.
func TestAnAnswerInDrops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, _ := clientOver(t, dripping{})
		began := time.Now()
		_, err := c.Lookup(t.Context(), [32]byte{})
		if took := time.Since(began); !errors.Is(err, ErrUnreachable) || took != requestTimeout {
			t.Errorf("after %v: %v", took, err)
		}
	})
}
