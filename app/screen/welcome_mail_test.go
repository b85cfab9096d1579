package screen

import (
	"testing"
	"time"

	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// mailLine goes on until the page says what it has to say of the mail.
func (d *desk) mailLine(w *Welcome, after time.Duration, want string) {
	d.t.Helper()
	said := ""
	for range 30 {
		d.clock.Advance(d.queue, after)
		d.until("an answer", func() bool { return w.mail.cancel == nil })
		if said = w.State().Code.Mail.What; said == want {
			return
		}
	}
	d.t.Fatalf("the page says %q, want %q", said, want)
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
	d.mailLine(w, mailFirst, mailSentText)
	server.Bounce(t, anna)
	d.mailLine(w, mailTaken, mailBouncedText)
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
	d.mailLine(w, mailFirst, mailSentText)
}

func TestMailThatWaits(t *testing.T) {
	server := testkit.CloudWith(t, func(s *testkit.Server) { s.HoldMail = true })
	d := newDesk(t, testpc.New(t, "Anna's PC", nil), server)
	w := d.shell.Welcome()
	d.codePage(w)
	d.mailLine(w, mailFirst, mailQueuedText)
	if _, err := server.Cloud.Outbox.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.mailLine(w, mailAgain, mailSentText)
}

// On a new device the page offers the way in that needs no mail: once one could have arrived, and at once where it will not.
func TestTheWayWithoutTheMail(t *testing.T) {
	server := testkit.Cloud(t)
	u := testpc.New(t, "Anna's PC", nil).SignUp(t, server, anna)
	d := newDesk(t, testpc.New(t, "Anna's new PC", nil), server)
	w := d.shell.Welcome()
	w.SignIn()
	w.SetEmail(anna)
	w.SetSecretKey(u.SecretKey())
	w.SetPassword(testpc.Typed(testpc.Password))
	w.Continue()
	d.page(w, PageCode)
	server.LastCode(t, anna)
	if w.State().Code.OffersPair {
		t.Error("offered before a mail could have arrived")
	}
	server.Bounce(t, anna)
	d.mailLine(w, mailFirst, mailBouncedText)
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
