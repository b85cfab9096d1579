package cloud

import (
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
)

// line joins two processes; what is told comes at once.
type line struct{ hear func([]byte) }

func (w *line) Hear(hear func([]byte)) { w.hear = hear }

// end is one process's end of a line.
type end struct {
	*line
	other *line
}

func (e end) Tell(message []byte) { e.other.hear(message) }

// processes returns the events of two processes, and how often each was told of mail.
func processes() (one, other *Events, mails *[2]int) {
	a, b, mails := &line{}, &line{}, &[2]int{}
	one = newEvents(end{a, b}, func() { mails[0]++ })
	other = newEvents(end{b, a}, func() { mails[1]++ })
	return one, other, mails
}

func mustListen(t *testing.T, e *Events, c Caller) *Stream {
	t.Helper()
	s, err := e.Listen(c, func() {})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestProcessesTellEachOther(t *testing.T) {
	one, other, mails := processes()
	account, vault := id.New(), id.New()
	phone, laptop := Caller{Account: account, Device: id.New()}, Caller{Account: account, Device: id.New()}
	here, there := mustListen(t, one, phone), mustListen(t, other, laptop)
	one.publish(account, Event{Vault: vault, Seq: 7, Notice: Notice{Devices: true}})
	for _, s := range []*Stream{here, there} {
		events, ok := s.Take()
		if !ok || len(events) != 2 || events[0] != (Event{Vault: vault, Seq: 7}) || events[1].Notice != (Notice{Devices: true}) {
			t.Errorf("heard %+v, %v", events, ok)
		}
	}
	pairing := id.New()
	held := other.hold(pairing)
	one.wake(pairing)
	<-held
	one.tell(told{Kind: toldMail})
	if *mails != [2]int{1, 1} {
		t.Errorf("told of mail: %v", *mails)
	}
	one.signOut(account, phone.Device)
	if events, ok := there.Take(); ok || len(events) != 1 || !events[0].SignedOut {
		t.Errorf("a signed-out device heard %+v, %v", events, ok)
	}
	if _, ok := here.Take(); !ok {
		t.Error("the device that stays was signed out")
	}
	other.drop(account, phone.Device)
	if _, ok := here.Take(); ok {
		t.Error("a stream goes on after its session has ended elsewhere")
	}
}

// What a process does not know, it leaves alone: it is of a newer version, or of somebody who may write to the database.
func TestHearsNonsense(t *testing.T) {
	e := newEvents(nil, func() { t.Error("told of mail") })
	c := Caller{Account: id.New(), Device: id.New()}
	s := mustListen(t, e, c)
	drop := told{Kind: toldDrop, Account: c.Account, Object: c.Device}.encode()
	unknown := told{Kind: 99, Account: c.Account, Object: c.Device}.encode()
	for _, message := range [][]byte{nil, {}, drop[:len(drop)-1], append(drop, 0), unknown} {
		e.hear(message)
	}
	if events, ok := s.Take(); !ok || len(events) > 0 {
		t.Errorf("heard %+v, %v", events, ok)
	}
	e.hear(drop)
	if _, ok := s.Take(); ok {
		t.Error("a message in order is not heard")
	}
}
