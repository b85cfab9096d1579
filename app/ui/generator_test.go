package ui

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/widget"
)

func TestGeneratorByKeyboard(t *testing.T) {
	d := openDesk(t)
	d.press(screen.ActionGenerator)
	d.waitFor("Password generator")
	first := d.secrets()[0]
	d.keys(fyne.KeyR)
	second := d.secrets()[0]
	if first == second {
		t.Error("R made no other one")
	}
	d.do("Site requirements")
	d.tabTo("Rules of a site")
	d.typeText("minlength: 30; required: digit; allowed: [r]")
	d.waitFor("at least 30 characters · one each of 0–9 · also r")
	if made := d.secrets()[0]; len(made) != 30 || strings.Trim(made, "0123456789r") != "" {
		t.Errorf("%q", made)
	}
	d.keys(fyne.KeyReturn)
	d.waitFor("Password copied. It will be cleared in 30 s.")
	if len(d.clipboard.Content()) != 30 {
		t.Errorf("the clipboard has %q", d.clipboard.Content())
	}
}

func TestGeneratorHistory(t *testing.T) {
	d := openDesk(t)
	d.press(screen.ActionNew)
	d.typeText("Bank")
	d.press(screen.ActionGenerator)
	made := d.secrets()[0]
	d.keys(fyne.KeyReturn)
	d.until("filled", func() bool { return !d.reads("Password generator") })
	d.press(screen.ActionSave)
	d.until("saved", func() bool { return d.shell.Vault().State().Pane == screen.PaneDetail })

	d.until("named", func() bool { // once the item is saved; who looks earlier looks again
		d.press(screen.ActionGenerator)
		d.waitFor("Generator history (1)")
		d.do("Generator history (1)")
		if slices.ContainsFunc(d.texts(), func(s string) bool { return strings.HasSuffix(s, " · Bank") }) {
			return true
		}
		d.keys(fyne.KeyEscape)
		return false
	})
	if got := d.secrets(); slices.Contains(got, made) {
		t.Error("it is shown unasked")
	}
	d.do("Show Password")
	d.waitForSecret(made)
	d.do("Delete from the list")
	d.waitFor("One deleted.")
	d.do("Undo")
	d.until("brought back", func() bool { return !d.reads("One deleted.") })
	d.do("Clear all")
	d.waitFor("One deleted.")
	d.do("Back")
	d.until("nothing before", func() bool { return d.reads("Password generator") && !d.reads("Generator history (1)") })
}

// Whatever of the generator is on the screen, a lock takes it away.
func TestLockLetsGoOfTheGenerator(t *testing.T) {
	d := openDesk(t)
	d.press(screen.ActionGenerator)
	g := d.shell.Vault().Generator()
	g.Copy()
	d.waitFor("Generator history (1)")
	d.do("Generator history (1)")
	d.do("Show Password")
	d.until("both are shown", func() bool { return len(d.secrets()) == 1 })
	var shown []*widget.Secret
	d.walk(func(o fyne.CanvasObject) {
		if s, ok := o.(*widget.Secret); ok {
			shown = append(shown, s)
		}
	})
	d.lockAndWait()
	for _, s := range shown {
		if s.SetRevealed(true); s.Revealed() {
			t.Error("a secret of the generator can still be shown")
		}
	}
	if len(shown) == 0 || len(d.secrets()) != 0 || !g.Secret().IsZero() {
		t.Errorf("%d secrets before, %d now", len(shown), len(d.secrets()))
	}
}
