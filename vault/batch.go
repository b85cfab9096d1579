package vault

import (
	"context"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
)

func (e *editing) batch(ctx context.Context, b *batching) error {
	e.imports = true
	undo := make([]Undo, 0, len(b.items)+len(b.objects))
	for i, it := range b.items {
		if err := ctx.Err(); err != nil {
			return err
		}
		if it.ID.IsZero() {
			it.Origin.Batch = b.id
		}
		edited, err := prepare(it)
		if err != nil {
			return fmt.Errorf("item %d: %w", i, err)
		}
		edited.Attachments = append(edited.Attachments, b.named[i]...)
		saved, u, err := e.save(edited)
		if err != nil {
			return fmt.Errorf("item %d: %w", i, err)
		}
		saved.Wipe()
		if u.Made != [32]byte{} {
			undo = append(undo, u)
		}
		b.at.Items = i + 1
		b.report()
	}
	for i := range b.objects {
		made, err := e.write(Object{ID: b.objects[i].ID}, &b.objects[i])
		if err != nil {
			return err
		}
		undo = append(undo, Undo{Object: b.objects[i].ID, Made: made.Hash})
	}
	return e.tx.SetUndo(e.cfg.Vault, b.id, undo)
}

// top is the version that the user sees; nil if there is none.
func (o *Object) top() *Version {
	switch {
	case o.Pending != nil:
		return o.Pending
	case o.Base.Revision != 0:
		return &o.Base
	}
	return nil
}

// Undone counts what became of the items of an import.
type Undone struct {
	Removed  int // they were new
	Restored int // they are again as they were before
	Kept     int // they were changed since the import, and stay
}

// UndoBatch takes an import back, in one transaction. Items that were changed since are left alone. Only the device that made the
// import can undo it. Errors: ErrNotFound for an unknown batch, ErrClosed, and the Store's.
func (v *Vault) UndoBatch(ctx context.Context, batch id.ID) (done Undone, err error) {
	err = v.edit(ctx, func(e *editing) error {
		entries, err := e.tx.Undo(e.cfg.Vault, batch)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return ErrNotFound
		}
		if done, err = e.undoAll(entries); err != nil {
			return err
		}
		return e.tx.SetUndo(e.cfg.Vault, batch, nil)
	})
	return done, wrap("undo import", err)
}

func (e *editing) undo(u Undo, done *Undone) error {
	o, err := e.object(u.Object)
	if err != nil {
		return err
	}
	if o.changedSince(u) {
		done.Kept++
		return nil
	}
	if u.Before == nil || u.Before.State == Dead {
		done.Removed++
		return e.delete(o)
	}
	before, err := e.openVersion(u.Object, *u.Before)
	if err != nil {
		done.Kept++
		return nil
	}
	defer before.Wipe()
	pending, err := e.sealPlaintext(o.ID, o.next(), before.seen.Reveal())
	if err != nil {
		return err
	}
	o.Pending = &pending
	done.Restored++
	return e.put(o, newEntry(&before))
}
