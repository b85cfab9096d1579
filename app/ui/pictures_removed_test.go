package ui

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
	a.do("Not now")
	a.do("Remove account")
	a.waitFor("Remove this account from this PC?")
	a.take("notice-removed-ask")
}
