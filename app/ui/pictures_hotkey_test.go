package ui

import (
	"context"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/screen"
)

func init() { scenes["hot key"] = (*album).hotKey }

// hotKey is the setting of the key for the quick access, which not every system has: its keys have long names in some languages.
func (a *album) hotKey() {
	server, pc := newCloud(a), newPC(a, "Anna’s laptop", nil)
	u := pc.SignUp(a, server, anna)
	if err := u.SkipBrowserImport(a.Context()); err != nil {
		a.Fatal(err)
	}
	u.Lock()
	taken := map[string]bool{"ctrl+alt+p": true}
	a.sit(newDeskOn(a.TB, pc, server, screen.Desktop{UsualHotKey: "ctrl+shift+space", WatchHotKey: func(_ context.Context, key string, _ func()) (<-chan struct{}, error) {
		if taken[key] {
			return nil, platform.ErrHotKeyTaken
		}
		return nil, nil
	}}))
	a.unlock()
	a.press(screen.ActionSettings)
	a.waitFor("Anna’s laptop")
	a.tabTo("Key for quick access")
	a.take("settings-hot-key")
	a.shell.Vault().Settings().SetHotKey("ctrl+alt+p")
	a.waitFor("Another program has this key.")
	a.take("settings-hot-key-taken")
}
