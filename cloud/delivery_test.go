package cloud_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud"
)

// signupState is what a sign-up is told of its mail.
func (w *world) signupState(signupID string) cloud.DeliveryState {
	w.t.Helper()
	state, err := w.SignUp.MailState(w.t.Context(), signupID)
	if err != nil {
		w.t.Fatal(err)
	}
	return state
}

func (w *world) startSignup(address string) string {
	w.t.Helper()
	signup, _, err := w.SignUp.Start(w.t.Context(), address, "en", netip.Addr{})
	if err != nil {
		w.t.Fatal(err)
	}
	return signup
}

// tryMails lets the outbox run with a mail server that answers so.
func (w *world) tryMails(answer error) {
	w.t.Helper()
	w.mail.err = answer
	w.deliverAll()
	w.mail.err = nil
}

// Who waits for a code is told how far its mail has come, in the same words whether the address has an account or not.
func TestMailStateOfASignup(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer error
		later  time.Duration
		want   cloud.DeliveryState
	}{
		{name: "taken", want: cloud.MailSent},
		{name: "no answer", answer: errors.New("connection refused"), want: cloud.MailQueued},
		{name: "refused", answer: &cloud.Refusal{Answer: "550 5.1.1"}, want: cloud.MailRefused},
		{name: "malformed", answer: cloud.ErrUndeliverable, want: cloud.MailRefused},
		{name: "too late", answer: errors.New("connection refused"), later: time.Hour, want: cloud.MailLate},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, ada := newWorld(t), newPerson("ada@example.org")
			w.signUp(ada)
			known, stranger := w.startSignup("ada@example.org"), w.startSignup("eve@example.org")
			if a, b := w.signupState(known), w.signupState(stranger); a != cloud.MailQueued || b != cloud.MailQueued {
				t.Errorf("before: %s, %s", a, b)
			}
			w.now = w.now.Add(c.later)
			w.tryMails(c.answer)
			if a, b := w.signupState(known), w.signupState(stranger); a != c.want || b != c.want {
				t.Errorf("after: %s, %s, want %s", a, b, c.want)
			}
		})
	}
}

func TestMailStateIsForItsHolder(t *testing.T) {
	w := newWorld(t)
	w.startSignup("ada@example.org")
	for _, guess := range []string{"", "x", "01900000-0000-7000-8000-000000000000", strings.Repeat("a", 100_000)} {
		if state, err := w.SignUp.MailState(t.Context(), guess); !errors.Is(err, cloud.ErrCodeExpired) {
			t.Errorf("%.20q: %s, %v", guess, state, err)
		}
	}
}

// A new device and a recovery each see their own mail, and the newest: after "send again" the one before does not matter.
func TestMailStateOfADevice(t *testing.T) {
	w, p := newWorld(t), newPerson("ada@example.org")
	w.signUp(p)
	w.deliverAll()
	pc := p.onNewDevice()
	if _, err := w.SignIn.Prove(t.Context(), w.proof(pc)); err != nil {
		t.Fatal(err)
	}
	caller := cloud.Caller{Account: pc.account, Device: pc.device.ID, Key: pc.device.Key}
	state := func() cloud.DeliveryState {
		got, err := w.SignIn.MailState(t.Context(), caller)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	w.tryMails(&cloud.Refusal{Answer: "550"})
	if got := state(); got != cloud.MailRefused {
		t.Errorf("refused: %s", got)
	}
	w.now = w.now.Add(time.Second)
	if _, err := w.SignIn.Resend(t.Context(), caller); err != nil {
		t.Fatal(err)
	}
	if got := state(); got != cloud.MailQueued {
		t.Errorf("sent again: %s", got)
	}
	if got, err := w.Recoveries.MailState(t.Context(), caller); err != nil || got != cloud.MailQueued {
		t.Errorf("a device that recovers nothing: %s, %v", got, err)
	}
}

// A bounce is noted once and for good, told to who waits and to the operator, and gone after a week.
func TestBounce(t *testing.T) {
	w := newWorld(t)
	o := cloud.NewOperator(w.store, w.secret)
	signup := w.startSignup("ada@example.org")
	mail := w.deliver()
	bounce := cloud.Bounce{Mail: mail.ID, Answer: "5.1.1 no such user\r\n\x1b[31m here"}
	if err := o.Bounced(t.Context(), bounce); err != nil {
		t.Fatal(err)
	}
	if got := w.signupState(signup); got != cloud.MailBounced {
		t.Errorf("who waits is told %s", got)
	}
	for name, list := range map[string]func() ([]cloud.SentMail, error){
		"failed": func() ([]cloud.SentMail, error) { return o.FailedMails(t.Context()) },
		"to":     func() ([]cloud.SentMail, error) { return o.MailsTo(t.Context(), "Ada@Example.org") },
	} {
		mails, err := list()
		if err != nil || len(mails) != 1 || mails[0].To != "ada@example.org" || mails[0].Answer != "5.1.1 no such user [31m here" || mails[0].State != cloud.MailBounced {
			t.Errorf("%s: %+v, %v", name, mails, err)
		}
	}
	if n, err := o.CountMails(t.Context(), cloud.MailBounced); n != 1 || err != nil {
		t.Errorf("%d bounced, %v", n, err)
	}
	for _, unknown := range []string{"", "x", "01900000-0000-7000-8000-000000000000"} {
		if err := o.Bounced(t.Context(), cloud.Bounce{Mail: unknown}); !errors.Is(err, cloud.ErrNotFound) {
			t.Errorf("%q: %v", unknown, err)
		}
	}
	// The operator's clock is the machine's: the row's week begins there.
	w.now = time.Now().Add(8 * 24 * time.Hour)
	if _, err := w.Janitor.Clean(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := o.CountMails(t.Context(), cloud.MailBounced); n != 0 || err != nil {
		t.Errorf("after a week: %d, %v", n, err)
	}
}

// A mail that its account's deletion took away while it was being sent is no failure of the outbox.
func TestMailOfAnAccountThatIsErased(t *testing.T) {
	w, p := newWorld(t), newPerson("ada@example.org")
	w.signUp(p)
	w.startSignup(p.email)
	o := cloud.NewOperator(w.store, w.secret)
	w.mail.during = func() {
		if err := o.Erase(t.Context(), p.account); err != nil {
			t.Error(err)
		}
	}
	w.deliverAll()
	if mails, err := o.MailsTo(t.Context(), p.email); len(mails) != 0 || err != nil {
		t.Errorf("left: %+v, %v", mails, err)
	}
}
