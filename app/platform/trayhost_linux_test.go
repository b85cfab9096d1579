package platform

import (
	"testing"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/prop"

	"github.com/coffer-vault/coffer/internal/testbus"
)

// panel plays a desktop's panel on a private bus.
type panel struct {
	t     *testing.T
	conn  *dbus.Conn
	props *prop.Properties
}

func startPanel(t *testing.T, s *testbus.Session, hosted bool) *panel {
	t.Helper()
	p := &panel{t: t, conn: s.Connect(t)}
	var err error
	p.props, err = prop.Export(p.conn, trayPath, prop.Map{trayWatcher: {"IsStatusNotifierHostRegistered": {Value: hosted}}})
	if err == nil {
		_, err = p.conn.RequestName(trayWatcher, dbus.NameFlagDoNotQueue)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// host draws icons from now on, or no longer.
func (p *panel) host(on bool) {
	p.t.Helper()
	p.props.SetMust(trayWatcher, "IsStatusNotifierHostRegistered", on)
	name := "StatusNotifierHostUnregistered"
	if on {
		name = "StatusNotifierHostRegistered"
	}
	if err := p.conn.Emit(trayPath, trayWatcher+"."+name); err != nil {
		p.t.Fatal(err)
	}
}

func watchPanel(t *testing.T, s *testbus.Session) <-chan bool {
	t.Helper()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", s.Address)
	shown := make(chan bool, 8)
	if err := WatchTray(t.Context(), func(on bool) { shown <- on }); err != nil {
		t.Fatal(err)
	}
	return shown
}

func TestTrayComesAndGoes(t *testing.T) {
	s := testbus.StartBus(t, t.TempDir())
	shown := watchPanel(t, s)
	if <-shown {
		t.Error("nobody draws icons, and there is a tray")
	}
	p := startPanel(t, s, false) // a list that nobody draws
	for _, on := range []bool{true, false, true} {
		p.host(on)
		if got := <-shown; got != on {
			t.Errorf("told %v, not %v", got, on)
		}
	}
	p.conn.Close() // the panel crashes
	if <-shown {
		t.Error("the panel is gone, and there is a tray")
	}
}

func TestTrayThatWasThereBefore(t *testing.T) {
	s := testbus.StartBus(t, t.TempDir())
	conn := s.Connect(t)
	if _, err := conn.RequestName(trayWatcher, dbus.NameFlagDoNotQueue); err != nil { // one that lacks the property
		t.Fatal(err)
	}
	if !<-watchPanel(t, s) {
		t.Error("there is a panel, and no tray")
	}
}

func TestTrayWithoutBus(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
	if err := WatchTray(t.Context(), func(bool) { t.Error("nobody knows") }); err == nil {
		t.Error("no bus, and no error")
	}
}
