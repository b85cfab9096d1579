package screen

import (
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// The page of the two codes says below each what became of its mail, and has both mailed again. Where that was long ago the password is
// asked for.
func TestMailsOfAChangeOfAddress(t *testing.T) {
	const fresh = "anna@elsewhere.example"
	d, v, server := openDesk(t)
	v.OpenAccount()
	a := v.Sheet().(*Account)
	page := func(name string) {
		t.Helper()
		d.until(name, func() bool { s := a.State(); return s.Page == name && !s.Busy })
	}
	begin := func() {
		t.Helper()
		a.SetText("email", fresh)
		a.SetPassword(fieldPassword, testpc.Typed(testpc.Password))
		a.Submit()
		page("account.emailCodes")
	}
	said := func(old, new string) {
		t.Helper()
		d.until(old+" "+new, func() bool { f := a.State().Fields; return f[0].Hint.What == old && f[1].Hint.What == new })
	}
	codes := func() (old, new string) {
		t.Helper()
		old, new = server.LastCode(t, anna), server.LastCode(t, fresh)
		server.WaitMailState(t, anna, cloud.MailSent)
		server.WaitMailState(t, fresh, cloud.MailSent)
		return old, new
	}
	a.Open(accountEmail)
	begin()
	said("", "")
	codes()
	server.Bounce(t, fresh)
	d.clock.Advance(d.queue, mailFirst)
	said(mailSentText, mailBouncedText)
	if tone := a.State().Fields[1].Hint.Tone; tone != ToneError {
		t.Errorf("a mail that came back has the tone %v", tone)
	}
	a.SetText("old", "ABCD")
	a.Follow("resend")
	page("account.emailCodes")
	if s := a.State(); s.Fields[0].Text != "" || !s.Fields[1].Hint.IsZero() || !s.Problem.IsZero() {
		t.Errorf("after other mails: %+v", s)
	}
	codes()
	server.Clock.Advance(2 * time.Hour)
	a.Follow("resend")
	page("account.email")
	if a.State().Problem.IsZero() {
		t.Error("nobody says why the password is asked for")
	}
	begin()
	old, new := codes()
	a.SetText("old", old)
	a.SetText("new", new)
	a.Submit()
	d.until("the other address", func() bool { return v.config.Unlocked.Account().Email == fresh })
}
