package api_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/cloud/mail"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/proof"
	"github.com/coffer-vault/coffer/sync/wire"
)

func (d *device) emailStart(email string) wire.EmailStart {
	d.t.Helper()
	c := d.accountChallenge()
	message := proof.EmailChange{Origin: d.server.Origin, Account: d.account, Device: d.id, Nonce: c.Nonce, Expires: c.Expires, Email: email}.Message()
	return wire.EmailStart{
		Email: email, Proof: wire.FreshProof{Nonce: c.Nonce, Expires: c.Expires, Signature: d.login.Sign(signing.AccountChange, message)},
	}
}

func (d *device) startEmail(email string) reply {
	d.t.Helper()
	return d.call("POST", "/v1/email/start", d.emailStart(email), nil)
}

func (d *device) finishEmail(oldCode, newCode, email string) reply {
	d.t.Helper()
	c := d.change().enter(chain.EmailChange{Email: chain.EmailHash(d.account, email)})
	r := d.call("POST", "/v1/email/finish", wire.EmailFinish{CodeOld: oldCode, CodeNew: newCode, Entry: c.Entries[0]}, nil)
	if r.status/100 == 2 {
		c.adopt()
	}
	return r
}

func TestChangeOfEmail(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone := u.enrol("Phone")
	listening := phone.listen(t)
	u.first.startEmail(" Grace@example.org").ok(t)
	oldCode, newCode := s.LastCode(t, "ada@example.org"), s.LastCode(t, "grace@example.org")
	for _, wrong := range [][2]string{{newCode, oldCode}, {oldCode, "0000-0000"}, {"0000-0000", newCode}} {
		u.first.finishEmail(wrong[0], wrong[1], "grace@example.org").want(t, 403, wire.CodeCodeWrong)
	}
	phone.finishEmail(oldCode, newCode, "grace@example.org").want(t, 403, wire.CodeCodeExpired) // codes are for one device
	u.first.finishEmail(oldCode, newCode, "eve@example.org").want(t, 422, wire.CodeBadEntry)
	e := u.next(chain.EmailChange{Email: chain.EmailHash(u.account, "grace@example.org")})
	in := wire.EmailFinish{CodeOld: oldCode, CodeNew: newCode, Entry: wire.SignedEntry{Entry: e.Entry, Signature: e.Signature}}
	u.first.call("POST", "/v1/email/finish", in, nil).ok(t)
	u.first.call("POST", "/v1/email/finish", in, nil).ok(t) // the answer was lost
	if err := u.log.Append(e); err != nil {
		t.Fatal(err)
	}
	told := u.waitSubject("was changed")
	if !strings.Contains(told.Text, "grace@example.org") {
		t.Errorf("the mail to the old address: %s", told.Text)
	}
	if e := listening.any(); e.Seq == 0 {
		t.Errorf("event %+v, want the log's", e)
	}
	u.newDevice("Tablet").wantProof(t, 401, wire.CodeProofFailed)
	phone.proved() // which has not heard of it
	u.email = "grace@example.org"
	phone.proved()
	var me wire.Me
	phone.call("GET", "/v1/me", nil, &me).ok(t)
	if me.Email != u.email {
		t.Errorf("me: %+v", me)
	}
	// The old address is free again.
	signUp(t, s, "ada@example.org")
	u.first.startEmail(u.email).want(t, 400, wire.CodeInvalid)
}

// What was begun with a code to the old mailbox ends with it: it may be in other hands.
func TestChangeOfEmailEndsWhatTheOldMailboxBegan(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	pending := u.newDevice("Pending")
	pending.proved()
	code := s.LastCode(t, u.email)
	recovering, _ := u.begunRecovery("Found laptop")
	u.first.startEmail("grace@example.org").ok(t)
	u.first.finishEmail(s.LastCode(t, "ada@example.org"), s.LastCode(t, "grace@example.org"), "grace@example.org").ok(t)
	pending.callWithoutToken("/v1/signin/verify-device", wire.VerifyDevice{Code: code}, nil).
		want(t, 401, wire.CodeSessionEnded)
	recovering.openRecovery().want(t, 401, wire.CodeSessionEnded)
}

// An address that has an account gets other words; the answers do not tell.
func TestChangeToATakenEmail(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	signUp(t, s, "bob@example.org")
	u.first.startEmail("bob@example.org").ok(t)
	told := s.WaitMail(t, "bob@example.org", func(m mail.Received) bool { return strings.Contains(m.Subject, "already have") })
	if strings.Contains(told.Text, "ada@example.org") {
		t.Errorf("the mail names the other account: %s", told.Text)
	}
	u.first.finishEmail(s.LastCode(t, "ada@example.org"), "0000-0000", "bob@example.org").want(t, 403, wire.CodeCodeWrong)

	// Taken between start and finish: both codes are right, so it may be told.
	u.first.startEmail("grace@example.org").ok(t)
	oldCode, newCode := s.LastCode(t, "ada@example.org"), s.LastCode(t, "grace@example.org")
	signUp(t, s, "grace@example.org")
	u.first.finishEmail(oldCode, newCode, "grace@example.org").want(t, 409, wire.CodeConflict)
}

func TestEmailCodesRunOut(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	start := func() (oldCode, newCode string) {
		t.Helper()
		u.first.startEmail("grace@example.org").ok(t)
		return s.LastCode(t, "ada@example.org"), s.LastCode(t, "grace@example.org")
	}
	oldCode, newCode := start()
	for left := 4; left >= 0; left-- {
		r := u.first.finishEmail(oldCode, "0000-0000", "grace@example.org")
		r.want(t, 403, wire.CodeCodeWrong)
		if *r.err.TriesLeft != left {
			t.Fatalf("tries left %d, want %d", *r.err.TriesLeft, left)
		}
	}
	u.first.finishEmail(oldCode, newCode, "grace@example.org").want(t, 403, wire.CodeCodeExpired)
	oldCode, newCode = start()
	s.Clock.Advance(10*time.Minute - time.Second)
	u.first.session = u.first.refreshed(u.first.session.RefreshToken)
	s.Clock.Advance(time.Second)
	u.first.finishEmail(oldCode, newCode, "grace@example.org").want(t, 403, wire.CodeCodeExpired)
	for range 8 {
		start()
	}
	u.first.startEmail("grace@example.org").want(t, 429, wire.CodeSlowDown)
	u.first.startEmail("nonsense").want(t, 400, wire.CodeInvalid)
	u.login = signing.Generate()
	u.first.startEmail("eve@example.org").want(t, 401, wire.CodeProofFailed)
}

func (d *device) deletion(login signing.PrivateKey) wire.AccountDelete {
	d.t.Helper()
	c := d.accountChallenge()
	message := proof.AccountDelete{Origin: d.server.Origin, Account: d.account, Device: d.id, Nonce: c.Nonce, Expires: c.Expires}.Message()
	return wire.AccountDelete{Proof: wire.FreshProof{Nonce: c.Nonce, Expires: c.Expires, Signature: login.Sign(signing.AccountChange, message)}}
}

func (d *device) deleteAccount(login signing.PrivateKey) reply {
	d.t.Helper()
	return d.call("POST", "/v1/account/delete", d.deletion(login), nil)
}

// What is deleted is gone: no row of any table names the account, and its tags answer like any other.
func TestDeleteAccount(t *testing.T) {
	s := testkit.Cloud(t)
	u, bob := signUp(t, s, "ada@example.org"), signUp(t, s, "bob@example.org")
	phone := u.enrol("Phone")
	gone := id.New()
	phone.push(phone.put(64, id.New(), gone)).ok(t)
	phone.push(phone.tombstone(gone)).ok(t)
	bob.first.push(bob.first.put(64, id.New())).ok(t)
	u.first.pull()
	u.first.change().secretKey().send().ok(t)
	u.first.startEmail("grace@example.org").ok(t)
	s.LastCode(t, u.email)
	newcomerTo(u, "New PC").start().ok(t)
	u.begunRecovery("Found laptop")
	u.newDevice("Pending").proved()
	s.LastCode(t, u.email)
	phone.wantProofWrong(t)
	listening := phone.listen(t)

	u.first.deleteAccount(signing.Generate()).want(t, 401, wire.CodeProofFailed)
	u.first.deleteAccount(u.login).ok(t)
	u.waitSubject("was deleted")
	if e := listening.any(); !e.SignedOut {
		t.Errorf("event %+v, want signed_out", e)
	}
	phone.call("GET", "/v1/me", nil, nil).want(t, 401, wire.CodeSessionEnded)
	phone.wantRefresh(phone.session.RefreshToken, 401, wire.CodeSessionEnded)
	phone.wantProof(t, 401, wire.CodeProofFailed)
	for path, tag := range map[string][]byte{"/v1/signin/lookup": u.tag, "/v1/recovery/lookup": u.recoveryTag} {
		var found wire.LookedUp
		u.post(path, wire.Lookup{Tag: tag}, &found).ok(t)
		if found.AccountID == u.account.String() || found.Generation != 1 {
			t.Errorf("%s finds %+v", path, found)
		}
	}
	bob.first.push(bob.first.put(64, id.New())).ok(t)
	signUp(t, s, "ada@example.org")

	s.Stop()
	db := beside(t, s)
	ids := map[string]id.ID{"account": u.account, "vault": u.vault, "phone": phone.id}
	for table, names := range columns(t, s, db) {
		// Who tries to sign in to an account that is gone is counted as for any unknown one.
		if table != "wrong_proofs" && table != "challenges" {
			wantUnnamed(t, s, db, table, names, ids)
		}
	}
}

// wantUnnamed looks for ids, as bytes and as text, in any value of a table.
func wantUnnamed(t *testing.T, s *testkit.Server, db *sql.DB, table string, columns []string, ids map[string]id.ID) {
	t.Helper()
	rows := strings.ToLower(strings.Join(texts(t, db, rowsOf(s, table, columns)), "\n"))
	for name, value := range ids {
		if strings.Contains(rows, value.String()) {
			t.Errorf("%s still names the %s", table, name)
		}
	}
}

// Codes that do not come can be mailed again without another proof, by who has begun and for an hour: those before are void.
func TestEmailCodesAgain(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone := u.enrol("Phone")
	resend := func(d *device) reply {
		t.Helper()
		return d.call("POST", "/v1/email/resend", wire.EmailResend{}, nil)
	}
	resend(u.first).want(t, 403, wire.CodeCodeExpired) // nothing was begun
	u.first.startEmail("grace@example.org").ok(t)
	oldCode, newCode := s.LastCode(t, "ada@example.org"), s.LastCode(t, "grace@example.org")
	resend(phone).want(t, 403, wire.CodeCodeExpired)
	s.Clock.Advance(11 * time.Minute)
	u.first.session = u.first.refreshed(u.first.session.RefreshToken)
	resend(u.first).ok(t)
	u.first.finishEmail(oldCode, newCode, "grace@example.org").want(t, 403, wire.CodeCodeWrong)
	s.LastCode(t, "ada@example.org")
	s.LastCode(t, "grace@example.org")
	s.Clock.Advance(70 * time.Minute)
	u.first.session = u.first.refreshed(u.first.session.RefreshToken)
	resend(u.first).want(t, 403, wire.CodeCodeExpired)
	u.first.startEmail("grace@example.org").ok(t)
	oldCode, newCode = s.LastCode(t, "ada@example.org"), s.LastCode(t, "grace@example.org")
	u.first.finishEmail(oldCode, newCode, "grace@example.org").ok(t)
	resend(u.first).want(t, 403, wire.CodeCodeExpired)
}

// Who changes the address sees which of the two mails does not come, and nobody else does.
func TestEmailMailStates(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone := u.enrol("Phone")
	u.first.startEmail("grace@example.org").ok(t)
	s.LastCode(t, "ada@example.org")
	s.LastCode(t, "grace@example.org")
	s.WaitMailState(t, "ada@example.org", cloud.MailSent)
	s.WaitMailState(t, "grace@example.org", cloud.MailSent)
	s.Bounce(t, "grace@example.org")
	for _, c := range []struct {
		by            *device
		mailbox, want string
	}{
		{u.first, wire.MailboxOld, wire.MailSent}, {u.first, wire.MailboxNew, wire.MailBounced}, {phone, wire.MailboxNew, wire.MailQueued},
	} {
		var out wire.MailState
		c.by.call("POST", "/v1/email/mail", wire.EmailMail{Mailbox: c.mailbox}, &out).ok(t)
		if out.State != c.want {
			t.Errorf("%s mailbox: %s, want %s", c.mailbox, out.State, c.want)
		}
	}
}
