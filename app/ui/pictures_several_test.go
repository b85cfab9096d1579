package ui

import (
	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// severalScene is about many items at once, the palette and the keys.
func (a *album) severalScene() {
	a.sit(openDesk(a.TB))
	a.other = newPC(a, "Anna’s PC", nil).SignIn(a, a.server, anna, a.secretKey())
	folder := a.fill(a.other)
	testpc.Sync(a, a.other)
	v := a.shell.Vault()
	v.Sync()
	a.waitFor("10 items")
	a.do("It was me")
	a.until("the device is known", func() bool { return v.State().Notice.Message.IsZero() })
	v.Select(1)
	v.Toggle(3)
	v.Extend(6)
	v.Toggle(8)
	a.press(screen.ActionBack)
	v.Select(1)
	v.Extend(4)
	v.Toggle(6)
	a.take("several")
	a.press(screen.ActionMove)
	a.take("several-move")
	a.keys(fyne.KeyEscape)
	a.ui.root.ShowMenu(fyne.NewPos(300, 160), a.ui.view.(*vaultView).list.menu()...)
	a.take("several-menu")
	a.keys(fyne.KeyEscape)
	v.Move(folder.String())
	a.waitFor("3 items moved.") // two were there
	a.waitFor("Work, 5")
	a.take("several-moved")
	v.DismissToast()
	a.press(screen.ActionPalette)
	a.take("palette")
	a.typeText("git")
	a.until("found", func() bool { return v.Palette().State().Rows[0].Title == "GitHub" })
	a.take("palette-found")
	a.keys(fyne.KeyRight)
	a.take("palette-item")
	a.keys(fyne.KeyEscape)
	a.typeText("nothing like this")
	a.until("nothing", func() bool { return v.Palette().State().Empty != "" })
	a.take("palette-empty")
	a.keys(fyne.KeyEscape)
	a.press(screen.ActionSettings)
	a.until("the devices in the settings", func() bool { return !v.Settings().State().DevicesLoading })
	a.press(screen.ActionPalette)
	a.take("palette-over-settings")
	a.keys(fyne.KeyEscape, fyne.KeyEscape)
	a.press(screen.ActionKeys)
	a.take("keys")
	a.keys(fyne.KeyEscape)
}
