package ui

import (
	"time"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/internal/testpc"
)

func init() { scenes["removed"] = (*album).removed }

// removed is a PC that another device has removed from the account.
func (a *album) removed() {
	a.sit(openDeskOn(a.TB, newPC(a, "Anna’s laptop", nil)))
	other := newPC(a, "Anna’s PC", nil).SignIn(a, a.server, anna, a.secretKey())
	removeFrom(a, other)
	a.shell.Vault().Sync()
	a.waitFor("The server says that this PC was removed from the account.")
	a.take("notice-removed")
	a.do("Sign in again")
	a.waitFor("Sign in again on this PC")
	a.take("rejoin-removed")
	a.sheet().SetPassword(screen.PasswordField, testpc.Typed(testpc.Password))
	a.sheet().SetText("key", other.SecretKey())
	a.sheet().Submit()
	a.until("the code", func() bool { return a.sheet().State().Page == "rejoin.code" })
	a.server.WaitMailState(a, anna, cloud.MailSent)
	a.mailIs("The mail is on its way. If it does not arrive, look among spam.", 3*time.Second)
	a.take("rejoin-removed-code")
	a.sheet().Back()
	a.do("Remove account")
	a.waitFor("Remove this account from this PC?")
	a.take("notice-removed-ask")
}
