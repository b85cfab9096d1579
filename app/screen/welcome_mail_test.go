package screen

import (
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// mailLine waits until the server knows the newest mail to be in a state, has the page ask, and reads what it says.
func (d *desk) mailLine(server *testkit.Server, after time.Duration, state cloud.DeliveryState, want string) {
	d.t.Helper()
	server.WaitMailState(d.t, anna, state)
	d.clock.Advance(d.queue, after)
	d.until("“"+want+"”", func() bool { return saidOfMail(d.shell.Welcome()) == want })
}

// saidOfMail is what the page of a code says of its mail, or the sheet on it.
func saidOfMail(w *Welcome) string {
	if sheet := w.Sheet(); sheet != nil {
		return sheet.State().Fields[0].Hint.What
	}
	return w.State().Code.Mail.What
}

const (
	mailQueuedText  = "The mail is still waiting: the mail server has not taken it yet."
	mailSentText    = "The mail is on its way. If it does not arrive, look among spam."
	mailBouncedText = "The mail came back: the mailbox does not take it."
)

// The page of the code says how far its mail has come, and begins anew with another one.
func TestMailOfACode(t *testing.T) {
	d, w, server := welcomeDesk(t)
	d.codePage(w)
	server.LastCode(t, anna)
	if m := w.State().Code.Mail; !m.IsZero() {
		t.Errorf("before anybody has asked: %+v", m)
	}
	d.mailLine(server, mailFirst, cloud.MailSent, mailSentText)
	server.Bounce(t, anna)
	d.mailLine(server, mailTaken, cloud.MailBounced, mailBouncedText)
	if s := w.State().Code; s.Mail.Tone != ToneError || s.OffersPair {
		t.Errorf("a new account has no other way: %+v", s)
	}
	d.clock.Advance(d.queue, resendPause)
	w.Resend()
	d.until("another code", func() bool { return !w.State().Busy })
	if m := w.State().Code.Mail; !m.IsZero() {
		t.Errorf("of another mail: %+v", m)
	}
	server.LastCode(t, anna)
	d.mailLine(server, mailFirst, cloud.MailSent, mailSentText)
}

func TestMailThatWaits(t *testing.T) {
	server := testkit.CloudWith(t, func(s *testkit.Server) { s.HoldMail = true })
	d := newDesk(t, testpc.New(t, "Anna's PC", nil), server)
	w := d.shell.Welcome()
	d.codePage(w)
	d.mailLine(server, mailFirst, cloud.MailQueued, mailQueuedText)
	if _, err := server.Cloud.Outbox.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.mailLine(server, mailAgain, cloud.MailSent, mailSentText)
}

// On a new device the page offers the way in that needs no mail: once one could have arrived, and at once where it will not.
func TestTheWayWithoutTheMail(t *testing.T) {
	server := testkit.Cloud(t)
	u := testpc.New(t, "Anna's PC", nil).SignUp(t, server, anna)
	d := newDesk(t, testpc.New(t, "Anna's new PC", nil), server)
	w := d.shell.Welcome()
	signIn(w, u.SecretKey(), testpc.Password)
	d.page(w, PageCode)
	server.LastCode(t, anna)
	if w.State().Code.OffersPair {
		t.Error("offered before a mail could have arrived")
	}
	server.Bounce(t, anna)
	d.mailLine(server, mailFirst, cloud.MailBounced, mailBouncedText)
	if !w.State().Code.OffersPair {
		t.Error("not offered although the mail came back")
	}
	w.Pair()
	if s := w.State(); s.Page != PageSheet {
		t.Errorf("leads to page %d: %+v", s.Page, s.Problem)
	}
	w.Sheet().Back()
	if s := w.State(); s.Page != PageSignIn {
		t.Errorf("leads back to page %d", s.Page)
	}
}

// A recovery says how far the mail with its code has come too, and sends another one; what is typed of the first is void then.
func TestMailOfARecovery(t *testing.T) {
	server := testkit.Cloud(t)
	u := testpc.New(t, "Anna's PC", nil).SignUp(t, server, anna)
	code, err := u.RecoveryCode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, testpc.New(t, "Anna's new PC", nil), server)
	w := d.shell.Welcome()
	w.SignIn()
	w.SetEmail(anna)
	w.Recover()
	r := w.Sheet().(*Recover)
	r.SetText("code", code)
	r.Submit()
	d.until("the page of the code", func() bool { return r.State().Page == "recover.mailed" })
	server.LastCode(t, anna)
	d.mailLine(server, mailFirst, cloud.MailSent, mailSentText)
	server.Bounce(t, anna)
	d.mailLine(server, mailTaken, cloud.MailBounced, mailBouncedText)
	if m := r.State().Fields[0].Hint; m.Tone != ToneError {
		t.Errorf("%+v", m)
	}
	r.SetText("mailed", "ABCD")
	r.Follow("resend")
	d.until("another code", func() bool { return !r.State().Busy })
	if s := r.State(); !s.Fields[0].Hint.IsZero() || s.Fields[0].Text != "" || !s.Problem.IsZero() {
		t.Errorf("after another mail: %+v", s)
	}
	server.LastCode(t, anna)
	d.mailLine(server, mailFirst, cloud.MailSent, mailSentText)
	r.Back()
	if s := r.State(); s.Page != "recover.begin" || !s.Fields[0].Hint.IsZero() || r.stopTicks != nil {
		t.Errorf("on the page before: %+v", s)
	}
}
