package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/coffer-vault/coffer/crypto/id"
)

// NewFile is a file that a batch attaches to one of its items.
type NewFile struct {
	Item int // its place among the items of the batch
	Name string
	Size int64 // bytes
	Open func() (io.ReadCloser, error)
}

// BatchProgress says how far a batch is. Files come first.
type BatchProgress struct {
	Bytes, AllBytes int64 // of the files
	Items, AllItems int
}

// Batch saves the items of an import in one transaction: all of them or none. New ones (ID zero) get the batch into their Origin; for the
// others it is as Save, but that PasswordSetAt is the caller's everywhere. The items stay the caller's. Their files are sealed first, chunk
// by chunk, and then named in that transaction. After an error nothing is kept, neither items nor chunks; UndoBatch takes both back.
// progress may be nil. Errors as for Save and Attach.
func (v *Vault) Batch(ctx context.Context, items []Item, files []NewFile, progress func(BatchProgress)) (batch id.ID, err error) {
	ctx, cancel := v.untilClosed(ctx)
	defer cancel()
	b := &batching{id: id.New(), items: items, files: files, named: make(map[int][]id.ID), progress: progress, at: BatchProgress{AllItems: len(items)}}
	defer b.wipe()
	if err := v.writeBatch(ctx, b); err != nil {
		return id.ID{}, fmt.Errorf("save items: %w", cause(ctx, err))
	}
	return b.id, nil
}

// batching is a batch under way.
type batching struct {
	id       id.ID
	items    []Item
	files    []NewFile
	objects  []Item          // of the files, once their chunks are on the disk
	named    map[int][]id.ID // files by the place of their item
	progress func(BatchProgress)
	at       BatchProgress
}

func (b *batching) wipe() {
	for i := range b.objects {
		b.objects[i].Wipe()
	}
}

func (b *batching) report() {
	if b.progress != nil {
		b.progress(b.at)
	}
}

func (v *Vault) writeBatch(ctx context.Context, b *batching) (err error) {
	save := func(e *editing) error { return e.batch(ctx, b) }
	if len(b.files) == 0 {
		return v.edit(ctx, save)
	}
	// As in Attach: whoever closes the vault waits, and nobody takes the chunks for orphans before they are named.
	leave, err := v.begin()
	if err != nil {
		return err
	}
	defer leave()
	done, err := v.cfg.Chunks.Attaching()
	if err != nil {
		return err
	}
	defer done()
	err = v.sealFiles(ctx, b)
	if err == nil {
		err = v.edit(ctx, save)
	}
	if err != nil {
		for i := range b.objects {
			err = errors.Join(err, v.cfg.Chunks.Remove(b.objects[i].ID))
		}
	}
	return err
}

// sealFiles keeps the chunks of all files. What is wrong with one is found out before any is sealed.
func (v *Vault) sealFiles(ctx context.Context, b *batching) error {
	if v.frozen.Load() {
		return ErrFrozen
	}
	for i, f := range b.files {
		if err := checkFileName(f.Name); err != nil {
			return err
		}
		if f.Size < 0 || f.Size > MaxAttachment {
			return ErrFileTooLarge
		}
		if f.Item < 0 || f.Item >= len(b.items) {
			return fmt.Errorf("%w: file %d is of no item", ErrInvalid, i)
		}
		b.at.AllBytes += f.Size
	}
	for _, f := range b.files {
		if err := v.sealNewFile(ctx, b, f); err != nil {
			return err
		}
	}
	return nil
}

func (v *Vault) sealNewFile(ctx context.Context, b *batching, f NewFile) error {
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("open file: %w", err)
	}
	defer r.Close()
	b.objects = append(b.objects, newAttachment(f.Name, f.Size))
	object := &b.objects[len(b.objects)-1]
	object.CreatedAt = v.nowMillis()
	object.UpdatedAt = object.CreatedAt
	b.named[f.Item] = append(b.named[f.Item], object.ID)
	sealed, err := fileOf(object)
	if err != nil {
		return err
	}
	before := b.at.Bytes
	return v.sealFile(ctx, &sealed, r, func(done int64) {
		b.at.Bytes = before + done
		b.report()
	})
}

// undoAll takes the entries of a batch back. An item and its files go together: where one of them was changed since, all stay.
func (e *editing) undoAll(entries []Undo) (done Undone, err error) {
	isFile := func(u Undo) bool {
		e.mu.RLock()
		defer e.mu.RUnlock()
		return e.index != nil && e.index.isFile(u.Object)
	}
	var files, items []Undo
	for _, u := range entries {
		if isFile(u) {
			files = append(files, u)
		} else {
			items = append(items, u)
		}
	}
	stays, err := e.staying(items, files)
	if err != nil {
		return done, err
	}
	for _, u := range items {
		if stays[u.Object] {
			done.Kept++
		} else if err := e.undo(u, &done); err != nil {
			return done, err
		}
	}
	for _, u := range files {
		if stays[u.Object] {
			continue
		}
		var uncounted Undone // it belongs to an item, which is counted
		if err := e.undo(u, &uncounted); err != nil {
			return done, err
		}
	}
	return done, nil
}

// staying are the items of a batch with files that stay, and their files.
func (e *editing) staying(items, files []Undo) (map[id.ID]bool, error) {
	stays := make(map[id.ID]bool)
	if len(files) == 0 {
		return stays, nil
	}
	changed := make(map[id.ID]bool)
	for _, f := range files {
		o, err := e.object(f.Object)
		if err != nil {
			return nil, err
		}
		changed[f.Object] = o.changedSince(f)
	}
	for _, u := range items {
		o, err := e.object(u.Object)
		if err != nil {
			return nil, err
		}
		named, err := e.filesOf(o)
		if errors.Is(err, ErrClosed) {
			return nil, err
		}
		if err != nil { // which files it names is not known
			for _, f := range files {
				named = append(named, f.Object)
			}
		}
		if o.changedSince(u) || slices.ContainsFunc(named, func(f id.ID) bool { return changed[f] }) {
			stays[u.Object] = true
			for _, f := range named {
				stays[f] = true
			}
		}
	}
	return stays, nil
}

// filesOf are the files that an item or its history names; none for one that is gone.
func (e *editing) filesOf(o Object) ([]id.ID, error) {
	it, err := e.current(o)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer it.Wipe()
	return it.namedFiles(), nil
}

// changedSince tells whether an object is another one than a batch made of it.
func (o *Object) changedSince(u Undo) bool {
	top := o.top()
	return top == nil || top.State == Dead || top.Hash != u.Made
}
