package vault

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault/search"
)

// Found is an item as a backup has it, where the vault has it otherwise now.
type Found struct {
	Summary      // as it was
	Gone    bool // it was deleted since; else it was changed
}

// CompareBackup lists the items of a backup, an earlier copy of this vault's file, that were deleted or changed since: by title. What
// does not open there is left out. Errors: ErrClosed, the context's, and the stores'.
func (v *Vault) CompareBackup(ctx context.Context, backup Store) (found []Found, err error) {
	err = v.inBoth(ctx, backup, func(here, there Reader) error {
		return there.Objects(v.cfg.Vault, func(old Object) error {
			now, _, err := here.Object(v.cfg.Vault, old.ID)
			if err != nil {
				return err
			}
			if f, differs := v.compare(old, now); differs {
				found = append(found, f)
			}
			return ctx.Err()
		})
	})
	slices.SortFunc(found, func(a, b Found) int {
		return compareText(a.Title, b.Title)
	})
	return found, wrap("compare backup", err)
}

func compareText(a, b string) int {
	return slices.Compare([]byte(search.Fold(a)), []byte(search.Fold(b)))
}

// inBoth reads the vault and an earlier copy of it.
func (v *Vault) inBoth(ctx context.Context, backup Store, f func(here, there Reader) error) error {
	leave, err := v.begin()
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := v.untilClosed(ctx)
	defer cancel()
	err = v.cfg.Store.View(ctx, func(here Reader) error {
		return backup.View(ctx, func(there Reader) error { return f(here, there) })
	})
	return cause(ctx, err)
}

// compare opens an object of both only where their envelopes differ: few do.
func (v *Vault) compare(old, now Object) (Found, bool) {
	before, after := old.top(), now.top()
	if before == nil || before.State == Dead || after != nil && before.Hash == after.Hash {
		return Found{}, false
	}
	was, err := v.current(old)
	if err != nil {
		return Found{}, false
	}
	defer was.Wipe()
	it, err := v.current(now)
	defer it.Wipe()
	f := Found{Summary: summarize(&was), Gone: errors.Is(err, ErrNotFound)}
	shown := (&entry{Summary: f.Summary}).listed() && was.TrashedAt == 0
	return f, shown && (f.Gone || err == nil && !sameContent(&was, &it))
}

// sameContent compares what was typed, and not where the item is.
func sameContent(a, b *Item) bool {
	return maps.EqualFunc(a.replaceable(), b.replaceable(), func(x, y []byte) bool { return string(x) == string(y) })
}

// RestoreBackup makes items what they were in a backup, in one transaction, and returns how many. It is an edit like any other: what
// it replaces goes into the history, and what was deleted comes back with the history that it had. A folder that an item was in comes
// back with it, and so do its attachments. What does not open in the backup, or cannot be read there, is left out.
// Errors as for Save.
func (v *Vault) RestoreBackup(ctx context.Context, backup Store, items []id.ID) (restored int, err error) {
	err = v.edit(ctx, func(e *editing) error {
		return backup.View(ctx, func(there Reader) error {
			r := &restoring{editing: e, there: there}
			for _, item := range items {
				if err := r.restore(item); err != nil {
					return err
				}
			}
			restored = r.done
			return nil
		})
	})
	if err != nil {
		return 0, wrap("restore from backup", err)
	}
	return restored, nil
}

// restoring is a transaction that takes items over from a backup.
type restoring struct {
	*editing
	there Reader
	done  int
}

// was opens an object as the backup has it; false for one that it does not have, or that does not open.
func (r *restoring) was(object id.ID) (Item, bool, error) {
	old, found, err := r.there.Object(r.cfg.Vault, object)
	if errors.Is(err, ErrCorrupt) {
		return Item{}, false, nil
	}
	if err != nil || !found {
		return Item{}, false, err
	}
	was, err := r.current(old)
	if errors.Is(err, ErrClosed) {
		return Item{}, false, err
	}
	return was, err == nil && !was.ReadOnly, nil
}

func (r *restoring) restore(object id.ID) error {
	was, ok, err := r.was(object)
	if err != nil || !ok {
		return err
	}
	defer was.Wipe()
	if err := r.restoreFolder(was.Folder, 0); err != nil {
		return err
	}
	o, err := r.object(object)
	if err != nil {
		return err
	}
	it, err := r.current(o)
	if err != nil { // deleted since, or it does not open any more
		it = was.Clone()
	}
	it.takeContent(&was)
	it.TrashedAt = 0
	if err := r.restoreFiles(it.Attachments); err != nil {
		return err
	}
	saved, _, err := r.save(it)
	saved.Wipe()
	if err == nil {
		r.done++
	}
	return err
}

// takeContent makes the content of an item that of another one, of which it takes copies, and adds what is in that one's history alone:
// an edit that never left a damaged file has replaced values that nobody else has.
func (it *Item) takeContent(from *Item) {
	copied := from.Clone()
	it.Title, it.Values, it.Custom = copied.Title, copied.Values, copied.Custom
	it.Websites, it.Tags, it.Attachments = copied.Websites, copied.Tags, copied.Attachments
	if it.Folder.IsZero() {
		it.Folder = copied.Folder
	}
	it.PasswordSetAt = copied.PasswordSetAt
	known := byKey(it.History)
	for _, p := range copied.History {
		if _, here := known[pastKey(p)]; !here {
			it.History = append(it.History, p)
		}
	}
}

// restoreFiles brings attachments back that were deleted, under their ids. What is left of their chunks, here or at the server, is all
// that there is of the files.
func (r *restoring) restoreFiles(attachments []id.ID) error {
	for _, attachment := range attachments {
		o, err := r.object(attachment)
		if err != nil {
			return err
		}
		if there, err := r.current(o); !errors.Is(err, ErrNotFound) {
			there.Wipe()
			continue // it is there, or nothing can be said about it
		}
		was, ok, err := r.was(attachment)
		if err != nil {
			return err
		}
		if !ok || was.Kind != attachmentKind {
			continue
		}
		saved, _, err := r.save(was)
		saved.Wipe()
		if err != nil {
			return err
		}
	}
	return nil
}

// maxDepth bounds how far up folders are brought back: two may be in each other.
const maxDepth = 32

// restoreFolder brings a folder back that was deleted, and those that it was in.
func (r *restoring) restoreFolder(folder id.ID, depth int) error {
	if folder.IsZero() || depth == maxDepth {
		return nil
	}
	o, err := r.object(folder)
	if err != nil {
		return err
	}
	if there, err := r.current(o); !errors.Is(err, ErrNotFound) {
		there.Wipe()
		return nil // it is there, or nothing can be said about it
	}
	was, ok, err := r.was(folder)
	if err != nil || !ok || was.Kind != folderKind {
		return err
	}
	if err := r.restoreFolder(was.Folder, depth+1); err != nil {
		return err
	}
	saved, _, err := r.save(was)
	saved.Wipe()
	return err
}
