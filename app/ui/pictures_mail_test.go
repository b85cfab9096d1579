package ui

import (
	"time"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

func init() { scenes["mail"] = (*album).mails }

// mails are what the page of the code says of its mail: of a new account, and of a new device, which has a way in without it.
func (a *album) mails() {
	held := newCloudWith(a, func(s *testkit.Server) { s.HoldMail = true })
	a.sit(newDesk(a.TB, newPC(a, "Anna’s laptop", nil), held))
	a.keys(fyne.KeyReturn)
	a.tabTo("E-mail")
	a.typeText(anna)
	a.keys(fyne.KeyReturn)
	a.waitFor("Enter the code")
	a.mailIs("The mail is still waiting: the mail server has not taken it yet.", 3*time.Second)
	a.take("code-mail-queued")
	if _, err := held.Cloud.Outbox.Deliver(a.Context()); err != nil {
		a.Fatal(err)
	}
	a.mailIs("The mail is on its way. If it does not arrive, look among spam.", 5*time.Second)
	a.take("code-mail-sent")
	held.Bounce(a, anna)
	a.mailIs("The mail came back: the mailbox does not take it.", 20*time.Second)
	a.take("code-mail-bounced")
	a.clock.Advance(a.queue, 30*time.Second)
	a.do("Send again")
	a.until("another mail", func() bool { return !a.shell.Welcome().State().Busy })
	held.Clock.Advance(15 * time.Minute) // nobody can use the code any more
	if _, err := held.Cloud.Outbox.Deliver(a.Context()); err != nil {
		a.Fatal(err)
	}
	a.mailIs("The mail could not be sent in time. Ask for another one.", 3*time.Second)
	a.take("code-mail-late")

	a.sit(newDesk(a.TB, newPC(a, "Ben’s laptop", nil), held))
	a.keys(fyne.KeyReturn)
	a.tabTo("E-mail")
	a.typeText("ben@example.invalid")
	a.keys(fyne.KeyReturn)
	a.waitFor("Enter the code")
	if _, err := held.Cloud.Outbox.Deliver(a.Context()); err != nil {
		a.Fatal(err)
	}
	a.mailIs("The mail server does not take mail for this address.", 3*time.Second)
	a.take("code-mail-refused")

	server := newCloud(a)
	u := newPC(a, "Anna’s PC", nil).SignUp(a, server, anna)
	a.sit(newDesk(a.TB, newPC(a, "Anna’s laptop", nil), server))
	w := a.shell.Welcome()
	w.SignIn()
	w.SetEmail(anna)
	w.SetSecretKey(u.SecretKey())
	w.SetPassword(testpc.Typed(testpc.Password))
	w.Continue()
	a.until("the page of the code", func() bool { return w.State().Page == screen.PageCode })
	server.LastCode(a, anna)
	server.Bounce(a, anna)
	a.mailIs("The mail came back: the mailbox does not take it.", 3*time.Second)
	a.take("code-without-mail")
}

// mailIs waits for what the page says of the mail once it has asked again, after so long.
func (a *album) mailIs(line string, after time.Duration) {
	a.Helper()
	a.clock.Advance(a.queue, after)
	a.waitFor(line)
}
