package ui

import (
	"context"
	"strings"

	"github.com/coffer-vault/coffer/app/screen"
)

func init() { scenes["draft"] = (*album).draft }

// draft is what was being typed when the computer went to sleep, and could not be saved: the notes are longer than an item can be.
func (a *album) draft() {
	a.sit(openDeskOn(a.TB, newPC(a, "Anna’s laptop", nil)))
	a.press(screen.ActionNew)
	a.until("the editor", func() bool { return a.shell.Vault().Editor() != nil })
	a.shell.Vault().Editor().SetText("value/notes", strings.Repeat("a line of notes\n", 1<<17))
	go a.shell.Away(context.Background())
	a.waitFor("This item is larger than an item can be: about one megabyte.")
	a.take("unlock-draft")
}
