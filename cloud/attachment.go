package cloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

// A client sends a file's chunks before it commits the object that names them. How long they wait for it is counted from the last chunk,
// or from the last time that somebody asked which are here: who has heard that all are has time to commit. It is written anew once a day.
const (
	chunkPatience = 7 * 24 * time.Hour
	patienceStep  = 24 * time.Hour
)

// smallestEnvelope has the least padded plaintext (docs/protocol.md §4).
const smallestEnvelope = 50 + 32 + 64 + 16

// Attachment is a file of which the server has chunks.
type Attachment struct {
	ID      id.ID
	Count   int   // of its chunks, when all are here
	Expires int64 // when the chunks go if no object names them; 0 once one does
}

// Chunk is one part of a file, sealed.
type Chunk struct {
	Attachment   id.ID
	Index, Count int
	Sealed       []byte
}

type attachmentRows interface {
	PutAttachment(vault id.ID, a Attachment) error
	Attachment(vault, attachment id.ID) (Attachment, error)
	// ExpiredAttachment returns one that expires at now or before.
	ExpiredAttachment(now int64) (vault id.ID, a Attachment, err error)
	// DeleteAttachment removes an attachment, if there is one, and returns how many bytes its chunks had.
	DeleteAttachment(vault, attachment id.ID) (freed int64, err error)
	InsertChunk(vault id.ID, c Chunk) error
	Chunk(vault, attachment id.ID, index int) (sealed []byte, err error)
	// ChunkIndexes returns which chunks are here, in order.
	ChunkIndexes(vault, attachment id.ID) ([]int, error)
}

// PutChunk keeps a chunk. The same again succeeds. Errors: ErrNotFound, ErrInvalid, ErrTooLarge, ErrTaken if the place has other bytes or
// the attachment another count, ErrDeviceUnlisted, *QuotaExceeded.
func (v *Vaults) PutChunk(ctx context.Context, c Caller, vault id.ID, chunk Chunk) error {
	if err := chunk.check(); err != nil {
		return err
	}
	return v.store.Update(ctx, func(tx Tx) error {
		row, err := ownVault(tx, c, vault)
		if err != nil {
			return err
		}
		if _, err := ownListed(tx, c); err != nil {
			return err
		}
		if known, err := isKnown(tx, vault, chunk); known || err != nil {
			return err
		}
		if err := grow(tx, row, int64(len(chunk.Sealed)), v.quota); err != nil {
			return err
		}
		expires := v.time() + millis(chunkPatience)
		if err := tx.PutAttachment(vault, Attachment{ID: chunk.Attachment, Count: chunk.Count, Expires: expires}); err != nil {
			return fmt.Errorf("store attachment: %w", err)
		}
		return tx.InsertChunk(vault, chunk)
	})
}

// check is all that the server can see of a chunk without its neighbours (docs/protocol.md §4).
func (c Chunk) check() error {
	header := append([]byte("CFE1\x01\x03\x00\x00\x00\x00"), c.Attachment[:]...) // magic, suite, purpose "chunk", epoch 0, key id
	switch {
	case c.Attachment.IsZero():
		return invalid("attachment id")
	case c.Count < 1 || c.Count > wire.MaxChunks || c.Index < 0 || c.Index >= c.Count:
		return invalid("chunk %d of %d", c.Index, c.Count)
	case len(c.Sealed) > wire.MaxEnvelope:
		return fmt.Errorf("%w: chunk", ErrTooLarge)
	case len(c.Sealed) < smallestEnvelope || !bytes.HasPrefix(c.Sealed, header):
		return invalid("not an envelope of a chunk of this attachment")
	}
	return nil
}

// isKnown tells whether the chunk is here already. Errors: ErrTaken.
func isKnown(tx Tx, vault id.ID, c Chunk) (bool, error) {
	a, err := tx.Attachment(vault, c.Attachment)
	if errors.Is(err, ErrNone) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	if a.Count != c.Count {
		return false, ErrTaken
	}
	sealed, err := tx.Chunk(vault, c.Attachment, c.Index)
	if errors.Is(err, ErrNone) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	if !bytes.Equal(sealed, c.Sealed) {
		return false, ErrTaken
	}
	return true, nil
}

// Chunk returns one chunk. Errors: ErrNotFound.
func (v *Vaults) Chunk(ctx context.Context, c Caller, vault, attachment id.ID, index int) (sealed []byte, err error) {
	err = v.read(ctx, c, vault, func(tx Tx, _ Vault) (err error) {
		sealed, err = tx.Chunk(vault, attachment, index)
		if errors.Is(err, ErrNone) {
			return ErrNotFound
		}
		return err
	})
	return sealed, err
}

// Chunks returns of how many chunks an attachment is, and which are here, in order; 0 and none if there are none. Errors: ErrNotFound.
func (v *Vaults) Chunks(ctx context.Context, c Caller, vault, attachment id.ID) (count int, present []int, err error) {
	var a Attachment
	err = v.read(ctx, c, vault, func(tx Tx, _ Vault) (err error) {
		a, err = tx.Attachment(vault, attachment)
		if errors.Is(err, ErrNone) {
			return nil
		} else if err != nil {
			return err
		}
		present, err = tx.ChunkIndexes(vault, attachment)
		return err
	})
	if err != nil || a.Expires == 0 || a.Expires > v.time()+millis(chunkPatience-patienceStep) {
		return a.Count, present, err
	}
	return v.prolong(ctx, vault, attachment)
}

// prolong gives chunks that wait for their object more time, and returns what is here now.
func (v *Vaults) prolong(ctx context.Context, vault, attachment id.ID) (count int, present []int, err error) {
	err = v.store.Update(ctx, func(tx Tx) error {
		a, err := tx.Attachment(vault, attachment)
		if errors.Is(err, ErrNone) {
			return nil
		} else if err != nil {
			return err
		}
		if a.Expires != 0 {
			a.Expires = v.time() + millis(chunkPatience)
			if err := tx.PutAttachment(vault, a); err != nil {
				return err
			}
		}
		count = a.Count
		present, err = tx.ChunkIndexes(vault, attachment)
		return err
	})
	return count, present, err
}

// settleAttachment looks after one attachment whose time is over: where an object names it, it stays for good, else its chunks go.
// ErrNone if there is none.
func settleAttachment(tx Tx, now int64) error {
	vault, a, err := tx.ExpiredAttachment(now)
	if err != nil {
		return err
	}
	rows, err := tx.LeafRows(vault, chain.LeafOf(vault, a.ID))
	if err != nil {
		return fmt.Errorf("read leaf: %w", err)
	}
	if at := indexOf(rows, a.ID); at >= 0 && rows[at].State == chain.Live {
		a.Expires = 0
		return tx.PutAttachment(vault, a)
	}
	freed, err := tx.DeleteAttachment(vault, a.ID)
	if err != nil {
		return fmt.Errorf("delete attachment: %w", err)
	}
	return tx.AddBytes(vault, -freed)
}
