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
		if err := xinerama.Init(conn); err != nil {
			return err
		}
		screens, err := xinerama.QueryScreens(conn).Reply()
		if err != nil {
			return err
		}
		found = slices.ContainsFunc(screens.ScreenInfo, func(s xinerama.ScreenInfo) bool {
			return x >= int(s.XOrg) && y >= int(s.YOrg) && x < int(s.XOrg)+int(s.Width) && y < int(s.YOrg)+int(s.Height)
		})
		return nil
	})
	return found
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
