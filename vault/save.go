package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
)

// Get opens an item. It belongs to the caller, who wipes it when done and can save it after editing.
// Errors: ErrNotFound, ErrMissing, ErrUnreadable, ErrClosed, and the Store's.
func (v *Vault) Get(ctx context.Context, item id.ID) (it Item, err error) {
	leave, err := v.begin()
	if err != nil {
		return Item{}, err
	}
	defer leave()
	err = v.cfg.Store.View(ctx, func(r Reader) error {
		o, found, err := r.Object(v.cfg.Vault, item)
		if err != nil {
			return err
		}
		if !found {
			return ErrNotFound
		}
		it, err = v.current(o)
		return err
	})
	if err != nil {
		return Item{}, fmt.Errorf("open item: %w", err)
	}
	return it, nil
}

// Save stores a new item (ID zero) or an edited one, and returns it as it is now, which belongs to the caller like one from Get.
// When Save returns nil, the item is on disk. The history gets what was replaced.
//
// An item that changed since it was read is merged, and one that was deleted comes back. Where merging is impossible, because what
// is stored now does not open or is of a newer version, the edit becomes an item of its own: the ID returned is then a new one.
//
// Errors: ErrInvalid, ErrTooLarge, ErrNewerItem, ErrClosed, and the Store's.
func (v *Vault) Save(ctx context.Context, it Item) (saved Item, err error) {
	edited, err := prepare(it)
	if err != nil {
		return Item{}, fmt.Errorf("save item: %w", err)
	}
	err = v.edit(ctx, func(e *editing) error {
		saved, _, err = e.save(edited.Clone())
		return err
	})
	edited.Wipe()
	if err != nil {
		return Item{}, fmt.Errorf("save item: %w", err)
	}
	return saved, nil
}

// prepare checks an item and returns a copy that is ready to be stored.
func prepare(it Item) (Item, error) {
	if it.ReadOnly {
		return Item{}, ErrNewerItem
	}
	if it.Kind == "" {
		return Item{}, fmt.Errorf("%w: no kind", ErrInvalid)
	}
	it = it.Clone()
	if it.ID.IsZero() {
		it.ID = id.New()
		it.forgetFiles()
	}
	seen := make(map[id.ID]bool, len(it.Custom))
	for i := range it.Custom {
		c := &it.Custom[i]
		if c.ID.IsZero() {
			c.ID = id.New()
		}
		if c.Type == "" {
			c.Type = Text
		}
		if seen[c.ID] {
			return Item{}, fmt.Errorf("%w: two custom fields with one id", ErrInvalid)
		}
		seen[c.ID] = true
	}
	return it, nil
}

// save takes ownership of the item. It returns the item as it is now, and what was written, for an undo: nothing if the edit
// changed nothing.
func (e *editing) save(it Item) (Item, Undo, error) {
	o, err := e.object(it.ID)
	if err != nil {
		return Item{}, Undo{}, err
	}
	now, err := e.current(o)
	base := it.base()
	switch {
	case errors.Is(err, ErrNotFound): // new, or deleted since
	case errors.Is(err, ErrMissing), errors.Is(err, ErrUnreadable), err == nil && now.ReadOnly:
		it.ID = id.New()
		o = Object{ID: it.ID}
		if err := e.ownFiles(&it); err != nil {
			return Item{}, Undo{}, err
		}
	case err != nil:
		return Item{}, Undo{}, err
	default:
		if base == nil || it.seen.Equal(now.seen) {
			base = &now
		}
		if same(&it, base) {
			return now, Undo{}, nil
		}
	}
	defer now.Wipe()
	if base != nil {
		defer base.Wipe()
		if err != nil || now.ReadOnly {
			base.Attachments = it.Attachments // a copy, or an item of its own: they are not an edit of it
		}
	}
	e.stamp(&it, base)
	if err == nil && !now.ReadOnly && base != &now {
		it = Merge(base, &now, &it, e.cfg.Device)
	}
	before := o.top()
	made, err := e.write(o, &it)
	return it, Undo{Object: it.ID, Made: made.Hash, Before: before}, err
}

// base is the item as it was read; nil for one that was not.
func (it *Item) base() *Item {
	if it.seen.IsZero() {
		return nil
	}
	base, err := decode(it.ID, it.seen.Reveal())
	if err != nil {
		return nil
	}
	return &base
}

// same tells whether an edit changed nothing.
func same(after, before *Item) bool {
	copied := *after
	copied.UpdatedAt, copied.CreatedAt = before.UpdatedAt, before.CreatedAt
	a, errA := encode(&copied)
	b, errB := encode(before)
	defer clear(a)
	defer clear(b)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// stamp sets the times of an edit and keeps what it replaced in before, which is nil for a new item.
func (e *editing) stamp(it, before *Item) {
	now := e.nowMillis()
	if it.CreatedAt == 0 {
		it.CreatedAt = now
	}
	if before == nil {
		// An import knows when an item was last changed.
		if it.UpdatedAt == 0 {
			it.UpdatedAt = now
		}
		before = new(Item)
	} else {
		it.UpdatedAt = now
		it.recordReplaced(before, now, e.cfg.Device)
	}
	switch {
	case it.Value(Password).Equal(before.Value(Password)):
	case e.imports:
		it.newPassword()
	default:
		it.datePassword(now)
	}
}

// datePassword says when the present password was set; no password has no date.
func (it *Item) datePassword(at int64) {
	it.newPassword()
	if it.PasswordSetAt = at; it.Value(Password).IsZero() {
		it.PasswordSetAt = 0
	}
}

// modify changes several items in one transaction. Those that are gone are left out; ErrNotFound if all are.
func (v *Vault) modify(ctx context.Context, items []id.ID, change func(*Item) error) error {
	return v.edit(ctx, func(e *editing) error {
		done := 0
		for _, item := range items {
			err := e.modify(item, change)
			if err == nil {
				done++
			} else if !errors.Is(err, ErrNotFound) {
				return err
			}
		}
		if done == 0 && len(items) > 0 {
			return ErrNotFound
		}
		return nil
	})
}

func (e *editing) modify(item id.ID, change func(*Item) error) error {
	o, err := e.object(item)
	if err != nil {
		return err
	}
	before, err := e.current(o)
	if err != nil {
		return err
	}
	defer before.Wipe()
	if before.ReadOnly {
		return ErrNewerItem
	}
	after := before.Clone()
	defer after.Wipe()
	if err := change(&after); err != nil {
		return err
	}
	if same(&after, &before) {
		return nil
	}
	after.recordReplaced(&before, e.nowMillis(), e.cfg.Device)
	_, err = e.write(o, &after)
	return err
}

// SetFavorite marks items as favorites or not. Errors as for Save, and ErrNotFound.
func (v *Vault) SetFavorite(ctx context.Context, favorite bool, items ...id.ID) error {
	return wrap("set favorite", v.modify(ctx, items, func(it *Item) error {
		it.Favorite = favorite
		return nil
	}))
}

// Move puts items into a folder; the zero id takes them out. Errors as for Save, and ErrNotFound.
func (v *Vault) Move(ctx context.Context, folder id.ID, items ...id.ID) error {
	return wrap("move", v.modify(ctx, items, func(it *Item) error {
		it.Folder = folder
		return nil
	}))
}

// Trash moves items to the trash. Errors as for Save, and ErrNotFound.
func (v *Vault) Trash(ctx context.Context, items ...id.ID) error {
	return wrap("trash", v.modify(ctx, items, func(it *Item) error {
		if it.TrashedAt == 0 {
			it.TrashedAt = v.nowMillis()
		}
		return nil
	}))
}

// Archive puts items into the archive, or takes them out. Errors as for Save, and ErrNotFound.
func (v *Vault) Archive(ctx context.Context, archive bool, items ...id.ID) error {
	return wrap("archive", v.modify(ctx, items, func(it *Item) error {
		switch {
		case !archive:
			it.ArchivedAt = 0
		case it.ArchivedAt == 0:
			it.ArchivedAt = v.nowMillis()
		}
		return nil
	}))
}

// Restore takes items out of the trash. Errors as for Save, and ErrNotFound.
func (v *Vault) Restore(ctx context.Context, items ...id.ID) error {
	return wrap("restore", v.modify(ctx, items, func(it *Item) error {
		it.TrashedAt = 0
		return nil
	}))
}

// DeleteForever deletes items with all their files, also unreadable ones, whether they are in the trash or not. Errors: ErrClosed and
// the Store's.
func (v *Vault) DeleteForever(ctx context.Context, items ...id.ID) error {
	return wrap("delete", v.edit(ctx, func(e *editing) error {
		for _, item := range items {
			o, found, err := e.tx.Object(e.cfg.Vault, item)
			if err != nil {
				return err
			}
			if found && !o.gone() {
				if err := e.deleteWithFiles(o); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

// gone tells whether the object is deleted already.
func (o *Object) gone() bool {
	if o.Pending != nil {
		return o.Pending.State == Dead
	}
	return o.Base.State == Dead
}

// EmptyTrash deletes what the list of the trash shows for good, and returns how many items that were. What was taken out of the
// trash by another process meanwhile stays. Errors: ErrClosed and the Store's.
func (v *Vault) EmptyTrash(ctx context.Context) (deleted int, err error) {
	shown := v.Query(Filter{Trash: true})
	items := make([]id.ID, len(shown))
	for i, s := range shown {
		items[i] = s.ID
	}
	deleted, err = v.DeleteTrashed(ctx, items, nil)
	return deleted, wrap("empty trash", err)
}

func (v *Vault) isTrashed(o Object) bool {
	it, err := v.current(o)
	defer it.Wipe()
	return err == nil && it.TrashedAt != 0
}

// ResolveConflict settles one of an item's Conflicts: with take the field gets its value and the present one goes into the
// history, else the field stays as it is. Errors as for Save, and ErrNotFound for a conflict that was settled already.
func (v *Vault) ResolveConflict(ctx context.Context, item id.ID, conflict Past, take bool) error {
	return wrap("resolve conflict", v.modify(ctx, []id.ID{item}, func(it *Item) error {
		for i, p := range it.History {
			if p.Conflict && pastKey(p) == pastKey(conflict) {
				v.settle(it, i, take)
				return nil
			}
		}
		return ErrNotFound
	}))
}

func (v *Vault) settle(it *Item, i int, take bool) {
	it.History[i].Conflict = false
	if !take {
		return
	}
	chosen := it.History[i]
	it.revive(chosen.Field)
	it.setField(chosen.Field, chosen.Value.Reveal())
	if chosen.Field == ValueField(Password) {
		it.datePassword(chosen.Time)
	}
	it.UpdatedAt = v.nowMillis()
}

// wrap adds the operation to an error.
func wrap(operation string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", operation, err)
}
