package main

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/tray"
	"github.com/coffer-vault/coffer/app/ui"
	"github.com/coffer-vault/coffer/assets"
)

// trayIcon is the way back to a window that is hidden, while there is something that shows it.
type trayIcon struct {
	shown atomic.Bool
	icon  *tray.Tray // made when it is first shown; then it comes and goes with what shows it
}

// trayPatience is how long a program that was started at login waits for the desktop's panel, which starts at the same time.
const trayPatience = 30 * time.Second

// watchTray follows whether the desktop shows such icons.
func (d *desktop) watchTray(ctx context.Context) {
	err := platform.WatchTray(ctx, func(shown bool) { d.thread.post(func() { d.trayChanged(shown) }) })
	if err != nil {
		d.log.Info("no tray", "why", err)
	}
	if d.options.background {
		// Without an icon there would be no way to it.
		time.AfterFunc(trayPatience, func() { d.thread.post(d.frontWithoutTray) })
	}
}

func (d *desktop) frontWithoutTray() {
	if d.hidden && !d.tray.shown.Load() {
		d.front()
	}
}

// trayChanged belongs to the goroutine that draws.
func (d *desktop) trayChanged(shown bool) {
	d.tray.shown.Store(shown)
	if shown && d.tray.icon == nil {
		d.newTray()
	}
	if !shown && d.tray.icon != nil && d.hidden {
		d.front() // what would bring it back has gone
	}
}

func (d *desktop) stopTray() {
	if d.tray.icon != nil {
		d.tray.icon.Stop()
	}
}

func (d *desktop) newTray() {
	onThread := func(f func()) func() { return func() { d.thread.post(f) } }
	icon, err := tray.Start(tray.Config{Name: ui.Title, Pressed: onThread(d.front), Do: []func(){
		onThread(d.front), onThread(d.shell.Quick().Toggle), onThread(d.shell.LockAll), nil, onThread(d.shell.Quit),
	}}, d.trayLook())
	if err != nil {
		d.log.Error("no tray icon", "error", err)
		d.tray.shown.Store(false)
		return
	}
	d.tray.icon = icon
	d.shell.Watch(func() { icon.Set(d.trayLook()) })
}

func (d *desktop) trayLook() tray.Look {
	state, text := d.shell.State(), d.env.Words.Text
	look := tray.Look{Locked: !state.Unlocked, Tip: ui.Title, Lines: []tray.Line{
		{Label: text("ui.tray.show")}, {Label: text("ui.tray.quick")}, {Label: text("ui.tray.lock"), Disabled: !state.Unlocked}, {}, {Label: text("ui.tray.quit")},
	}}
	if look.Locked {
		look.Tip = text("ui.tray.locked")
	}
	return look
}

// appIcon is the icon of the window.
func appIcon(log *slog.Logger) fyne.Resource {
	png, err := assets.AppIcon(256)
	if err != nil {
		log.Error("icon not loaded", "error", err)
	}
	return fyne.NewStaticResource("coffer.png", png)
}
