package platform

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/coffer-vault/coffer/internal/testbus"
)

// fakeLogind plays systemd-logind on a private bus.
type fakeLogind struct {
	t    *testing.T
	conn *dbus.Conn
	lock *os.File      // what it hands out as an inhibitor
	held chan struct{} // one value for each inhibitor
}

const testSession = dbus.ObjectPath("/org/freedesktop/login1/session/_37")

func startLogind(t *testing.T, s *testbus.Session) *fakeLogind {
	t.Helper()
	lock, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lock.Close() })
	f := &fakeLogind{t: t, conn: s.Connect(t), lock: lock, held: make(chan struct{}, 8)}
	err = f.conn.ExportMethodTable(map[string]any{
		"GetSession": func(name string) (dbus.ObjectPath, *dbus.Error) {
			if name != "auto" {
				return "", dbus.NewError("org.freedesktop.login1.NoSuchSession", nil)
			}
			return testSession, nil
		},
		"Inhibit": f.inhibit,
	}, loginPath, loginManager)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.conn.RequestName(login, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fakeLogind) inhibit(what, who, why, mode string) (dbus.UnixFD, *dbus.Error) {
	if what != "sleep:shutdown" || mode != "delay" {
		f.t.Errorf("inhibits %s, %s", what, mode)
	}
	fd := dbus.UnixFD(f.lock.Fd())
	f.held <- struct{}{}
	return fd, nil
}

func (f *fakeLogind) emit(path dbus.ObjectPath, name string, values ...any) {
	f.t.Helper()
	if err := f.conn.Emit(path, name, values...); err != nil {
		f.t.Fatal(err)
	}
}

// watch starts WatchAway on the session's bus, which is the system's bus too, and returns what it tells.
func watch(t *testing.T, s *testbus.Session) <-chan Away {
	t.Helper()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", s.Address)
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", s.Address)
	told := make(chan Away, 8)
	if err := WatchAway(t.Context(), func(a Away) { told <- a }); err != nil {
		t.Fatal(err)
	}
	return told
}

func TestLogind(t *testing.T) {
	s := testbus.StartBus(t, t.TempDir())
	logind := startLogind(t, s)
	told := watch(t, s)
	hint := func(name string, value any) []any {
		return []any{loginSession, map[string]dbus.Variant{name: dbus.MakeVariant(value)}, []string{}}
	}
	const changed = "org.freedesktop.DBus.Properties.PropertiesChanged"
	// What must not be told comes before what must: signals arrive in order.
	logind.emit(testSession, changed, hint("LockedHint", false)...)
	logind.emit(testSession, changed, hint("LockedHint", "yes")...)
	logind.emit(testSession, changed, hint("IdleHint", true)...)
	logind.emit(testSession, changed)
	logind.emit("/org/freedesktop/login1/session/_38", loginSession+".Lock")
	logind.emit(testSession, loginSession+".Unlock")
	logind.emit(loginPath, loginManager+".PrepareForSleep", "soon")
	logind.emit(loginPath, loginManager+".PrepareForSleep", true)
	if got := <-told; got != Sleep {
		t.Errorf("PrepareForSleep: told %q", got)
	}
	logind.emit(loginPath, loginManager+".PrepareForShutdown", false)
	logind.emit(loginPath, loginManager+".PrepareForShutdown", true)
	if got := <-told; got != SessionEnds {
		t.Errorf("PrepareForShutdown: told %q", got)
	}
	logind.emit(testSession, loginSession+".Lock")
	if got := <-told; got != SessionLocked {
		t.Errorf("Lock: told %q", got)
	}
	logind.emit(testSession, changed, hint("LockedHint", true)...)
	if got := <-told; got != SessionLocked {
		t.Errorf("LockedHint: told %q", got)
	}
	if len(told) != 0 {
		t.Errorf("told %q for nothing", <-told)
	}
}

// TestSleepWaitsForTheLock: logind goes on when the inhibitor is closed, so it must be open while away runs.
func TestSleepWaitsForTheLock(t *testing.T) {
	s := testbus.StartBus(t, t.TempDir())
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", s.Address)
	fake := startLogind(t, s)
	l := &logind{conn: s.Connect(t), away: func(Away) {}}
	l.inhibit()
	<-fake.held
	l.away = func(Away) {
		if l.delay == nil {
			t.Error("the computer may sleep before the vault is locked")
		}
	}
	sleep := func(start bool) {
		l.handle(&dbus.Signal{Name: loginManager + ".PrepareForSleep", Body: []any{start}})
	}
	file := l.delay
	sleep(true)
	if _, err := file.Stat(); !errors.Is(err, os.ErrClosed) {
		t.Error("the computer has to wait although the vault is locked")
	}
	sleep(false)
	if <-fake.held; l.delay == nil {
		t.Error("the next sleep will not wait")
	}
	l.release()
}

func TestScreenSaver(t *testing.T) {
	s := testbus.StartBus(t, t.TempDir())
	told := watch(t, s) // without logind on the bus
	conn := s.Connect(t)
	for _, active := range []bool{false, true} {
		if err := conn.Emit("/org/gnome/ScreenSaver", "org.gnome.ScreenSaver.ActiveChanged", active); err != nil {
			t.Fatal(err)
		}
	}
	if got := <-told; got != SessionLocked || len(told) != 0 {
		t.Errorf("told %q, and %d more", got, len(told))
	}
}

func TestNothingToWatch(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if err := WatchAway(ctx, func(Away) {}); err == nil {
		t.Error("no bus, and no error")
	}
}
