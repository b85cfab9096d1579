package vault

import (
	"context"
	"errors"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
)

// State tells a live object from a deleted one, with the numbers of the protocol's state table.
type State uint8

// The states of an object.
const (
	Live State = 1
	Dead State = 2
)

// Version is an object at one revision, sealed. Hash is EnvelopeHash of the envelope, zero for a dead object.
// Envelope is nil for a dead object, and for a live one whose envelope is still to be fetched.
type Version struct {
	Revision uint64
	State    State
	Hash     [32]byte
	Envelope []byte
}

// Object is what the store keeps of an object.
type Object struct {
	ID id.ID
	// Base is the version last synced; its Revision is 0 for an object that the server has never seen.
	Base Version
	// Pending is the version that was edited since; nil if there is none. It is sealed for the revision after the one it was
	// made from, which is Base unless Ancestor is set.
	Pending *Version
	// Ancestor is what Pending was made from, kept where Base has moved on and its envelope is missing.
	Ancestor *Version
}

// Row is a line of the vault's state table: an object's base without its envelope.
type Row struct {
	Object   id.ID
	Revision uint64
	State    State
	Hash     [32]byte
}

// Pin is how far this device has verified the vault's chain. The zero Pin is an empty vault.
type Pin struct {
	Seq    uint64
	Hash   [32]byte
	LogSeq uint64 // the place in the account log that the commit named
	Root   [32]byte
	Commit []byte // the signed commit as it came; opaque here
}

// Head names a commit of the vault's chain; the zero Head is before the first.
type Head struct {
	Seq  uint64
	Hash [32]byte
}

// Head names the commit of the pin.
func (p Pin) Head() Head { return Head{p.Seq, p.Hash} }

// Passed is a commit that this device has verified, with its change list; opaque here.
type Passed struct {
	Seq     uint64
	Commit  []byte
	Changes []byte
}

// LogEntry is an entry of the account log, opaque here. Seq counts from 0 without gaps.
type LogEntry struct {
	Seq       uint64
	Entry     []byte
	Signature []byte
}

// OutboxEntry is a push that may have been sent: its exact bytes, and what the objects become when it is accepted.
type OutboxEntry struct {
	Op      id.ID
	Bytes   []byte // opaque
	Objects []SentObject
}

// SentObject is an object as a push carries it.
type SentObject struct {
	Object id.ID
	Version
}

// Segment is a sealed part of the index: what the list and the search need of the objects whose id begins with the byte Number.
type Segment struct {
	Number uint8
	Hash   [32]byte // SegmentHash of the parts; zero for a segment that is forgotten
	Parts  [][]byte // none where no object has such an id
}

// SegmentHash is the hash of a segment's parts.
func SegmentHash(parts [][]byte) [32]byte {
	joined := make([]any, len(parts))
	for i, part := range parts {
		joined[i] = part
	}
	return canonical.Hash("coffer/v1/index-segment", joined...)
}

// Undo is what an import did to one object.
type Undo struct {
	Object id.ID
	Made   [32]byte // hash of the envelope that the import wrote
	Before *Version // what it replaced; nil for a new object
}

// The errors of a store.
var (
	// ErrFull: the disk is full; nothing was changed.
	ErrFull = errors.New("no space left on the disk")
	// ErrReadOnly: the file, its folder or its disk cannot be written.
	ErrReadOnly = errors.New("the vault file cannot be written")
	// ErrDisk: the disk failed to read or write; nothing was changed.
	ErrDisk = errors.New("the disk cannot read or write the vault file")
	// ErrCannotOpen: the system does not open the file, or one that SQLite keeps beside it.
	ErrCannotOpen = errors.New("the vault file cannot be opened")
	// ErrBusy: another process kept the file locked; trying again is right.
	ErrBusy = errors.New("the vault file is locked by another program")
	// ErrCorrupt: the file is damaged or no database at all.
	ErrCorrupt = errors.New("the vault file is damaged")
	// ErrNotAFile: in the place of the vault file is a folder, a pipe or a device.
	ErrNotAFile = errors.New("the vault file is no file")
	// ErrNetwork: the vault file is on a network share, where SQLite's write-ahead log does not work (sqlite.org/wal.html).
	ErrNetwork = errors.New("the vault file is on a network share")
	// ErrNewerSchema: a newer version of the program wrote the file.
	ErrNewerSchema = errors.New("the vault file was written by a newer version")
	// ErrTampered: the integrity record does not fit: the file was changed outside Coffer.
	ErrTampered = errors.New("the vault file was changed outside Coffer")
	// ErrOtherAccount: in the place of an account's vault file is one of another account.
	ErrOtherAccount = errors.New("the vault file is of another account")
	// ErrOlderCopy: the integrity record is right and older than the last one this device remembers.
	ErrOlderCopy = errors.New("an older copy of the vault file was put back")
	// ErrRekeyed: another program has changed the account's keys: it has to be unlocked again.
	ErrRekeyed = errors.New("another program has changed the keys of the vault file")
	// ErrNotAnchored: the store cannot write its integrity record yet, and refuses to write without.
	ErrNotAnchored = errors.New("the vault file is not anchored")
)

// Store keeps the sealed objects of vaults. Everything that a function passed to Update did is on disk when Update returns nil,
// and nothing of it is when it returns an error.
//
// Errors wrap ErrFull, ErrReadOnly, ErrDisk, ErrCannotOpen, ErrBusy, ErrCorrupt, ErrTampered, ErrRekeyed or ErrNotAnchored, or are
// the context's or f's own.
type Store interface {
	// View calls f with one consistent state.
	View(ctx context.Context, f func(Reader) error) error
	// Update calls f in a transaction of its own, one at a time for all processes.
	Update(ctx context.Context, f func(Tx) error) error
}

// Reader reads what a Store keeps. Byte slices that it returns belong to the caller.
type Reader interface {
	// Object returns an object; false if there is none of that id.
	Object(vault, object id.ID) (Object, bool, error)
	// Objects yields all objects, in any order, and Count says how many there are.
	Objects(vault id.ID, yield func(Object) error) error
	Count(vault id.ID) (int, error)
	// ObjectsOf yields the objects whose id begins with a byte.
	ObjectsOf(vault id.ID, first byte, yield func(Object) error) error
	// Segments yields the segments of the index that the integrity record vouches for: since one was written, no object of its was put
	// or removed. Of a store that is not anchored there are none.
	Segments(vault id.ID, yield func(Segment) error) error
	// PendingObjects yields the objects with a pending version, in any order.
	PendingObjects(vault id.ID, yield func(Object) error) error
	// Rows yields the base of every object that has one, in order of id.
	Rows(vault id.ID, yield func(Row) error) error
	// Missing yields the bases that are live and have no envelope.
	Missing(vault id.ID, yield func(Row) error) error
	// Pin returns how far the vault's chain is verified.
	Pin(vault id.ID) (Pin, error)
	// Passed yields the commits that led to the pin, the newest first, as many as are remembered.
	Passed(vault id.ID, yield func(Passed) error) error
	// Outbox returns the push in flight; false if there is none.
	Outbox(vault id.ID) (OutboxEntry, bool, error)
	// Sent returns what the push in flight carries of an object; false if it does not carry it.
	Sent(vault, object id.ID) (Version, bool, error)
	// Staged yields the object, revision and hash of what is staged, in any order; its state is Live.
	Staged(vault id.ID, yield func(Row) error) error
	// StagedEnvelope returns what is staged of an object; nil for nothing.
	StagedEnvelope(vault, object id.ID) ([]byte, error)
	// Undo returns what an import did; nothing for an unknown batch.
	Undo(vault, batch id.ID) ([]Undo, error)
	// Changed is a number that rises whenever an object of the vault is put or removed, by whichever process.
	Changed(vault id.ID) (uint64, error)
}

// Tx is a Reader that changes the Store.
type Tx interface {
	Reader
	// Put writes an object, replacing what was there.
	Put(vault id.ID, o Object) error
	// SetSegments replaces segments of the index. They must show this state of the objects.
	SetSegments(vault id.ID, segments []Segment) error
	// Remove forgets an object that the server has never seen.
	Remove(vault, object id.ID) error
	// SetAside keeps a damaged envelope out of the way of the one that replaces it. What is set aside is never deleted.
	SetAside(vault, object id.ID, v Version) error
	// Stage keeps a live row with its envelope apart from the objects, replacing what was staged of it; Unstage forgets one.
	Stage(vault id.ID, r RemoteRow) error
	Unstage(vault, object id.ID) error
	// TakeStaged makes everything that is staged the base of a new object. There must be no object of these ids.
	TakeStaged(vault id.ID) error
	// SetPin moves the pin, and forgets what is staged: a first sync is over.
	SetPin(vault id.ID, p Pin) error
	// Pass remembers commits on the way to the pin; of very many the oldest are forgotten.
	Pass(vault id.ID, passed []Passed) error
	// ForgetPassed forgets the commits after seq.
	ForgetPassed(vault id.ID, after uint64) error
	// AppendLog adds entries to the account log; they must follow its last one. Those that another program has added already are
	// passed over; ErrRow if it has added others.
	AppendLog(entries []LogEntry) error
	// SetOutbox replaces the push in flight; nil clears it.
	SetOutbox(vault id.ID, entry *OutboxEntry) error
	// SetUndo keeps what an import did; nil forgets it.
	SetUndo(vault, batch id.ID, entries []Undo) error
}
