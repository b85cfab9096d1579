package vault

import (
	"context"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
)

// The methods that package sync/engine drives. It verifies commits and talks to the server; it never sees what is inside an object.

// errEnough ends an iteration early.
var errEnough = errors.New("enough")

// Pending returns edited objects as the next push would carry them, at most limit and, beyond the first, at most maxBytes of
// envelopes. The revision of each is one more than that of its base. An object whose base is not loaded yet is left out: it has
// to be merged first; so is an attachment that the server has never seen, until MarkUploaded says that it has its chunks.
func (v *Vault) Pending(ctx context.Context, limit, maxBytes int) ([]SentObject, error) {
	var pending []SentObject
	size := 0
	err := v.view(ctx, func(r Reader) error {
		return r.PendingObjects(v.cfg.Vault, func(o Object) error {
			if !o.pushable() || v.awaitsChunks(o) {
				return nil
			}
			size += len(o.Pending.Envelope)
			if len(pending) == limit || (len(pending) > 0 && size > maxBytes) {
				return errEnough
			}
			pending = append(pending, SentObject{Object: o.ID, Version: *o.Pending})
			return nil
		})
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, fmt.Errorf("read edits: %w", err)
	}
	return pending, nil
}

// pushable leaves out what no server would take: an edit of something older than the base, damaged bytes, a tombstone of nothing.
func (o *Object) pushable() bool {
	switch {
	case o.Pending.Revision != o.Base.Revision+1:
		return false
	case o.Pending.State == Dead:
		return o.Base.Revision != 0
	}
	return EnvelopeHash(o.Pending.Envelope) == o.Pending.Hash
}

// view is Store.View of an unlocked vault.
func (v *Vault) view(ctx context.Context, f func(Reader) error) error {
	leave, err := v.begin()
	if err != nil {
		return err
	}
	defer leave()
	return v.cfg.Store.View(ctx, f)
}

// StoreOutbox keeps a push before it is sent: its exact bytes, and the objects of Pending that it carries, on top of the head from. It
// replaces the one that was there, which must not arrive any more. ErrOvertaken if the pin is elsewhere. ErrOutbox if one of the objects is gone since Pending: a new item
// that was deleted at once must not reach the server.
func (v *Vault) StoreOutbox(ctx context.Context, from Head, entry OutboxEntry) error {
	return wrap("store push", v.update(ctx, func(e *editing) error {
		if err := e.stillAt(from); err != nil {
			return err
		}
		if err := e.dropOutbox(); err != nil {
			return err
		}
		if err := e.stillThere(entry.Objects); err != nil {
			return err
		}
		return e.tx.SetOutbox(e.cfg.Vault, &entry)
	}))
}

// Outbox returns the push in flight, as StoreOutbox kept it; false if there is none.
func (v *Vault) Outbox(ctx context.Context) (entry OutboxEntry, found bool, err error) {
	err = v.view(ctx, func(r Reader) error {
		entry, found, err = r.Outbox(v.cfg.Vault)
		return err
	})
	return entry, found, wrap("read push", err)
}

// stillThere looks for what only this push would make known: what the server knows already is never removed, but becomes a tombstone.
func (e *editing) stillThere(objects []SentObject) error {
	for _, sent := range objects {
		if sent.Revision > 1 {
			continue
		}
		if _, found, err := e.tx.Object(e.cfg.Vault, sent.Object); err != nil || !found {
			return errors.Join(err, ErrOutbox)
		}
	}
	return nil
}

// dropOutbox forgets the push in flight. An object that only it would have made known to the server, and that was deleted since,
// is forgotten too.
func (e *editing) dropOutbox() error {
	entry, found, err := e.tx.Outbox(e.cfg.Vault)
	if err != nil || !found {
		return err
	}
	if err := e.tx.SetOutbox(e.cfg.Vault, nil); err != nil {
		return err
	}
	for _, sent := range entry.Objects {
		o, err := e.object(sent.Object)
		if err != nil {
			return err
		}
		if o.Base.Revision == 0 && o.Pending != nil && o.Pending.State == Dead {
			if err := e.tx.Remove(e.cfg.Vault, o.ID); err != nil {
				return err
			}
			e.changes[o.ID] = nil
		}
	}
	return nil
}

// ApplyPush makes an accepted push the base of its objects and moves the pin to its commit, whose change list is changes. What was
// edited meanwhile stays pending, on the new base. ErrOutbox if op is not the push in flight.
func (v *Vault) ApplyPush(ctx context.Context, op id.ID, pin Pin, changes []byte) error {
	return wrap("apply push", v.update(ctx, func(e *editing) error {
		if err := e.acknowledge(op); err != nil {
			return err
		}
		return e.move(pin, []Passed{{Seq: pin.Seq, Commit: pin.Commit, Changes: changes}})
	}))
}

func (e *editing) acknowledge(op id.ID) error {
	entry, found, err := e.tx.Outbox(e.cfg.Vault)
	if err != nil {
		return err
	}
	if !found || entry.Op != op {
		return ErrOutbox
	}
	for _, sent := range entry.Objects {
		if err := e.acknowledgeObject(sent); err != nil {
			return err
		}
	}
	return e.tx.SetOutbox(e.cfg.Vault, nil)
}

func (e *editing) acknowledgeObject(sent SentObject) error {
	o, err := e.object(sent.Object)
	if err != nil {
		return err
	}
	o.Base, o.Ancestor = sent.Version, nil
	e.MarkUploaded(o.ID, false) // it is known now
	if o.Pending != nil {
		if o.Pending, err = e.rebase(o.ID, *o.Pending, sent.Version); err != nil {
			return err
		}
	}
	e.same = append(e.same, o.ID) // the user sees what he saw before
	return e.tx.Put(e.cfg.Vault, o)
}

// rebase moves an edit that was made after base onto it; nil if base is that very edit.
func (e *editing) rebase(object id.ID, pending, base Version) (*Version, error) {
	if pending.State == base.State && pending.Hash == base.Hash {
		return nil, nil
	}
	if pending.State == Dead {
		pending.Revision = base.Revision + 1
		return &pending, nil
	}
	it, err := e.openVersion(object, pending)
	if errors.Is(err, ErrClosed) {
		return nil, err
	}
	if err != nil {
		return &pending, nil // damaged: it stays as it is, and is never pushed
	}
	defer it.Wipe()
	moved, err := e.sealPlaintext(object, base.Revision+1, it.seen.Reveal())
	return &moved, err
}

// State yields the vault's state table as last synced, in order of id, and returns the pin that it belongs to: both as of one moment,
// since another program may move them.
func (v *Vault) State(ctx context.Context, yield func(Row) error) (pin Pin, err error) {
	err = v.view(ctx, func(r Reader) error {
		if pin, err = r.Pin(v.cfg.Vault); err != nil {
			return err
		}
		return r.Rows(v.cfg.Vault, yield)
	})
	return pin, wrap("read state", err)
}

// Missing returns the rows whose envelopes have to be fetched: not loaded yet, or damaged here. ApplyPull takes them without a Pin.
func (v *Vault) Missing(ctx context.Context) ([]Row, error) {
	var rows []Row
	err := v.view(ctx, func(r Reader) error {
		return r.Missing(v.cfg.Vault, func(row Row) error {
			rows = append(rows, row)
			return nil
		})
	})
	return rows, wrap("read state", err)
}

// History returns the pin and the commits that led to it, the newest first, as many as are remembered; both as of one moment.
func (v *Vault) History(ctx context.Context) (pin Pin, all []Passed, err error) {
	err = v.view(ctx, func(r Reader) error {
		if pin, err = r.Pin(v.cfg.Vault); err != nil {
			return err
		}
		return r.Passed(v.cfg.Vault, func(p Passed) error {
			all = append(all, p)
			return nil
		})
	})
	return pin, all, wrap("read history", err)
}

// Pin returns how far the vault's chain is verified.
func (v *Vault) Pin(ctx context.Context) (pin Pin, err error) {
	err = v.view(ctx, func(r Reader) error {
		pin, err = r.Pin(v.cfg.Vault)
		return err
	})
	return pin, wrap("read pin", err)
}
