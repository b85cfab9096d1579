package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

// callers are the columns of the matrix: everybody who may knock.
var callers = []struct {
	name string
	of   func(*cast) *device
	as   func(*device, string, string, any) *http.Request
}{
	{"nobody", func(c *cast) *device { return c.u.first }, (*device).unsigned},
	{"another user, signed in", func(c *cast) *device { return c.stranger.first }, (*device).inSession},
	{"a session, signed by another device's key", func(c *cast) *device { return c.otherKey }, (*device).inSession},
	{"a session, without a signature", func(c *cast) *device { return c.u.first }, (*device).tokenAlone},
	{"a revoked device, its session", func(c *cast) *device { return c.revoked }, (*device).inSession},
	{"a revoked device, its key", func(c *cast) *device { return c.revoked }, (*device).byKey},
	{"a session that was ended", func(c *cast) *device { return c.signedOut }, (*device).inSession},
	{"an access token that is too old", func(c *cast) *device { return c.expired }, (*device).inSession},
	{"a listed device, its key", func(c *cast) *device { return c.u.first }, (*device).byKey},
	{"a device that waits for its code", func(c *cast) *device { return c.pending }, (*device).byKey},
	{"an unlisted device, its session", func(c *cast) *device { return c.unlisted }, (*device).inSession},
	{"an unlisted device, its key", func(c *cast) *device { return c.unlisted }, (*device).byKey},
	{"a device that recovers, its session", func(c *cast) *device { return c.recovering }, (*device).inSession},
	{"a device that recovers, its key", func(c *cast) *device { return c.recovering }, (*device).byKey},
}

// verdicts has a letter for each caller, in their order: let in (.), or told E session_ended, U device_unlisted, R device_revoked,
// I invalid, N not_found.
var verdicts = map[access]string{
	sessionToken: "E.EEEEEEEE.EUE",
	readerToken:  "E.EEEEEEEE.E.E",
	deviceKey:    "E.EERR...E....",
	pendingKey:   "EEEEEEEEE.EEEE",
	recoveryKey:  "EEEEEEEEEEEE..",
	computerKey:  "EEEEEEEEEEEEEE",
}

// exceptions are the routes with a line of their own: what a device must be listed for, what names a thing of the account, and what has
// the key in its body.
var exceptions = map[string]string{
	"POST /v1/signup/finish":                                      "EIEEIIII.IIIII", // the body names the first device
	"POST /v1/pairings/start":                                     "EIIEIIIIIIIIII", // of no account
	"POST /v1/pairings/poll":                                      "EIIEIIIIIIIIII",
	"POST /v1/pairings/reveal":                                    "EIIEIIIIIIIIII",
	"POST /v1/computers":                                          "EIIEIIIIIIIIII", // of no account
	"GET /v1/vaults/{id}/head":                                    "ENEEEEEEEE.E.E",
	"GET /v1/vaults/{id}/changes":                                 "ENEEEEEEEE.E.E",
	"GET /v1/vaults/{id}/objects":                                 "ENEEEEEEEE.E.E",
	"POST /v1/vaults/{id}/objects/fetch":                          "ENEEEEEEEE.E.E",
	"POST /v1/vaults/{id}/commits":                                "ENEEEEEEEEUEUE",
	"GET /v1/vaults/{id}/attachments/{attachment}":                "ENEEEEEEEE.E.E",
	"GET /v1/vaults/{id}/attachments/{attachment}/chunks/{index}": "ENEEEEEEEE.E.E",
	"PUT /v1/vaults/{id}/attachments/{attachment}/chunks/{index}": "ENEEEEEEEEUEUE",
	"POST /v1/sessions/end-others":                                "E.EEEEEEEEUEUE",
	"POST /v1/account/change":                                     "E.EEEEEEEEUE.E",
	"POST /v1/account/delete":                                     "E.EEEEEEEEUEUE",
	"POST /v1/email/start":                                        "E.EEEEEEEEUEUE",
	"POST /v1/email/finish":                                       "E.EEEEEEEEUEUE",
	"POST /v1/email/resend":                                       "E.EEEEEEEEUEUE",
	"GET /v1/pairings":                                            "E.EEEEEEEEUEUE",
	"GET /v1/pairings/{id}":                                       "ENEEEEEEEEUEUE",
	"POST /v1/pairings/answer":                                    "ENEEEEEEEEUEUE",
	"POST /v1/pairings/refuse":                                    "ENEEEEEEEEUEUE",
	"POST /v1/recovery/cancel":                                    "E.EEEEEEEEUEUE",
	// A wrong refresh token is told session_ended by whoever brings it: see TestRefresh… and GET /v1/sessions/log, which has its policy.
	"POST /v1/sessions/refresh": "EEEERREEEEEEEE",
}

var codes = map[byte]wire.Code{
	'E': wire.CodeSessionEnded, 'U': wire.CodeDeviceUnlisted, 'R': wire.CodeDeviceRevoked, 'I': wire.CodeInvalid, 'N': wire.CodeNotFound,
}

// cast is an account with a device in every state, and a user of another.
type cast struct {
	u, stranger                                                          *user
	otherKey, revoked, signedOut, expired, pending, unlisted, recovering *device
	newcomer                                                             *newcomer
}

func newCast(t *testing.T) *cast {
	s := testkit.Cloud(t)
	s.RecoveryDelay = 0
	s.Restart()
	closeIdle()
	u := signUp(t, s, "ada@example.org")
	c := &cast{u: u, revoked: u.enrol("Revoked"), expired: u.enrol("Expired")}
	u.first.revoke(c.revoked)
	s.Clock.Advance(10 * time.Minute)
	u.first.session = u.first.refreshed(u.first.session.RefreshToken)
	c.stranger = signUp(t, s, "bob@example.org")
	c.otherKey = &device{user: u, id: u.first.id, key: signing.Generate(), tree: chain.NewTree(u.vault), session: u.first.session}
	c.signedOut, c.unlisted, c.pending = u.enrol("Signed out"), u.verified("Unlisted"), u.newDevice("Pending")
	c.signedOut.call("DELETE", "/v1/sessions", nil, nil).ok(t)
	c.pending.proved()
	s.LastCode(t, u.email)
	c.recovering = u.recovering()
	c.newcomer = newcomerTo(u, "New PC")
	c.newcomer.start().ok(t)
	return c
}

func (d *device) inSession(method, path string, body any) *http.Request {
	return d.request(method, path, d.session.AccessToken, body)
}

func (d *device) byKey(method, path string, body any) *http.Request {
	return d.request(method, path, nil, body)
}

func (d *device) tokenAlone(method, path string, body any) *http.Request {
	req := d.inSession(method, path, body)
	req.Header.Del(wire.HeaderSignature)
	return req
}

func (d *device) unsigned(method, path string, body any) *http.Request {
	req := d.tokenAlone(method, path, body)
	for _, name := range []string{"Authorization", wire.HeaderAccount, wire.HeaderDevice, wire.HeaderTime, wire.HeaderNonce} {
		req.Header.Del(name)
	}
	return req
}

// body is one that the route's schema accepts, so that what refuses it is who sends it. None of them changes anything.
func (c *cast) body(route string, d *device) any {
	entry := func(body chain.Body) wire.SignedEntry {
		e := c.u.next(body)
		return wire.SignedEntry{Entry: e.Entry, Signature: e.Signature}
	}
	rename := entry(chain.DeviceRename{Device: c.u.first.id, Name: "Another"})
	proof := wire.FreshProof{Nonce: randomBytes(32), Expires: 1, Signature: randomBytes(64)}
	pairing := c.newcomer.pairing.String()
	switch route {
	case "POST /v1/signup/finish":
		return c.u.finish(randomBytes(32))
	case "POST /v1/signin/verify-device":
		return wire.VerifyDevice{Code: "0000-0000"}
	case "POST /v1/sessions/refresh":
		return wire.Refresh{RefreshToken: randomBytes(32)}
	case "POST /v1/sessions/end-others":
		return wire.LogAppend{SignedEntry: entry(chain.SignOut{Device: d.id})}
	case "POST /v1/account/log":
		return wire.LogAppend{SignedEntry: rename}
	case "POST /v1/account/change":
		return wire.AccountChange{Entries: []wire.SignedEntry{rename}}
	case "POST /v1/account/delete":
		return wire.AccountDelete{Proof: proof}
	case "POST /v1/email/start":
		return wire.EmailStart{Email: "grace@example.org", Proof: proof}
	case "POST /v1/email/finish":
		return wire.EmailFinish{CodeOld: "0000-0000", CodeNew: "0000-0000", Entry: entry(chain.EmailChange{})}
	case "POST /v1/vaults/{id}/objects/fetch":
		return wire.Fetch{ObjectIDs: []string{}}
	case "POST /v1/vaults/{id}/commits":
		return d.signed(d.put(16, id.New()))
	case "POST /v1/pairings/start":
		return c.newcomer.request()
	case "POST /v1/pairings/poll":
		return wire.PairingPoll{PairingID: pairing}
	case "POST /v1/pairings/reveal":
		return wire.PairingReveal{PairingID: pairing, R: randomBytes(32)}
	case "POST /v1/pairings/answer":
		return wire.PairingAnswer{PairingID: pairing, Nonce: randomBytes(32)}
	case "POST /v1/pairings/refuse":
		return wire.PairingRefuse{PairingID: pairing}
	case "POST /v1/recovery/verify":
		return wire.RecoveryVerify{Code: "0000-0000"}
	}
	switch {
	case strings.HasPrefix(route, "PUT "):
		return chunkOf(thePart)
	case strings.HasPrefix(route, "POST "):
		return map[string]any{}
	}
	return nil
}

// Every caller at every route. TestEveryRouteIsKnown sees to it that a new route has a line.
func TestAuthorizationMatrix(t *testing.T) {
	c := newCast(t)
	var order []string
	for route, demands := range routes {
		if demands != nothing {
			order = append(order, route)
		}
	}
	// Sign-out comes last: it works.
	slices.SortFunc(order, func(a, b string) int { return strings.Compare(b, a) })
	for _, route := range order {
		row, own := exceptions[route]
		if !own {
			row = verdicts[routes[route]]
		}
		if len(row) != len(callers) {
			t.Errorf("%s: %d verdicts for %d callers", route, len(row), len(callers))
			continue
		}
		t.Run(route, func(t *testing.T) { c.try(t, route, row) })
	}
}

func (c *cast) try(t *testing.T, route, row string) {
	method, path, _ := strings.Cut(route, " ")
	thing := c.u.vault
	if strings.HasPrefix(path, "/v1/pairings/") {
		thing = c.newcomer.pairing
	}
	path = fillPath(method, path, thing)
	for i, caller := range callers {
		d := caller.of(c)
		got := answerTo(t, caller.as(d, method, path, c.body(route, d)))
		refused := slices.Contains([]wire.Code{wire.CodeSessionEnded, wire.CodeDeviceUnlisted, wire.CodeDeviceRevoked, wire.CodeClockSkew}, got)
		if want, closed := codes[row[i]]; closed && got != want || !closed && refused {
			t.Errorf("%s: got %q, want %c", caller.name, got, row[i])
		}
	}
}

// answerTo is the code of an answer, and does not wait for the end of a stream.
func answerTo(t *testing.T, req *http.Request) wire.Code {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 == 2 {
		return ""
	}
	var e wire.Error
	if err := json.NewDecoder(resp.Body).Decode(&e); err != nil || e.Code == "" {
		t.Fatalf("status %d without a code: %v", resp.StatusCode, err)
	}
	return e.Code
}
