package vault

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// editing is one transaction of the store, with what it changes in the index.
type editing struct {
	*Vault
	tx      Tx
	changes map[id.ID]*entry // nil: deleted
	imports bool             // the items bring the dates of their passwords
	same    []id.ID          // written, but shown as before
	all     bool             // so much that the index is made anew from the store
}

// update runs f in one transaction, then brings the index up to date and tells the subscribers. When it returns nil, what f did
// is on disk. Close waits for it: a save that has begun is not given up.
func (v *Vault) update(ctx context.Context, f func(*editing) error) error {
	leave, err := v.begin()
	if err != nil {
		return err
	}
	v.writing.Lock()
	change, err := v.commit(ctx, f)
	v.writing.Unlock()
	leave()
	if err == nil {
		v.notify(change)
	}
	return err
}

func (v *Vault) commit(ctx context.Context, f func(*editing) error) (Change, error) {
	e := &editing{Vault: v, changes: make(map[id.ID]*entry)}
	var before, after uint64
	err := v.cfg.Store.Update(ctx, func(tx Tx) (err error) {
		e.tx = tx
		if before, err = tx.Changed(v.cfg.Vault); err != nil {
			return err
		}
		if err = f(e); err != nil {
			return err
		}
		after, err = tx.Changed(v.cfg.Vault)
		return err
	})
	if err != nil {
		return Change{}, err
	}
	deleted := e.deletedFiles()
	if before != v.changed || e.all {
		v.dropChunks(deleted)
		// Another process wrote since the index was made, or f so much. If reading that fails, Refresh will find the index stale again.
		if _, err := v.reload(ctx, nil); err == nil {
			return Change{All: true}, nil
		}
		after = v.changed
	}
	v.dropChunks(deleted)
	v.apply(e.changes, after, e.same...)
	return Change{Objects: slices.Collect(maps.Keys(e.changes))}, nil
}

// apply brings the index up to date. The store has forgotten the segments of the same objects too.
func (v *Vault) apply(changes map[id.ID]*entry, changed uint64, same ...id.ID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return
	}
	v.changed = changed
	for object := range changes {
		v.unwritten[object[0]] = true
	}
	for _, object := range same {
		v.unwritten[object[0]] = true
	}
	v.index.apply(changes)
	v.askForWords()
	for _, after := range changes {
		if after != nil && after.Kind == attachmentKind {
			v.fileNews.Add(1)
		}
	}
	v.stir()
}

// object reads an object; of an unknown id it is one that was never stored.
func (e *editing) object(object id.ID) (Object, error) {
	o, found, err := e.tx.Object(e.cfg.Vault, object)
	if err == nil && !found {
		o = Object{ID: object}
	}
	return o, err
}

// put writes an object; entry is what it becomes in the index, nil for a deleted one.
func (e *editing) put(o Object, entry *entry) error {
	if err := e.tx.Put(e.cfg.Vault, o); err != nil {
		return err
	}
	e.changes[o.ID] = entry
	return nil
}

// next is the revision that a pending version gets: one more than what it is made from.
func (o *Object) next() uint64 {
	if o.Ancestor != nil {
		return o.Ancestor.Revision + 1
	}
	return o.Base.Revision + 1
}

// write makes an item the pending version of an object, and its encoding the base of a later save.
func (e *editing) write(o Object, it *Item) (Version, error) {
	plaintext, err := encode(it)
	if err != nil {
		return Version{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	it.seen = secret.New(plaintext)
	pending, err := e.sealPlaintext(it.ID, o.next(), plaintext)
	if err != nil {
		return Version{}, err
	}
	if err := e.keepDamagedPending(o); err != nil {
		return Version{}, err
	}
	o.Pending = &pending
	return pending, e.put(o, newEntry(it))
}

// keepDamagedPending sets an edit aside that does not open, before another takes its place.
func (e *editing) keepDamagedPending(o Object) error {
	if o.Pending == nil || o.Pending.State == Dead {
		return nil
	}
	if it, err := e.openVersion(o.ID, *o.Pending); err == nil {
		it.Wipe()
		return nil
	}
	return e.tx.SetAside(e.cfg.Vault, o.ID, *o.Pending)
}

// delete removes an object for good: one that the server may know gets a pending tombstone.
func (e *editing) delete(o Object) error {
	if err := e.keepDamagedPending(o); err != nil {
		return err
	}
	if o.Base.Revision == 0 {
		_, sent, err := e.tx.Sent(e.cfg.Vault, o.ID)
		if err != nil {
			return err
		}
		if !sent {
			e.changes[o.ID] = nil
			return e.tx.Remove(e.cfg.Vault, o.ID)
		}
	}
	o.Pending = &Version{Revision: o.next(), State: Dead}
	return e.put(o, nil)
}
