package platform

import (
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/coffer-vault/coffer/internal/testbus"
)

func TestReducedMotion(t *testing.T) {
	s := testbus.StartBus(t, t.TempDir())
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", s.Address)
	if ReducedMotion() {
		t.Error("nobody has asked for less motion")
	}
	settings := map[string]any{}
	conn := s.Connect(t)
	err := conn.ExportMethodTable(map[string]any{"Read": func(namespace, key string) (dbus.Variant, *dbus.Error) {
		value, ok := settings[namespace+" "+key]
		if !ok {
			return dbus.Variant{}, dbus.NewError("org.freedesktop.portal.Error.NotFound", nil)
		}
		return dbus.MakeVariant(dbus.MakeVariant(value)), nil
	}}, portalPath, portalSettings)
	if err == nil {
		_, err = conn.RequestName(portal, dbus.NameFlagDoNotQueue)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		key   string
		value any
		want  bool
	}{
		{"org.gnome.desktop.interface enable-animations", true, false}, {"org.gnome.desktop.interface enable-animations", false, true},
		{"org.kde.kdeglobals.KDE AnimationDurationFactor", "1", false}, {"org.kde.kdeglobals.KDE AnimationDurationFactor", "0", true},
	} {
		settings = map[string]any{c.key: c.value}
		if got := ReducedMotion(); got != c.want {
			t.Errorf("%s = %v: %v", c.key, c.value, got)
		}
	}
}
