package cloud

import (
	"encoding/binary"

	"github.com/coffer-vault/coffer/crypto/id"
)

// Relay carries messages between the processes of a server that has several. A message may get lost: all that it says is that there is
// something to look at, and whoever is not told looks later.
type Relay interface {
	// Tell hands a message to the other processes, soon, and does not wait.
	Tell(message []byte)
	// Hear has hear called for each message of the others.
	Hear(hear func(message []byte))
}

// What processes tell each other. The numbers stay what they are: two versions of the program may run side by side.
const (
	toldEvent   = 1 // Object is the event's vault
	toldDrop    = 2 // Object is a device
	toldSignOut = 3 // Object is the device that stays
	toldWake    = 4 // Object is a pairing
	toldMail    = 5 // there is a mail to send
)

// told is a message, of fixed size.
type told struct {
	Kind            uint8
	Account, Object id.ID
	Seq             uint64
	Notice
}

func (t told) encode() []byte {
	b, err := binary.Append(nil, binary.BigEndian, t)
	if err != nil {
		panic(err) // of fixed size by construction
	}
	return b
}

// hear does what another process did. What it does not know comes from a newer version, and is nothing that it can do.
func (e *Events) hear(message []byte) {
	var t told
	if n, err := binary.Decode(message, binary.BigEndian, &t); err == nil && n == len(message) {
		e.apply(t)
	}
}

// tell does here what is to be done, and tells the other processes.
func (e *Events) tell(t told) {
	e.apply(t)
	if e.relay != nil {
		e.relay.Tell(t.encode())
	}
}

func (e *Events) apply(t told) {
	switch t.Kind {
	case toldEvent:
		e.spread(t.Account, Event{Vault: t.Object, Seq: t.Seq, Notice: t.Notice})
	case toldDrop:
		e.end(t.Account, func(d id.ID) bool { return d == t.Object }, Notice{})
	case toldSignOut:
		e.end(t.Account, func(d id.ID) bool { return d != t.Object }, Notice{SignedOut: true})
	case toldWake:
		e.answer(t.Object)
	case toldMail:
		e.mail()
	}
}

// publish tells every device of the account. It is called after the transaction, so that who is told finds what it is told of.
func (e *Events) publish(account id.ID, event Event) {
	e.tell(told{Kind: toldEvent, Account: account, Object: event.Vault, Seq: event.Seq, Notice: event.Notice})
}

// drop ends the streams of a device whose session is over.
func (e *Events) drop(account, device id.ID) {
	e.tell(told{Kind: toldDrop, Account: account, Object: device})
}

// signOut ends the streams of all devices but one, and tells them why.
func (e *Events) signOut(account, but id.ID) {
	e.tell(told{Kind: toldSignOut, Account: account, Object: but})
}

// wake answers the request that waits for the pairing.
func (e *Events) wake(pairing id.ID) {
	if !pairing.IsZero() {
		e.tell(told{Kind: toldWake, Object: pairing})
	}
}
