package main

import (
	"log/slog"

	"fyne.io/fyne/v2"
	toolkit "fyne.io/fyne/v2/driver/desktop"

	"github.com/coffer-vault/coffer/assets"
)

// newTray adds the icon with which a hidden window is shown again.
func (d *desktop) newTray() {
	app, ok := d.app.(toolkit.App)
	if !ok || !trayAvailable() {
		if d.options.background {
			d.front() // without an icon there would be no way to it
		}
		return
	}
	d.tray = true
	quit := fyne.NewMenuItem(d.env.Words.Text("ui.tray.quit"), d.shell.Quit)
	quit.IsQuit = true
	app.SetSystemTrayMenu(fyne.NewMenu("",
		fyne.NewMenuItem(d.env.Words.Text("ui.tray.show"), d.front),
		fyne.NewMenuItem(d.env.Words.Text("screen.action.lock"), d.shell.Lock),
		fyne.NewMenuItemSeparator(),
		quit,
	))
}

// appIcon is the icon of window and tray.
func appIcon(log *slog.Logger) fyne.Resource {
	png, err := assets.AppIcon(256)
	if err != nil {
		log.Error("icon not loaded", "error", err)
	}
	return fyne.NewStaticResource("coffer.png", png)
}
