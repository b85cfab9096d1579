package session

import (
	"context"
	"errors"
	"io"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/vault"
)

// Transfer is a file on its way to the server, or from it.
type Transfer = engine.Transfer

var errNotBuilt = errors.New("attachments are not built yet")

// Attach adds a file to an item: r is read to its end, which must come after size bytes. Where it fails nothing is kept. Errors:
// vault.ErrFileTooLarge, vault.ErrFileChanged, vault.ErrInvalid for the name, vault.ErrFull, r's, ErrLocked, and those of saving.
func (u *Unlocked) Attach(ctx context.Context, item id.ID, name string, r io.Reader, size int64) (vault.Attachment, error) {
	return vault.Attachment{}, errNotBuilt
}

// Attachments lists the files of an item, in their order. One that another device has not sent yet is not among them.
func (u *Unlocked) Attachments(ctx context.Context, item id.ID) ([]vault.Attachment, error) {
	return nil, errNotBuilt
}

// RemovedAttachments lists the files that were removed from an item and that its history still has.
func (u *Unlocked) RemovedAttachments(ctx context.Context, item id.ID) ([]vault.Attachment, error) {
	return nil, errNotBuilt
}

// SaveAttachment writes a file to path, readable by this user alone; path is replaced when the file is whole, and left alone after an
// error. Errors: vault.ErrMissing where it is not all on this PC (FetchAttachment), vault.ErrNotFound, vault.ErrFull, ErrLocked.
func (u *Unlocked) SaveAttachment(ctx context.Context, attachment id.ID, path string) error {
	return errNotBuilt
}

// RenameAttachment gives a file another name. Errors: vault.ErrNotFound, vault.ErrInvalid, ErrLocked, and those of saving.
func (u *Unlocked) RenameAttachment(ctx context.Context, attachment id.ID, name string) error {
	return errNotBuilt
}

// Detach removes a file from an item. It stays in the item's history, which brings it back (vault.RestoreBefore), until the item is
// deleted for good or DeleteRemoved is called. Errors: vault.ErrNotFound, ErrLocked, and those of saving.
func (u *Unlocked) Detach(ctx context.Context, item, attachment id.ID) error { return errNotBuilt }

// DeleteRemoved deletes files for good that were removed from an item, here and at the server, and leaves those alone that it has.
func (u *Unlocked) DeleteRemoved(ctx context.Context, item id.ID, attachments ...id.ID) error {
	return errNotBuilt
}

// FetchAttachment asks for a file that is not on this PC, before all others, and again for a transfer that has given up. OnTransfers
// tells how it goes.
func (u *Unlocked) FetchAttachment(attachment id.ID) {}

// CancelFetch takes FetchAttachment back. What has come stays.
func (u *Unlocked) CancelFetch(attachment id.ID) {}

// Transfers lists the files that are on their way, in the order of their turns.
func (u *Unlocked) Transfers() []Transfer { return nil }

// OnTransfers calls f for every change of the list, from another goroutine, until the returned function is called.
func (u *Unlocked) OnTransfers(f func([]Transfer)) (stop func()) { return func() {} }

// FilesSize is how many bytes the files take on this PC, sealed.
func (u *Unlocked) FilesSize() (int64, error) { return 0, errNotBuilt }
