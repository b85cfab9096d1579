package remote

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/proof"
	"github.com/coffer-vault/coffer/sync/wire"
)

// serve answers every request with the handler; the client speaks to it.
func serve(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c, err := NewClient(server.URL, nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answer is a handler that says this.
func answer(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

const asJSON = "application/json"

// Whatever answers at the address, the client says clearly what it is, and reads no more than it allows.
func TestStrangeAnswers(t *testing.T) {
	good := `{"account_id":"a","generation":1,"profile":"P2"}`
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    error // nil: accepted
	}{
		"an answer":                  {answer(200, asJSON, good), nil},
		"a charset":                  {answer(200, asJSON+"; charset=utf-8", good), nil},
		"more fields than are known": {answer(200, asJSON, `{"new":[1,{"x":2}],`+good[1:]), nil},
		"a page of a hotel":          {answer(200, "text/html", "<html>Welcome to our network"), ErrStrangeAnswer},
		"JSON said to be HTML":       {answer(200, "text/html", good), ErrStrangeAnswer},
		"no content type":            {answer(200, "", good), ErrStrangeAnswer},
		"half an object":             {answer(200, asJSON, good[:20]), ErrStrangeAnswer},
		"two objects":                {answer(200, asJSON, good+good), ErrStrangeAnswer},
		"another type":               {answer(200, asJSON, `[1,2]`), ErrStrangeAnswer},
		"a number too large":         {answer(200, asJSON, `{"generation":1e99}`), ErrStrangeAnswer},
		"nothing":                    {answer(200, asJSON, ""), ErrStrangeAnswer},
		"no content":                 {answer(204, asJSON, ""), ErrStrangeAnswer},
		"created":                    {answer(201, asJSON, good), ErrStrangeAnswer},
		"a part":                     {answer(206, asJSON, good), ErrStrangeAnswer},
		"deep":                       {answer(200, asJSON, strings.Repeat(`{"a":`, 20_000)+"1"), ErrStrangeAnswer},
		"too long":                   {answer(200, asJSON, `{"profile":"`+strings.Repeat("x", wire.MaxAnswer)+`"}`), ErrStrangeAnswer},
		"endless":                    {endless, ErrStrangeAnswer},
		"cut off":                    {cutOff, ErrUnreachable},
		"not found, as HTML":         {answer(404, "text/html", "<h1>404"), ErrStrangeAnswer},
		"a proxy's error":            {answer(502, "text/html", "<h1>Bad gateway"), ErrUnreachable},
		"an error without a code":    {answer(400, asJSON, `{"message":"x"}`), ErrStrangeAnswer},
		"an endless error":           {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500); endless(w, r) }, ErrStrangeAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := serve(t, c.handler).Lookup(t.Context(), [32]byte{})
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func endless(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", asJSON)
	chunk := bytes.Repeat([]byte(" "), 1<<20)
	for r.Context().Err() == nil {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

func cutOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	w.Header().Set("Content-Type", asJSON)
	io.WriteString(w, `{"account_id":`)
}

func TestErrorsOfTheProtocolKeepTheirCode(t *testing.T) {
	c := serve(t, answer(429, asJSON, `{"code":"slow_down","retry_after":7}`))
	_, err := c.Lookup(t.Context(), [32]byte{})
	var e *wire.Error
	if !errors.As(err, &e) || e.Code != wire.CodeSlowDown || e.RetryAfter != 7 {
		t.Errorf("got %v", err)
	}
}

// A request is signed for one place: it is never sent to another.
func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
		c := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL+r.URL.Path, status) })
		if _, err := c.Lookup(t.Context(), [32]byte{}); !errors.Is(err, ErrStrangeAnswer) {
			t.Errorf("%d: got %v", status, err)
		}
		elsewhere.Close()
	}
}

func TestOrigins(t *testing.T) {
	for text, want := range map[string]string{
		"vault.example": "https://vault.example", " https://Vault.Example/ ": "https://vault.example", "https://vault.example:443": "https://vault.example",
		"https://vault.example:8443": "https://vault.example:8443", "http://127.0.0.1:8080": "http://127.0.0.1:8080", "http://localhost:1": "http://localhost:1",
		"http://[::1]:1": "http://[::1]:1",
		"":               "", "http://vault.example": "", "https://vault.example/x": "", "https://a@vault.example": "", "ftp://vault.example": "",
		"https://vault.example?x": "", "https://": "", "http://127.0.0.1.example": "", "https://vault.example#x": "",
	} {
		got, err := NormalizeOrigin(text)
		if got != want || (err == nil) != (want != "") || err != nil && !errors.Is(err, ErrOrigin) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func someSigner() Signer { return Signer{Account: id.New(), Device: id.New(), Key: signing.Generate()} }

// check verifies a signed request as a server does, from the request alone.
func check(t *testing.T, origin string, s Signer, r *http.Request, token []byte) [16]byte {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	sent, err := strconv.ParseInt(r.Header.Get(wire.HeaderTime), 10, 64)
	if err != nil {
		t.Error(err)
	}
	nonce, err := hex.DecodeString(r.Header.Get(wire.HeaderNonce))
	if err != nil || len(nonce) != 16 {
		t.Fatalf("nonce %q", r.Header.Get(wire.HeaderNonce))
	}
	signature, err := base64.StdEncoding.DecodeString(r.Header.Get(wire.HeaderSignature))
	if err != nil {
		t.Error(err)
	}
	message := proof.Request{
		Origin: origin, Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery, Body: body, Token: token,
		Account: s.Account, Device: s.Device, Time: sent, Nonce: [16]byte(nonce),
	}.Message()
	if err := s.Key.Public().Verify(signing.Request, message, signature); err != nil {
		t.Errorf("%s %s: %v", r.Method, r.URL, err)
	}
	if r.Header.Get(wire.HeaderAccount) != s.Account.String() || r.Header.Get(wire.HeaderDevice) != s.Device.String() {
		t.Error("the headers name another device")
	}
	if len(body) > 0 && r.Header.Get("Content-Type") != asJSON {
		t.Errorf("a body of type %q", r.Header.Get("Content-Type"))
	}
	return [16]byte(nonce)
}

// Every request of a session is signed over all that it says, with a nonce of its own.
func TestRequestsAreSigned(t *testing.T) {
	s, nonces := someSigner(), map[[16]byte]bool{}
	var c *Client
	c = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+base64.RawURLEncoding.EncodeToString([]byte("token")) {
			t.Errorf("authorization %q", r.Header.Get("Authorization"))
		}
		nonces[check(t, c.Origin(), s, r, []byte("token"))] = true
		if r.URL.Path == "/v1/account/log" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		answer(200, asJSON, `{}`)(w, r)
	})
	session := c.Session(s, wire.Session{AccessToken: []byte("token"), AccessExpires: time.Now().Add(time.Hour).UnixMilli()}, Hooks{})
	vault := id.New()
	for _, ask := range []func() error{
		func() error { _, err := session.Changes(t.Context(), vault, 7); return err },
		func() error { _, err := session.Objects(t.Context(), vault, "a/b c+%"); return err },
		func() error { _, err := session.Fetch(t.Context(), vault, []id.ID{id.New()}); return err },
		func() error { _, err := session.Push(t.Context(), vault, wire.Push{}); return err },
		func() error { _, err := session.Me(t.Context()); return err },
		func() error { return session.AppendLog(t.Context(), wire.SignedEntry{Entry: []byte("e")}) },
	} {
		if err := ask(); err != nil {
			t.Error(err)
		}
	}
	if len(nonces) != 6 {
		t.Errorf("%d nonces for 6 requests", len(nonces))
	}
}

// The server's clock is learned once, and used for requests; a server that never is content is not asked for ever.
func TestClockSkew(t *testing.T) {
	s, asked := someSigner(), 0
	ahead := time.Now().Add(3 * time.Hour).UnixMilli()
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		sent, _ := strconv.ParseInt(r.Header.Get(wire.HeaderTime), 10, 64)
		if sent < ahead {
			answer(401, asJSON, fmt.Sprintf(`{"code":"clock_skew","server_time":%d}`, ahead))(w, r)
			return
		}
		answer(200, asJSON, `{}`)(w, r)
	})
	if _, err := c.VerifyDevice(t.Context(), s, "code"); err != nil || asked != 2 {
		t.Errorf("%d requests, %v", asked, err)
	}
	never := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		answer(401, asJSON, `{"code":"clock_skew","server_time":1}`)(w, r)
	})
	asked = 0
	if _, err := never.VerifyDevice(t.Context(), s, "code"); !IsCode(err, wire.CodeClockSkew) || asked != 2 {
		t.Errorf("%d requests, %v", asked, err)
	}
}

// tokens are a session's answer.
func tokens(access string, expires time.Time) wire.Session {
	return wire.Session{AccessToken: []byte(access), AccessExpires: expires.UnixMilli(), RefreshToken: []byte("refresh " + access)}
}

// renewing is a server on which "old" has ended and refreshing gives "new".
func renewing(t *testing.T, refreshes *int) *Client {
	var mu sync.Mutex
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case r.URL.Path == "/v1/sessions/refresh":
			*refreshes++
			data, _ := json.Marshal(tokens("new", time.Now().Add(time.Hour)))
			answer(200, asJSON, string(data))(w, r)
		case r.Header.Get("Authorization") == "Bearer "+base64.RawURLEncoding.EncodeToString([]byte("new")):
			answer(200, asJSON, `{}`)(w, r)
		default:
			answer(401, asJSON, `{"code":"session_ended"}`)(w, r)
		}
	})
}

// However many requests find the token ended, it is renewed once, and kept before it is used.
func TestRenewalHappensOnce(t *testing.T) {
	refreshes, kept := 0, 0
	c := renewing(t, &refreshes)
	s := c.Session(someSigner(), tokens("old", time.Now().Add(time.Hour)), Hooks{Keep: func(wire.Session) error { kept++; return nil }})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := s.Me(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if refreshes != 1 || kept != 1 {
		t.Errorf("renewed %d times, kept %d times", refreshes, kept)
	}
}

func TestTokensThatCannotBeKeptAreNotUsed(t *testing.T) {
	refreshes := 0
	full := errors.New("disk full")
	s := renewing(t, &refreshes).Session(someSigner(), tokens("old", time.Now().Add(-time.Hour)), Hooks{Keep: func(wire.Session) error { return full }})
	if _, err := s.Me(t.Context()); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

// A session that the server ended for good is proved anew, or said to be over.
func TestEndedSession(t *testing.T) {
	c := serve(t, answer(401, asJSON, `{"code":"session_ended"}`))
	s := c.Session(someSigner(), tokens("old", time.Now().Add(time.Hour)), Hooks{Keep: func(wire.Session) error { return nil }})
	if _, err := s.Me(t.Context()); !IsCode(err, wire.CodeSessionEnded) {
		t.Errorf("got %v", err)
	}
	proved := 0
	s = c.Session(someSigner(), wire.Session{}, Hooks{Keep: func(wire.Session) error { return nil }, Prove: func(context.Context) (wire.Session, error) {
		proved++
		return tokens("proved", time.Now().Add(time.Hour)), nil
	}})
	if _, err := s.Me(t.Context()); !IsCode(err, wire.CodeSessionEnded) || proved != 3 {
		t.Errorf("proved %d times, %v: a server that ends every session must not be asked for ever", proved, err)
	}
}

func TestEvents(t *testing.T) {
	enough := errors.New("enough")
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		stop    int // the call that fails, the first being heard's
		calls   int
		want    error
	}{
		"events and noise":  {answer(200, "text/event-stream", ": hello\n\ndata: {\"seq\":1}\n\nevent: x\ndata: nonsense\n\ndata:{\"seq\":2}\n\n"), 0, 3, ErrUnreachable},
		"a line too long":   {answer(200, "text/event-stream", "data: {\"seq\":1}\n\ndata: "+strings.Repeat("x", 1<<20)), 0, 2, ErrUnreachable},
		"nothing":           {answer(200, "text/event-stream", ""), 0, 1, ErrUnreachable},
		"not looked first":  {answer(200, "text/event-stream", "data: {\"seq\":1}\n\n"), 1, 1, enough},
		"an event unlooked": {answer(200, "text/event-stream", "data: {\"seq\":1}\n\ndata: {\"seq\":2}\n\n"), 2, 2, enough},
		"no stream":         {answer(200, "text/html", "data: {\"seq\":1}\n\n"), 0, 0, ErrStrangeAnswer},
		"refused":           {answer(403, "text/html", "no"), 0, 0, ErrStrangeAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, c.handler).Session(someSigner(), tokens("t", time.Now().Add(time.Hour)), Hooks{})
			var calls []uint64
			call := func(seq uint64) error {
				if calls = append(calls, seq); len(calls) == c.stop {
					return enough
				}
				return nil
			}
			err := s.Events(t.Context(), func() error { return call(0) }, func(e wire.Event) error { return call(e.Seq) })
			if !errors.Is(err, c.want) || !slices.Equal(calls, []uint64{0, 1, 2}[:c.calls]) {
				t.Errorf("calls %v, %v", calls, err)
			}
		})
	}
}

// An error names the server's path and never what was sent, nor the whole address.
func TestErrorsNameNoSecret(t *testing.T) {
	c, err := NewClient("http://127.0.0.1:1", nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.VerifyDevice(t.Context(), someSigner(), "ABCD-EFGH")
	if !errors.Is(err, ErrUnreachable) || strings.Contains(err.Error(), "ABCD") || strings.Contains(err.Error(), "http://") {
		t.Errorf("the error says %q", err)
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(200, asJSON, []byte(`{"head":{"seq":1,"hash":"AA=="},"commits":[{"commit":"AA=="}],"envelopes":null,"more":true}`))
	f.Add(409, asJSON, []byte(`{"code":"conflict","head":{"seq":1}}`))
	f.Add(302, "text/html", []byte(``))
	f.Add(204, "", []byte(`null`))
	var status int
	var contentType string
	var body []byte
	c := &Client{origin: "http://localhost", now: time.Now, http: &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(bytes.NewReader(body))}, nil
	}), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	s := c.Session(someSigner(), tokens("t", time.Now().Add(time.Hour)), Hooks{Keep: func(wire.Session) error { return nil }})
	f.Fuzz(func(t *testing.T, withStatus int, withType string, with []byte) {
		status, contentType, body = withStatus, withType, with
		_, err := s.Changes(t.Context(), id.ID{}, 0)
		var e *wire.Error
		if err != nil && !errors.Is(err, ErrStrangeAnswer) && !errors.Is(err, ErrUnreachable) && !errors.As(err, &e) {
			t.Errorf("an error without a name: %v", err)
		}
	})
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
