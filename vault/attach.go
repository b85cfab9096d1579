package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/seal"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// Attach adds a file to an item: r is read once, to its end, which has to come after size bytes, and is kept sealed chunk by chunk. Then
// one transaction saves the attachment and the item that names it. After an error nothing is kept; progress, which may be nil, is told
// the bytes read.
//
// Errors: ErrFileTooLarge, ErrFileChanged, ErrInvalid for a name that is empty, too long or not UTF-8, ErrNotFound, ErrNewerItem, r's,
// those of the ChunkStore, and those of Save.
func (v *Vault) Attach(ctx context.Context, item id.ID, name string, r io.Reader, size int64, progress func(done int64)) (Attachment, error) {
	a, err := v.attach(ctx, item, name, r, size, progress)
	return a, wrap("attach file", err)
}

func (v *Vault) attach(ctx context.Context, item id.ID, name string, r io.Reader, size int64, progress func(done int64)) (a Attachment, err error) {
	if err := v.attachable(ctx, item, name, size); err != nil {
		return a, err
	}
	leave, err := v.begin()
	if err != nil {
		return a, err
	}
	defer leave()
	ctx, cancel := v.untilClosed(ctx)
	defer cancel()
	done, err := v.cfg.Chunks.Attaching()
	if err != nil {
		return a, err
	}
	defer done()
	object := newAttachment(name, size)
	defer object.Wipe()
	f, err := fileOf(&object)
	if err != nil {
		return a, err
	}
	err = v.sealFile(ctx, &f, r, progress)
	if err == nil {
		err = v.nameFile(ctx, item, &object)
	}
	if err != nil {
		return a, errors.Join(cause(ctx, err), v.cfg.Chunks.Remove(f.ID))
	}
	a = f.Attachment
	a.Here, a.Waiting = a.Chunks, true
	return a, nil
}

// attachable looks for what would fail after the file was read.
func (v *Vault) attachable(ctx context.Context, item id.ID, name string, size int64) error {
	if err := checkFileName(name); err != nil {
		return err
	}
	if size < 0 || size > MaxAttachment {
		return ErrFileTooLarge
	}
	if v.frozen.Load() {
		return ErrFrozen
	}
	it, err := v.Get(ctx, item)
	if err != nil {
		return err
	}
	defer it.Wipe()
	if it.ReadOnly {
		return ErrNewerItem
	}
	return nil
}

func checkFileName(name string) error {
	if name == "" || len(name) > maxFileName || !utf8.ValidString(name) {
		return fmt.Errorf("%w: name of a file", ErrInvalid)
	}
	return nil
}

func newAttachment(name string, size int64) Item {
	it := Item{ID: id.New(), Kind: attachmentKind, Title: name}
	it.Set(fileSize, secret.New(strconv.AppendInt(nil, size, 10)))
	it.Set(fileKey, secret.Random(seal.KeySize))
	return it
}

// nameFile saves an attachment whose chunks are here, and the item that it belongs to.
func (v *Vault) nameFile(ctx context.Context, item id.ID, object *Item) error {
	object.CreatedAt = v.nowMillis()
	object.UpdatedAt = object.CreatedAt
	return v.edit(ctx, func(e *editing) error {
		err := e.modify(item, func(it *Item) error {
			it.Attachments = append(it.Attachments, object.ID)
			it.UpdatedAt = e.nowMillis()
			return nil
		})
		if err == nil {
			_, err = e.write(Object{ID: object.ID}, object)
		}
		return err
	})
}

// Attachments lists the files of an item, in its order. One whose object another device has not sent yet, or that was deleted, is left
// out. Errors as for Get, and the ChunkStore's.
func (v *Vault) Attachments(ctx context.Context, item id.ID) ([]Attachment, error) {
	it, err := v.Get(ctx, item)
	if err != nil {
		return nil, err
	}
	defer it.Wipe()
	return v.attachments(ctx, it.Attachments)
}

// RemovedAttachments lists the files that were removed from an item and that its history still names. Errors as for Attachments.
func (v *Vault) RemovedAttachments(ctx context.Context, item id.ID) ([]Attachment, error) {
	it, err := v.Get(ctx, item)
	if err != nil {
		return nil, err
	}
	defer it.Wipe()
	return v.attachments(ctx, it.removedFiles())
}

// namedFiles are the attachments that an item or its history names.
func (it *Item) namedFiles() []id.ID {
	return append(slices.Clone(it.Attachments), it.removedFiles()...)
}

// removedFiles are those that its history alone names.
func (it *Item) removedFiles() []id.ID {
	var removed []id.ID
	for _, p := range it.History {
		if p.Field != FieldAttachments {
			continue
		}
		for _, a := range parseIDs(p.Value.Reveal()) {
			if !slices.Contains(it.Attachments, a) && !slices.Contains(removed, a) {
				removed = append(removed, a)
			}
		}
	}
	return removed
}

// attachments describes those of some ids that are attachments.
func (v *Vault) attachments(ctx context.Context, named []id.ID) ([]Attachment, error) {
	var all []Attachment
	err := v.view(ctx, func(r Reader) error {
		for _, each := range named {
			o, _, err := r.Object(v.cfg.Vault, each)
			if err != nil {
				return err
			}
			a, ok, err := v.describe(o)
			if err != nil {
				return err
			}
			if ok {
				all = append(all, a)
			}
		}
		return nil
	})
	return all, wrap("list attachments", err)
}

// describe says what an attachment is; false for one that is not there, or does not open.
func (v *Vault) describe(o Object) (Attachment, bool, error) {
	it, err := v.current(o)
	if err != nil {
		if errors.Is(err, ErrClosed) {
			return Attachment{}, false, err
		}
		return Attachment{}, false, nil
	}
	defer it.Wipe()
	f, err := fileOf(&it)
	if err != nil {
		return Attachment{}, false, nil
	}
	here, err := v.cfg.Chunks.List(o.ID)
	for _, index := range here {
		if index < f.Chunks {
			f.Here++
		}
	}
	f.Waiting = o.Base.State != Live
	return f.Attachment, true, err
}

// AllAttachments lists every file of the vault, the smallest first. Errors: ErrClosed, the Store's, and the ChunkStore's.
func (v *Vault) AllAttachments(ctx context.Context) ([]Attachment, error) {
	var named []id.ID
	v.mu.RLock()
	if v.index != nil {
		for _, e := range v.index.aside {
			if e.Kind == attachmentKind {
				named = append(named, e.ID)
			}
		}
	}
	v.mu.RUnlock()
	slices.SortFunc(named, compareIDs)
	all, err := v.attachments(ctx, named)
	slices.SortStableFunc(all, func(a, b Attachment) int { return int(a.Size - b.Size) })
	return all, err
}

// RenameAttachment gives a file another name. Errors as for Save, and ErrNotFound.
func (v *Vault) RenameAttachment(ctx context.Context, attachment id.ID, name string) error {
	err := checkFileName(name)
	if err == nil {
		err = v.modify(ctx, []id.ID{attachment}, func(it *Item) error {
			if it.Kind != attachmentKind {
				return ErrNotFound
			}
			it.Title, it.UpdatedAt = name, v.nowMillis()
			return nil
		})
	}
	return wrap("rename attachment", err)
}

// Detach removes a file from an item: an edit, which a version of the item brings back. Errors as for Save, and ErrNotFound for a file
// that the item does not have.
func (v *Vault) Detach(ctx context.Context, item, attachment id.ID) error {
	return wrap("remove attachment", v.modify(ctx, []id.ID{item}, func(it *Item) error {
		at := slices.Index(it.Attachments, attachment)
		if at < 0 {
			return ErrNotFound
		}
		it.Attachments, it.UpdatedAt = slices.Delete(it.Attachments, at, at+1), v.nowMillis()
		return nil
	}))
}

// DeleteRemoved deletes files for good that were removed from an item; those that it has stay. Errors as for Save, and ErrNotFound.
func (v *Vault) DeleteRemoved(ctx context.Context, item id.ID, attachments ...id.ID) error {
	return wrap("delete attachments", v.edit(ctx, func(e *editing) error {
		o, err := e.object(item)
		if err != nil {
			return err
		}
		it, err := e.current(o)
		if err != nil {
			return err
		}
		defer it.Wipe()
		removed := it.removedFiles()
		return e.deleteFiles(slices.DeleteFunc(slices.Clone(attachments), func(a id.ID) bool { return !slices.Contains(removed, a) }))
	}))
}

// deleteWithFiles deletes an object for good, and every attachment that it or its history names.
func (e *editing) deleteWithFiles(o Object) error {
	it, err := e.current(o)
	if errors.Is(err, ErrClosed) {
		return err
	}
	defer it.Wipe()
	if err := e.delete(o); err != nil {
		return err
	}
	return e.deleteFiles(it.namedFiles())
}

func (e *editing) deleteFiles(attachments []id.ID) error {
	for _, attachment := range attachments {
		o, found, err := e.tx.Object(e.cfg.Vault, attachment)
		if err != nil {
			return err
		}
		if !found || o.gone() {
			continue
		}
		it, err := e.current(o)
		isFile := err == nil && it.Kind == attachmentKind
		it.Wipe()
		if errors.Is(err, ErrClosed) {
			return err
		}
		if !isFile {
			continue // whatever names it
		}
		if err := e.delete(o); err != nil {
			return err
		}
	}
	return nil
}

// deletedFiles are the attachments among the changes that are gone now.
func (e *editing) deletedFiles() []id.ID {
	e.mu.RLock()
	defer e.mu.RUnlock()
	var gone []id.ID
	for object, after := range e.changes {
		if after == nil && e.index != nil && e.index.isFile(object) {
			gone = append(gone, object)
		}
	}
	return gone
}

// dropChunks removes the chunks of deleted attachments. What cannot be removed now goes with the next unlock.
func (v *Vault) dropChunks(deleted []id.ID) {
	if len(deleted) > 0 {
		v.fileNews.Add(1)
	}
	for _, attachment := range deleted {
		_ = v.cfg.Chunks.Remove(attachment)
	}
}

// isFile tells whether an object is an attachment.
func (x *index) isFile(object id.ID) bool {
	e := x.aside[object]
	return e != nil && e.Kind == attachmentKind
}

// forgetFiles takes from a copy of an item what belongs to that item for good.
func (it *Item) forgetFiles() {
	it.Attachments = nil
	it.History = slices.DeleteFunc(it.History, func(p Past) bool { return p.Field == FieldAttachments })
}

// ownFiles is forgetFiles for an edit that becomes an item of its own because the other one does not open: the attachments that the
// server does not know are named by nothing else.
func (e *editing) ownFiles(it *Item) error {
	var own []id.ID
	for _, attachment := range it.Attachments {
		o, err := e.object(attachment)
		if err != nil {
			return err
		}
		if o.Base.Revision == 0 {
			own = append(own, attachment)
		}
	}
	it.forgetFiles()
	it.Attachments = own
	return nil
}

// MarkUploaded says whether the server has every chunk of an attachment: until then no commit carries an object that names it. The
// mark is not kept when the vault is locked, since the server can be asked again.
func (v *Vault) MarkUploaded(attachment id.ID, whole bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.uploaded[attachment] == whole {
		return
	}
	if v.uploaded == nil {
		v.uploaded = make(map[id.ID]bool)
	}
	v.uploaded[attachment] = whole
	if !whole {
		delete(v.uploaded, attachment)
	}
	v.fileNews.Add(1)
}

// FileNews is a number that rises whenever the files that have to be carried may be others than before.
func (v *Vault) FileNews() uint64 { return v.fileNews.Load() }

// Uploaded lists the attachments that are marked so and wait to be committed.
func (v *Vault) Uploaded() []id.ID {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return slices.SortedFunc(maps.Keys(v.uploaded), compareIDs)
}

// awaitsChunks tells whether an edit is an attachment that the server does not know, and whose chunks it may not have.
func (v *Vault) awaitsChunks(o Object) bool {
	if o.Base.State == Live || o.Pending.State != Live {
		return false
	}
	v.mu.RLock()
	marked := v.uploaded[o.ID]
	known := v.index != nil && v.index.objects.of(o.ID) != nil
	isFile := known && v.index.isFile(o.ID)
	v.mu.RUnlock()
	if known || marked {
		return isFile && !marked
	}
	it, err := v.current(o) // another process made it
	defer it.Wipe()
	return err == nil && it.Kind == attachmentKind
}

// ownPlaintext encodes an item for a place of its own.
func (e *editing) ownPlaintext(it *Item) ([]byte, error) {
	if it.ReadOnly || len(it.namedFiles()) == 0 {
		return slices.Clone(it.seen.Reveal()), nil
	}
	if err := e.ownFiles(it); err != nil {
		return nil, err
	}
	return encode(it)
}

func compareIDs(a, b id.ID) int { return slices.Compare(a[:], b[:]) }
