package ui

import (
	"time"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/policy"
)

func init() { scenes["policy"] = (*album).policy }

// policy is a PC on which the organization decides.
func (a *album) policy() {
	a.Helper()
	a.sit(openDeskOn(a.TB, newPC(a, "Anna's PC", func(c *session.Config) {
		c.Policy = policy.Policy{AutoLockCeiling: 15 * time.Minute, BrowserImport: policy.No, ExportAllowed: policy.No}
	})))
	a.press(screen.ActionSettings)
	a.waitFor("Managed by your organization")
	a.waitFor("Anna's PC")
	a.take("settings-policy")
	a.tabTo("Remove this account")
	a.take("settings-policy-export")
	a.keys("Escape")
	a.shell.Vault().OpenImport()
	a.waitFor("Your organization does not let Coffer read browsers on this PC.")
	a.take("import-policy")
}
