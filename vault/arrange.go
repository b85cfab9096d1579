package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/coffer-vault/coffer/crypto/id"
)

// Arrangement is what of an item can be changed for many at once: where it is and how it is marked. None of it is secret.
type Arrangement struct {
	Folder   id.ID
	Tags     []string
	Favorite bool

	ArchivedAt, TrashedAt int64 // Unix milliseconds; 0: it is not
}

// Rearrangement changes an arrangement; now is in Unix milliseconds.
type Rearrangement func(a *Arrangement, now int64)

// ToFolder puts an item into a folder, the zero id into none.
func ToFolder(folder id.ID) Rearrangement {
	return func(a *Arrangement, _ int64) { a.Folder = folder }
}

// AsFavorite marks an item as a favorite, or no longer.
func AsFavorite(favorite bool) Rearrangement {
	return func(a *Arrangement, _ int64) { a.Favorite = favorite }
}

// InArchive puts an item into the archive, or takes it out. One that is there already keeps its date.
func InArchive(archive bool) Rearrangement {
	return func(a *Arrangement, now int64) { a.ArchivedAt = since(archive, a.ArchivedAt, now) }
}

// InTrash puts an item into the trash, or takes it out. One that is there already keeps its date.
func InTrash(trash bool) Rearrangement {
	return func(a *Arrangement, now int64) { a.TrashedAt = since(trash, a.TrashedAt, now) }
}

func since(on bool, before, now int64) int64 {
	switch {
	case !on:
		return 0
	case before != 0:
		return before
	}
	return now
}

// WithTag adds a tag; one that an item has already changes nothing.
func WithTag(tag string) Rearrangement {
	return func(a *Arrangement, _ int64) {
		if !slices.Contains(a.Tags, tag) {
			a.Tags = append(a.Tags, tag)
		}
	}
}

// WithoutTag removes a tag.
func WithoutTag(tag string) Rearrangement {
	return func(a *Arrangement, _ int64) {
		a.Tags = slices.DeleteFunc(a.Tags, func(t string) bool { return t == tag })
	}
}

// RenamedTag gives a tag another name, in its place; an item that has both keeps the other one.
func RenamedTag(from, to string) Rearrangement {
	return func(a *Arrangement, now int64) {
		if slices.Contains(a.Tags, to) {
			WithoutTag(from)(a, now)
		} else if i := slices.Index(a.Tags, from); i >= 0 {
			a.Tags[i] = to
		}
	}
}

// Arranged is what Arrange did, for Rearrange to take back.
type Arranged struct {
	Changed int // items that are other than before
	// Left are items that stay as they are: they are gone, do not open, or were written by a newer version; of Rearrange also those of
	// which somebody has changed the same since.
	Left int
	Rest int // items that it did not come to, because it was stopped

	steps, rest []step // rest: what Rearrange did not come to
}

// Remaining is what a Rearrange that was stopped has still to take back.
func (d Arranged) Remaining() Arranged { return Arranged{Changed: len(d.rest), steps: d.rest} }

// step is what happened to one item.
type step struct {
	item          id.ID
	before, after Arrangement
}

// Arrange changes how items are arranged, so many at a time in one transaction: others can save between, and each part is on the disk when
// progress, which may be nil, is told of it. What the items contain, and when that was edited, stays as it is. An error, a context that
// ends or Close stops it; what was done by then stays and is returned beside the error. Errors as for Save; items that cannot be changed
// are counted and make none.
func (v *Vault) Arrange(ctx context.Context, items []id.ID, to Rearrangement, progress func(done, total int)) (done Arranged, err error) {
	now := v.nowMillis()
	done.Rest = len(items)
	err = v.inParts(ctx, len(items), progress, func(e *editing, at part) (func(), error) {
		var made Arranged
		for _, item := range items[at.from:at.to] {
			if err := made.note(e.arrange(ctx, item, func(a *Arrangement) { to(a, now) })); err != nil {
				return nil, err
			}
		}
		return func() { done.add(made, at) }, nil
	})
	return done, wrap("arrange items", err)
}

// Rearrange takes back what Arrange did. It is an edit like any other: of an item that this device or another one has arranged
// otherwise since, that stays, and the rest becomes as it was. What it returns takes it back again. Otherwise it is as Arrange.
func (v *Vault) Rearrange(ctx context.Context, undo Arranged, progress func(done, total int)) (done Arranged, err error) {
	done.Rest, done.rest = len(undo.steps), undo.steps
	err = v.inParts(ctx, len(undo.steps), progress, func(e *editing, at part) (func(), error) {
		var made Arranged
		for _, s := range undo.steps[at.from:at.to] {
			if err := made.takeBack(ctx, e, s); err != nil {
				return nil, err
			}
		}
		return func() {
			done.add(made, at)
			done.rest = undo.steps[at.to:]
		}, nil
	})
	return done, wrap("take back", err)
}

func (d *Arranged) takeBack(ctx context.Context, e *editing, s step) error {
	kept := false
	err := d.note(e.arrange(ctx, s.item, func(a *Arrangement) {
		*a = s.back(*a)
		kept = !s.undone(*a)
	}))
	if kept {
		d.Left++
	}
	return err
}

// add puts what became of a part to the rest.
func (d *Arranged) add(made Arranged, at part) {
	d.Changed += made.Changed
	d.Left += made.Left
	d.Rest -= at.to - at.from
	d.steps = append(d.steps, made.steps...)
}

// note takes the outcome for one item, and passes an error on that is not about that item.
func (d *Arranged) note(s step, err error) error {
	switch {
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrMissing), errors.Is(err, ErrUnreadable), errors.Is(err, ErrNewerItem):
		d.Left++
		return nil
	case err != nil:
		return fmt.Errorf("item %s: %w", s.item, err)
	case !s.before.equal(s.after):
		d.Changed++
		d.steps = append(d.steps, s)
	}
	return nil
}

func (e *editing) arrange(ctx context.Context, item id.ID, change func(*Arrangement)) (step, error) {
	s := step{item: item}
	if err := ctx.Err(); err != nil {
		return s, err
	}
	o, err := e.object(item)
	if err != nil {
		return s, err
	}
	before, err := e.current(o)
	if err != nil {
		return s, err
	}
	defer before.Wipe()
	switch {
	case before.Kind.aside():
		return s, ErrNotFound // no item
	case before.ReadOnly:
		return s, ErrNewerItem
	}
	s.before, s.after = before.arrangement(), before.arrangement()
	if change(&s.after); s.after.equal(s.before) {
		return s, nil
	}
	after := before.Clone()
	defer after.Wipe()
	after.arrange(s.after)
	after.recordReplaced(&before, e.nowMillis(), e.cfg.Device)
	_, err = e.write(o, &after)
	return s, err
}

func (it *Item) arrangement() Arrangement {
	return Arrangement{Folder: it.Folder, Tags: slices.Clone(it.Tags), Favorite: it.Favorite, ArchivedAt: it.ArchivedAt, TrashedAt: it.TrashedAt}
}

func (it *Item) arrange(a Arrangement) {
	it.Folder, it.Tags, it.Favorite, it.ArchivedAt, it.TrashedAt = a.Folder, slices.Clone(a.Tags), a.Favorite, a.ArchivedAt, a.TrashedAt
}

func (a Arrangement) equal(b Arrangement) bool {
	return a.Folder == b.Folder && a.Favorite == b.Favorite && a.ArchivedAt == b.ArchivedAt && a.TrashedAt == b.TrashedAt && slices.Equal(a.Tags, b.Tags)
}

// back merges the way back with what has become of the item: what the step made is the base of both.
func (s *step) back(now Arrangement) Arrangement {
	return Arrangement{
		Folder:     changed(s.after.Folder, now.Folder, s.before.Folder),
		Tags:       mergeList(s.after.Tags, now.Tags, s.before.Tags, itself),
		Favorite:   changed(s.after.Favorite, now.Favorite, s.before.Favorite),
		ArchivedAt: changed(s.after.ArchivedAt, now.ArchivedAt, s.before.ArchivedAt),
		TrashedAt:  changed(s.after.TrashedAt, now.TrashedAt, s.before.TrashedAt),
	}
}

// undone tells whether of what the step changed nothing stays; what it left alone may be as it likes.
func (s *step) undone(now Arrangement) bool {
	rest := s.before
	if s.after.Folder == s.before.Folder {
		rest.Folder = now.Folder
	}
	if slices.Equal(s.after.Tags, s.before.Tags) {
		rest.Tags = now.Tags
	}
	if s.after.Favorite == s.before.Favorite {
		rest.Favorite = now.Favorite
	}
	if s.after.ArchivedAt == s.before.ArchivedAt {
		rest.ArchivedAt = now.ArchivedAt
	}
	if s.after.TrashedAt == s.before.TrashedAt {
		rest.TrashedAt = now.TrashedAt
	}
	return now.equal(rest)
}

// RevertFolder takes back that a folder was renamed or moved: its name or place, where that is what SaveFolder made it. Errors as for
// Save, and ErrNotFound.
func (v *Vault) RevertFolder(ctx context.Context, before, after Folder) error {
	return wrap("take back", v.modify(ctx, []id.ID{after.ID}, func(it *Item) error {
		if it.Kind != folderKind {
			return ErrNotFound
		}
		it.Title = changed(after.Name, it.Title, before.Name)
		it.Folder = changed(after.Parent, it.Folder, before.Parent)
		it.UpdatedAt = v.nowMillis()
		return nil
	}))
}

// DeleteTrashed deletes items of the trash for good, with their files, and returns how many. What was taken out of the trash meanwhile
// stays. It goes in parts, is stopped, and tells its progress, as Arrange. Errors: ErrClosed, the context's and the Store's.
func (v *Vault) DeleteTrashed(ctx context.Context, items []id.ID, progress func(done, total int)) (deleted int, err error) {
	err = v.inParts(ctx, len(items), progress, func(e *editing, at part) (func(), error) {
		n := 0
		for _, item := range items[at.from:at.to] {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			o, err := e.object(item)
			if err != nil {
				return nil, err
			}
			if !e.isTrashed(o) {
				continue
			}
			if err := e.deleteWithFiles(o); err != nil {
				return nil, err
			}
			n++
		}
		return func() { deleted += n }, nil
	})
	return deleted, wrap("delete items", err)
}

// CountFiles returns how many files items have, those in their histories too. An item that does not open has none that anybody knows
// of. Errors: ErrClosed, the context's and the Store's.
func (v *Vault) CountFiles(ctx context.Context, items []id.ID) (files int, err error) {
	if !v.hasFiles() {
		return 0, nil
	}
	err = v.view(ctx, func(r Reader) error {
		files = 0
		for _, item := range items {
			if err := ctx.Err(); err != nil {
				return err
			}
			o, _, err := r.Object(v.cfg.Vault, item)
			if err != nil {
				return err
			}
			it, err := v.current(o)
			if errors.Is(err, ErrClosed) {
				return err
			}
			files += v.filesAmong(it.namedFiles())
			it.Wipe()
		}
		return nil
	})
	return files, wrap("count files", err)
}

func (v *Vault) hasFiles() bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.index != nil {
		for _, e := range v.index.aside {
			if e.Kind == attachmentKind {
				return true
			}
		}
	}
	return false
}

func (v *Vault) filesAmong(objects []id.ID) (n int) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	for _, object := range objects {
		if v.index != nil && v.index.isFile(object) {
			n++
		}
	}
	return n
}
