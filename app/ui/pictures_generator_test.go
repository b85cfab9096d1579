package ui

import (
	"testing"

	"github.com/coffer-vault/coffer/app/screen"
)

func init() { scenes["generator"] = (*album).generator }

// generator shows the sides of the generator, with a history of three.
func (a *album) generator() {
	a.sit(openDesk(a.TB.(*testing.T)))
	a.press(screen.ActionGenerator)
	g := a.shell.Vault().Generator()
	g.ToggleMore()
	g.SetLeast(screen.ToggleDigits, 2)
	g.SetToggle(screen.ToggleLetterFirst, true)
	a.take("generator-demands")
	g.SetRules("minlength: 12; maxlength: 20; required: lower; required: upper; required: digit; allowed: [-_.]; max-consecutive: 2")
	a.take("generator-site")
	g.SetRules("")
	g.SetLeast(screen.ToggleDigits, 0)
	g.SetKind(screen.GeneratePassphrase)
	g.SetLanguage("fr")
	g.SetLength(8)
	a.take("generator-passphrase")
	for _, kind := range []string{screen.GeneratePIN, screen.GeneratePassphrase, screen.GeneratePassword} {
		before := g.State().History.Label
		g.SetKind(kind)
		g.Copy()
		a.until("copied", func() bool { return g.State().History.Label != before })
	}
	g.ToggleHistory()
	g.RevealHistory(g.State().History.Rows[1].ID)
	a.take("generator-history")
}
