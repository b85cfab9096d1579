package chain

import (
	"bytes"
	"errors"
	"fmt"
	"sort"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
)

// Limits of docs/protocol.md §2.
const (
	MaxChanges    = 1000
	maxCommit     = 64 << 10
	maxChangeList = 256 << 10
	version       = 1
)

// Action says what a change does to its object.
type Action uint8

// The actions of version 1. Purge has its number reserved and is refused.
const (
	Put       Action = 1
	Tombstone Action = 2
)

// Change takes one object from one revision to the next.
type Change struct {
	Object  id.ID  `cbor:"1,keyasint"`
	Old     uint64 `cbor:"2,keyasint"`
	New     uint64 `cbor:"3,keyasint"`
	Action  Action `cbor:"4,keyasint"`
	EnvHash Hash   `cbor:"5,keyasint"`
}

// Row is the line of the state table that the change leads to.
func (c Change) Row() Row {
	state := Live
	if c.Action == Tombstone {
		state = Dead
	}
	return Row{Object: c.Object, Revision: c.New, State: state, EnvHash: c.EnvHash}
}

func (c Change) check() error {
	switch {
	case c.New != c.Old+1 || c.New == 0:
		return fmt.Errorf("change of %s: revision %d after %d: %w", c.Object, c.New, c.Old, ErrMalformed)
	case c.Action == Put && !c.EnvHash.IsZero(), c.Action == Tombstone && c.EnvHash.IsZero():
		return nil
	}
	return fmt.Errorf("change of %s: action %d: %w", c.Object, c.Action, ErrMalformed)
}

// EncodeChanges sorts the changes by object and returns the change list's bytes. It refuses an empty list, more than MaxChanges,
// an object named twice, and a malformed change.
func EncodeChanges(changes []Change) ([]byte, error) {
	sorted := append([]Change(nil), changes...)
	sort.Slice(sorted, func(i, j int) bool { return bytes.Compare(sorted[i].Object[:], sorted[j].Object[:]) < 0 })
	if err := checkChanges(sorted); err != nil {
		return nil, err
	}
	return canonical.Marshal(sorted)
}

// ParseChanges decodes a change list, under the conditions of EncodeChanges.
func ParseChanges(list []byte) ([]Change, error) {
	var changes []Change
	if err := unmarshal("change list", list, maxChangeList, &changes); err != nil {
		return nil, err
	}
	return changes, checkChanges(changes)
}

func checkChanges(sorted []Change) error {
	if len(sorted) == 0 || len(sorted) > MaxChanges {
		return fmt.Errorf("change list of %d changes: %w", len(sorted), ErrMalformed)
	}
	for i, c := range sorted {
		if err := c.check(); err != nil {
			return err
		}
		if i > 0 && bytes.Compare(sorted[i-1].Object[:], c.Object[:]) >= 0 {
			return fmt.Errorf("change list out of order at %d: %w", i, ErrMalformed)
		}
	}
	return nil
}

// ChangesHash is what a commit says of its change list.
func ChangesHash(list []byte) Hash { return canonical.Hash("coffer/v1/changes", list) }

// Commit is the step of a vault from one state to the next.
type Commit struct {
	Version     uint        `cbor:"1,keyasint"`
	Vault       id.ID       `cbor:"2,keyasint"`
	Seq         uint64      `cbor:"3,keyasint"`
	Parent      Hash        `cbor:"4,keyasint"`
	Root        Hash        `cbor:"5,keyasint"`
	ChangesHash Hash        `cbor:"6,keyasint"`
	Epoch       uint32      `cbor:"7,keyasint"`
	LogSeq      uint64      `cbor:"8,keyasint"`
	LogHash     Hash        `cbor:"9,keyasint"`
	Op          id.ID       `cbor:"10,keyasint"`
	Device      id.ID       `cbor:"11,keyasint"`
	Time        int64       `cbor:"12,keyasint"` // Unix ms by the writer's clock; for people only
	Heads       []VaultHead `cbor:"13,keyasint"`
}

// Signed is a commit as it travels: the bytes that were signed, the change list they name, and the signature.
type Signed struct {
	Commit    []byte
	Changes   []byte
	Signature []byte
}

// Hash names the commit; it leaves the signature out, so that a signature's malleability cannot fork a chain.
func (s Signed) Hash() Hash { return CommitHash(s.Commit) }

// CommitHash names the commit with these bytes.
func CommitHash(commit []byte) Hash { return canonical.Hash("coffer/v1/commit", commit) }

// Sign encodes the commit over its change list and signs it with the device key. It fills in Version and ChangesHash.
func (c Commit) Sign(key signing.PrivateKey, changes []byte) (Signed, error) {
	c.Version, c.ChangesHash = version, ChangesHash(changes)
	if c.Heads == nil {
		c.Heads = []VaultHead{}
	}
	b, err := canonical.Marshal(c)
	if err != nil {
		return Signed{}, fmt.Errorf("encode commit: %w", err)
	}
	return Signed{Commit: b, Changes: changes, Signature: key.Sign(signing.Commit, b)}, nil
}

// ParseCommit decodes a commit without judging it.
func ParseCommit(b []byte) (Commit, error) {
	var c Commit
	if err := unmarshal("commit", b, maxCommit, &c); err != nil {
		return Commit{}, err
	}
	if c.Version != version || c.Seq == 0 {
		return Commit{}, fmt.Errorf("commit version %d, seq %d: %w", c.Version, c.Seq, ErrMalformed)
	}
	return c, nil
}

// The ways in which a commit can break the chain. All are violations: a client stops the vault's sync, a server refuses the push.
var (
	ErrNotNext     = errors.New("commit does not follow the head")
	ErrWriter      = errors.New("commit by a device that the account log does not list as live")
	ErrRevoked     = errors.New("commit is another than the one that a revocation names at its place")
	ErrEpoch       = errors.New("commit of another epoch than its vault has at its place in the account log")
	ErrLogPosition = errors.New("commit refers to an unknown or an earlier place in the account log")
	ErrChangeList  = errors.New("commit names another change list")
	ErrWrongVault  = errors.New("commit of another vault")
	ErrWrongRoot   = errors.New("state root differs")
)

// Position is where a vault's chain stands: its head, and the place in the account log that its last commit named.
type Position struct {
	Head
	LogSeq uint64
}

// Verified is a commit that passed Verify, decoded.
type Verified struct {
	Commit  Commit
	Changes []Change
	Hash    Hash
}

// Position is where the chain stands after the commit.
func (v Verified) Position() Position {
	return Position{Head: Head{Seq: v.Commit.Seq, Hash: v.Hash}, LogSeq: v.Commit.LogSeq}
}

// Verify checks everything about a commit but its root, which needs the state table: vault, order after at, account log, the
// writer's signature and the change list. The error wraps ErrMalformed, signing.ErrSignature or one of the sentinels above.
func Verify(s Signed, vault id.ID, at Position, log *Log) (Verified, error) {
	v, err := VerifyAlone(s, vault, log)
	if err != nil {
		return Verified{}, err
	}
	c := v.Commit
	if c.Seq != at.Seq+1 || c.Parent != at.Hash {
		return Verified{}, fmt.Errorf("commit %d after %d: %w", c.Seq, at.Seq, ErrNotNext)
	}
	if c.LogSeq < at.LogSeq {
		return Verified{}, fmt.Errorf("commit %d: %w", c.Seq, ErrLogPosition)
	}
	return v, nil
}

// VerifyAlone is Verify without the order: for the head commit that anchors a first sync.
func VerifyAlone(s Signed, vault id.ID, log *Log) (Verified, error) {
	c, err := ParseCommit(s.Commit)
	if err != nil {
		return Verified{}, err
	}
	if c.Vault != vault {
		return Verified{}, ErrWrongVault
	}
	if h, ok := log.HashAt(c.LogSeq); !ok || h != c.LogHash {
		return Verified{}, fmt.Errorf("commit %d: %w", c.Seq, ErrLogPosition)
	}
	if !log.named(vault, Head{Seq: c.Seq, Hash: s.Hash()}) {
		return Verified{}, fmt.Errorf("commit %d: %w", c.Seq, ErrRevoked)
	}
	if epoch, ok := log.EpochAt(vault, c.LogSeq); !ok || epoch.Epoch != c.Epoch {
		return Verified{}, fmt.Errorf("commit %d of epoch %d: %w", c.Seq, c.Epoch, ErrEpoch)
	}
	key, ok := log.Writer(c.Device, vault, c.Seq, c.LogSeq)
	if !ok {
		return Verified{}, fmt.Errorf("commit %d: %w", c.Seq, ErrWriter)
	}
	if err := key.Verify(signing.Commit, s.Commit, s.Signature); err != nil {
		return Verified{}, fmt.Errorf("commit %d: %w", c.Seq, err)
	}
	if ChangesHash(s.Changes) != c.ChangesHash {
		return Verified{}, fmt.Errorf("commit %d: %w", c.Seq, ErrChangeList)
	}
	changes, err := ParseChanges(s.Changes)
	if err != nil {
		return Verified{}, err
	}
	return Verified{Commit: c, Changes: changes, Hash: s.Hash()}, nil
}
