package platform

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"

	"github.com/coffer-vault/coffer/internal/testbus"
)

// keyboard types on a display, as a person before another program would.
type keyboard struct {
	t    *testing.T
	conn *xgb.Conn
}

func newKeyboard(t *testing.T) *keyboard {
	t.Helper()
	t.Setenv("DISPLAY", testbus.StartDisplay(t))
	t.Setenv("WAYLAND_DISPLAY", "")
	conn, err := xgb.NewConn()
	if err == nil {
		t.Cleanup(conn.Close)
		err = xtest.Init(conn)
	}
	if err != nil {
		t.Fatal(err)
	}
	return &keyboard{t, conn}
}

// press holds keys down, one after the other, and lets go of them. Keys are X symbols.
func (k *keyboard) press(symbols ...xproto.Keysym) {
	k.t.Helper()
	for _, s := range symbols {
		k.fake(xproto.KeyPress, s)
	}
	slices.Reverse(symbols)
	for _, s := range symbols {
		k.fake(xproto.KeyRelease, s)
	}
}

func (k *keyboard) fake(kind byte, symbol xproto.Keysym) {
	k.t.Helper()
	setup := xproto.Setup(k.conn)
	// A key that goes down in the millisecond in which one went up is held, and repeats. No hand is that quick; this keyboard is.
	const delay = 2 // milliseconds, which the server waits
	keys, err := xproto.GetKeyboardMapping(k.conn, setup.MinKeycode, byte(setup.MaxKeycode-setup.MinKeycode)+1).Reply()
	if err != nil {
		k.t.Fatal(err)
	}
	code := byte(setup.MinKeycode) + byte(slices.Index(keys.Keysyms, symbol)/int(keys.KeysymsPerKeycode))
	if err := xtest.FakeInputChecked(k.conn, kind, code, delay, setup.DefaultScreen(k.conn).Root, 0, 0, 0).Check(); err != nil {
		k.t.Fatal(err)
	}
}

// swap has two keys change places on the keyboard.
func (k *keyboard) swap(one, other xproto.Keysym) {
	k.t.Helper()
	setup := xproto.Setup(k.conn)
	keys, err := xproto.GetKeyboardMapping(k.conn, setup.MinKeycode, byte(setup.MaxKeycode-setup.MinKeycode)+1).Reply()
	if err != nil {
		k.t.Fatal(err)
	}
	per := int(keys.KeysymsPerKeycode)
	for _, s := range [][2]xproto.Keysym{{one, other}, {other, one}} {
		at := slices.Index(keys.Keysyms, s[0]) / per
		symbols := slices.Repeat([]xproto.Keysym{s[1]}, per)
		if err := xproto.ChangeKeyboardMappingChecked(k.conn, 1, setup.MinKeycode+xproto.Keycode(at), byte(per), symbols).Check(); err != nil {
			k.t.Fatal(err)
		}
	}
}

const (
	symControl, symShift, symCaps = 0xffe3, 0xffe1, 0xffe5
	symSpace, symP                = ' ', 'p'
)

func TestHotKeyOnX(t *testing.T) {
	k := newKeyboard(t)
	pressed := make(chan struct{}, 8)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if _, err := WatchHotKey(ctx, "ctrl+shift+space", func() { pressed <- struct{}{} }); err != nil {
		t.Fatal(err)
	}
	// What is not the key comes before what is: events arrive in order.
	k.press(symControl, symSpace)
	k.press(symShift, symSpace)
	k.press(symControl, symShift, symP)
	k.press(symControl, symShift, symSpace)
	<-pressed
	k.press(symCaps) // locked from now on
	k.press(symControl, symShift, symSpace)
	<-pressed
	if len(pressed) > 0 {
		t.Error("other keys count")
	}
	if _, err := WatchHotKey(ctx, "ctrl+shift+space", func() {}); !errors.Is(err, ErrHotKeyTaken) {
		t.Errorf("taken twice: %v", err)
	}
	if _, err := WatchHotKey(ctx, "ctrl+alt+p", func() {}); err != nil {
		t.Errorf("another key beside it: %v", err)
	}
}

// A key that is given back can be had again, by us or by others.
func TestHotKeyIsGivenBack(t *testing.T) {
	newKeyboard(t)
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		released, err := WatchHotKey(ctx, "ctrl+space", func() {})
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		<-released
	}
}

// The server tells of a change of the layout whenever another keyboard is typed on: a press right after it counts as well. When the
// key is elsewhere on the keyboard, that is where it counts, and the old place is given back.
func TestHotKeyFollowsTheLayout(t *testing.T) {
	k := newKeyboard(t)
	pressed := make(chan struct{}, 8)
	if _, err := WatchHotKey(t.Context(), "ctrl+p", func() { pressed <- struct{}{} }); err != nil {
		t.Fatal(err)
	}
	for range 50 {
		k.swap(symSpace, symSpace) // nothing changes
		k.press(symControl, symP)
		<-pressed
	}
	k.swap(symP, symSpace)
	// Grabbed anew once the watcher has heard of it, and the old place is free only after that.
	for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
		released, err := WatchHotKey(t.Context(), "ctrl+space", func() {})
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the old place is still held: %v %v", released, err)
		}
	}
	k.press(symControl, symP)
	<-pressed
	if len(pressed) > 0 {
		t.Error("counted twice")
	}
}

// A key that is held sends a release and a press with the same time, again and again.
func TestHeldKeyCountsOnce(t *testing.T) {
	pressed := 0
	x := &xKey{pressed: func() { pressed++ }}
	x.handle(xproto.KeyPressEvent{Time: 100})
	for now := xproto.Timestamp(600); now < 900; now += 30 {
		x.handle(xproto.KeyReleaseEvent{Time: now})
		x.handle(xproto.KeyPressEvent{Time: now})
	}
	x.handle(xproto.KeyReleaseEvent{Time: 910})
	if pressed != 1 {
		t.Errorf("held once, counted %d times", pressed)
	}
	x.handle(xproto.KeyPressEvent{Time: 1000})
	if pressed != 2 {
		t.Error("pressed again, and not counted")
	}
}

// fakePortal plays xdg-desktop-portal on a private bus.
type fakePortal struct {
	t       *testing.T
	conn    *dbus.Conn
	refuses bool
	trigger chan string // of the keys that are asked for
}

const (
	portalSession = "/org/freedesktop/portal/desktop/session/1_7/coffer"
	portalRequest = dbus.ObjectPath("/org/freedesktop/portal/desktop/request/1_7/coffer")
)

func startPortal(t *testing.T, refuses bool) *fakePortal {
	t.Helper()
	s := testbus.StartBus(t, t.TempDir())
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", s.Address)
	t.Setenv("WAYLAND_DISPLAY", "wayland-0")
	f := &fakePortal{t: t, conn: s.Connect(t), refuses: refuses, trigger: make(chan string, 1)}
	err := f.conn.ExportMethodTable(map[string]any{"CreateSession": f.createSession, "BindShortcuts": f.bind}, portalPath, portalShortcuts)
	if err == nil {
		_, err = f.conn.RequestName(portal, dbus.NameFlagDoNotQueue)
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fakePortal) createSession(map[string]dbus.Variant) (dbus.ObjectPath, *dbus.Error) {
	f.answer(0, map[string]dbus.Variant{"session_handle": dbus.MakeVariant(portalSession)})
	return portalRequest, nil
}

type portalShortcut struct {
	ID   string
	Says map[string]dbus.Variant
}

func (f *fakePortal) bind(session dbus.ObjectPath, shortcuts []portalShortcut, _ string, _ map[string]dbus.Variant) (dbus.ObjectPath, *dbus.Error) {
	if session != portalSession || len(shortcuts) != 1 {
		return "", dbus.NewError("org.freedesktop.portal.Error.InvalidArgument", nil)
	}
	f.trigger <- shortcuts[0].Says["preferred_trigger"].Value().(string)
	if f.refuses {
		f.answer(1, map[string]dbus.Variant{})
	} else {
		f.answer(0, map[string]dbus.Variant{})
	}
	return portalRequest, nil
}

// answer comes before the call returns, as it may.
func (f *fakePortal) answer(code uint32, results map[string]dbus.Variant) {
	f.emit(portalRequest, portalResponse, code, results)
}

func (f *fakePortal) emit(path dbus.ObjectPath, name string, values ...any) {
	if err := f.conn.Emit(path, name, values...); err != nil {
		f.t.Error(err)
	}
}

func TestHotKeyOnWayland(t *testing.T) {
	f := startPortal(t, false)
	if HotKeysAreQuiet() {
		t.Error("the portal asks, and that is not known")
	}
	pressed := make(chan struct{}, 8)
	if _, err := WatchHotKey(t.Context(), "ctrl+alt+p", func() { pressed <- struct{}{} }); err != nil {
		t.Fatal(err)
	}
	if got := <-f.trigger; got != "CTRL+ALT+p" {
		t.Errorf("asked for %q", got)
	}
	options := map[string]dbus.Variant{}
	f.emit(portalPath, portalShortcuts+".Activated")
	f.emit(portalPath, portalShortcuts+".Activated", dbus.ObjectPath(portalSession+"x"), portalKeyID, uint64(1), options)
	f.emit(portalPath, portalShortcuts+".Activated", dbus.ObjectPath(portalSession), "another", uint64(1), options)
	f.emit(portalPath, portalShortcuts+".Deactivated", dbus.ObjectPath(portalSession), portalKeyID, uint64(1), options)
	f.emit(portalPath, portalShortcuts+".Activated", dbus.ObjectPath(portalSession), portalKeyID, uint64(2), options)
	<-pressed
	if len(pressed) > 0 {
		t.Error("what is not our key counts")
	}
}

func TestPersonRefusesTheKey(t *testing.T) {
	f := startPortal(t, true)
	if _, err := WatchHotKey(t.Context(), "ctrl+alt+p", func() {}); err == nil {
		t.Error("the person said no, and that is not told")
	}
	<-f.trigger
}

func TestNoPortal(t *testing.T) {
	s := testbus.StartBus(t, t.TempDir())
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", s.Address)
	t.Setenv("WAYLAND_DISPLAY", "wayland-0")
	if _, err := WatchHotKey(t.Context(), "ctrl+alt+p", func() {}); !errors.Is(err, ErrNoHotKeys) {
		t.Errorf("without a portal: %v", err)
	}
}
