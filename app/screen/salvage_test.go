package screen

import (
	"errors"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// The window is gone when the system ends the program: what was typed must not be, and no view may be told of it.
func TestSalvageKeepsWhatIsBeingTyped(t *testing.T) {
	for name, before := range map[string]func(*Shell){
		"open":               func(*Shell) {},
		"locking has begun":  (*Shell).leaveAlone,
		"quitting has begun": (*Shell).Quit,
	} {
		t.Run(name, func(t *testing.T) {
			d, v, server := openDesk(t)
			d.add("Mail", "anna", "old")
			d.show(v, "Mail").Edit()
			v.Editor().SetSecret(string(passwordField), testpc.Typed("half typ"))
			unlocked := d.shell.unlocked
			before(d.shell)
			d.shell.OnChange(func(ShellState) { t.Error("a view was told") })
			if err := d.shell.Salvage(); err != nil {
				t.Fatal(err)
			}
			if _, err := unlocked.Vault().Save(t.Context(), testpc.Login("x", "y", "z")); err == nil {
				t.Error("the vault is open still")
			}
			next := newDesk(t, d.pc, server)
			next.unlock()
			item := next.item("Mail")
			if got := string(item.Value(vault.Password).Reveal()); got != "half typ" {
				t.Errorf("password %q", got)
			}
		})
	}
}

func TestSalvageTellsWhatCouldNotBeSaved(t *testing.T) {
	d, v, _ := openDesk(t)
	v.New(string(vault.Login))
	v.Editor().SetText("value/notes", strings.Repeat("x", 2<<20))
	if err := d.shell.Salvage(); !errors.Is(err, vault.ErrTooLarge) {
		t.Errorf("%v", err)
	}
}
