package api_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

// breaker fails the nth SQL statement after it was armed, as a full disk or a crash would.
type breaker struct{ left atomic.Int64 }

func (b *breaker) hook(string) error {
	if b.left.Add(-1) == 0 {
		return errors.New("broken on purpose")
	}
	return nil
}

// arm lets the nth statement from now fail; fired tells whether it came to that.
func (b *breaker) arm(n int64) { b.left.Store(n) }
func (b *breaker) fired() bool { return b.left.Load() <= 0 }

// writing is every operation that writes: each prepares a request, which may be sent again where it failed.
var writing = map[string]func(*testing.T, *testkit.Server) func() reply{
	"signup finish": func(t *testing.T, s *testkit.Server) func() reply {
		u := newUser(t, s, "new@example.org")
		in := u.finish(u.signupToken())
		return func() reply { return u.first.callWithoutToken("/v1/signup/finish", in, nil) }
	},
	"prove on a new device": func(t *testing.T, s *testkit.Server) func() reply {
		phone := signUp(t, s, "ada@example.org").newDevice("Phone")
		in := phone.proof(phone.challenge())
		return func() reply { return phone.post("/v1/signin/prove", in, nil) }
	},
	"verify a device": func(t *testing.T, s *testkit.Server) func() reply {
		u := signUp(t, s, "ada@example.org")
		phone := u.newDevice("Phone")
		phone.proved()
		in := wire.VerifyDevice{Code: s.LastCode(t, u.email)}
		return func() reply { return phone.callWithoutToken("/v1/signin/verify-device", in, nil) }
	},
	"refresh": func(t *testing.T, s *testkit.Server) func() reply {
		d := signUp(t, s, "ada@example.org").first
		used := d.refreshed(d.session.RefreshToken).RefreshToken
		used = d.refreshed(used).RefreshToken
		return func() reply { r, _ := d.refresh(used); return r }
	},
	"push": func(t *testing.T, s *testkit.Server) func() reply {
		d := signUp(t, s, "ada@example.org").first
		old := ids(2)
		d.push(d.put(64, old...)).ok(t)
		c := d.put(64, old[0], id.New())
		c.changes = append(c.changes, d.tombstone(old[1]).changes...)
		in := d.signed(d.finishDraft(c))
		return func() reply { return d.call("POST", d.vaultPath("/commits"), in, nil) }
	},
	"put a chunk": func(t *testing.T, s *testkit.Server) func() reply {
		d, a := signUp(t, s, "ada@example.org").first, id.New()
		sealed := chunkOf(a)
		return func() reply { return d.putChunk(a, 0, 1, sealed) }
	},
	"ask for chunks that wait": func(t *testing.T, s *testkit.Server) func() reply {
		d, a := signUp(t, s, "ada@example.org").first, id.New()
		d.putChunk(a, 0, 1, chunkOf(a)).ok(t)
		d.pass(2 * 24 * time.Hour)
		return func() reply { return d.call("GET", d.attachmentPath(a), nil, nil) }
	},
	"delete an attachment": func(t *testing.T, s *testkit.Server) func() reply {
		d, a := signUp(t, s, "ada@example.org").first, id.New()
		d.putChunk(a, 0, 1, chunkOf(a)).ok(t)
		d.push(d.put(64, a)).ok(t)
		in := d.signed(d.tombstone(a))
		return func() reply { return d.call("POST", d.vaultPath("/commits"), in, nil) }
	},
	"append to the log": func(t *testing.T, s *testkit.Server) func() reply {
		u := signUp(t, s, "ada@example.org")
		phone := u.verified("Phone")
		e := u.next(phone.entry())
		return func() reply { return phone.sendEntry(e) }
	},
	"pairing start": func(t *testing.T, s *testkit.Server) func() reply {
		return newcomerTo(signUp(t, s, "ada@example.org"), "New PC").start
	},
	"pairing approve": func(t *testing.T, s *testkit.Server) func() reply {
		u := signUp(t, s, "ada@example.org")
		n := newcomerTo(u, "New PC")
		n.start().ok(t)
		u.first.answer(n, randomBytes(32)).ok(t)
		return u.first.approval(n).proveApproval(u.login, n).post
	},
	"recovery start": func(t *testing.T, s *testkit.Server) func() reply {
		d := signUp(t, s, "ada@example.org").newDevice("Found laptop")
		in := d.recoveryProof(d.recoveryChallenge())
		return func() reply { return d.post("/v1/recovery/start", in, nil) }
	},
	"recovery verify": func(t *testing.T, s *testkit.Server) func() reply {
		u := signUp(t, s, "ada@example.org")
		d := u.newDevice("Found laptop")
		d.startRecovery()
		in := wire.RecoveryVerify{Code: s.LastCode(t, u.email)}
		return func() reply { return d.callWithoutToken("/v1/recovery/verify", in, nil) }
	},
	"recover": func(t *testing.T, s *testkit.Server) func() reply {
		s.RecoveryDelay = 0
		s.Restart()
		closeIdle()
		return signUp(t, s, "ada@example.org").recovering().change().recover().provenByRecovery().post
	},
	"cancel a recovery": func(t *testing.T, s *testkit.Server) func() reply {
		u := signUp(t, s, "ada@example.org")
		u.begunRecovery("Found laptop")
		return func() reply { return u.first.call("POST", "/v1/recovery/cancel", map[string]any{}, nil) }
	},
	"sign-up start": func(t *testing.T, s *testkit.Server) func() reply {
		u := newUser(t, s, "new@example.org")
		return func() reply { return u.post("/v1/signup/start", wire.SignupStart{Email: u.email}, nil) }
	},
	"sign-up verify": func(t *testing.T, s *testkit.Server) func() reply {
		u := newUser(t, s, "new@example.org")
		in := wire.SignupVerify{SignupID: u.startSignup().SignupID, Code: s.LastCode(t, u.email)}
		return func() reply { return u.post("/v1/signup/verify", in, nil) }
	},
	"another code for a device": func(t *testing.T, s *testkit.Server) func() reply {
		phone := signUp(t, s, "ada@example.org").newDevice("Phone")
		phone.proved()
		return func() reply { return phone.callWithoutToken("/v1/signin/resend", wire.Resend{}, nil) }
	},
	"sign out": func(t *testing.T, s *testkit.Server) func() reply {
		d := signUp(t, s, "ada@example.org").first
		return func() reply { return d.call("DELETE", "/v1/sessions", nil, nil) }
	},
	"sign all others out": func(t *testing.T, s *testkit.Server) func() reply {
		u := signUp(t, s, "ada@example.org")
		u.enrol("Phone")
		e := u.next(chain.SignOut{Device: u.first.id})
		return func() reply { return u.first.endOthers(e) }
	},
	"rename": func(t *testing.T, s *testkit.Server) func() reply {
		u := signUp(t, s, "ada@example.org")
		return u.first.change().enter(chain.DeviceRename{Device: u.first.id, Name: "Another"}).post
	},
	"open a recovery": func(t *testing.T, s *testkit.Server) func() reply {
		s.RecoveryDelay = 0
		s.Restart()
		closeIdle()
		d, _ := signUp(t, s, "ada@example.org").begunRecovery("Found laptop")
		return d.openRecovery
	},
	"begin a change of address": func(t *testing.T, s *testkit.Server) func() reply {
		u := signUp(t, s, "ada@example.org")
		in := u.first.emailStart("grace@example.org")
		return func() reply { return u.first.call("POST", "/v1/email/start", in, nil) }
	},
	"finish a change of address": func(t *testing.T, s *testkit.Server) func() reply {
		u := signUp(t, s, "ada@example.org")
		u.first.startEmail("grace@example.org").ok(t)
		oldCode, newCode := s.LastCode(t, u.email), s.LastCode(t, "grace@example.org")
		return func() reply { return u.first.finishEmail(oldCode, newCode, "grace@example.org") }
	},
	"delete an account": func(t *testing.T, s *testkit.Server) func() reply {
		u := signUp(t, s, "ada@example.org")
		a := id.New()
		u.first.push(u.first.put(64, a)).ok(t)
		u.first.putChunk(a, 0, 1, chunkOf(a)).ok(t)
		in := u.first.deletion(u.login)
		return func() reply { return u.first.call("POST", "/v1/account/delete", in, nil) }
	},
	"rotate and revoke": func(t *testing.T, s *testkit.Server) func() reply {
		u := signUp(t, s, "ada@example.org")
		u.enrol("Tablet")
		phone := u.enrol("Phone")
		u.verified("Unlisted")
		c := u.first.change().rotate(phone).prove(u.login)
		return c.post
	},
}

// TestFailureAtEveryStep breaks every operation that writes at each of its statements, the commit included. What fails has changed
// nothing, and the same request succeeds afterwards.
func TestFailureAtEveryStep(t *testing.T) {
	for name, prepare := range writing {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testkit.Cloud(t)
			request := prepare(t, s)
			var b breaker
			// Without mail nothing else runs statements.
			s.Hook, s.HoldMail = b.hook, true
			s.Restart()
			closeIdle()
			breakEachStep(t, s, &b, request)
		})
	}
}

func breakEachStep(t *testing.T, s *testkit.Server, b *breaker, request func() reply) {
	db := beside(t, s)
	all := columns(t, s, db)
	now := func() string { return digest(t, s, db, all) }
	before := now()
	for n := int64(1); ; n++ {
		b.arm(n)
		r := request()
		if !b.fired() {
			r.ok(t)
			if n < 4 || now() == before {
				t.Fatalf("success after %d statements, which changed nothing", n-1)
			}
			return
		}
		r.want(t, 500, wire.CodeUnavailable)
		if strings.Contains(r.err.Message, "purpose") {
			t.Fatalf("the answer tells the cause: %s", r.err.Message)
		}
		if now() != before {
			t.Fatalf("the failure of statement %d left traces", n)
		}
	}
}
