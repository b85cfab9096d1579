package platform

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

func hotKeysAreQuiet() bool { return !onWayland() }

func onWayland() bool { return os.Getenv("WAYLAND_DISPLAY") != "" }

// Under Wayland an X client sees only the keys that are meant for X windows.
func watchHotKey(ctx context.Context, key hotKey, pressed func()) (<-chan struct{}, error) {
	if onWayland() {
		return watchPortalKey(ctx, key, pressed)
	}
	return watchXKey(ctx, key, pressed)
}

// xKey is a key that the X server hands to this client, whichever window has the focus ("passive grab", X11 protocol, GrabKey).
type xKey struct {
	conn     *xgb.Conn
	key      hotKey
	pressed  func()
	held     xproto.Keycode   // what is grabbed
	released xproto.Timestamp // of the last release
}

func watchXKey(ctx context.Context, key hotKey, pressed func()) (<-chan struct{}, error) {
	conn, err := xgb.NewConn()
	if err != nil {
		return nil, err
	}
	x := &xKey{conn: conn, key: key, pressed: pressed}
	if err := x.hold(); err != nil {
		conn.Close()
		return nil, err
	}
	return during(func() { x.watch(ctx) }), nil
}

// locks are the modifiers that stay on, as caps lock and num lock usually are: the key has to work with any of them.
var locks = []uint16{0, xproto.ModMaskLock, xproto.ModMask2, xproto.ModMaskLock | xproto.ModMask2}

// hold grabs the key where it is on the present layout, and only then lets go of where it was. Most changes of the layout are none
// for one key: the server tells of one whenever another keyboard is typed on. A press that came between giving such a key back and
// grabbing it anew would be lost.
func (x *xKey) hold() error {
	code, err := x.code()
	if err != nil || code == x.held {
		return err
	}
	err = x.grab(code)
	if x.held != 0 {
		xproto.UngrabKey(x.conn, x.held, x.root(), xproto.ModMaskAny)
	}
	if err != nil {
		code = 0 // the next change is another try
	}
	x.held = code
	return err
}

func (x *xKey) grab(code xproto.Keycode) error {
	for _, lock := range locks {
		err := xproto.GrabKeyChecked(x.conn, false, x.root(), x.modifiers()|lock, code, xproto.GrabModeAsync, xproto.GrabModeAsync).Check()
		if _, taken := err.(xproto.AccessError); taken {
			return ErrHotKeyTaken
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (x *xKey) root() xproto.Window { return xproto.Setup(x.conn).DefaultScreen(x.conn).Root }

func (x *xKey) modifiers() uint16 {
	var mask uint16
	if x.key.ctrl {
		mask |= xproto.ModMaskControl
	}
	if x.key.alt {
		mask |= xproto.ModMask1
	}
	if x.key.shift {
		mask |= xproto.ModMaskShift
	}
	return mask
}

// code finds the key on the present keyboard layout. The symbols of letters and of space are those of Latin-1.
func (x *xKey) code() (xproto.Keycode, error) {
	symbol := xproto.Keysym(x.key.key[0])
	if x.key.key == "space" {
		symbol = ' '
	}
	setup := xproto.Setup(x.conn)
	keys, err := xproto.GetKeyboardMapping(x.conn, setup.MinKeycode, byte(setup.MaxKeycode-setup.MinKeycode)+1).Reply()
	if err != nil {
		return 0, err
	}
	for i, s := range keys.Keysyms {
		if s == symbol {
			return setup.MinKeycode + xproto.Keycode(i/int(keys.KeysymsPerKeycode)), nil
		}
	}
	return 0, fmt.Errorf("the keyboard has no key %q", x.key.key)
}

// watch returns when ctx has ended or the display is gone.
func (x *xKey) watch(ctx context.Context) {
	stop := context.AfterFunc(ctx, x.conn.Close) // which gives the key back
	defer stop()
	for {
		event, err := x.conn.WaitForEvent()
		if event == nil && err == nil {
			return
		}
		x.handle(event)
	}
}

func (x *xKey) handle(event xgb.Event) {
	switch e := event.(type) {
	case xproto.KeyReleaseEvent:
		x.released = e.Time
	case xproto.KeyPressEvent:
		// A key that is held repeats: each time it is released and pressed in the same moment.
		if e.Time != x.released {
			x.pressed()
		}
	case xproto.MappingNotifyEvent: // another layout
		if err := x.hold(); err != nil && !errors.Is(err, ErrHotKeyTaken) {
			xgb.Logger.Print(err)
		}
	}
}
