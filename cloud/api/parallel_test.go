package api_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/wire"
)

// together sends requests at the same moment and returns how often each code came; "" is success.
func together(t *testing.T, requests ...*http.Request) map[wire.Code]int {
	t.Helper()
	answers := make([]wire.Code, len(requests))
	var ready, done sync.WaitGroup
	ready.Add(1)
	for i, req := range requests {
		done.Go(func() {
			ready.Wait()
			answers[i] = answerTo(t, req)
		})
	}
	ready.Done()
	done.Wait()
	counts := map[wire.Code]int{}
	for _, code := range answers {
		counts[code]++
	}
	return counts
}

// times repeats what builds a request.
func times(n int, build func() *http.Request) []*http.Request {
	requests := make([]*http.Request, n)
	for i := range requests {
		requests[i] = build()
	}
	return requests
}

// rivals are requests for the same thing, with how often each answer comes.
var rivals = map[string]struct {
	requests func(*testing.T, *user) []*http.Request
	want     map[wire.Code]int
}{
	"one challenge": {func(t *testing.T, u *user) []*http.Request {
		p := u.first.proof(u.first.challenge())
		return times(8, func() *http.Request { return u.first.unsigned("POST", "/v1/signin/prove", p) })
	}, map[wire.Code]int{"": 1, wire.CodeInvalid: 7}},
	"one signed request": {func(t *testing.T, u *user) []*http.Request {
		req := u.first.inSession("GET", "/v1/me", nil)
		return times(8, func() *http.Request { return req.Clone(t.Context()) })
	}, map[wire.Code]int{"": 1, wire.CodeInvalid: 7}},
	"one token of a sign-up": {func(t *testing.T, u *user) []*http.Request {
		token := newUser(t, u.server, "bob@example.org").signupToken()
		return times(4, func() *http.Request {
			other := newUser(t, u.server, "bob@example.org")
			return other.first.byKey("POST", "/v1/signup/finish", other.finish(token))
		})
	}, map[wire.Code]int{"": 1, wire.CodeCodeExpired: 3}},
	"two sign-ups of one address": {func(t *testing.T, u *user) []*http.Request {
		return times(2, func() *http.Request {
			other := newUser(t, u.server, "bob@example.org")
			return other.first.byKey("POST", "/v1/signup/finish", other.finish(other.signupToken()))
		})
	}, map[wire.Code]int{"": 1, wire.CodeConflict: 1}},
	"codes tried": {func(t *testing.T, u *user) []*http.Request {
		phone := u.newDevice("Phone")
		phone.proved()
		return times(12, func() *http.Request {
			return phone.byKey("POST", "/v1/signin/verify-device", wire.VerifyDevice{Code: "0000-0000"})
		})
	}, map[wire.Code]int{wire.CodeCodeWrong: 5, wire.CodeCodeExpired: 7}},
	"wrong proofs": {func(t *testing.T, u *user) []*http.Request {
		return times(16, func() *http.Request {
			p := u.first.proof(u.first.challenge())
			p.LoginSignature = randomBytes(64)
			return u.first.unsigned("POST", "/v1/signin/prove", p)
		})
	}, map[wire.Code]int{wire.CodeProofFailed: 11, wire.CodeSlowDown: 5}},
	"mails to one address": {func(t *testing.T, u *user) []*http.Request {
		return times(14, func() *http.Request {
			return u.first.unsigned("POST", "/v1/signup/start", wire.SignupStart{Email: "eve@example.org"})
		})
	}, map[wire.Code]int{"": 10, wire.CodeSlowDown: 4}},
	"one refresh token": {func(t *testing.T, u *user) []*http.Request {
		return times(8, func() *http.Request {
			return u.first.byKey("POST", "/v1/sessions/refresh", wire.Refresh{RefreshToken: u.first.session.RefreshToken})
		})
	}, map[wire.Code]int{"": 8}}, // an answer may be lost, any number of times
	"two commits after one": {func(t *testing.T, u *user) []*http.Request {
		return times(2, func() *http.Request {
			return u.first.inSession("POST", u.vaultPath("/commits"), u.first.signed(u.first.put(16, id.New())))
		})
	}, map[wire.Code]int{"": 1, wire.CodeConflict: 1}},
	"one commit": {func(t *testing.T, u *user) []*http.Request {
		in := u.first.signed(u.first.put(16, id.New()))
		return times(4, func() *http.Request { return u.first.inSession("POST", u.vaultPath("/commits"), in) })
	}, map[wire.Code]int{"": 4}},
	"one chunk of two devices": {func(t *testing.T, u *user) []*http.Request {
		phone, a := u.enrol("Phone"), id.New()
		sealed := chunkOf(a)
		return append(times(2, func() *http.Request { return u.first.inSession("PUT", u.chunkPath(a, 0, 1), sealed) }),
			times(2, func() *http.Request { return phone.inSession("PUT", u.chunkPath(a, 0, 1), sealed) })...)
	}, map[wire.Code]int{"": 4}},
	"two chunks of one place": {func(t *testing.T, u *user) []*http.Request {
		a := id.New()
		return times(4, func() *http.Request { return u.first.inSession("PUT", u.chunkPath(a, 0, 1), chunkOf(a)) })
	}, map[wire.Code]int{"": 1, wire.CodeConflict: 3}},
	"the last bytes of a quota": {func(t *testing.T, u *user) []*http.Request {
		u.server.Quota = 500
		u.server.Restart()
		closeIdle()
		return times(5, func() *http.Request {
			a := id.New()
			return u.first.inSession("PUT", u.chunkPath(a, 0, 1), chunkOf(a))
		})
	}, map[wire.Code]int{"": 3, wire.CodeQuotaExceeded: 2}},
	"two changes of two devices": {func(t *testing.T, u *user) []*http.Request {
		phone := u.enrol("Phone")
		a, b := u.first.change().password().prove(u.login), phone.change().password().prove(u.login)
		return []*http.Request{
			a.inSession("POST", "/v1/account/change", a.AccountChange), b.inSession("POST", "/v1/account/change", b.AccountChange),
		}
	}, map[wire.Code]int{"": 1, wire.CodeConflict: 1}},
	"one change": {func(t *testing.T, u *user) []*http.Request {
		a := u.first.change().password().prove(u.login)
		return times(4, func() *http.Request { return a.inSession("POST", "/v1/account/change", a.AccountChange) })
	}, map[wire.Code]int{"": 4}},
	"a code of recovery": {func(t *testing.T, u *user) []*http.Request {
		d := u.newDevice("Found laptop")
		d.startRecovery()
		code := u.server.LastCode(t, u.email)
		return times(4, func() *http.Request { return d.byKey("POST", "/v1/recovery/verify", wire.RecoveryVerify{Code: code}) })
	}, map[wire.Code]int{"": 4}},
	"a deletion": {func(t *testing.T, u *user) []*http.Request {
		in := u.first.deletion(u.login)
		return times(4, func() *http.Request { return u.first.inSession("POST", "/v1/account/delete", in) })
	}, map[wire.Code]int{"": 1}},
}

// Whatever is looked at before it is used up is used up once, also by requests that come at the same moment.
func TestAtTheSameMoment(t *testing.T) {
	for name, c := range rivals {
		t.Run(name, func(t *testing.T) {
			u := signUp(t, testkit.Cloud(t), "ada@example.org")
			got := together(t, c.requests(t, u)...)
			for code, n := range c.want {
				if got[code] != n {
					t.Errorf("%q came %d times, want %d: %v", code, got[code], n, got)
				}
			}
		})
	}
}

// A device that writes while it is revoked either comes before, and the revocation has to see it first, or is refused. Both at once
// would be a vault that no client accepts.
func TestCommitAgainstRevocation(t *testing.T) {
	for range 5 {
		u := signUp(t, testkit.Cloud(t), "ada@example.org")
		phone := u.enrol("Phone")
		change := u.first.change().rotate(phone).prove(u.login)
		got := together(t,
			phone.inSession("POST", u.vaultPath("/commits"), phone.signed(phone.put(16, id.New()))),
			change.inSession("POST", "/v1/account/change", change.AccountChange),
		)
		if got[""] != 1 {
			t.Fatalf("answers %v", got)
		}
	}
}

// An account that is deleted while its device writes leaves nothing behind.
func TestCommitAgainstDeletion(t *testing.T) {
	for range 5 {
		s := testkit.Cloud(t)
		u := signUp(t, s, "ada@example.org")
		phone := u.enrol("Phone")
		together(t,
			phone.inSession("POST", u.vaultPath("/commits"), phone.signed(phone.put(16, id.New()))),
			u.first.inSession("POST", "/v1/account/delete", u.first.deletion(u.login)),
		)
		var found wire.LookedUp
		u.post("/v1/signin/lookup", wire.Lookup{Tag: u.tag}, &found).ok(t)
		if found.AccountID == u.account.String() {
			t.Fatal("the account is still there")
		}
		signUp(t, s, "ada@example.org")
	}
}
