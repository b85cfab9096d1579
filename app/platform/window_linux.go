package platform

import (
	"slices"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xinerama"
	"github.com/jezek/xgb/xproto"
)

const canHideFromCapture = false

func (w Window) hideFromCapture(bool) error { return errNoWindow }

// The names of the Extended Window Manager Hints (freedesktop.org, version 1.5).
const (
	wmState      = "_NET_WM_STATE"
	wmVertical   = "_NET_WM_STATE_MAXIMIZED_VERT"
	wmHorizontal = "_NET_WM_STATE_MAXIMIZED_HORZ"
	wmWorkArea   = "_NET_WORKAREA"      // of the root window: x, y, width, height for each desktop
	wmFrame      = "_NET_FRAME_EXTENTS" // of a window: left, right, top, bottom
)

func (w Window) place() (x, y int, maximized bool, err error) {
	if onWayland() {
		return 0, 0, false, errNoWindow // Xwayland's idea of it is not where it is
	}
	err = withX(func(conn *xgb.Conn) error {
		at, err := xproto.TranslateCoordinates(conn, xproto.Window(w), rootOf(conn), 0, 0).Reply()
		if err != nil {
			return err
		}
		x, y = int(at.DstX), int(at.DstY)
		names, err := atoms(conn, wmState, wmVertical, wmHorizontal)
		if err != nil {
			return err
		}
		state, err := xproto.GetProperty(conn, false, xproto.Window(w), names[0], xproto.AtomAtom, 0, 32).Reply()
		if err != nil {
			return err
		}
		var set []xproto.Atom
		for value := state.Value; len(value) >= 4; value = value[4:] {
			set = append(set, xproto.Atom(xgb.Get32(value)))
		}
		maximized = slices.Contains(set, names[1]) && slices.Contains(set, names[2])
		return nil
	})
	return x, y, maximized, err
}

// maximize asks the window manager, as those hints demand of a window that is shown.
func (w Window) maximize() error {
	return withX(func(conn *xgb.Conn) error {
		names, err := atoms(conn, wmState, wmVertical, wmHorizontal)
		if err != nil {
			return err
		}
		const add, application = 1, 1
		message := xproto.ClientMessageEvent{Format: 32, Window: xproto.Window(w), Type: names[0],
			Data: xproto.ClientMessageDataUnionData32New([]uint32{add, uint32(names[1]), uint32(names[2]), application, 0})}
		const mask = xproto.EventMaskSubstructureRedirect | xproto.EventMaskSubstructureNotify
		return xproto.SendEventChecked(conn, false, rootOf(conn), mask, string(message.Bytes())).Check()
	})
}

// onScreen says yes where nobody tells how the screens lie.
func onScreen(x, y int) bool {
	found := true
	withX(func(conn *xgb.Conn) error {
		screens, err := screensOf(conn)
		if err == nil {
			found = slices.ContainsFunc(screens, func(s Area) bool { return s.holds(x, y) })
		}
		return err
	})
	return found
}

func screensOf(conn *xgb.Conn) (screens []Area, err error) {
	if err := xinerama.Init(conn); err != nil {
		return nil, err
	}
	reply, err := xinerama.QueryScreens(conn).Reply()
	if err != nil {
		return nil, err
	}
	for _, s := range reply.ScreenInfo {
		screens = append(screens, Area{int(s.XOrg), int(s.YOrg), int(s.Width), int(s.Height)})
	}
	return screens, nil
}

func (a Area) holds(x, y int) bool {
	return x >= a.X && y >= a.Y && x < a.X+a.Width && y < a.Y+a.Height
}

// room trusts the hints of the window manager as far as there are some: a work area that misses the screen is none.
func (w Window) room() (room Area, err error) {
	err = withX(func(conn *xgb.Conn) error {
		inside, err := w.inside(conn)
		if err != nil {
			return err
		}
		screens, err := screensOf(conn)
		if err != nil {
			return err
		}
		middle := func(s Area) bool { return s.holds(inside.X+inside.Width/2, inside.Y+inside.Height/2) }
		at := slices.IndexFunc(screens, middle)
		if at < 0 {
			return errNoWindow
		}
		names, err := atoms(conn, wmWorkArea, wmFrame)
		if err != nil {
			return err
		}
		room = screens[at]
		if work := cardinals(conn, rootOf(conn), names[0]); len(work) >= 4 {
			room = room.meet(Area{work[0], work[1], work[2], work[3]})
		}
		if frame := cardinals(conn, xproto.Window(w), names[1]); len(frame) == 4 { // left, right, top, bottom
			room = Area{room.X + frame[0], room.Y + frame[2], room.Width - frame[0] - frame[1], room.Height - frame[2] - frame[3]}
		}
		return nil
	})
	return room, err
}

// inside is where the window lies, without its frame.
func (w Window) inside(conn *xgb.Conn) (Area, error) {
	at, err := xproto.TranslateCoordinates(conn, xproto.Window(w), rootOf(conn), 0, 0).Reply()
	if err != nil {
		return Area{}, err
	}
	size, err := xproto.GetGeometry(conn, xproto.Drawable(w)).Reply()
	if err != nil {
		return Area{}, err
	}
	return Area{int(at.DstX), int(at.DstY), int(size.Width), int(size.Height)}, nil
}

// meet is what two areas have in common, or the first where that is nothing.
func (a Area) meet(b Area) Area {
	x, y := max(a.X, b.X), max(a.Y, b.Y)
	both := Area{x, y, min(a.X+a.Width, b.X+b.Width) - x, min(a.Y+a.Height, b.Y+b.Height) - y}
	if both.Width <= 0 || both.Height <= 0 {
		return a
	}
	return both
}

// cardinals reads the first four numbers of a property, nil where it is not set.
func cardinals(conn *xgb.Conn, window xproto.Window, name xproto.Atom) (numbers []int) {
	reply, err := xproto.GetProperty(conn, false, window, name, xproto.AtomCardinal, 0, 4).Reply()
	if err != nil || reply.Format != 32 {
		return nil
	}
	for value := reply.Value; len(value) >= 4; value = value[4:] {
		numbers = append(numbers, int(xgb.Get32(value)))
	}
	return numbers
}

// withX runs do over a connection of its own.
func withX(do func(*xgb.Conn) error) error {
	conn, err := xgb.NewConn()
	if err != nil {
		return err
	}
	defer conn.Close()
	return do(conn)
}

func rootOf(conn *xgb.Conn) xproto.Window { return xproto.Setup(conn).DefaultScreen(conn).Root }

func atoms(conn *xgb.Conn, names ...string) ([]xproto.Atom, error) {
	var found []xproto.Atom
	for _, name := range names {
		reply, err := xproto.InternAtom(conn, false, uint16(len(name)), name).Reply()
		if err != nil {
			return nil, err
		}
		found = append(found, reply.Atom)
	}
	return found, nil
}
