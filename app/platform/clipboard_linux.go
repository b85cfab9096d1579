package platform

import (
	"bytes"
	"errors"
	"sync"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// selection is the X clipboard of ICCCM §2: its content lies in the program that owns it, which hands it to whoever asks. So it
// is gone when the program ends, and taking it back is giving up the ownership.
type selection struct {
	conn   *xgb.Conn
	window xproto.Window
	atoms  map[string]xproto.Atom
	stamps chan xproto.Timestamp // times of the server, as asked for by serverTime
	gone   chan struct{}         // closed when the connection is

	mu   sync.Mutex
	text []byte
	time xproto.Timestamp // since when text is ours
}

// The targets that a requestor can ask for. The last is how a password says to clipboard managers what it is; KDE began it,
// and others followed.
const (
	targetTargets = "TARGETS"
	targetTime    = "TIMESTAMP"
	targetHint    = "x-kde-passwordManagerHint"
)

// textTargets are the names of text, always sent as UTF-8. STRING, which is Latin-1, is not offered.
var textTargets = []string{"UTF8_STRING", "text/plain;charset=utf-8", "text/plain"}

var errDisplayGone = errors.New("connection to the display was lost")

func openBoard() (board, error) {
	conn, err := xgb.NewConn()
	if err != nil {
		return nil, err
	}
	s := &selection{conn: conn, atoms: map[string]xproto.Atom{}, stamps: make(chan xproto.Timestamp, 1), gone: make(chan struct{})}
	if err := s.prepare(); err != nil {
		conn.Close()
		return nil, err
	}
	go s.serve()
	return s, nil
}

// prepare makes the window, never shown, that owns the selection, and learns the server's numbers for our names.
func (s *selection) prepare() error {
	for _, name := range append([]string{"CLIPBOARD", targetTargets, targetTime, targetHint}, textTargets...) {
		reply, err := xproto.InternAtom(s.conn, false, uint16(len(name)), name).Reply()
		if err != nil {
			return err
		}
		s.atoms[name] = reply.Atom
	}
	var err error
	if s.window, err = xproto.NewWindowId(s.conn); err != nil {
		return err
	}
	screen := xproto.Setup(s.conn).DefaultScreen(s.conn)
	return xproto.CreateWindowChecked(s.conn, 0, s.window, screen.Root, 0, 0, 1, 1, 0, xproto.WindowClassInputOnly, screen.RootVisual,
		xproto.CwEventMask, []uint32{xproto.EventMaskPropertyChange}).Check()
}

func (s *selection) put(text []byte) (mark, error) {
	now, err := s.serverTime()
	if err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	s.text, s.time = bytes.Clone(text), now
	if err := xproto.SetSelectionOwnerChecked(s.conn, s.window, s.atoms["CLIPBOARD"], now).Check(); err != nil {
		s.forget()
		return 0, err
	}
	if !s.owned() {
		s.forget()
		return 0, errors.New("another program took the clipboard")
	}
	return mark(now), nil
}

// clear gives up the ownership as of the time of the mark: the server ignores that when somebody else has taken over since.
func (s *selection) clear(m mark) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.text == nil || mark(s.time) != m {
		return nil
	}
	s.forget()
	return xproto.SetSelectionOwnerChecked(s.conn, xproto.WindowNone, s.atoms["CLIPBOARD"], s.time).Check()
}

func (s *selection) close() error {
	s.conn.Close()
	<-s.gone
	return nil
}

// forget wipes the text.
func (s *selection) forget() {
	clear(s.text)
	s.text = nil
}

// owned asks the server who owns the clipboard.
func (s *selection) owned() bool {
	reply, err := xproto.GetSelectionOwner(s.conn, s.atoms["CLIPBOARD"]).Reply()
	return err == nil && reply.Owner == s.window
}

// serverTime gets the server's clock by a change of nothing (ICCCM §2.1): ownership without a true time cannot be ordered with
// that of others.
func (s *selection) serverTime() (xproto.Timestamp, error) {
	select {
	case <-s.stamps: // left over from a call that failed
	default:
	}
	name := s.atoms[targetTime]
	err := xproto.ChangePropertyChecked(s.conn, xproto.PropModeAppend, s.window, name, xproto.AtomInteger, 32, 0, nil).Check()
	if err != nil {
		return 0, err
	}
	select {
	case now := <-s.stamps:
		return now, nil
	case <-s.gone:
		return 0, errDisplayGone
	}
}

// serve answers the other programs until the connection ends.
func (s *selection) serve() {
	defer close(s.gone)
	for {
		event, err := s.conn.WaitForEvent()
		switch e := event.(type) {
		case nil:
			if err == nil {
				return
			} // else an answer went to a window that is closed by now
		case xproto.PropertyNotifyEvent:
			select {
			case s.stamps <- e.Time:
			default: // nobody asked: another program changed our window
			}
		case xproto.SelectionClearEvent:
			s.lost()
		case xproto.SelectionRequestEvent:
			s.answer(e)
		}
	}
}

// lost wipes the text when somebody else owns the clipboard. The event alone may be an old one, from before a second put.
func (s *selection) lost() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.owned() {
		s.forget()
	}
}

// answer gives the text, or what else was asked for, to the requestor, or refuses.
func (s *selection) answer(e xproto.SelectionRequestEvent) {
	if e.Property == xproto.AtomNone {
		e.Property = e.Target // clients from before ICCCM
	}
	s.mu.Lock()
	kind, format, data := s.convert(e)
	if data == nil {
		e.Property = xproto.AtomNone
	} else {
		xproto.ChangeProperty(s.conn, xproto.PropModeReplace, e.Requestor, e.Property, kind, format, uint32(len(data)*8/int(format)), data)
	}
	s.mu.Unlock()
	notify := xproto.SelectionNotifyEvent{Time: e.Time, Requestor: e.Requestor, Selection: e.Selection, Target: e.Target, Property: e.Property}
	xproto.SendEvent(s.conn, false, e.Requestor, xproto.EventMaskNoEvent, string(notify.Bytes()))
}

// convert returns the type, the bits per unit and the bytes of a target; no bytes if it cannot be had.
func (s *selection) convert(e xproto.SelectionRequestEvent) (kind xproto.Atom, format byte, data []byte) {
	// The difference is signed because the server's clock wraps every 49 days. 0 is "now".
	if s.text == nil || e.Selection != s.atoms["CLIPBOARD"] || (e.Time != 0 && int32(e.Time-s.time) < 0) {
		return 0, 8, nil
	}
	switch e.Target {
	case s.atoms[targetTargets]:
		data = make([]byte, 0, 4*len(s.atoms))
		for _, name := range append([]string{targetTargets, targetTime, targetHint}, textTargets...) {
			data = append32(data, uint32(s.atoms[name]))
		}
		return xproto.AtomAtom, 32, data
	case s.atoms[targetTime]:
		return xproto.AtomInteger, 32, append32(nil, uint32(s.time))
	case s.atoms[targetHint]:
		return e.Target, 8, []byte("secret")
	}
	for _, name := range textTargets {
		if e.Target == s.atoms[name] {
			return e.Target, 8, s.text
		}
	}
	return 0, 8, nil
}

// append32 appends a number in the byte order that we announced to the server.
func append32(b []byte, v uint32) []byte {
	var n [4]byte
	xgb.Put32(n[:], v)
	return append(b, n[:]...)
}
