package cloud

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

// List returns the caller's vaults.
func (v *Vaults) List(ctx context.Context, c Caller) (vaults []Vault, err error) {
	err = v.store.View(ctx, func(tx Tx) (err error) {
		vaults, err = tx.Vaults(c.Account)
		return err
	})
	return vaults, err
}

// read runs do on a snapshot of a vault of the caller.
func (v *Vaults) read(ctx context.Context, c Caller, vault id.ID, do func(Tx, Vault) error) error {
	return v.store.View(ctx, func(tx Tx) error {
		row, err := ownVault(tx, c, vault)
		if err != nil {
			return err
		}
		return do(tx, row)
	})
}

// Head returns a vault's head and its commit; nil for an empty vault. Errors: ErrNotFound.
func (v *Vaults) Head(ctx context.Context, c Caller, vault id.ID) (head chain.Head, commit *chain.Signed, err error) {
	var s chain.Signed
	err = v.store.Glance(ctx, func(tx Tx) (err error) {
		head, s, err = tx.HeadCommit(c.Account, vault)
		return err
	})
	switch {
	case errors.Is(err, ErrNone):
		return chain.Head{}, nil, ErrNotFound
	case err != nil || head.Seq == 0:
		return head, nil, err
	case s.Commit == nil:
		return chain.Head{}, nil, fmt.Errorf("vault %s has no commit %d", vault, head.Seq)
	}
	return head, &s, nil
}

// Changes is a page of commits, with current envelopes of the objects that they name as far as they fit. Head is the vault's, Log the
// account log's.
type Changes struct {
	Head, Log chain.Head
	Commits   []chain.Signed
	Envelopes []Envelope
	More      bool
}

// Changes returns a page of what came after seq. Errors: ErrNotFound.
func (v *Vaults) Changes(ctx context.Context, c Caller, vault id.ID, since uint64) (out Changes, err error) {
	err = v.read(ctx, c, vault, func(tx Tx, row Vault) (err error) {
		out.Head = row.At.Head
		if out.Log, err = logHead(tx, c.Account); err != nil {
			return err
		}
		if out.Commits, err = tx.Commits(vault, since, wire.PageCommits, wire.PageEnvelopeBytes); err != nil {
			return err
		}
		out.More = since+uint64(len(out.Commits)) < row.At.Seq
		objects, err := changedObjects(out.Commits)
		if err != nil {
			return err
		}
		out.Envelopes, err = envelopes(tx, vault, objects)
		return err
	})
	return out, err
}

// changedObjects names each object that the commits leave alive once, newest first: what a later page would repeat is the first that
// does not fit.
func changedObjects(commits []chain.Signed) ([]id.ID, error) {
	seen := map[id.ID]bool{}
	var objects []id.ID
	for i := len(commits) - 1; i >= 0; i-- {
		changes, err := chain.ParseChanges(commits[i].Changes)
		if err != nil {
			return nil, fmt.Errorf("stored change list: %w", err)
		}
		for _, c := range changes {
			if !seen[c.Object] && c.Action == chain.Put {
				objects = append(objects, c.Object)
			}
			seen[c.Object] = true
		}
	}
	return objects, nil
}

// envelopes returns the objects' current envelopes up to the limits of a page. Objects without one are left out.
func envelopes(tx Tx, vault id.ID, objects []id.ID) (found []Envelope, err error) {
	size := 0
	for _, object := range objects {
		if len(found) == wire.PageObjects || size >= wire.PageEnvelopeBytes {
			break
		}
		e, err := tx.Envelope(vault, object)
		if errors.Is(err, ErrNone) {
			continue
		} else if err != nil {
			return nil, err
		}
		found = append(found, e)
		size += len(e.Sealed)
	}
	return found, nil
}

// Fetch returns current envelopes of the objects, as far as they fit, each once. Errors: ErrNotFound, ErrTooLarge.
func (v *Vaults) Fetch(ctx context.Context, c Caller, vault id.ID, objects []id.ID) (found []Envelope, err error) {
	if len(objects) > wire.PageObjects {
		return nil, fmt.Errorf("%w: %d objects", ErrTooLarge, len(objects))
	}
	// Named a thousand times, one would be read and sent as often.
	slices.SortFunc(objects, func(a, b id.ID) int { return bytes.Compare(a[:], b[:]) })
	objects = slices.Compact(objects)
	err = v.read(ctx, c, vault, func(tx Tx, _ Vault) (err error) {
		found, err = envelopes(tx, vault, objects)
		return err
	})
	return found, err
}

// Objects returns a page of the state table in order of (leaf, object) after a cursor, empty at first; next is empty on the last
// page. Errors: ErrNotFound, ErrInvalid.
func (v *Vaults) Objects(ctx context.Context, c Caller, vault id.ID, after string) (rows []ObjectRow, next string, err error) {
	leaf, object, err := parseCursor(after)
	if err != nil {
		return nil, "", err
	}
	err = v.read(ctx, c, vault, func(tx Tx, _ Vault) (err error) {
		var more bool
		rows, more, err = tx.ObjectsAfter(vault, leaf, object, wire.PageRows)
		if more {
			last := rows[len(rows)-1]
			next = fmt.Sprintf("%04x%s", last.Leaf, last.Object)
		}
		return err
	})
	return rows, next, err
}

// parseCursor reads the leaf and the object of the last row, as Objects wrote them.
func parseCursor(text string) (leaf int, object id.ID, err error) {
	if text == "" {
		return -1, id.ID{}, nil
	}
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != 2+id.Size {
		return 0, id.ID{}, invalid("cursor")
	}
	return int(b[0])<<8 | int(b[1]), id.ID(b[2:]), nil
}
