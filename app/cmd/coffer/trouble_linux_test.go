package main

import (
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/coffer-vault/coffer/internal/testbus"
)

// A program that cannot draw says so where the person sees it, also if the program was started from a menu.
func TestTroubleIsShownByTheDesktop(t *testing.T) {
	s := testbus.StartBus(t, t.TempDir())
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", s.Address)
	showMessage("nobody shows it") // and nothing hangs
	shown := make(chan string, 1)
	conn := s.Connect(t)
	err := conn.ExportMethodTable(map[string]any{
		"Notify": func(_ string, _ uint32, _, _, body string, _ []string, _ map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
			shown <- body
			return 1, nil
		},
	}, "/org/freedesktop/Notifications", "org.freedesktop.Notifications")
	if err == nil {
		_, err = conn.RequestName("org.freedesktop.Notifications", dbus.NameFlagDoNotQueue)
	}
	if err != nil {
		t.Fatal(err)
	}
	showMessage(sentence("ui.noOpenGL"))
	if got := <-shown; !strings.Contains(got, "OpenGL 2.1") || !strings.Contains(got, "cofferctl") {
		t.Errorf("shown: %s", got)
	}
}
