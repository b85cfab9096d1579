package api_test

import (
	"testing"
	"time"

	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/wire"
)

func (d *device) refresh(token []byte) (reply, wire.Session) {
	d.t.Helper()
	var out wire.Session
	r := d.callWithoutToken("/v1/sessions/refresh", wire.Refresh{RefreshToken: token}, &out)
	return r, out
}

func (d *device) refreshed(token []byte) wire.Session {
	d.t.Helper()
	r, out := d.refresh(token)
	r.ok(d.t)
	return out
}

func (d *device) wantRefresh(token []byte, status int, code wire.Code) {
	d.t.Helper()
	r, _ := d.refresh(token)
	r.want(d.t, status, code)
}

func (d *device) wantAccess(token []byte, status int) {
	d.t.Helper()
	if r := send(d.t, d.request("GET", "/v1/me", token, nil), nil); r.status != status {
		d.t.Fatalf("access: %d %s, want %d", r.status, r.err.Code, status)
	}
}

func TestRefreshRotates(t *testing.T) {
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	first := d.session
	second := d.refreshed(first.RefreshToken)
	d.wantAccess(first.AccessToken, 401)
	d.wantAccess(second.AccessToken, 200)
	third := d.refreshed(second.RefreshToken)
	d.wantAccess(third.AccessToken, 200)
}

// The answer that carried the new tokens may be lost, any number of times.
func TestPreviousTokenWorksUntilTheNewOneIsUsed(t *testing.T) {
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	first := d.session
	d.refreshed(first.RefreshToken)
	d.refreshed(first.RefreshToken)
	second := d.refreshed(first.RefreshToken)
	third := d.refreshed(second.RefreshToken)
	d.wantAccess(third.AccessToken, 200)
	// second was used, so first is dead for good, and its coming again is an alarm.
	d.wantRefresh(first.RefreshToken, 401, wire.CodeSessionEnded)
	d.wantRefresh(third.RefreshToken, 401, wire.CodeSessionEnded)
	d.wantAccess(third.AccessToken, 401)
	if d.proved().Session == nil {
		t.Error("a known device cannot come back")
	}
}

// A token that was handed out but replaced before it arrived is dead too: whoever has it read the lost answer.
func TestTokenOfALostAnswerEndsTheSession(t *testing.T) {
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	lost := d.refreshed(d.session.RefreshToken)
	arrived := d.refreshed(d.session.RefreshToken)
	d.wantRefresh(lost.RefreshToken, 401, wire.CodeSessionEnded)
	d.wantAccess(arrived.AccessToken, 401)
}

func TestTokensOfAnotherDeviceAreWorthNothing(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone := u.enrol("Phone")
	stranger := signUp(t, s, "bob@example.org").first
	for _, thief := range []*device{phone, stranger} {
		thief.wantRefresh(u.first.session.RefreshToken, 401, wire.CodeSessionEnded)
		thief.wantAccess(u.first.session.AccessToken, 401)
	}
	// The theft of a token alone does not end the session of its owner.
	u.first.wantAccess(u.first.session.AccessToken, 200)
}

func TestTokensExpire(t *testing.T) {
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	s.Clock.Advance(10*time.Minute - time.Second)
	d.wantAccess(d.session.AccessToken, 200)
	s.Clock.Advance(time.Second)
	d.wantAccess(d.session.AccessToken, 401)
	s.Clock.Advance(80 * 24 * time.Hour)
	next := d.refreshed(d.session.RefreshToken)
	s.Clock.Advance(90 * 24 * time.Hour)
	d.wantRefresh(next.RefreshToken, 401, wire.CodeSessionEnded)
}

// A device that proves again and again keeps its newest sessions.
func TestSessionsPerDevice(t *testing.T) {
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	opened := []wire.Session{d.session}
	for range 6 {
		opened = append(opened, *d.proved().Session)
	}
	for i, session := range opened {
		want := 200
		if i < len(opened)-5 {
			want = 401
		}
		d.wantAccess(session.AccessToken, want)
	}
}

func TestMadeUpRefreshTokens(t *testing.T) {
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	for _, token := range [][]byte{randomBytes(32), randomBytes(31), d.session.AccessToken} {
		d.wantRefresh(token, 401, wire.CodeSessionEnded)
	}
	d.wantAccess(d.session.AccessToken, 200)
}

func TestSignOut(t *testing.T) {
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	d.call("DELETE", "/v1/sessions", nil, nil).ok(t)
	d.wantAccess(d.session.AccessToken, 401)
	d.wantRefresh(d.session.RefreshToken, 401, wire.CodeSessionEnded)
}

func TestSessionsSurviveARestart(t *testing.T) {
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	s.Restart()
	closeIdle()
	d.wantAccess(d.session.AccessToken, 200)
}
