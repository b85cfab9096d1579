package platform

import (
	"context"
	"errors"

	"github.com/godbus/dbus/v5"
)

// The StatusNotifierWatcher of the StatusNotifierItem specification (freedesktop.org, by KDE): items register with it, and hosts, which
// are what draws them.
const (
	trayWatcher = "org.kde.StatusNotifierWatcher"
	trayPath    = dbus.ObjectPath("/StatusNotifierWatcher")
)

func watchTray(ctx context.Context, shown func(bool)) error {
	// A connection of our own, as in watchLogin.
	conn, err := dbus.ConnectSessionBus(dbus.WithContext(ctx))
	if err != nil {
		return err
	}
	signals := make(chan *dbus.Signal, 16)
	conn.Signal(signals)
	// Before it is asked the first time, so that no change is missed in between.
	for _, match := range [][]dbus.MatchOption{
		{dbus.WithMatchSender("org.freedesktop.DBus"), dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, trayWatcher)},
		{dbus.WithMatchObjectPath(trayPath), dbus.WithMatchInterface(trayWatcher)},
	} {
		if err := conn.AddMatchSignal(match...); err != nil {
			return errors.Join(err, conn.Close())
		}
	}
	last := trayHosted(conn)
	shown(last)
	go func() {
		for range signals { // closed with the connection, which ends with ctx
			if now := trayHosted(conn); now != last {
				last = now
				shown(now)
			}
		}
	}()
	return nil
}

// trayHosted reports whether items are drawn: a watcher without a host only keeps a list.
func trayHosted(conn *dbus.Conn) bool {
	owned := false
	if err := conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, trayWatcher).Store(&owned); err != nil || !owned {
		return false
	}
	hosted, err := conn.Object(trayWatcher, trayPath).GetProperty(trayWatcher + ".IsStatusNotifierHostRegistered")
	if err != nil {
		return true // some watchers lack the property, and are their own host
	}
	value, ok := hosted.Value().(bool)
	return !ok || value
}
