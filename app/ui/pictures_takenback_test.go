package ui

import (
	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/internal/buildinfo"
)

func init() { scenes["taken back"] = (*album).takenBack }

// takenBack is a PC whose service installs updates, and on which the last one did not work.
func (a *album) takenBack() {
	server, pc := newCloud(a), newPC(a, "Anna’s laptop", nil)
	u := pc.SignUp(a, server, anna)
	if err := u.SkipBrowserImport(a.Context()); err != nil {
		a.Fatal(err)
	}
	u.Lock()
	a.sit(newDeskOn(a.TB, pc, server, screen.Desktop{}, func(c *screen.ShellConfig) {
		c.Update = screen.UpdateConfig{Managed: true, Installed: buildinfo.Number{Major: 1, Minor: 3}, TakenBack: "1.4.0"}
	}))
	a.unlock()
	a.press(screen.ActionSettings)
	a.waitFor("Anna’s laptop")
	a.waitFor("Coffer 1.4.0 did not work on this PC, and the version before was put back.")
	a.take("settings-taken-back")
}
