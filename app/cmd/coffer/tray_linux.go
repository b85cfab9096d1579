package main

import "github.com/godbus/dbus/v5"

const programFile = "coffer"

// trayAvailable reports whether the desktop shows tray icons: whether somebody watches for them on the session's bus.
func trayAvailable() bool {
	bus, err := dbus.SessionBus()
	if err != nil {
		return false
	}
	owned := false
	err = bus.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, "org.kde.StatusNotifierWatcher").Store(&owned)
	return err == nil && owned
}
