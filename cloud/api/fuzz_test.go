package api_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/wire"
)

// Whatever a signed-in device sends, the server answers with a decision: never with 500, and its head moves for valid commits alone.

func FuzzPushBody(f *testing.F) {
	s := testkit.Cloud(f)
	u := signUp(f, s, "ada@example.org")
	valid, err := json.Marshal(u.first.signed(u.first.put(32, id.New())))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{"commit":"AA==","changes":"gA==","signature":"","envelopes":[]}`))
	f.Add([]byte(`{"commit":null,"envelopes":[{"object_id":"x","revision":-1,"envelope":"%"}]}`))
	f.Add([]byte(`{"envelopes":{"a":[[[[[[]]]]]]}}`))
	f.Add(bytes.Replace(valid, []byte(`"envelopes"`), []byte(`"Envelopes"`), 1))
	f.Add(bytes.Replace(valid, []byte(`"revision":1`), []byte(`"revision":18446744073709551616`), 1))
	f.Add(valid[:len(valid)-1])
	f.Fuzz(func(t *testing.T, body []byte) {
		u.t = t
		r := send(t, u.first.request("POST", u.first.vaultPath("/commits"), u.first.session.AccessToken, body), nil)
		if r.status >= 500 || r.status == 401 {
			t.Errorf("%d %s for %q", r.status, r.err.Code, body)
		}
	})
}

func FuzzSignedHeaders(f *testing.F) {
	s := testkit.Cloud(f)
	d := signUp(f, s, "ada@example.org").first
	h := d.request("GET", "/v1/me", d.session.AccessToken, nil).Header
	f.Add(h.Get("Authorization"), h.Get(wire.HeaderAccount), h.Get(wire.HeaderDevice), h.Get(wire.HeaderTime), h.Get(wire.HeaderNonce), h.Get(wire.HeaderSignature))
	f.Add("Bearer ", "", "0", "-1", "zz", "AA==")
	f.Add("Basic x", "\u00e4", "", "9223372036854775807", "", "=")
	names := []string{"Authorization", wire.HeaderAccount, wire.HeaderDevice, wire.HeaderTime, wire.HeaderNonce, wire.HeaderSignature}
	f.Fuzz(func(t *testing.T, authorization, account, device, at, nonce, signature string) {
		d.t = t
		req := d.request("GET", "/v1/me", d.session.AccessToken, nil)
		for i, value := range []string{authorization, account, device, at, nonce, signature} {
			req.Header.Set(names[i], value)
		}
		if !sendable(req.Header) {
			return
		}
		r := send(t, req, nil)
		if r.status != 200 && r.status != 400 && r.status != 401 {
			t.Errorf("%d %s", r.status, r.err.Code)
		}
		// Only the seed of one honest request may pass, once; made-up headers never do.
		if r.status == 200 && req.Header.Get(wire.HeaderSignature) != h.Get(wire.HeaderSignature) {
			t.Errorf("headers that nobody signed were accepted: %v", req.Header)
		}
	})
}

// FuzzSignedRequest sends any path, query and body below the operations that take them, rightly signed.
func FuzzSignedRequest(f *testing.F) {
	s := testkit.Cloud(f)
	u := signUp(f, s, "ada@example.org")
	d := u.first
	paths := []string{
		"POST /v1/account/log", "POST /v1/account/change", "POST /v1/account/delete", "POST /v1/account/challenge", "POST /v1/email/start",
		"POST /v1/email/finish", "POST /v1/pairings/start", "POST /v1/pairings/answer", "POST /v1/pairings/refuse",
		"POST /v1/pairings/poll", "POST /v1/pairings/reveal", "GET /v1/pairings/", "POST /v1/recovery/lookup", "POST /v1/recovery/start",
		"POST /v1/recovery/verify", "POST /v1/signin/lookup", "POST /v1/signin/prove", "POST /v1/signin/verify-device",
		"POST /v1/sessions/refresh", "POST /v1/signup/verify", "POST /v1/signup/finish", "GET " + d.vaultPath("/changes"),
		"GET " + d.vaultPath("/objects"), "POST " + d.vaultPath("/objects/fetch"), "GET /v1/account/log", "GET /v1/vaults/",
		"GET " + d.vaultPath("/attachments/"), "PUT " + d.vaultPath("/attachments/"),
	}
	for i := range paths {
		f.Add(uint8(i), "", []byte(`{}`))
	}
	f.Add(uint8(0), "", []byte(`{"entry":"AA==","signature":"AA=="}`))
	f.Add(uint8(1), "", []byte(`{"entries":[{"entry":"AA==","signature":"AA=="}],"proof":{"nonce":"AA==","expires":-1,"signature":""}}`))
	f.Add(uint8(22), "?since=18446744073709551615", []byte{})
	f.Add(uint8(23), "?after=%00%ff", []byte{})
	f.Add(uint8(24), "", []byte(`{"object_ids":["0",null,""]}`))
	a := id.New()
	f.Add(uint8(26), a.String()+"/chunks/0", []byte{})
	f.Add(uint8(27), a.String()+"/chunks/0?count=1", chunkOf(a))
	f.Add(uint8(27), a.String()+"/chunks/0?count=%31&count=2", []byte{})
	f.Fuzz(func(t *testing.T, path uint8, rest string, body []byte) {
		d.t = t
		method, to, _ := strings.Cut(paths[int(path)%len(paths)], " ")
		if u, err := url.Parse(d.server.URL + to + rest); err != nil {
			return // net/http would not send it
		} else if u.Fragment != "" {
			return
		}
		if r := send(t, d.request(method, to+rest, d.session.AccessToken, body), nil); r.status >= 500 {
			t.Errorf("%d %s for %s %q", r.status, r.err.Code, to+rest, body)
		}
	})
}

// sendable tells whether net/http would send the headers at all.
func sendable(h http.Header) bool {
	for _, values := range h {
		for _, v := range values {
			for _, b := range []byte(v) {
				if b < 0x20 || b == 0x7f {
					return false
				}
			}
		}
	}
	return true
}
