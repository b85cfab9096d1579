package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/chunkdir"
)

// files is the folder with the chunks of an account's attachments.
func (m *Manager) files(account id.ID) chunkdir.Folder {
	return chunkdir.New(m.cfg.Paths.Files(account))
}

// Attach adds a file to an item: r is read to its end, which must come after size bytes. Where it fails nothing is kept. Errors:
// vault.ErrFileTooLarge, vault.ErrFileChanged, vault.ErrInvalid for the name, vault.ErrFull, r's, ErrLocked, and those of saving.
func (u *Unlocked) Attach(ctx context.Context, item id.ID, name string, r io.Reader, size int64) (a vault.Attachment, err error) {
	err = u.withFiles(ctx, func(ctx context.Context) (err error) {
		a, err = u.vault.Attach(ctx, item, name, r, size, nil)
		return err
	})
	u.transfers.hurry()
	return a, err
}

// withFiles runs f so that Lock ends it and waits for it.
func (u *Unlocked) withFiles(ctx context.Context, f func(context.Context) error) error {
	if !u.begin() {
		return ErrLocked
	}
	defer u.work.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(u.ctx, cancel)()
	err := f(ctx)
	if u.ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return ErrLocked
	}
	return err
}

// Attachments lists the files of an item, in their order. One that another device has not sent yet is not among them.
func (u *Unlocked) Attachments(ctx context.Context, item id.ID) ([]vault.Attachment, error) {
	return u.vault.Attachments(ctx, item)
}

// RemovedAttachments lists the files that were removed from an item and that its history still has.
func (u *Unlocked) RemovedAttachments(ctx context.Context, item id.ID) ([]vault.Attachment, error) {
	return u.vault.RemovedAttachments(ctx, item)
}

// SaveAttachment writes a file to path, readable by this user alone; path is replaced when the file is whole, and left alone after an
// error. Errors: vault.ErrMissing where it is not all on this PC (FetchAttachment), vault.ErrNotFound, the system's, ErrLocked.
func (u *Unlocked) SaveAttachment(ctx context.Context, attachment id.ID, path string) error {
	return u.withFiles(ctx, func(ctx context.Context) error {
		r, w := io.Pipe()
		read := make(chan error, 1)
		go func() {
			err := u.vault.ReadAttachment(ctx, attachment, w, nil)
			w.CloseWithError(err)
			read <- err
		}()
		err := u.m.drafts().WriteFrom(path, r, true)
		r.CloseWithError(err) // the reading ends with the writing
		<-read
		if err != nil {
			return fmt.Errorf("save attachment: %w", err)
		}
		return nil
	})
}

// RenameAttachment gives a file another name. Errors: vault.ErrNotFound, vault.ErrInvalid, and those of saving.
func (u *Unlocked) RenameAttachment(ctx context.Context, attachment id.ID, name string) error {
	return u.vault.RenameAttachment(ctx, attachment, name)
}

// Detach removes a file from an item. It stays in the item's history, which brings it back (vault.RestoreBefore), until the item is
// deleted for good or DeleteRemoved is called. Errors: vault.ErrNotFound, and those of saving.
func (u *Unlocked) Detach(ctx context.Context, item, attachment id.ID) error {
	return u.vault.Detach(ctx, item, attachment)
}

// DeleteRemoved deletes files for good that were removed from an item, here and at the server, and leaves those alone that it has.
func (u *Unlocked) DeleteRemoved(ctx context.Context, item id.ID, attachments ...id.ID) error {
	return u.vault.DeleteRemoved(ctx, item, attachments...)
}

// FilesSize is how many bytes the files take on this PC, sealed.
func (u *Unlocked) FilesSize() (int64, error) { return u.vault.FilesSize() }

// tidyFiles removes what a kill has left in the folder of the files. Where a damaged vault file was set aside, that alone may name them.
func (u *Unlocked) tidyFiles(ctx context.Context) {
	if u.m.newestDamaged(u.own.bundle.Account) != "" {
		return
	}
	if err := u.vault.TidyChunks(ctx); err != nil {
		u.m.cfg.Log.Warn("files without an owner not removed", "error", err)
	}
}

// Transfer is a file on its way to the server, or from it.
type Transfer = engine.Transfer

// FetchAttachment asks for a file that is not on this PC, before all others, and again for a transfer that has given up. OnTransfers
// tells how it goes.
func (u *Unlocked) FetchAttachment(attachment id.ID) {
	u.transfers.ferry.Ask(attachment)
	u.transfers.hurry()
}

// CancelFetch takes FetchAttachment back. What has come stays.
func (u *Unlocked) CancelFetch(attachment id.ID) { u.transfers.ferry.Cancel(attachment) }

// Transfers lists the files that are on their way, in the order of their turns.
func (u *Unlocked) Transfers() []Transfer {
	list := u.transfers.ferry.Transfers()
	for i := range list {
		list[i].Err = fromServer(list[i].Err)
	}
	return list
}

// OnTransfers calls f for every change of the list, from another goroutine, until the returned function is called.
func (u *Unlocked) OnTransfers(f func([]Transfer)) (stop func()) {
	return u.transfers.watch(func() { f(u.Transfers()) })
}

// CarryFiles brings files to the server and here, as far as possible now. Errors: ErrOffline, ErrLocked, and those of a session. The
// account's own loop does this by itself.
func (u *Unlocked) CarryFiles(ctx context.Context) error {
	return u.withFiles(ctx, func(ctx context.Context) error {
		u.transfers.one.Lock()
		defer u.transfers.one.Unlock()
		arrived, err := u.transfers.ferry.Carry(ctx)
		if arrived {
			u.wake() // a commit can name them now
		}
		return fromServer(err)
	})
}

// transfers is how the files of an account travel.
type transfers struct {
	ferry *engine.Ferry
	one   sync.Mutex    // Carry is for one at a time
	due   chan struct{} // a sync has succeeded: the server is there
	asked chan struct{} // a person waits

	mu       sync.Mutex
	watchers map[int]func()
	next     int
}

func newTransfers(remote engine.ChunkRemote, opened *vault.Vault) *transfers {
	t := &transfers{due: make(chan struct{}, 1), asked: make(chan struct{}, 1), watchers: map[int]func(){}}
	t.ferry = engine.NewFerry(remote, opened, opened.ID(), t.tell)
	return t
}

func (t *transfers) tell() {
	t.mu.Lock()
	watchers := make([]func(), 0, len(t.watchers))
	for _, f := range t.watchers {
		watchers = append(watchers, f)
	}
	t.mu.Unlock()
	for _, f := range watchers {
		f()
	}
}

func (t *transfers) watch(f func()) (stop func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := t.next
	t.next++
	t.watchers[key] = f
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.watchers, key)
	}
}

// synced says that the server can be reached.
func (t *transfers) synced() { raise(t.due) }

// hurry says that somebody waits for a file.
func (t *transfers) hurry() { raise(t.asked) }

func raise(flag chan struct{}) {
	select {
	case flag <- struct{}{}:
	default: // it is up already
	}
}

// carryLoop carries files until Lock: after every sync that succeeded, and when somebody waits. After an error the syncs tell no more
// for a while; a person does.
func (u *Unlocked) carryLoop() {
	due, retry := u.transfers.due, firstRetry
	var again <-chan time.Time
	for {
		select {
		case <-u.ctx.Done():
			return
		case <-due:
		case <-again:
		case <-u.transfers.asked:
		}
		err := u.CarryFiles(u.ctx)
		switch due, again = u.transfers.due, nil; {
		case err == nil:
			retry = firstRetry
		case !isFinal(err): // else only a sync that succeeds can mend it
			due, again = nil, u.m.cfg.After(pauseAfter(err, retry))
			retry = min(2*retry, idleInterval)
		}
		u.m.cfg.Log.Debug("files carried", "error", err)
	}
}
