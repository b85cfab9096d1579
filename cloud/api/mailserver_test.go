package api_test

import (
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/wire"
)

// A mail server that is gone keeps nobody from asking for a code, who is told that the mail waits; what needs no mail goes on. When it is
// back, also in another process of the server, every mail goes out and every code is good.
func TestMailServerGone(t *testing.T) {
	for name, restart := range map[string]bool{"the same process": false, "another process": true} {
		t.Run(name, func(t *testing.T) {
			s := testkit.Cloud(t)
			ada := signUp(t, s, "ada@example.org")
			s.HoldMail = true // the outbox is run by hand, at its times
			s.Restart()
			closeIdle()
			back := s.LoseMailServer(t)
			bob, phone := newUser(t, s, "bob@example.org"), ada.newDevice("Phone")
			started := bob.startSignup()
			phone.proved()
			ada.first.push(ada.first.put(64, id.New())).ok(t)
			wantReady(t, s)
			state := func() string {
				var out wire.MailState
				bob.post("/v1/signup/mail", wire.SignupMail{SignupID: started.SignupID}, &out).ok(t)
				return out.State
			}
			for range 3 {
				deliver(t, s)
				if got := state(); got != string(cloud.MailQueued) {
					t.Fatalf("without a mail server the mail is %s", got)
				}
				s.Clock.Advance(time.Minute)
			}
			back()
			if restart {
				s.Restart()
				closeIdle()
			}
			deliver(t, s)
			if got := state(); got != string(cloud.MailSent) {
				t.Errorf("when it is back the mail is %s", got)
			}
			var verified wire.SignupVerified
			bob.post("/v1/signup/verify", wire.SignupVerify{SignupID: started.SignupID, Code: s.LastCode(t, bob.email)}, &verified).ok(t)
			bob.first.callWithoutToken("/v1/signup/finish", bob.finish(verified.Token), nil).ok(t)
			phone.callWithoutToken("/v1/signin/verify-device", wire.VerifyDevice{Code: s.LastCode(t, ada.email)}, nil).ok(t)
		})
	}
}

// deliver runs the outbox once. A mail that fails has to be tried again within a minute.
func deliver(t *testing.T, s *testkit.Server) {
	t.Helper()
	next, err := s.Cloud.Outbox.Deliver(t.Context())
	if wait := next.Sub(s.Clock.Now()); err != nil || wait > time.Minute {
		t.Fatalf("delivers again in %v, %v", wait, err)
	}
}
