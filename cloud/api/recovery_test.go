package api_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/wire"
)

func TestRecovery(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone := u.enrol("Phone")
	object := id.New()
	u.first.push(u.first.put(64, object)).ok(t)
	listening := phone.listen(t)

	var found wire.LookedUp
	u.post("/v1/recovery/lookup", wire.Lookup{Tag: u.recoveryTag}, &found).ok(t)
	if found.AccountID != u.account.String() || found.Generation != 1 {
		t.Fatalf("looked up %+v", found)
	}
	d, begun := u.begunRecovery("Found laptop")
	now := s.Clock.Now().UnixMilli()
	if wait := begun.ReadyAt - now; wait > 24*3_600_000 || wait < 24*3_600_000-60_000 {
		t.Errorf("ready in %d ms", wait)
	}
	told := u.waitSubject("is being recovered")
	if !strings.Contains(told.Text, "Found laptop") || !strings.Contains(told.Text, time.UnixMilli(begun.ReadyAt).UTC().Format("2 January 2006, 15:04 UTC")) {
		t.Errorf("the mail: %s", told.Text)
	}
	if e := listening.any(); !e.Devices {
		t.Errorf("event %+v, want devices", e)
	}
	var me wire.Me
	phone.call("GET", "/v1/me", nil, &me).ok(t)
	if r := me.Recovery; r == nil || r.DeviceName != "Found laptop" || r.DeviceID != d.id.String() || r.ReadyAt != begun.ReadyAt || len(me.Devices) != 2 {
		t.Errorf("me: %+v, recovery %+v", me, me.Recovery)
	}
	r := d.openRecovery()
	r.want(t, 403, wire.CodeRecoveryWaits)
	if r.err.ReadyAt != begun.ReadyAt {
		t.Errorf("ready at %d, want %d", r.err.ReadyAt, begun.ReadyAt)
	}

	s.Clock.Advance(24 * time.Hour)
	d.openRecovery().ok(t)
	b := d.bundle()
	if len(b.SealedAccount) != 0 || !bytes.Equal(b.SealedRecovery, u.sealed.recovery) {
		t.Error("the bundle of a device that recovers has another sealing than the recovery's")
	}
	if d.pull(); d.at.Seq != 1 {
		t.Errorf("pulled up to %d", d.at.Seq)
	}
	d.push(d.put(64, id.New())).want(t, 403, wire.CodeDeviceUnlisted)
	d.session = d.refreshed(d.session.RefreshToken)

	d.change().recover().prove(u.login).post().want(t, 401, wire.CodeProofFailed) // the old password's key does not count here
	c := d.change().recover(phone).prove(u.recovery)
	c.post().ok(t)
	c.adopt()
	u.waitSubject("was recovered")
	u.first.session = *u.first.proved().Session
	var after wire.Me
	u.first.call("GET", "/v1/me", nil, &after).ok(t)
	if after.Recovery != nil || len(after.Devices) != 3 || !after.Devices[1].Revoked || after.Devices[2].Name != "Found laptop" {
		t.Errorf("me: %+v", after)
	}
	d.push(d.put(64, object)).ok(t)
	if b := d.bundle(); len(b.SealedRecovery) != 0 || !bytes.Equal(b.SealedAccount, u.sealed.account) {
		t.Error("the bundle of a listed device")
	}
	if u.first.bundle().Wrap == nil {
		t.Error("the device that stays has no wrap")
	}
	phone.wantRefresh(phone.session.RefreshToken, 403, wire.CodeDeviceRevoked)
	d.openRecovery().want(t, 401, wire.CodeSessionEnded)
}

// A device that recovers changes the account in the one way that a recovery has.
func TestRecoveryChangesOnlyAsARecovery(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	d := u.recovering()
	u.first.session = u.first.refreshed(u.first.session.RefreshToken)
	renamed := *d
	renamed.name = "Another"
	for name, c := range map[string]*changing{
		"a password":          d.change().password(),
		"a rotation":          d.change().rotate(),
		"itself and no more":  d.change().enter(d.entry()),
		"itself, a password":  d.change().enter(d.entry()).password(),
		"another name":        d.change().enter(renamed.entry()).rotate(),
		"another device":      d.change().enter(u.newDevice("Tablet").entry()).rotate(),
		"entered by a listed": u.first.change().enter(d.entry()).rotate(),
	} {
		t.Run(name, func(t *testing.T) {
			key := u.recovery
			if c.device == u.first {
				key = u.login
			}
			c.prove(key).post().want(t, 422, wire.CodeBadEntry)
		})
	}
	for path, in := range map[string]any{
		"/v1/recovery/cancel": map[string]any{}, "/v1/account/delete": wire.AccountDelete{Proof: wire.FreshProof{Nonce: []byte{1}, Signature: []byte{1}}},
	} {
		d.call("POST", path, in, nil).want(t, 403, wire.CodeDeviceUnlisted)
	}
	d.change().recover().prove(u.recovery).post().ok(t)
}

func TestRecoveryIsCancelled(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	unlisted := u.verified("Unlisted")
	u.first.call("POST", "/v1/recovery/cancel", map[string]any{}, nil).want(t, 404, wire.CodeNotFound)
	d := u.recovering()
	u.first.session = u.first.refreshed(u.first.session.RefreshToken)
	unlisted.session = unlisted.refreshed(unlisted.session.RefreshToken)
	unlisted.call("POST", "/v1/recovery/cancel", map[string]any{}, nil).want(t, 403, wire.CodeDeviceUnlisted)
	c := d.change().recover().prove(u.recovery)
	u.first.call("POST", "/v1/recovery/cancel", map[string]any{}, nil).ok(t)
	u.waitSubject("was stopped")
	c.post().want(t, 401, wire.CodeSessionEnded)
	d.wantRefresh(d.session.RefreshToken, 401, wire.CodeSessionEnded)
	d.openRecovery().want(t, 401, wire.CodeSessionEnded)
	var me wire.Me
	u.first.call("GET", "/v1/me", nil, &me).ok(t)
	if me.Recovery != nil {
		t.Errorf("me: %+v", me.Recovery)
	}
	// It can be begun again, and waits again.
	again, _ := u.begunRecovery("Again")
	again.openRecovery().want(t, 403, wire.CodeRecoveryWaits)
}

// A wrong proof and an unknown account get the same answer; so does an account without a recovery code.
func TestWrongRecoveryProofs(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	stranger := newUser(t, s, "ada@example.org")
	d := u.newDevice("Found laptop")
	known := d.recoveryProof(d.recoveryChallenge())
	known.RecoverySignature[5]++
	unknown := stranger.first.recoveryProof(stranger.first.recoveryChallenge())
	a, b := u.post("/v1/recovery/start", known, nil), u.post("/v1/recovery/start", unknown, nil)
	a.want(t, 401, wire.CodeProofFailed)
	if a.status != b.status || !reflect.DeepEqual(a.err, b.err) {
		t.Errorf("wrong proof %d %+v, unknown account %d %+v", a.status, a.err, b.status, b.err)
	}
	for name, change := range map[string]func(*wire.RecoveryStart){
		"login key": func(p *wire.RecoveryStart) {
			p.RecoverySignature = d.proof(wire.Challenged{Nonce: p.Nonce, Expires: p.Expires}).LoginSignature
		},
		"device key":      func(p *wire.RecoveryStart) { p.DeviceSignature[0]++ },
		"another address": func(p *wire.RecoveryStart) { p.Email = "eve@example.org" },
		"another key":     func(p *wire.RecoveryStart) { key := signing.Generate().Public(); p.Device.PublicKey = key[:] },
	} {
		t.Run(name, func(t *testing.T) {
			p := d.recoveryProof(d.recoveryChallenge())
			change(&p)
			u.post("/v1/recovery/start", p, nil).want(t, 401, wire.CodeProofFailed)
		})
	}
	u.post("/v1/recovery/start", d.recoveryProof(d.challenge()), nil).want(t, 400, wire.CodeInvalid)
	listed := u.first.recoveryProof(u.first.recoveryChallenge())
	u.post("/v1/recovery/start", listed, nil).want(t, 400, wire.CodeInvalid)

	u.first.change().withoutCode().send().ok(t)
	u.post("/v1/recovery/start", d.recoveryProof(d.recoveryChallenge()), nil).want(t, 401, wire.CodeProofFailed)
	var found wire.LookedUp
	u.post("/v1/recovery/lookup", wire.Lookup{Tag: randomBytes(32)}, &found).ok(t)
	if _, err := id.Parse(found.AccountID); err != nil || found.Generation != 1 {
		t.Errorf("unknown tag: %+v", found)
	}
}

func TestRecoveryCode(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	d := u.newDevice("Found laptop")
	d.openRecovery().want(t, 401, wire.CodeSessionEnded)
	d.startRecovery()
	d.openRecovery().want(t, 403, wire.CodeCodeExpired)
	code := s.LastCode(t, u.email)
	thief := *d
	thief.key = signing.Generate()
	thief.callWithoutToken("/v1/recovery/verify", wire.RecoveryVerify{Code: code}, nil).want(t, 401, wire.CodeSessionEnded)
	for left := 4; left >= 0; left-- {
		r := d.callWithoutToken("/v1/recovery/verify", wire.RecoveryVerify{Code: "0000-0000"}, nil)
		r.want(t, 403, wire.CodeCodeWrong)
		if *r.err.TriesLeft != left {
			t.Fatalf("tries left %d, want %d", *r.err.TriesLeft, left)
		}
	}
	d.callWithoutToken("/v1/recovery/verify", wire.RecoveryVerify{Code: code}, nil).want(t, 403, wire.CodeCodeExpired)

	// Another code, other tries, but only so often a day.
	d.startRecovery()
	code = s.LastCode(t, u.email)
	var first, again wire.RecoveryVerified
	d.callWithoutToken("/v1/recovery/verify", wire.RecoveryVerify{Code: code}, &first).ok(t)
	s.Clock.Advance(time.Second)
	d.callWithoutToken("/v1/recovery/verify", wire.RecoveryVerify{Code: code}, &again).ok(t) // the answer was lost
	if first != again {
		t.Errorf("ready at %d, then %d", first.ReadyAt, again.ReadyAt)
	}
	// A second recovery takes the place of the first, and begins at the beginning.
	other, _ := u.begunRecovery("Other laptop")
	d.openRecovery().want(t, 401, wire.CodeSessionEnded)
	other.openRecovery().want(t, 403, wire.CodeRecoveryWaits)
	for range 7 {
		u.newDevice("Spray").startRecovery()
	}
	spray := u.newDevice("Spray")
	u.post("/v1/recovery/start", spray.recoveryProof(spray.recoveryChallenge()), nil).want(t, 429, wire.CodeSlowDown)
	// Once it is ready it is good for a week.
	s.Clock.Advance(8 * 24 * time.Hour)
	other.openRecovery().want(t, 403, wire.CodeCodeExpired)
}

// Asking again prolongs no recovery: neither one that could be used, nor one that is over and not cleaned away yet.
func TestRecoveryIsNotProlonged(t *testing.T) {
	for name, asked := range map[string]time.Duration{"before its end": -time.Minute, "after its end": time.Minute} {
		t.Run(name, func(t *testing.T) {
			s := testkit.Cloud(t)
			u := signUp(t, s, "ada@example.org")
			d, _ := u.begunRecovery("Found laptop")
			s.Clock.Advance(8*24*time.Hour + asked)
			d.startRecovery()
			s.Clock.Advance(2 * time.Minute)
			d.openRecovery().want(t, 403, wire.CodeCodeExpired)
		})
	}
}

// The delay is the server's to choose in tests alone.
func TestRecoveryDelayOfTests(t *testing.T) {
	s := testkit.Cloud(t)
	s.RecoveryDelay = 0
	s.Restart()
	closeIdle()
	u := signUp(t, s, "ada@example.org")
	d, _ := u.begunRecovery("Found laptop")
	d.openRecovery().ok(t)
}

// What a device that recovers is not given is left out of its key bundle: null is no envelope.
func TestKeyBundleOfARecoveryHasNoNull(t *testing.T) {
	s := testkit.Cloud(t)
	s.RecoveryDelay = 0
	s.Restart()
	closeIdle()
	d := signUp(t, s, "ada@example.org").recovering()
	var bundle map[string]json.RawMessage
	d.call("GET", "/v1/account/keys", nil, &bundle).ok(t)
	for name, value := range bundle {
		if string(value) == "null" {
			t.Errorf("%s is null", name)
		}
	}
	if _, there := bundle["sealed_account_key"]; there || len(bundle["sealed_recovery_key"]) == 0 {
		t.Error("not the recovery's sealing, and that alone")
	}
}
