package api_test

import (
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/wire"
)

// access is what a route demands of its caller.
type access int

const (
	nothing access = iota
	ownKey         // signed by the key in the body
	pendingKey
	pairingKey  // signed by the new device of the pairing in the body
	recoveryKey // signed by a device that recovers
	deviceKey
	computerKey // signed by a computer that registered
	sessionToken
	readerToken // of a device that recovers, too
)

// routes is every operation of the API. TestEveryRouteIsKnown compares it with the server's own description.
var routes = map[string]access{
	"POST /v1/signup/start":                                       nothing,
	"POST /v1/signup/verify":                                      nothing,
	"POST /v1/signup/mail":                                        nothing,
	"POST /v1/signup/finish":                                      ownKey,
	"POST /v1/signin/lookup":                                      nothing,
	"POST /v1/signin/challenge":                                   nothing,
	"POST /v1/signin/prove":                                       nothing,
	"POST /v1/signin/verify-device":                               pendingKey,
	"POST /v1/signin/resend":                                      pendingKey,
	"POST /v1/signin/mail":                                        pendingKey,
	"POST /v1/sessions/refresh":                                   deviceKey,
	"DELETE /v1/sessions":                                         readerToken,
	"GET /v1/account/keys":                                        readerToken,
	"GET /v1/account/log":                                         readerToken,
	"POST /v1/account/log":                                        sessionToken,
	"GET /v1/me":                                                  sessionToken,
	"GET /v1/vaults":                                              readerToken,
	"GET /v1/vaults/{id}/head":                                    readerToken,
	"GET /v1/vaults/{id}/changes":                                 readerToken,
	"GET /v1/vaults/{id}/objects":                                 readerToken,
	"POST /v1/vaults/{id}/objects/fetch":                          readerToken,
	"POST /v1/vaults/{id}/commits":                                sessionToken,
	"GET /v1/vaults/{id}/attachments/{attachment}":                readerToken,
	"GET /v1/vaults/{id}/attachments/{attachment}/chunks/{index}": readerToken,
	"PUT /v1/vaults/{id}/attachments/{attachment}/chunks/{index}": sessionToken,
	"GET /v1/events":                                              sessionToken,
	"POST /v1/sessions/end-others":                                sessionToken,
	"GET /v1/sessions/log":                                        deviceKey,
	"POST /v1/account/challenge":                                  readerToken,
	"POST /v1/account/change":                                     readerToken,
	"POST /v1/account/delete":                                     sessionToken,
	"POST /v1/email/start":                                        sessionToken,
	"POST /v1/email/finish":                                       sessionToken,
	"POST /v1/email/resend":                                       sessionToken,
	"POST /v1/email/mail":                                         sessionToken,
	"POST /v1/pairings/start":                                     ownKey,
	"POST /v1/pairings/poll":                                      pairingKey,
	"POST /v1/pairings/reveal":                                    pairingKey,
	"GET /v1/pairings":                                            sessionToken,
	"GET /v1/pairings/{id}":                                       sessionToken,
	"POST /v1/pairings/answer":                                    sessionToken,
	"POST /v1/pairings/refuse":                                    sessionToken,
	"POST /v1/recovery/lookup":                                    nothing,
	"POST /v1/recovery/challenge":                                 nothing,
	"POST /v1/recovery/start":                                     nothing,
	"POST /v1/recovery/verify":                                    recoveryKey,
	"POST /v1/recovery/mail":                                      recoveryKey,
	"POST /v1/recovery/open":                                      recoveryKey,
	"POST /v1/recovery/cancel":                                    sessionToken,
	"POST /v1/computers":                                          ownKey,
	"POST /v1/computers/{id}/reports":                             computerKey,
}

func TestEveryRouteIsKnown(t *testing.T) {
	s := testkit.Cloud(t)
	resp, err := http.Get(s.URL + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var description struct {
		Paths map[string]map[string]json.RawMessage
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil || json.Unmarshal(data, &description) != nil {
		t.Fatalf("openapi: %v, %.200s", err, data)
	}
	found := 0
	for path, methods := range description.Paths {
		for method := range methods {
			found++
			if _, known := routes[strings.ToUpper(method)+" "+path]; !known {
				t.Errorf("%s %s has no line in the authorization matrix", method, path)
			}
		}
	}
	if found != len(routes) {
		t.Errorf("the server describes %d operations, the matrix has %d", found, len(routes))
	}
}

// forbidden builds the requests that no route behind a session may answer, whoever sends them: with a token that is none of the device's
// session, at another time, or again. Who the sender is, is for TestAuthorizationMatrix.
func forbidden(t *testing.T, s *testkit.Server, method, path string) map[string]*http.Request {
	u, stranger := signUp(t, s, "ada@example.org"), signUp(t, s, "bob@example.org")
	path = fillPath(method, path, u.vault)
	d, body := u.first, map[string]any{}
	sender := u.enrol("Sender")
	replayed := sender.request(method, path, sender.session.AccessToken, body)
	again := replayed.Clone(t.Context())
	again.Body, _ = replayed.GetBody()
	// Its answer may be a stream without end, so only its beginning is waited for.
	resp, err := http.DefaultClient.Do(replayed)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	replay := "400 invalid replayed nonce"
	if method == "DELETE" {
		replay = "401 session_ended replayed sign-out"
	}
	return map[string]*http.Request{
		"401 session_ended random token":               d.request(method, path, randomBytes(32), body),
		"401 session_ended refresh token":              d.request(method, path, d.session.RefreshToken, body),
		"401 session_ended other user, this token":     stranger.first.request(method, path, d.session.AccessToken, body),
		"401 session_ended this device, another token": d.request(method, path, stranger.first.session.AccessToken, body),
		"401 session_ended other device, this token":   sender.request(method, path, d.session.AccessToken, body),
		replay:                   again,
		"401 clock_skew too old": d.requestAt(method, path, -121*time.Second),
		"401 clock_skew too new": d.requestAt(method, path, 121*time.Second),
		"401 clock_skew from before the server's start": d.requestAt(method, path, -time.Hour),
	}
}

// requestAt is signed at another time than now.
func (d *device) requestAt(method, path string, off time.Duration) *http.Request {
	req := d.request(method, path, d.session.AccessToken, map[string]any{})
	d.sign(req, []byte("{}"), d.session.AccessToken, d.server.Clock.Now().Add(off).UnixMilli())
	return req
}

func TestForbiddenAtEveryRoute(t *testing.T) {
	for route, demands := range routes {
		if demands != sessionToken && demands != readerToken {
			continue
		}
		t.Run(route, func(t *testing.T) {
			t.Parallel()
			s := testkit.Cloud(t)
			method, path, _ := strings.Cut(route, " ")
			for name, req := range forbidden(t, s, method, path) {
				words := strings.SplitN(name, " ", 3)
				status, _ := strconv.Atoi(words[0])
				t.Run(words[2], func(t *testing.T) {
					r := send(t, req, nil)
					r.want(t, status, wire.Code(words[1]))
					if r.err.Code == wire.CodeClockSkew && r.err.ServerTime == 0 {
						t.Error("clock_skew without the server's time")
					}
				})
			}
		})
	}
}

// thePart is the attachment that fillPath names.
var thePart = id.New()

// fillPath puts a thing, and a part of it, into the path of a route, with the query that the route cannot be without.
func fillPath(method, path string, thing id.ID) string {
	path = strings.NewReplacer("{id}", thing.String(), "{attachment}", thePart.String(), "{index}", "0").Replace(path)
	if method == "PUT" {
		path += "?count=1"
	}
	return path
}

// What another user's session may see of a vault is that it does not exist.
func TestOtherUsersVault(t *testing.T) {
	s := testkit.Cloud(t)
	u, stranger := signUp(t, s, "ada@example.org"), signUp(t, s, "bob@example.org").first
	pushed := u.first.put(100, id.New())
	in := u.first.signed(pushed)
	for route := range routes {
		method, path, _ := strings.Cut(route, " ")
		if !strings.Contains(path, "/vaults/{id}") {
			continue
		}
		var body any
		switch {
		case strings.HasSuffix(path, "/commits"):
			body = in
		case method == "POST":
			body = wire.Fetch{ObjectIDs: []string{}}
		case method == "PUT":
			body = chunkOf(thePart)
		}
		r := stranger.call(method, fillPath(method, path, u.vault), body, nil)
		if strings.HasSuffix(path, "/commits") {
			r.want(t, 422, wire.CodeBadCommit) // the commit names another device before the vault is looked for
			continue
		}
		r.want(t, 404, wire.CodeNotFound)
		missing := stranger.call(method, fillPath(method, path, id.New()), body, nil)
		missing.want(t, 404, wire.CodeNotFound)
	}
}

// Each part of a request that is signed is one that cannot be changed.
func TestSignatureCoversTheRequest(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	d := u.first
	second := d.proved().Session.AccessToken
	for name, change := range map[string]func(*http.Request){
		"method": func(r *http.Request) { r.Method = "POST" },
		"path":   func(r *http.Request) { r.URL.Path = "/v1/vaults" },
		"query":  func(r *http.Request) { r.URL.RawQuery = "since=1" },
		"body": func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader("{ }")), 3
		},
		"token": func(r *http.Request) {
			other := d.request("GET", "/v1/account/log?since=0", second, nil)
			r.Header.Set("Authorization", other.Header.Get("Authorization"))
		},
		"time": func(r *http.Request) {
			at, _ := strconv.ParseInt(r.Header.Get(wire.HeaderTime), 10, 64)
			r.Header.Set(wire.HeaderTime, strconv.FormatInt(at+1, 10))
		},
		"nonce": func(r *http.Request) { r.Header.Set(wire.HeaderNonce, hex.EncodeToString(randomBytes(16))) },
	} {
		t.Run(name, func(t *testing.T) {
			req := d.request("GET", "/v1/account/log?since=0", d.session.AccessToken, []byte("{}"))
			change(req)
			send(t, req, nil).want(t, 401, wire.CodeSessionEnded)
		})
	}
}

func TestMalformedHeaders(t *testing.T) {
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	for name, value := range map[string][]string{
		wire.HeaderAccount:   {"", "xyz", strings.ToUpper(d.account.String()), d.account.String() + "00"},
		wire.HeaderDevice:    {"", "0"},
		wire.HeaderTime:      {"", "now", "-1", "1e3", "99999999999999999999"},
		wire.HeaderNonce:     {"", "00", strings.Repeat("0", 34)},
		wire.HeaderSignature: {"%%%", "AA="},
		"Authorization":      {"Basic AAAA", "Bearer a b", "Bearer AAAA="},
	} {
		for _, v := range value {
			req := d.request("GET", "/v1/me", d.session.AccessToken, nil)
			req.Header.Set(name, v)
			if r := send(t, req, nil); r.err.Code != wire.CodeInvalid && r.err.Code != wire.CodeSessionEnded {
				t.Errorf("%s %q: %d %s", name, v, r.status, r.err.Code)
			}
		}
	}
}

// A clock that is wrong by less than two minutes works; by more, the answer says what to do.
func TestClockSkew(t *testing.T) {
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	s.Clock.Advance(5 * time.Minute) // away from the server's start
	for _, off := range []time.Duration{-119 * time.Second, 119 * time.Second} {
		req := d.request("GET", "/v1/me", d.session.AccessToken, nil)
		d.sign(req, nil, d.session.AccessToken, s.Clock.Now().Add(off).UnixMilli())
		send(t, req, nil).ok(t)
	}
	var r reply
	for _, off := range []time.Duration{-121 * time.Second, 121 * time.Second, time.Hour} {
		req := d.request("GET", "/v1/me", d.session.AccessToken, nil)
		d.sign(req, nil, d.session.AccessToken, s.Clock.Now().Add(off).UnixMilli())
		r = send(t, req, nil)
		r.want(t, 401, wire.CodeClockSkew)
	}
	req := d.request("GET", "/v1/me", d.session.AccessToken, nil)
	d.sign(req, nil, d.session.AccessToken, r.err.ServerTime)
	send(t, req, nil).ok(t)
}

// A request that was recorded before a restart cannot be played again after it, although the nonces are forgotten.
func TestReplayAcrossRestart(t *testing.T) {
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	recorded := d.request("GET", "/v1/me", d.session.AccessToken, nil)
	s.Clock.Advance(time.Second)
	s.Restart()
	closeIdle()
	send(t, recorded, nil).want(t, 401, wire.CodeClockSkew)
}
