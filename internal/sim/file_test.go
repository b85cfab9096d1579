package sim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/seal"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/vault"
)

// file is what the people know of a file that was attached.
type file struct {
	id, item id.ID
	seed     uint64
	size     int64
	device   *device // where it was attached
	// deleted says who has deleted it for good, having seen it; of one that had not come yet there is nothing to be demanded.
	deleted *device
	unseen  bool
}

// content is the same for the same file, wherever it is read.
func (f *file) content() io.Reader {
	var seed [32]byte
	seed[0], seed[1], seed[2], seed[3] = byte(f.seed), byte(f.seed>>8), byte(f.seed>>16), byte(f.seed>>24)
	return io.LimitReader(rand.NewChaCha8(seed), f.size)
}

// interrupted is a file whose reading takes time: between two parts the device may be killed, or its other program does something.
type interrupted struct {
	io.Reader
	d *device
}

func (i interrupted) Read(p []byte) (int, error) {
	i.d.event("read")
	if w := i.d.w; w.together && !w.busy[i.d] && i.d.dead == nil && w.random.IntN(6) == 0 {
		w.busy[i.d] = true
		w.second(i.d)
		w.busy[i.d] = false
	}
	return i.Reader.Read(p)
}

// attach adds a file to an item: most are small, some have several chunks.
func (w *world) attach(d *device) {
	it, ok := w.pick(d, vault.Filter{Trash: w.random.IntN(8) == 0})
	if !ok {
		return
	}
	f := &file{item: it.ID, seed: w.random.Uint64(), size: int64(w.random.IntN(5000)), device: d}
	if w.random.IntN(6) == 0 {
		f.size = int64((1+w.random.IntN(2))*seal.MaxPlaintext + w.random.IntN(3) - 1)
	}
	name := w.newValue("file")
	w.model.touch(d, it.ID)
	a, err := d.u.Attach(w.ctx, it.ID, name, interrupted{f.content(), d}, f.size)
	if errors.Is(err, vault.ErrNotFound) && w.together && w.gone(d, it.ID) {
		w.note("  %s finds %s deleted by the other program", d.name, it.Title)
		return
	}
	if err != nil {
		w.fail("attach", fmt.Errorf("%s: %w", d.name, err))
		return
	}
	w.note("  %s attaches %s of %d bytes to %s", d.name, name, f.size, it.Title)
	f.id = a.ID
	w.done(d, func() { w.model.files = append(w.model.files, f) })
}

func (w *world) gone(d *device, item id.ID) bool {
	_, err := d.u.Vault().Get(w.ctx, item)
	return errors.Is(err, vault.ErrNotFound)
}

// pickFile chooses an item and one of the files that list returns for it.
func (w *world) pickFile(d *device, list func(*session.Unlocked, id.ID) ([]vault.Attachment, error)) (vault.Item, vault.Attachment, bool) {
	var items []vault.Item
	var files []vault.Attachment
	for _, s := range d.u.Vault().Query(vault.Filter{}) {
		it, err := d.u.Vault().Get(w.ctx, s.ID)
		var all []vault.Attachment
		if err == nil {
			all, err = list(d.u, s.ID)
		}
		if err != nil {
			w.fail("open item", fmt.Errorf("%s: %w", d.name, err))
		}
		for _, a := range all {
			items, files = append(items, it), append(files, a)
		}
	}
	if len(files) == 0 {
		return vault.Item{}, vault.Attachment{}, false
	}
	at := w.random.IntN(len(files))
	return items[at], files[at], true
}

func (w *world) present(u *session.Unlocked, item id.ID) ([]vault.Attachment, error) {
	return u.Attachments(w.ctx, item)
}

func (w *world) past(u *session.Unlocked, item id.ID) ([]vault.Attachment, error) {
	return u.RemovedAttachments(w.ctx, item)
}

func (w *world) detach(d *device) {
	it, a, ok := w.pickFile(d, w.present)
	if !ok {
		w.attach(d)
		return
	}
	w.note("  %s removes %s from %s", d.name, a.Name, it.Title)
	w.model.touch(d, it.ID)
	if err := d.u.Detach(w.ctx, it.ID, a.ID); err != nil {
		w.fail("detach", fmt.Errorf("%s: %w", d.name, err))
	}
}

func (w *world) renameFile(d *device) {
	_, a, ok := w.pickFile(d, w.present)
	if !ok {
		w.attach(d)
		return
	}
	name := w.newValue("file")
	w.note("  %s renames %s to %s", d.name, a.Name, name)
	if err := d.u.RenameAttachment(w.ctx, a.ID, name); err != nil {
		w.fail("rename file", fmt.Errorf("%s: %w", d.name, err))
	}
}

// deleteFile deletes a file for good that was removed before.
func (w *world) deleteFile(d *device) {
	it, a, ok := w.pickFile(d, w.past)
	if !ok {
		w.detach(d)
		return
	}
	w.note("  %s deletes %s of %s", d.name, a.Name, it.Title)
	w.model.touch(d, it.ID)
	if err := d.u.DeleteRemoved(w.ctx, it.ID, a.ID); err != nil {
		w.fail("delete file", fmt.Errorf("%s: %w", d.name, err))
		return
	}
	w.done(d, func() { w.model.gaveFile(d, a.ID) })
}

// readFile opens a file, which is here or has to come.
func (w *world) readFile(d *device) {
	_, a, ok := w.pickFile(d, w.present)
	if !ok {
		w.attach(d)
		return
	}
	w.note("  %s reads %s", d.name, a.Name)
	if !a.Whole() {
		d.u.FetchAttachment(a.ID)
		w.carry(d)
	}
	if d.dead != nil {
		return
	}
	err := w.model.compare(d, a.ID)
	if !errors.Is(err, vault.ErrMissing) && !errors.Is(err, vault.ErrNotFound) && err != nil {
		w.fail("file", fmt.Errorf("%s: %w", d.name, err))
	}
}

// compare reads a file on a device and holds it against what was attached.
func (m *model) compare(d *device, attachment id.ID) error {
	at := slices.IndexFunc(m.files, func(f *file) bool { return f.id == attachment })
	if at < 0 {
		return nil // attached by a call that was killed, which nobody was told of
	}
	got := comparison{want: m.files[at].content()}
	if err := d.u.Vault().ReadAttachment(m.w.ctx, attachment, &got, nil); err != nil {
		return err
	}
	if rest, err := io.Copy(io.Discard, got.want); got.differs || rest > 0 || err != nil {
		return fmt.Errorf("file %s has other bytes than were attached", attachment)
	}
	return nil
}

// comparison compares what is written to it with what is wanted.
type comparison struct {
	want    io.Reader
	differs bool
}

func (c *comparison) Write(p []byte) (int, error) {
	want := make([]byte, len(p))
	_, err := io.ReadFull(c.want, want)
	c.differs = c.differs || err != nil || !bytes.Equal(p, want)
	return len(p), nil
}

// carry brings files to the server and back.
func (w *world) carry(d *device) {
	err := d.u.CarryFiles(w.ctx)
	if errors.Is(err, session.ErrDeviceRevoked) && d.removed {
		return
	}
	w.expect(d, "carries files", err, session.ErrKeysChanged, session.ErrSignedOut, session.ErrProofFailed)
}

// checkOwnFiles demands that a device has what was attached on it.
func (m *model) checkOwnFiles(d *device) {
	for _, f := range m.files {
		if f.device != d || f.deleted != nil || f.unseen {
			continue
		}
		if err := m.compare(d, f.id); err != nil {
			m.w.fail("lost", fmt.Errorf("the file %s of %s, attached on %s: %w", f.id, f.item, d.name, err))
		}
	}
}

// seenFiles are the files of an item of which a device shows something.
func (m *model) seenFiles(d *device, item id.ID) []vault.Attachment {
	here, err := d.u.Attachments(m.w.ctx, item)
	var before []vault.Attachment
	if err == nil {
		before, err = d.u.RemovedAttachments(m.w.ctx, item)
	}
	if err != nil && !errors.Is(err, vault.ErrNotFound) {
		m.w.fail("read", err)
	}
	return append(here, before...)
}

// gaveFiles notes that a person has deleted an item with these files.
func (m *model) gaveFiles(d *device, it *vault.Item, seen []vault.Attachment) {
	for _, a := range seen {
		m.gaveFile(d, a.ID)
	}
	for _, f := range m.files {
		f.unseen = f.unseen || f.item == it.ID && f.deleted == nil
	}
}

func (m *model) gaveFile(d *device, attachment id.ID) {
	for _, f := range m.files {
		if f.id == attachment && f.deleted == nil {
			f.deleted = d
		}
	}
}

// judgeFiles demands every file that nobody deleted, byte for byte, on every device and at the server, and nothing else.
func (w *world) judgeFiles(live, removed []*device) {
	here := map[*device]map[id.ID]bool{}
	for _, d := range live {
		here[d] = map[id.ID]bool{}
		all, err := d.u.Vault().AllAttachments(w.ctx)
		if err != nil {
			w.fail("read", err)
		}
		for _, a := range all {
			here[d][a.ID] = true
			if !a.Whole() || a.Waiting {
				w.fail("file", fmt.Errorf("%s has %d of %d chunks of %s, waiting %v", d.name, a.Here, a.Chunks, a.ID, a.Waiting))
			} else if err := w.model.compare(d, a.ID); err != nil {
				w.fail("file", fmt.Errorf("%s: %w", d.name, err))
			}
		}
		if !maps.Equal(here[d], here[live[0]]) {
			w.fail("diverged", fmt.Errorf("%s has other files than %s", d.name, live[0].name))
		}
	}
	for _, f := range w.model.files {
		ended := slices.Contains(removed, f.device) || slices.Contains(removed, f.deleted)
		for _, d := range live {
			switch there := here[d][f.id]; {
			case f.unseen || ended:
			case f.deleted != nil && there:
				w.fail("file", fmt.Errorf("%s has %s, which was deleted on %s", d.name, f.id, f.deleted.name))
			case f.deleted == nil && !there:
				w.fail("lost", fmt.Errorf("the file %s of %s, attached on %s, is not on %s", f.id, f.item, f.device.name, d.name))
			}
		}
	}
	if len(w.model.files) == 0 {
		return // nobody has attached anything
	}
	w.judgeFolders(live, here)
	w.judgeServerFiles(here[live[0]])
}

// judgeFolders unlocks one device once more, and every one that has chunks of a file that is not there: they have to be gone then.
func (w *world) judgeFolders(live []*device, here map[*device]map[id.ID]bool) {
	anyway := w.random.IntN(len(live))
	for i, d := range live {
		if i != anyway && len(w.orphans(d, here[d])) == 0 {
			continue
		}
		d.lock()
		if !d.open() {
			return
		}
		for _, attachment := range w.orphans(d, here[d]) {
			w.fail("orphan", fmt.Errorf("%s has chunks of %s, which is not there", d.name, attachment))
		}
	}
}

// orphans are the files that a device has chunks of and that are not there.
func (w *world) orphans(d *device, there map[id.ID]bool) (orphans []id.ID) {
	entries, err := os.ReadDir(d.paths().Files(d.account))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		w.fail("read", err)
	}
	for _, e := range entries {
		if attachment, err := id.Parse(e.Name()); err == nil && !there[attachment] {
			orphans = append(orphans, attachment)
		}
	}
	return orphans
}

// judgeServerFiles lets the time pass after which nothing of a deleted file may be left at the server.
func (w *world) judgeServerFiles(there map[id.ID]bool) {
	w.pass(8 * 24 * time.Hour)
	w.clean()
	for _, f := range w.model.files {
		count, present, err := w.server.cloud.Vaults.Chunks(w.ctx, cloud.Caller{Account: w.account}, w.vault, f.id)
		switch {
		case err != nil:
			w.fail("server", err)
		case there[f.id] && (count == 0 || len(present) != count):
			w.fail("file", fmt.Errorf("the server has %d of %d chunks of %s", len(present), count, f.id))
		case !there[f.id] && count != 0:
			w.fail("left", fmt.Errorf("the server has chunks of %s, which was deleted", f.id))
		}
	}
}

// clean is what the server does every few minutes.
func (w *world) clean() {
	_, err := w.server.cloud.Janitor.Clean(w.ctx)
	if killed, reviveErr := w.server.revive(); killed {
		err = reviveErr
	}
	if err != nil {
		w.fail("server", err)
	}
}

// filesAtRest tells whether a device has no file under way.
func (w *world) filesAtRest(d *device) bool {
	return !slices.ContainsFunc(d.u.Transfers(), func(t session.Transfer) bool { return t.State == engine.TransferWaiting })
}
