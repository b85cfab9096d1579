package api_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/cloud/api"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/wire"
)

// The log of a whole day in an account's life names neither people nor machines nor codes nor tokens.
func TestLogNamesNobody(t *testing.T) {
	s := testkit.Cloud(t)
	var log bytes.Buffer
	s.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.Restart()
	closeIdle()
	u := signUp(t, s, "quinn@example.org")
	phone := u.enrol("Phone of Quinn")
	u.first.push(u.first.put(64, id.New())).ok(t)
	phone.wantProofWrong(t)
	u.first.call("GET", "/v1/vaults/nonsense/head", nil, nil).want(t, 400, wire.CodeInvalid)
	u.post("/v1/signup/start", wire.SignupStart{Email: "broken@@example.org"}, nil).want(t, 400, wire.CodeInvalid)
	u.post("/v1/signup/verify", map[string]any{"signup_id": 7, "code": "quinn@example.org"}, nil).want(t, 400, wire.CodeInvalid)
	s.Stop()
	text := log.String()
	if !strings.Contains(text, "POST /v1/signup/finish") || !strings.Contains(text, "status=200") {
		t.Fatalf("the log does not say what happened: %s", text)
	}
	for _, secret := range []string{"example.org", "quinn", "Quinn", "127.0.0.1", "Bearer"} {
		if at := strings.Index(text, secret); at >= 0 {
			t.Errorf("the log has %q: %s", secret, text[max(0, at-200):min(len(text), at+100)])
		}
	}
}

func (d *device) wantProofWrong(t testing.TB) {
	t.Helper()
	p := d.proof(d.challenge())
	p.LoginSignature = randomBytes(64)
	d.post("/v1/signin/prove", p, nil).want(t, 401, wire.CodeProofFailed)
}

// An answer about a malformed request names the place and never repeats what was there.
func TestErrorsRepeatNothing(t *testing.T) {
	s := testkit.Cloud(t)
	u := newUser(t, s, "quinn@example.org")
	for _, body := range []any{
		map[string]any{"email": 12345678, "language": "canary"},
		map[string]any{"email": "quinn@example.org", "canary": "canary"},
		map[string]any{"email": []string{"canary"}},
		"canary",
		map[string]any{"email": json.Number("4417123456789113" + strings.Repeat("0", 400))},
		map[string]any{strings.Repeat("long", 10000): "canary"},
	} {
		r := u.post("/v1/signup/start", body, nil)
		r.want(t, 400, wire.CodeInvalid)
		text := strings.ReplaceAll(string(r.body), "body.canary", "")
		if strings.Contains(text, "canary") || strings.Contains(text, "4417") || len(text) > 2000 {
			t.Errorf("answer %s", r.body)
		}
	}
}

func TestLimitsPerAddress(t *testing.T) {
	s := testkit.Cloud(t)
	s.Limits = api.Limits{SignIn: 0.001, SignInBurst: 3, Other: 0.001, OtherBurst: 2}
	s.Restart()
	closeIdle()
	u := newUser(t, s, "quinn@example.org")
	for range 3 {
		u.post("/v1/signin/lookup", wire.Lookup{Tag: u.tag}, nil).ok(t)
	}
	r := u.post("/v1/signin/lookup", wire.Lookup{Tag: u.tag}, nil)
	r.want(t, 429, wire.CodeSlowDown)
	if r.err.RetryAfter < 1 || r.header.Get("Retry-After") == "" {
		t.Errorf("retry after %d, header %q", r.err.RetryAfter, r.header.Get("Retry-After"))
	}
	for range 2 {
		u.first.call("GET", "/v1/me", nil, nil).want(t, 401, wire.CodeSessionEnded)
	}
	u.first.call("GET", "/v1/me", nil, nil).want(t, 429, wire.CodeSlowDown)
}

func TestUnknownRoutes(t *testing.T) {
	s := testkit.Cloud(t)
	u := newUser(t, s, "quinn@example.org")
	u.post("/v1/nonsense", nil, nil).want(t, 404, wire.CodeNotFound)
	u.first.call("GET", "/v1/signup/start", nil, nil).want(t, 404, wire.CodeNotFound)
	u.first.call("GET", "/docs", nil, nil).want(t, 404, wire.CodeNotFound)
	for _, path := range []string{"/healthz", "/readyz"} {
		resp, err := http.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 204 {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}
