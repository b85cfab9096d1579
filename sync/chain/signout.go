package chain

import (
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
)

// SignOut ends the sessions of all devices but the one that it names. A device that reads it for the first time locks: the entry is
// what tells the user's wish from a server that ends sessions as it likes (docs/protocol.md §8).
type SignOut struct {
	Device id.ID `cbor:"1,keyasint"` // at which the user asked for it
}

func (SignOut) entryType() EntryType { return EntrySignOut }

// signOut enters that the user of a live device has signed the others out.
func (l *Log) signOut(e entry, s SignOut) error {
	head, _ := l.Head()
	if _, live := l.LiveDevice(s.Device, head); !live {
		return fmt.Errorf("sign-out by a device that is not live: %w", ErrEntryBody)
	}
	l.signOuts = append(l.signOuts, signOutEntry{SignOut: s, seq: e.Seq})
	return nil
}

type signOutEntry struct {
	SignOut
	seq uint64
}

// SignedOut returns the place of the newest entry that signs a device out; 0 if there is none since it was added.
func (l *Log) SignedOut(device id.ID) uint64 {
	d := l.devices[device]
	for i := len(l.signOuts) - 1; i >= 0; i-- {
		if s := l.signOuts[i]; s.Device != device && d != nil && s.seq > d.Added {
			return s.seq
		}
	}
	return 0
}
