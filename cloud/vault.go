package cloud

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

// Vault is a chain of commits and the state that it leads to.
type Vault struct {
	ID      id.ID
	Account id.ID
	At      chain.Position
	Objects int // rows of the state table
}

// Envelope is a sealed object at one revision.
type Envelope struct {
	Object   id.ID
	Revision uint64
	Sealed   []byte
}

// ObjectRow is a row of the state table with its place in the tree.
type ObjectRow struct {
	chain.Row
	Leaf uint16
}

type vaultRows interface {
	InsertVault(Vault) error
	// Vault finds a vault of the account; another account's does not exist for it.
	Vault(account, vault id.ID) (Vault, error)
	Vaults(account id.ID) ([]Vault, error)
	// MoveHead stores a vault's new position and count if its seq is still from; otherwise ErrNone.
	MoveHead(v Vault, from uint64) error
	InsertCommit(vault id.ID, seq uint64, device, op id.ID, s chain.Signed) error
	Commit(vault id.ID, seq uint64) (chain.Signed, error)
	// HeadCommit returns the head of a vault of the account and its commit, which is empty for an empty vault.
	HeadCommit(account, vault id.ID) (chain.Head, chain.Signed, error)
	// LastCommitOf returns the seq of a device's last commit; 0 if it has none.
	LastCommitOf(vault, device id.ID) (seq uint64, err error)
	CommitByOp(vault, device, op id.ID) (seq uint64, s chain.Signed, err error)
	// Commits returns commits after seq in order, as many as limit and maxBytes allow and at least one if there is one.
	Commits(vault id.ID, after uint64, limit, maxBytes int) ([]chain.Signed, error)
	PutEnvelope(vault id.ID, e Envelope) error
	// DeleteEnvelope removes an object's envelope, if it has one, and returns its size.
	DeleteEnvelope(vault, object id.ID) (freed int64, err error)
	// EnvelopeSizes returns the size of the envelopes of objects together, as far as they have one.
	EnvelopeSizes(vault id.ID, objects []id.ID) (sum int64, err error)
	Envelope(vault, object id.ID) (Envelope, error)
	// ObjectsAfter returns at most limit rows in order of (leaf, object) after a place. leaf -1 begins; more tells whether rows are
	// left.
	ObjectsAfter(vault id.ID, leaf int, object id.ID, limit int) (rows []ObjectRow, more bool, err error)
}

// Vaults orders commits and keeps what they lead to.
type Vaults struct {
	*base
	logs   *logCache
	events *Events
	quota  int64 // bytes of envelopes and chunks of an account
}

// Push is one commit with the envelopes that it brings.
type Push struct {
	chain.Signed
	Envelopes []Envelope
}

// Push appends a commit to a vault, or returns the answer that it got before. Errors: ErrNotFound, *HeadMoved, ErrOpReused,
// ErrBadCommit, ErrRootMismatch, ErrDeviceUnlisted, ErrTooLarge, *QuotaExceeded.
func (v *Vaults) Push(ctx context.Context, c Caller, vault id.ID, p Push) (head chain.Head, err error) {
	commit, err := chain.ParseCommit(p.Commit)
	if err != nil {
		return chain.Head{}, badCommit(err)
	}
	if commit.Device != c.Device || len(p.Signature) > 128 {
		return chain.Head{}, badCommit(errors.New("commit of another device"))
	}
	err = v.store.Update(ctx, func(tx Tx) error {
		row, err := ownVault(tx, c, vault)
		if err != nil {
			return err
		}
		seq, before, err := tx.CommitByOp(vault, c.Device, commit.Op)
		if err == nil {
			head = chain.Head{Seq: seq, Hash: before.Hash()}
			return sameBytes(before, p.Signed)
		} else if !errors.Is(err, ErrNone) {
			return err
		}
		return v.logs.read(tx, c.Account, func(log *chain.Log) error {
			head, err = v.accept(tx, row, log, p)
			return err
		})
	})
	if err != nil {
		return chain.Head{}, err
	}
	v.events.publish(c.Account, Event{Vault: vault, Seq: head.Seq})
	return head, nil
}

func sameBytes(a, b chain.Signed) error {
	if bytes.Equal(a.Commit, b.Commit) && bytes.Equal(a.Changes, b.Changes) && bytes.Equal(a.Signature, b.Signature) {
		return nil
	}
	return ErrOpReused
}

// accept checks a commit that is new and makes it the head.
func (v *Vaults) accept(tx Tx, row Vault, log *chain.Log, p Push) (chain.Head, error) {
	verified, err := verify(row, log, p)
	if err != nil {
		return chain.Head{}, err
	}
	// They are sorted. Zeros say "none" wherever an object is named.
	if len(verified.Changes) > 0 && verified.Changes[0].Object.IsZero() {
		return chain.Head{}, badCommit(errors.New("object id of zeros"))
	}
	if err := matchEnvelopes(verified, p.Envelopes); err != nil {
		return chain.Head{}, err
	}
	added, root, err := applyChanges(tx, row.ID, verified.Changes)
	if err != nil {
		return chain.Head{}, err
	}
	if root != verified.Commit.Root {
		return chain.Head{}, ErrRootMismatch
	}
	if row.Objects += added; row.Objects > wire.MaxObjects {
		return chain.Head{}, fmt.Errorf("%w: %d objects", ErrTooLarge, row.Objects)
	}
	grown, err := storeEnvelopes(tx, row.ID, verified.Changes, p.Envelopes)
	if err != nil {
		return chain.Head{}, err
	}
	if err := grow(tx, row, grown, v.quota); err != nil {
		return chain.Head{}, err
	}
	from, c := row.At.Seq, verified.Commit
	if err := tx.InsertCommit(row.ID, c.Seq, c.Device, c.Op, p.Signed); err != nil {
		return chain.Head{}, fmt.Errorf("store commit: %w", err)
	}
	row.At = verified.Position()
	return row.At.Head, tx.MoveHead(row, from)
}

// verify is the protocol's check of a commit against the head and the account log as it is now.
func verify(row Vault, log *chain.Log, p Push) (chain.Verified, error) {
	verified, err := chain.Verify(p.Signed, row.ID, row.At, log)
	switch {
	case errors.Is(err, chain.ErrNotNext):
		return chain.Verified{}, &HeadMoved{Head: row.At.Head}
	case errors.Is(err, chain.ErrWriter):
		return chain.Verified{}, ErrDeviceUnlisted
	case err != nil:
		return chain.Verified{}, badCommit(err)
	}
	// The commit may name an older place in the log: the device has to be live at the newest.
	newest, _ := log.Head()
	if _, live := log.Writer(verified.Commit.Device, row.ID, verified.Commit.Seq, newest); !live {
		return chain.Verified{}, ErrDeviceUnlisted
	}
	// And its epoch has to be the newest: what is sealed under the key before is open to a device that was removed with it.
	if epoch, _ := log.Epoch(row.ID); epoch.Epoch != verified.Commit.Epoch {
		return chain.Verified{}, &LogMoved{Seq: newest}
	}
	return verified, nil
}

// matchEnvelopes demands exactly one envelope for every put, under its very hash and of the commit's epoch.
func matchEnvelopes(v chain.Verified, envelopes []Envelope) error {
	puts := map[id.ID]chain.Change{}
	for _, c := range v.Changes {
		if c.Action == chain.Put {
			puts[c.Object] = c
		}
	}
	total := 0
	for _, e := range envelopes {
		if total += len(e.Sealed); len(e.Sealed) > wire.MaxEnvelope || total > wire.MaxCommitBytes {
			return fmt.Errorf("%w: envelopes", ErrTooLarge)
		}
		put, named := puts[e.Object]
		if !named || e.Revision != put.New || chain.EnvelopeHash(e.Sealed) != put.EnvHash {
			return badCommit(fmt.Errorf("envelope of %s is not one of a change", e.Object))
		}
		if epoch, ok := envelopeEpoch(e.Sealed); !ok || epoch != v.Commit.Epoch {
			return badCommit(fmt.Errorf("envelope of %s is of another epoch", e.Object))
		}
		delete(puts, e.Object)
	}
	if len(puts) > 0 {
		return badCommit(fmt.Errorf("%d envelopes are missing", len(puts)))
	}
	return nil
}

// envelopeEpoch reads the epoch in an envelope's header (docs/protocol.md §4): all that the server can see of how it is sealed.
func envelopeEpoch(sealed []byte) (epoch uint32, ok bool) {
	const start = "CFE1\x01\x02" // magic, suite, purpose "object"
	if len(sealed) < len(start)+4 || string(sealed[:len(start)]) != start {
		return 0, false
	}
	return binary.BigEndian.Uint32(sealed[len(start):]), true
}

// storeEnvelopes keeps the current envelope of each object and returns by how many bytes the vault grew. What an envelope replaces is
// gone, and with a deleted attachment its chunks.
func storeEnvelopes(tx Tx, vault id.ID, changes []chain.Change, envelopes []Envelope) (grown int64, err error) {
	var replaced []id.ID
	for _, c := range changes {
		switch {
		case c.Action == chain.Tombstone:
			freed, err := bury(tx, vault, c.Object)
			if err != nil {
				return 0, err
			}
			grown -= freed
		case c.Old > 0:
			replaced = append(replaced, c.Object)
		}
	}
	freed, err := tx.EnvelopeSizes(vault, replaced)
	if err != nil {
		return 0, fmt.Errorf("size of envelopes: %w", err)
	}
	grown -= freed
	for _, e := range envelopes {
		if err := tx.PutEnvelope(vault, e); err != nil {
			return 0, err
		}
		grown += int64(len(e.Sealed))
	}
	return grown, nil
}

// bury removes what a tombstone ends, and returns its size.
func bury(tx Tx, vault, object id.ID) (freed int64, err error) {
	chunks, err := tx.DeleteAttachment(vault, object)
	if err != nil {
		return 0, fmt.Errorf("delete chunks: %w", err)
	}
	envelope, err := tx.DeleteEnvelope(vault, object)
	return chunks + envelope, err
}

func badCommit(cause error) error { return fmt.Errorf("%w: %w", ErrBadCommit, cause) }

// ownVault finds a vault of the caller.
func ownVault(tx Tx, c Caller, vault id.ID) (Vault, error) {
	row, err := tx.Vault(c.Account, vault)
	if errors.Is(err, ErrNone) {
		return Vault{}, ErrNotFound
	}
	return row, err
}
