package ui

import (
	"fmt"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

func init() { scenes["security"] = (*album).securityScene }

// securityScene shows the check of a vault: while it runs, what it finds, and what becomes of it.
func (a *album) securityScene() {
	items := findings()
	items[1].Set(vault.OTP, testpc.Typed(""))
	for i := range 21 {
		items = append(items, site(fmt.Sprint("Site ", i), "anna", fmt.Sprintf("Zw%d!qLmR#9%d-Tk", i*77, i), fmt.Sprintf("https://site%d.example", i)))
	}
	a.sit(checkDesk(a.TB, items...))
	listens, _ := breachServer(a.TB)
	address := addressOf(studioLeaks, listens)
	v := a.shell.Vault()
	a.waitFor("Security check, 5")
	a.waitFor("Amazon, team@studio.example, Weak password")
	a.take("security-list")
	v.Go(screen.Place{Kind: screen.PlaceSecurity})
	a.waitFor("5 items to fix")
	a.until("items", func() bool { return v.State().Rows.Len() == 5 })
	a.take("security")
	v.Security().Choose(vault.FindingReused)
	a.until("reused", func() bool { return v.State().Rows.Len() == 3 })
	a.take("security-reused")
	v.Security().Choose(vault.FindingReused)
	v.Security().SetServer(address)
	v.Security().KeepServer()
	v.Security().SetBreaches(true)
	a.take("security-consent")
	v.Answer(true)
	a.waitFor("All passwords are checked.")
	a.until("breached", func() bool { return v.State().Rows.Len() == 6 })
	a.take("security-breaches")
	v.Select(0)
	a.waitFor("Password found in breaches")
	a.take("security-item")
	v.Select(2)
	a.waitFor("Also used for")
	a.take("security-item-reused")
	a.securityStates()
}

// securityStates draws what no test can hold still.
func (a *album) securityStates() {
	v := a.shell.Vault()
	v.Detail().Back()
	a.waitFor("6 items to fix")
	model := v.Security()
	view := newSecurityView(a.ui, model)
	a.ui.view.(*vaultView).panes.SetDetail(view.box)
	s := model.State()
	s.Progress = screen.Progress{Done: 4_210, Total: 10_000, Text: "4,210 of 10,000 items examined"}
	s.Breach.Status, s.Breach.Tone = "api.pwnedpasswords.com does not answer. Coffer tries again by itself.", screen.ToneWarning
	view.render(s)
	a.take("security-progress")
	good := screen.SecurityState{Title: s.Title, Share: 1, ShareText: "100%", Tone: screen.ToneGood, Headline: "Nothing to fix", Body: "All 28 passwords are in good order.", Breach: s.Breach, HintsFor: s.HintsFor}
	for _, t := range s.Problems {
		t.Count, t.Tone = "0", screen.ToneGood
		good.Problems = append(good.Problems, t)
	}
	good.Hints, good.Breach.Status = s.Hints, ""
	view.render(good)
	a.take("security-good")
	view.render(screen.SecurityState{Headline: "The check did not finish", Problem: screen.Message{Tone: screen.ToneError, What: "The disk cannot be read.", Safe: "Nothing was changed.", Next: "Try again, or restart the PC."}, Again: "Try again", Breach: s.Breach})
	a.take("security-error")
}
