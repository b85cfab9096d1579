package platform

import (
	"os/exec"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/coffer-vault/coffer/internal/testbus"
)

func mustIdle(t *testing.T) time.Duration {
	t.Helper()
	idle, err := IdleTime()
	if err != nil {
		t.Fatal(err)
	}
	return idle
}

func TestIdleOnX(t *testing.T) {
	t.Setenv("WAYLAND_DISPLAY", "")
	t.Setenv("DISPLAY", testbus.StartDisplay(t))
	// The time runs by itself; that it starts again shows that it is measured from the last input.
	const long = 200 * time.Millisecond
	for mustIdle(t) < long {
	}
	if out, err := exec.Command("xdotool", "key", "shift").CombinedOutput(); err != nil {
		t.Fatalf("xdotool: %v: %s", err, out)
	}
	if idle := mustIdle(t); idle >= long {
		t.Errorf("idle for %v after a key", idle)
	}
}

func TestIdleOnGNOME(t *testing.T) {
	s := testbus.StartBus(t, t.TempDir())
	t.Setenv("WAYLAND_DISPLAY", "wayland-0")
	t.Setenv("DISPLAY", "")
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", s.Address)
	if _, err := IdleTime(); err == nil {
		t.Error("neither compositor nor X server, and no error")
	}
	mutter := s.Connect(t)
	err := mutter.ExportMethodTable(map[string]any{
		"GetIdletime": func() (uint64, *dbus.Error) { return 61_000, nil },
	}, "/org/gnome/Mutter/IdleMonitor/Core", "org.gnome.Mutter.IdleMonitor")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mutter.RequestName("org.gnome.Mutter.IdleMonitor", dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	if idle := mustIdle(t); idle != 61*time.Second {
		t.Errorf("idle for %v, want 61s", idle)
	}
}
