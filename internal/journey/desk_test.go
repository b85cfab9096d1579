//go:build journey

package journey

import (
	"bytes"
	"fmt"
	"image"
	"io"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

// desk is the keyboard and the screen of a computer: a connection to its X server. The keys are those of the XTEST extension, which
// programs cannot tell from a person's; the picture is what the server would send to a monitor.
type desk struct {
	conn  *xgb.Conn
	root  xproto.Window
	size  image.Point
	codes map[rune]key // by keysym

	last     rune // what was pressed, and when
	released time.Time
}

// A key that comes again within 20 ms is one that is held down, for GLFW.
const fingertip = 25 * time.Millisecond

// key is where a keysym lies on the keyboard.
type key struct {
	code  xproto.Keycode
	shift bool
}

// named are the keys that are not a character, by their X names, with their keysyms.
var named = map[string]rune{
	"BackSpace": 0xff08, "F4": 0xffc1, "Tab": 0xff09, "Return": 0xff0d, "Escape": 0xff1b, "Down": 0xff54, "Page_Down": 0xff56,
	"shift": 0xffe1, "ctrl": 0xffe3, "alt": 0xffe9, "space": ' ', "comma": ',',
}

func openDesk(display string) (*desk, error) {
	xgb.Logger.SetOutput(io.Discard) // it tells of a missing .Xauthority
	conn, err := xgb.NewConnDisplay(display)
	if err != nil {
		return nil, err
	}
	if err := xtest.Init(conn); err != nil {
		return nil, err
	}
	setup := xproto.Setup(conn)
	screen := setup.DefaultScreen(conn)
	d := &desk{conn: conn, root: screen.Root, size: image.Pt(int(screen.WidthInPixels), int(screen.HeightInPixels)), codes: map[rune]key{}}
	return d, d.readKeyboard(setup.MinKeycode, setup.MaxKeycode)
}

// readKeyboard asks which key gives what, alone and with shift.
func (d *desk) readKeyboard(first, last xproto.Keycode) error {
	table, err := xproto.GetKeyboardMapping(d.conn, first, byte(last-first)+1).Reply()
	if err != nil {
		return err
	}
	per := int(table.KeysymsPerKeycode)
	for level := min(per, 2) - 1; level >= 0; level-- { // the first level last, so that it wins
		for i := level; i < len(table.Keysyms); i += per {
			d.codes[rune(table.Keysyms[i])] = key{first + xproto.Keycode(i/per), level == 1}
		}
	}
	return nil
}

// press holds the keys of the keysyms down together and lets go of them in the opposite order.
func (d *desk) press(keysyms ...rune) error {
	if keysyms[len(keysyms)-1] == d.last {
		time.Sleep(time.Until(d.released.Add(fingertip)))
	}
	var held []xproto.Keycode
	for _, sym := range keysyms {
		k, ok := d.codes[sym]
		if !ok {
			return fmt.Errorf("no key gives %U", sym)
		}
		if k.shift {
			held = append(held, d.codes[named["shift"]].code)
		}
		held = append(held, k.code)
	}
	for _, code := range held {
		xtest.FakeInput(d.conn, xproto.KeyPress, byte(code), 0, d.root, 0, 0, 0)
	}
	for i := len(held) - 1; i >= 0; i-- {
		xtest.FakeInput(d.conn, xproto.KeyRelease, byte(held[i]), 0, d.root, 0, 0, 0)
	}
	// The reply to any request says that the server has done what came before: only then the key is up.
	_, err := xproto.GetInputFocus(d.conn).Reply()
	d.last, d.released = keysyms[len(keysyms)-1], time.Now()
	return err
}

// picture reads the screen.
func (d *desk) picture() (*image.RGBA, error) {
	reply, err := xproto.GetImage(d.conn, xproto.ImageFormatZPixmap, xproto.Drawable(d.root), 0, 0, uint16(d.size.X), uint16(d.size.Y), ^uint32(0)).Reply()
	if err != nil {
		return nil, err
	}
	// The server's pixels are B, G, R and a byte without meaning. Everything that compares goes by bytes; keep puts them in order.
	return &image.RGBA{Pix: reply.Data, Stride: 4 * d.size.X, Rect: image.Rectangle{Max: d.size}}, nil
}

// fromServer puts the bytes of a picture into the order that Go's encoders want.
func fromServer(img *image.RGBA) *image.RGBA {
	ordered := &image.RGBA{Pix: bytes.Clone(img.Pix), Stride: img.Stride, Rect: img.Rect}
	for p := ordered.Pix; len(p) >= 4; p = p[4:] {
		p[0], p[2], p[3] = p[2], p[0], 0xff
	}
	return ordered
}

// different counts the pixels in which two pictures of one screen differ.
func different(a, b *image.RGBA) (n int) {
	for y := 0; y < a.Rect.Max.Y; y++ {
		rowA, rowB := a.Pix[y*a.Stride:(y+1)*a.Stride], b.Pix[y*b.Stride:(y+1)*b.Stride]
		if bytes.Equal(rowA, rowB) {
			continue
		}
		for x := 0; x < len(rowA); x += 4 {
			if !bytes.Equal(rowA[x:x+3], rowB[x:x+3]) {
				n++
			}
		}
	}
	return n
}

// window tells whether a window with this title is shown, and returns its id.
func (d *desk) window(title string) (xproto.Window, bool) {
	tree, err := xproto.QueryTree(d.conn, d.root).Reply()
	if err != nil {
		return 0, false
	}
	for _, frame := range tree.Children {
		if found, ok := d.titled(frame, title); ok {
			return found, true
		}
	}
	return 0, false
}

// titled looks at a window and what a window manager has put into it.
func (d *desk) titled(window xproto.Window, title string) (xproto.Window, bool) {
	attributes, err := xproto.GetWindowAttributes(d.conn, window).Reply()
	if err != nil || attributes.MapState != xproto.MapStateViewable {
		return 0, false
	}
	name, err := xproto.GetProperty(d.conn, false, window, xproto.AtomWmName, xproto.GetPropertyTypeAny, 0, 64).Reply()
	if err == nil && string(name.Value) == title {
		return window, true
	}
	tree, err := xproto.QueryTree(d.conn, window).Reply()
	if err != nil {
		return 0, false
	}
	for _, child := range tree.Children {
		if found, ok := d.titled(child, title); ok {
			return found, true
		}
	}
	return 0, false
}

// focused is the window that gets the keys.
func (d *desk) focused() xproto.Window {
	focus, err := xproto.GetInputFocus(d.conn).Reply()
	if err != nil {
		return 0
	}
	return focus.Focus
}

// atom is the number of a name, 0 if the server is gone.
func (d *desk) atom(name string) xproto.Atom {
	reply, err := xproto.InternAtom(d.conn, false, uint16(len(name)), name).Reply()
	if err != nil {
		return 0
	}
	return reply.Atom
}

// managed tells whether a window manager has said that it is at work.
func (d *desk) managed() bool {
	check, err := xproto.GetProperty(d.conn, false, d.root, d.atom("_NET_SUPPORTING_WM_CHECK"), xproto.GetPropertyTypeAny, 0, 1).Reply()
	return err == nil && check.ValueLen > 0
}

// minimise asks the window manager to put a window away.
func (d *desk) minimise(window xproto.Window) {
	const iconic = 3 // ICCCM 4.1.4
	event := xproto.ClientMessageEvent{Format: 32, Window: window, Type: d.atom("WM_CHANGE_STATE"), Data: xproto.ClientMessageDataUnionData32New([]uint32{iconic, 0, 0, 0, 0})}
	xproto.SendEvent(d.conn, false, d.root, xproto.EventMaskSubstructureRedirect|xproto.EventMaskSubstructureNotify, string(event.Bytes()))
}

// glance is how often a screen is looked at.
const glance = 25 * time.Millisecond
