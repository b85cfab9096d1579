package chain

import (
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
)

// ServerRestore says that the user of a device gave up what the device had verified of a vault, and went on from another head that
// the server showed: a restored backup, or a fork (docs/protocol.md §6). It binds nobody else: every device asks its own user.
type ServerRestore struct {
	Vault       id.ID  `cbor:"1,keyasint"`
	Device      id.ID  `cbor:"2,keyasint"`
	GivenUp     uint64 `cbor:"3,keyasint"` // seq of the head that the device had pinned
	GivenUpHash Hash   `cbor:"4,keyasint"`
	Adopted     uint64 `cbor:"5,keyasint"` // seq of the head that it went on from; 0 for an empty vault
	AdoptedHash Hash   `cbor:"6,keyasint"`
}

func (ServerRestore) entryType() EntryType { return EntryServerRestore }

// Restored is a ServerRestore in its place in the log.
type Restored struct {
	ServerRestore
	Seq  uint64
	Time int64 // Unix ms by the device's clock
}

// restore enters that a live device went on from another head.
func (l *Log) restore(e entry, r ServerRestore) error {
	head, _ := l.Head()
	if _, live := l.LiveDevice(r.Device, head); !live {
		return fmt.Errorf("server-restore by a device that is not live: %w", ErrEntryBody)
	}
	if len(l.epochs[r.Vault]) == 0 {
		return fmt.Errorf("server-restore of an unknown vault: %w", ErrEntryBody)
	}
	if r.GivenUp == 0 || r.GivenUpHash == r.AdoptedHash || (r.Adopted == 0) != r.AdoptedHash.IsZero() {
		return fmt.Errorf("server-restore that gives nothing up: %w", ErrEntryBody)
	}
	// What earlier revocations name may be on the side that was given up. From here on the adopted head ends what they accept.
	for _, last := range l.last {
		last[r.Vault] = Head{Seq: r.Adopted, Hash: r.AdoptedHash}
	}
	l.restored = append(l.restored, Restored{ServerRestore: r, Seq: e.Seq, Time: e.Time})
	return nil
}

// Restored lists what devices have given up of a vault, in the order of the log.
func (l *Log) Restored(vault id.ID) []Restored {
	var all []Restored
	for _, r := range l.restored {
		if r.Vault == vault {
			all = append(all, r)
		}
	}
	return all
}
