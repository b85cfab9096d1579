package platform

import (
	"testing"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// someWindow shows a window at 30, 40.
func someWindow(t *testing.T, conn *xgb.Conn) Window {
	t.Helper()
	w, err := xproto.NewWindowId(conn)
	if err == nil {
		err = xproto.CreateWindowChecked(conn, 0, w, rootOf(conn), 30, 40, 200, 100, 0, xproto.WindowClassInputOutput, 0, 0, nil).Check()
	}
	if err == nil {
		err = xproto.MapWindowChecked(conn, w).Check()
	}
	if err != nil {
		t.Fatal(err)
	}
	return Window(w)
}

func TestWindowPlace(t *testing.T) {
	k := newKeyboard(t)
	w := someWindow(t, k.conn)
	if x, y, maximized, err := w.Place(); x != 30 || y != 40 || maximized || err != nil {
		t.Errorf("%d, %d, maximized %v, %v", x, y, maximized, err)
	}
	names, err := atoms(k.conn, wmState, wmVertical, wmHorizontal)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		set  []xproto.Atom
		want bool
	}{{names[1:2], false}, {names[1:], true}} {
		var value []byte
		for _, a := range c.set {
			value = append32(value, uint32(a))
		}
		err := xproto.ChangePropertyChecked(k.conn, xproto.PropModeReplace, xproto.Window(w), names[0], xproto.AtomAtom, 32, uint32(len(c.set)), value).Check()
		if err != nil {
			t.Fatal(err)
		}
		if _, _, maximized, err := w.Place(); maximized != c.want || err != nil {
			t.Errorf("with %d hints: maximized %v, %v", len(c.set), maximized, err)
		}
	}
	if _, _, _, err := Window(4).Place(); err == nil {
		t.Error("a window that is not there has a place")
	}
	t.Setenv("WAYLAND_DISPLAY", "wayland-0")
	if _, _, _, err := w.Place(); err == nil {
		t.Error("Wayland tells nobody where a window is")
	}
}

// The test is the window manager: it hears what is asked of it.
func TestMaximizeAsksTheWindowManager(t *testing.T) {
	k := newKeyboard(t)
	w := someWindow(t, k.conn)
	err := xproto.ChangeWindowAttributesChecked(k.conn, rootOf(k.conn), xproto.CwEventMask, []uint32{xproto.EventMaskSubstructureRedirect}).Check()
	if err == nil {
		err = w.Maximize()
	}
	if err != nil {
		t.Fatal(err)
	}
	for {
		event, err := k.conn.WaitForEvent()
		if event == nil {
			t.Fatal("nothing is asked", err)
		}
		if m, ok := event.(xproto.ClientMessageEvent); ok {
			names, err := atoms(k.conn, wmState, wmVertical, wmHorizontal)
			d := m.Data.Data32
			if err != nil || m.Window != xproto.Window(w) || m.Type != names[0] || d[0] != 1 || d[1] != uint32(names[1]) || d[2] != uint32(names[2]) {
				t.Errorf("asked %+v, %v", m, err)
			}
			return
		}
	}
}

// The test is the window manager: it says what it keeps for itself, and how thick its frames are.
func TestRoomOfAWindow(t *testing.T) {
	k := newKeyboard(t) // 1280 by 800
	w := someWindow(t, k.conn)
	names, err := atoms(k.conn, wmWorkArea, wmFrame)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		work, frame []uint32
		want        Area
	}{
		"no window manager": {nil, nil, Area{0, 0, 1280, 800}},
		"a panel above":     {[]uint32{0, 30, 1280, 770}, nil, Area{0, 30, 1280, 770}},
		"two desktops":      {[]uint32{0, 30, 1280, 770, 0, 0, 1280, 800}, nil, Area{0, 30, 1280, 770}},
		"a frame":           {nil, []uint32{2, 4, 24, 6}, Area{2, 24, 1274, 770}},
		"both":              {[]uint32{60, 0, 1220, 800}, []uint32{2, 2, 24, 2}, Area{62, 24, 1216, 774}},
		"of other screens":  {[]uint32{5000, 0, 1280, 800}, nil, Area{0, 0, 1280, 800}},
	} {
		setCardinals(t, k.conn, rootOf(k.conn), names[0], c.work)
		setCardinals(t, k.conn, xproto.Window(w), names[1], c.frame)
		if room, err := w.Room(); room != c.want || err != nil {
			t.Errorf("%s: %v, %v; want %v", name, room, err, c.want)
		}
	}
	if _, err := Window(4).Room(); err == nil {
		t.Error("a window that is not there has room")
	}
}

func setCardinals(t *testing.T, conn *xgb.Conn, window xproto.Window, name xproto.Atom, numbers []uint32) {
	t.Helper()
	var value []byte
	for _, n := range numbers {
		value = append32(value, n)
	}
	err := xproto.ChangePropertyChecked(conn, xproto.PropModeReplace, window, name, xproto.AtomCardinal, 32, uint32(len(numbers)), value).Check()
	if err != nil {
		t.Fatal(err)
	}
}

func TestOnScreen(t *testing.T) {
	newKeyboard(t) // 1280 by 800
	for at, want := range map[[2]int]bool{{0, 0}: true, {1279, 799}: true, {1280, 10}: false, {10, 800}: false, {-1, 10}: false} {
		if got := OnScreen(at[0], at[1]); got != want {
			t.Errorf("%v: %v", at, got)
		}
	}
	t.Setenv("DISPLAY", ":nonsense")
	if !OnScreen(5000, 5000) {
		t.Error("where nobody tells, every place is as good as another")
	}
}

func TestNothingHidesFromCaptureOnLinux(t *testing.T) {
	if CanHideFromCapture() || Window(1).HideFromCapture(true) == nil {
		t.Error("what nobody can do is promised")
	}
}
