package platform

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"
)

// The portal for settings (xdg-desktop-portal, "org.freedesktop.portal.Settings"), which hands on those of GNOME and KDE.
const portalSettings = "org.freedesktop.portal.Settings"

func reducedMotion() bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	conn, err := dbus.ConnectSessionBus(dbus.WithContext(ctx))
	if err != nil {
		return false
	}
	defer conn.Close()
	read := func(namespace, key string) any {
		var value dbus.Variant
		err := conn.Object(portal, portalPath).CallWithContext(ctx, portalSettings+".Read", 0, namespace, key).Store(&value)
		for inner, ok := value.Value().(dbus.Variant); err == nil && ok; inner, ok = value.Value().(dbus.Variant) {
			value = inner // some answer with a value in a value
		}
		return value.Value()
	}
	return read("org.gnome.desktop.interface", "enable-animations") == false || read("org.kde.kdeglobals.KDE", "AnimationDurationFactor") == "0"
}
