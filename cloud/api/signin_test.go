package api_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud/mail"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/proof"
	"github.com/coffer-vault/coffer/sync/wire"
)

func TestLookup(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	ask := func(tag []byte) (out wire.LookedUp) {
		t.Helper()
		u.post("/v1/signin/lookup", wire.Lookup{Tag: tag}, &out).ok(t)
		return out
	}
	if got, want := ask(u.tag), (wire.LookedUp{AccountID: u.account.String(), Generation: 1, Profile: "P2"}); got != want {
		t.Errorf("known tag: %+v, want %+v", got, want)
	}
	unknown := randomBytes(32)
	first := ask(unknown)
	if _, err := id.Parse(first.AccountID); err != nil || first.Generation != 1 || first.Profile != "P2" {
		t.Errorf("unknown tag: %+v is not of the form of a known one", first)
	}
	s.Restart()
	closeIdle()
	if again := ask(unknown); again != first {
		t.Errorf("unknown tag: %+v, then %+v", first, again)
	}
	if other := ask(randomBytes(32)); other.AccountID == first.AccountID {
		t.Error("two unknown tags have one account")
	}
	u.post("/v1/signin/lookup", wire.Lookup{Tag: unknown[:31]}, nil).want(t, 400, wire.CodeInvalid)
}

func TestKnownDeviceProvesWithoutACode(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	mails := len(s.Mails())
	out := u.first.proved()
	if out.Session == nil || out.CodeExpires != 0 {
		t.Fatalf("proved %+v", out)
	}
	old := u.first.session
	u.first.session = *out.Session
	u.first.call("GET", "/v1/me", nil, nil).ok(t)
	// The session before goes on: a device may hold several.
	u.first.session = old
	u.first.call("GET", "/v1/me", nil, nil).ok(t)
	if len(s.Mails()) != mails {
		t.Error("a known device's sign-in was mailed")
	}
}

// Everything that is proved is proved: whatever differs, the answer is the same.
func TestWrongProofs(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	d := u.first
	stranger := newUser(t, s, "ada@example.org")
	message := func(p wire.Prove) []byte {
		return proof.SignIn{
			Origin: s.Origin, Account: u.account, Email: p.Email, Device: d.id, DeviceKey: d.key.Public(), Nonce: p.Nonce, Expires: p.Expires,
		}.Message()
	}
	for name, change := range map[string]func(*wire.Prove){
		"another login key":           func(p *wire.Prove) { p.LoginSignature = signing.Generate().Sign(signing.SignIn, message(*p)) },
		"another device key":          func(p *wire.Prove) { p.DeviceSignature = signing.Generate().Sign(signing.DeviceProof, message(*p)) },
		"signatures exchanged":        func(p *wire.Prove) { p.LoginSignature, p.DeviceSignature = p.DeviceSignature, p.LoginSignature },
		"for another purpose":         func(p *wire.Prove) { p.LoginSignature = u.login.Sign(signing.Request, message(*p)) },
		"a short signature":           func(p *wire.Prove) { p.LoginSignature = p.LoginSignature[:63] },
		"a bit of the signature":      func(p *wire.Prove) { p.LoginSignature[10] ^= 1 },
		"another address than signed": func(p *wire.Prove) { p.Email = "eve@example.org" },
		"signed for another origin": func(p *wire.Prove) {
			m := proof.SignIn{
				Origin: "https://evil.example", Account: u.account, Email: p.Email, Device: d.id, DeviceKey: d.key.Public(), Nonce: p.Nonce, Expires: p.Expires,
			}.Message()
			p.LoginSignature, p.DeviceSignature = u.login.Sign(signing.SignIn, m), d.key.Sign(signing.DeviceProof, m)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := d.proof(d.challenge())
			change(&p)
			u.post("/v1/signin/prove", p, nil).want(t, 401, wire.CodeProofFailed)
			d.proved() // resets the count
		})
	}
	known := d.proof(d.challenge())
	known.LoginSignature[0]++
	unknown := stranger.first.proof(stranger.first.challenge())
	a, b := u.post("/v1/signin/prove", known, nil), u.post("/v1/signin/prove", unknown, nil)
	if a.status != b.status || !reflect.DeepEqual(a.err, b.err) {
		t.Errorf("wrong proof %d %+v, unknown account %d %+v", a.status, a.err, b.status, b.err)
	}
}

func TestChallengeServesOnce(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	other := signUp(t, s, "bob@example.org")
	p := u.first.proof(u.first.challenge())
	u.post("/v1/signin/prove", p, nil).ok(t)
	u.post("/v1/signin/prove", p, nil).want(t, 400, wire.CodeInvalid)

	late := u.first.proof(u.first.challenge())
	s.Clock.Advance(5 * time.Minute)
	u.post("/v1/signin/prove", late, nil).want(t, 400, wire.CodeInvalid)

	u.post("/v1/signin/prove", u.first.proof(other.first.challenge()), nil).want(t, 400, wire.CodeInvalid)
	made := wire.Challenged{Nonce: randomBytes(32), Expires: s.Clock.Now().Add(time.Minute).UnixMilli()}
	u.post("/v1/signin/prove", u.first.proof(made), nil).want(t, 400, wire.CodeInvalid)
	longer := u.first.challenge()
	longer.Expires += 3_600_000
	u.post("/v1/signin/prove", u.first.proof(longer), nil).want(t, 400, wire.CodeInvalid)
}

// Who knows an account's id, like the finder of a lost laptop that was revoked, can hold up other strangers, and no device of the
// account: it could never be rid of him.
func TestWrongProofsOfOthersHoldUpNoDevice(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone, lost := u.enrol("Phone"), u.enrol("Lost")
	u.first.revoke(lost)
	for name, spoil := range map[string]func() wire.Prove{
		"revoked": func() wire.Prove {
			p := lost.proof(lost.challenge())
			p.LoginSignature = randomBytes(64)
			return p
		},
		"another device of the account": func() wire.Prove {
			p := phone.proof(phone.challenge())
			p.LoginSignature = randomBytes(64)
			return p
		},
		"in this device's name": func() wire.Prove {
			p := u.first.proof(u.first.challenge())
			p.DeviceSignature = randomBytes(64)
			return p
		},
	} {
		var last reply
		for range 12 {
			last = u.post("/v1/signin/prove", spoil(), nil)
		}
		last.want(t, 429, wire.CodeSlowDown)
		if r, _ := u.first.prove(); r.status != 200 {
			t.Errorf("after wrong proofs, %s: %d %s", name, r.status, r.err.Code)
		}
		u.first.change().password().send().ok(t)
	}
	u.newDevice("New PC").wantProof(t, 429, wire.CodeSlowDown)
	u.first.revoke(phone)
}

// The eleventh wrong proof and every one after it have to wait, whether the account exists or not; the right one clears the slate.
func TestWrongProofsHaveToWait(t *testing.T) {
	s := testkit.Cloud(t)
	real := signUp(t, s, "ada@example.org")
	for _, u := range []*user{real, newUser(t, s, "nobody@example.org")} {
		wrong := func() reply {
			p := u.first.proof(u.first.challenge())
			p.LoginSignature = randomBytes(64)
			return u.post("/v1/signin/prove", p, nil)
		}
		for range 11 {
			wrong().want(t, 401, wire.CodeProofFailed)
		}
		for _, wait := range []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
			r, _ := u.first.prove() // even the right one
			r.want(t, 429, wire.CodeSlowDown)
			if r.err.RetryAfter != wait || r.header.Get("Retry-After") == "" {
				t.Fatalf("wait %d s, want %d", r.err.RetryAfter, wait)
			}
			s.Clock.Advance(time.Duration(wait) * time.Second)
			wrong().want(t, 401, wire.CodeProofFailed)
		}
		s.Clock.Advance(15 * time.Minute)
	}
	real.first.proved()
	p := real.first.proof(real.first.challenge())
	p.LoginSignature = randomBytes(64)
	real.post("/v1/signin/prove", p, nil).want(t, 401, wire.CodeProofFailed)
	real.first.proved()
}

func TestNewDeviceNeedsItsCode(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone := u.newDevice("Phone <of> Ada")
	phone.callWithoutToken("/v1/signin/verify-device", wire.VerifyDevice{Code: "0000-0000"}, nil).want(t, 401, wire.CodeSessionEnded)
	phone.proved()
	code := s.LastCode(t, u.email)
	told := s.WaitMail(t, u.email, func(m mail.Received) bool { return strings.Contains(m.Text, code) })
	if !strings.Contains(told.Text, "Phone <of> Ada") || !strings.Contains(told.Text, "Linux") {
		t.Errorf("the mail does not say which device: %s", told.Text)
	}

	// The code is bound to the device's key: another device that knows it gets nothing, not even a try.
	thief := u.newDevice("Thief")
	thief.id = phone.id
	thief.callWithoutToken("/v1/signin/verify-device", wire.VerifyDevice{Code: code}, nil).want(t, 401, wire.CodeSessionEnded)
	other := u.newDevice("Other")
	other.proved()
	otherCode := s.LastCode(t, u.email)
	other.callWithoutToken("/v1/signin/verify-device", wire.VerifyDevice{Code: code}, nil).want(t, 403, wire.CodeCodeWrong)

	var out wire.VerifiedDevice
	phone.callWithoutToken("/v1/signin/verify-device", wire.VerifyDevice{Code: code}, &out).ok(t)
	phone.session = out.Session
	phone.call("GET", "/v1/account/keys", nil, nil).ok(t)
	s.WaitMail(t, u.email, func(m mail.Received) bool {
		return strings.Contains(m.Subject, "new device") && strings.Contains(m.Text, "Phone <of> Ada") && strings.Contains(string(m.Raw), "&lt;of&gt;")
	})
	phone.callWithoutToken("/v1/signin/verify-device", wire.VerifyDevice{Code: code}, nil).want(t, 401, wire.CodeSessionEnded)
	other.callWithoutToken("/v1/signin/verify-device", wire.VerifyDevice{Code: otherCode}, nil).ok(t)
}

func TestDeviceCodeSpray(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	thief := u.newDevice("Thief")
	thief.proved()
	for left := 4; left >= 0; left-- {
		r := thief.callWithoutToken("/v1/signin/verify-device", wire.VerifyDevice{Code: "AAAA-AAAA"}, nil)
		r.want(t, 403, wire.CodeCodeWrong)
		if *r.err.TriesLeft != left {
			t.Fatalf("tries left %d, want %d", *r.err.TriesLeft, left)
		}
	}
	code := s.LastCode(t, u.email)
	thief.callWithoutToken("/v1/signin/verify-device", wire.VerifyDevice{Code: code}, nil).want(t, 403, wire.CodeCodeExpired)

	// Asking anew gives another code and other tries, but only so often a day, over all devices.
	for range 9 {
		thief = u.newDevice("Thief")
		thief.proved()
	}
	thief.wantProof(t, 429, wire.CodeSlowDown)
	thief.callWithoutToken("/v1/signin/resend", wire.Resend{}, nil).want(t, 429, wire.CodeSlowDown)
	u.newDevice("Thief").wantProof(t, 429, wire.CodeSlowDown)
	// The owner's own device needs no code and is not locked out.
	u.first.proved()
}

func TestResend(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone := u.newDevice("Phone")
	phone.callWithoutToken("/v1/signin/resend", wire.Resend{}, nil).want(t, 401, wire.CodeSessionEnded)
	phone.proved()
	first := s.LastCode(t, u.email)
	var out wire.Resent
	phone.callWithoutToken("/v1/signin/resend", wire.Resend{}, &out).ok(t)
	if out.CodeExpires <= s.Clock.Now().UnixMilli() {
		t.Errorf("code expires at %d", out.CodeExpires)
	}
	second := s.LastCode(t, u.email)
	phone.callWithoutToken("/v1/signin/verify-device", wire.VerifyDevice{Code: first}, nil).want(t, 403, wire.CodeCodeWrong)
	phone.callWithoutToken("/v1/signin/verify-device", wire.VerifyDevice{Code: second}, nil).ok(t)
}

func TestDeviceCodeExpires(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone := u.newDevice("Phone")
	phone.proved()
	code := s.LastCode(t, u.email)
	s.Clock.Advance(10 * time.Minute)
	phone.callWithoutToken("/v1/signin/verify-device", wire.VerifyDevice{Code: code}, nil).want(t, 403, wire.CodeCodeExpired)
	phone.callWithoutToken("/v1/signin/resend", wire.Resend{}, nil).ok(t)
}

func TestDeviceIDHasOneKey(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	impostor := u.newDevice("Impostor")
	impostor.id = u.first.id
	impostor.wantProof(t, 400, wire.CodeInvalid)
}

func TestRevokedDevice(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone := u.enrol("Phone")
	u.first.revoke(phone)
	phone.call("GET", "/v1/account/keys", nil, nil).want(t, 401, wire.CodeSessionEnded)
	phone.callWithoutToken("/v1/sessions/refresh", wire.Refresh{RefreshToken: phone.session.RefreshToken}, nil).want(t, 403, wire.CodeDeviceRevoked)
	phone.wantProof(t, 403, wire.CodeDeviceRevoked)
	var me wire.Me
	u.first.call("GET", "/v1/me", nil, &me).ok(t)
	if len(me.Devices) != 2 || me.Devices[0].Revoked || !me.Devices[1].Revoked || me.Devices[1].Name != "Phone" || me.Email != u.email {
		t.Errorf("me: %+v", me)
	}
}
