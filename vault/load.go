package vault

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/coffer-vault/coffer/crypto/id"
)

// loaded is what one object became in the index.
type loaded struct {
	object  id.ID
	entry   *entry // nil: deleted
	damaged bool   // the base's bytes changed on the disk
}

// load makes the index and sees to what is damaged in the store.
func (v *Vault) load(ctx context.Context, progress func(done, total int)) error {
	ctx, cancel := v.untilClosed(ctx)
	defer cancel()
	found, err := v.reload(ctx, progress)
	if err != nil {
		return cause(ctx, err)
	}
	if err := v.setAsideDamaged(ctx, found.opened); err != nil {
		return err
	}
	return cause(ctx, v.checkSnapshot(ctx, found.taken))
}

// found is what reading the store gave.
type found struct {
	opened []loaded // the objects that were opened
	taken  segments // which of them were taken from the sealed index instead
}

// reload makes the index anew: of the segments that the store vouches for, and of all other objects.
func (v *Vault) reload(ctx context.Context, progress func(done, total int)) (found, error) {
	var f found
	var entries []*entry
	var changed uint64
	err := v.cfg.Store.View(ctx, func(r Reader) (err error) {
		if changed, err = r.Changed(v.cfg.Vault); err != nil {
			return err
		}
		if entries, f.taken, err = v.readSnapshot(ctx, r); err != nil {
			return err
		}
		f.opened, err = v.openRest(ctx, r, &f.taken, progress)
		return err
	})
	if err == nil {
		v.install(entries, &f, changed)
	}
	return f, err
}

// fewSegments is how many segments are read one by one. Of more, all objects are read, in the order of the disk.
const fewSegments = 64

// openRest opens the objects of the segments that were not taken.
func (v *Vault) openRest(ctx context.Context, r Reader, taken *segments, progress func(done, total int)) ([]loaded, error) {
	rest := taken.others()
	total := 0
	if progress != nil {
		var err error
		if total, err = r.Count(v.cfg.Vault); err != nil {
			return nil, err
		}
	}
	return v.openAll(ctx, total, progress, func(yield func(Object) error) error {
		if len(rest) > fewSegments {
			return r.Objects(v.cfg.Vault, func(o Object) error {
				if taken[o.ID[0]] {
					return nil
				}
				return yield(o)
			})
		}
		for _, n := range rest {
			if err := r.ObjectsOf(v.cfg.Vault, n, yield); err != nil {
				return err
			}
		}
		return nil
	})
}

// cause prefers the reason why a context was cancelled.
func cause(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) && context.Cause(ctx) != nil {
		return context.Cause(ctx)
	}
	return err
}

// install makes what was found the index; entries are those of the sealed one.
func (v *Vault) install(entries []*entry, f *found, changed uint64) {
	for _, l := range f.opened {
		if l.entry != nil {
			entries = append(entries, l.entry)
		}
	}
	x := newIndex(entries)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return
	}
	v.index, v.changed, x.used = x, changed, v.used
	v.fileNews.Add(1)
	for _, n := range f.taken.others() {
		v.unwritten[n] = true
	}
	v.stir()
	v.askForWords()
}

// openAll makes the index entries of the objects that produce yields.
func (v *Vault) openAll(ctx context.Context, total int, progress func(done, total int), produce func(func(Object) error) error) ([]loaded, error) {
	var mu sync.Mutex
	all := make([]loaded, 0, total)
	err := inParallel(ctx, chunkSize, produce, func(chunk []Object) {
		results := make([]loaded, len(chunk))
		for i, o := range chunk {
			results[i] = v.loadObject(o)
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, results...)
		if progress != nil {
			progress(len(all), total)
		}
	})
	return all, err
}

func (v *Vault) loadObject(o Object) loaded {
	it, err := v.current(o)
	if errors.Is(err, ErrNotFound) {
		return loaded{object: o.ID}
	}
	if err != nil {
		return loaded{object: o.ID, entry: &entry{Summary: Summary{ID: o.ID, Unreadable: true}}, damaged: errors.Is(err, errDamaged)}
	}
	defer it.Wipe()
	return loaded{object: o.ID, entry: newEntry(&it)}
}

func newEntry(it *Item) *entry {
	e := &entry{Summary: summarize(it)}
	e.doc = searchable(it, &e.Summary)
	return e
}

// setAsideDamaged makes the damaged bases count as missing, so that they are fetched again. Where the file cannot be written they
// stay as they are: unreadable.
func (v *Vault) setAsideDamaged(ctx context.Context, all []loaded) error {
	var damaged []id.ID
	for _, l := range all {
		if l.damaged {
			damaged = append(damaged, l.object)
		}
	}
	if len(damaged) == 0 {
		return nil
	}
	err := v.update(ctx, func(e *editing) error { return e.setAside(damaged) })
	if errors.Is(err, ErrReadOnly) || errors.Is(err, ErrFull) || errors.Is(err, ErrBusy) || errors.Is(err, ErrNotAnchored) {
		return nil
	}
	return err
}

func (e *editing) setAside(objects []id.ID) error {
	for _, object := range objects {
		o, found, err := e.tx.Object(e.cfg.Vault, object)
		if err != nil {
			return err
		}
		if !found || o.Base.Envelope == nil || EnvelopeHash(o.Base.Envelope) == o.Base.Hash {
			continue
		}
		if err := e.tx.SetAside(e.cfg.Vault, object, o.Base); err != nil {
			return err
		}
		o.Base.Envelope = nil
		if err := e.put(o, e.loadObject(o).entry); err != nil {
			return err
		}
	}
	return nil
}

// chunkSize is how many values a worker takes at a time.
const chunkSize = 64

// inParallel calls work, on every processor, with chunks of so many of what produce yields. It returns produce's error, or the context's.
func inParallel[T any](ctx context.Context, size int, produce func(yield func(T) error) error, work func([]T)) error {
	chunks := make(chan []T, runtime.GOMAXPROCS(0))
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for chunk := range chunks {
				if ctx.Err() == nil {
					work(chunk)
				}
			}
		})
	}
	chunk := make([]T, 0, size)
	err := produce(func(value T) error {
		if chunk = append(chunk, value); len(chunk) == size {
			chunks <- chunk
			chunk = make([]T, 0, size)
		}
		return ctx.Err()
	})
	if len(chunk) > 0 {
		chunks <- chunk
	}
	close(chunks)
	workers.Wait()
	if err == nil {
		err = ctx.Err()
	}
	return err
}

// Refresh makes the index anew if another process changed the vault's objects. It is cheap if none did.
func (v *Vault) Refresh(ctx context.Context) error {
	leave, err := v.begin()
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := v.untilClosed(ctx)
	defer cancel()
	v.writing.Lock()
	stale, err := v.stale(ctx)
	if err == nil && stale {
		_, err = v.reload(ctx, nil)
	}
	v.writing.Unlock()
	if err != nil {
		return fmt.Errorf("refresh vault: %w", cause(ctx, err))
	}
	if stale {
		v.notify(Change{All: true})
	}
	return nil
}

func (v *Vault) stale(ctx context.Context) (stale bool, err error) {
	err = v.cfg.Store.View(ctx, func(r Reader) error {
		changed, err := r.Changed(v.cfg.Vault)
		stale = changed != v.changed
		return err
	})
	return stale, err
}
