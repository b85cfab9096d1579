package main

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/coffer-vault/coffer/app/ui"
)

// showMessage has the desktop show it (Desktop Notifications Specification 1.2): who starts a program from a menu does not see its
// standard error.
func showMessage(message string) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	conn, err := dbus.ConnectSessionBus(dbus.WithContext(ctx))
	if err != nil {
		return
	}
	defer conn.Close()
	const stays = int32(0)
	conn.Object("org.freedesktop.Notifications", "/org/freedesktop/Notifications").CallWithContext(ctx,
		"org.freedesktop.Notifications.Notify", 0, ui.Title, uint32(0), "coffer", ui.Title, message, []string{}, map[string]dbus.Variant{}, stays)
}
