package vault_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/seal"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/chunkdir"
)

// chunk is how many bytes of a file are in a full one.
const chunk = int64(seal.MaxPlaintext)

// content is a file that is the same for the same size.
func content(size int64) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{byte(size)}), size)
}

func contentBytes(t testing.TB, size int64) []byte {
	t.Helper()
	data, err := io.ReadAll(content(size))
	check(t, err)
	return data
}

func (d *device) attach(t testing.TB, item id.ID, name string, size int64) vault.Attachment {
	t.Helper()
	a, err := d.Attach(ctx, item, name, content(size), size, nil)
	check(t, err)
	return a
}

func (d *device) attachments(t testing.TB, item id.ID) []vault.Attachment {
	t.Helper()
	all, err := d.Attachments(ctx, item)
	check(t, err)
	return all
}

// names are the files of an item.
func (d *device) names(t testing.TB, item id.ID) string {
	t.Helper()
	var names []string
	for _, a := range d.attachments(t, item) {
		names = append(names, a.Name)
	}
	return strings.Join(names, " ")
}

func (d *device) read(t testing.TB, attachment id.ID) []byte {
	t.Helper()
	var out bytes.Buffer
	check(t, d.ReadAttachment(ctx, attachment, &out, nil))
	return out.Bytes()
}

// stored lists the folders of chunks that are on the disk.
func (d *device) stored(t testing.TB) []id.ID {
	t.Helper()
	all, err := d.chunks.Attachments()
	check(t, err)
	return all
}

func TestAttachAndRead(t *testing.T) {
	d := newDevice(t, 1)
	item := d.save(t, login("Bank", "1")).ID
	sizes := []int64{0, 1, 4096, chunk - 1, chunk, chunk + 1, 2*chunk - 1, 2 * chunk, 2*chunk + 1}
	for i, size := range sizes {
		var progress []int64
		a, err := d.Attach(ctx, item, fmt.Sprint("file ", i), content(size), size, func(done int64) { progress = append(progress, done) })
		check(t, err)
		want := max(1, int((size+chunk-1)/chunk))
		if a.Size != size || a.Chunks != want || !a.Whole() || !a.Waiting || len(progress) != want || progress[want-1] != size {
			t.Errorf("%d bytes: %+v, progress %v", size, a, progress)
		}
	}
	d.unlock(t)
	all := d.attachments(t, item)
	for i, size := range sizes {
		if got := d.read(t, all[i].ID); !bytes.Equal(got, contentBytes(t, size)) {
			t.Errorf("%d bytes come back as %d others", size, len(got))
		}
		if a := all[i]; a.Name != fmt.Sprint("file ", i) || a.Size != size || !a.Whole() {
			t.Errorf("%+v", a)
		}
	}
	for _, s := range d.Query(vault.Filter{}) {
		if s.ID != item {
			t.Errorf("%v is listed", s)
		}
	}
	check(t, d.Each(ctx, func(it *vault.Item) error {
		if it.ID != item {
			t.Errorf("%v is an item", it)
		}
		return nil
	}))
}

func TestAttachmentsOfAnySize(t *testing.T) {
	d := newDevice(t, 1)
	item := d.save(t, login("Bank", "1")).ID
	rapid.Check(t, func(r *rapid.T) {
		around := rapid.SampledFrom([]int64{0, 64, 4096, chunk}).Draw(r, "around")
		size := max(0, around+rapid.Int64Range(-70, 70).Draw(r, "off"))
		a, err := d.Attach(ctx, item, "f", content(size), size, nil)
		var out bytes.Buffer
		if err == nil {
			err = d.ReadAttachment(ctx, a.ID, &out, nil)
		}
		if err != nil || !bytes.Equal(out.Bytes(), contentBytes(t, size)) {
			r.Fatalf("%d bytes: %v", size, err)
		}
		if err := errors.Join(d.Detach(ctx, item, a.ID), d.DeleteRemoved(ctx, item, a.ID)); err != nil {
			r.Fatal(err)
		}
	})
	if left := d.stored(t); len(left) != 0 {
		t.Errorf("%d files are left", len(left))
	}
}

// full is a disk with room for so many chunks.
type full struct {
	vault.ChunkStore
	room int
}

func (f *full) Put(attachment id.ID, index int, envelope []byte) error {
	if f.room--; f.room < 0 {
		return vault.ErrFull
	}
	return f.ChunkStore.Put(attachment, index, envelope)
}

func TestWhatCannotBeAttachedLeavesNothing(t *testing.T) {
	d := newDevice(t, 1)
	item := d.save(t, login("Bank", "1")).ID
	broken := errors.New("the stick was pulled")
	const size = 2*chunk + 7
	for name, test := range map[string]struct {
		file string
		r    io.Reader
		size int64
		room int
		item id.ID
		want error
	}{
		"too large":         {"f", content(0), vault.MaxAttachment + 1, 9, item, vault.ErrFileTooLarge},
		"no size":           {"f", content(0), -1, 9, item, vault.ErrFileTooLarge},
		"grown":             {"f", content(size + 1), size, 9, item, vault.ErrFileChanged},
		"grown from empty":  {"f", content(1), 0, 9, item, vault.ErrFileChanged},
		"shrunk":            {"f", content(size - 1), size, 9, item, vault.ErrFileChanged},
		"a chunk less":      {"f", content(chunk), size, 9, item, vault.ErrFileChanged},
		"unreadable":        {"f", io.MultiReader(content(size-9), iotest.ErrReader(broken)), size, 9, item, broken},
		"unreadable at end": {"f", io.MultiReader(content(size), iotest.ErrReader(broken)), size, 9, item, broken},
		"full at once":      {"f", content(size), size, 0, item, vault.ErrFull},
		"full in the 2nd":   {"f", content(size), size, 1, item, vault.ErrFull},
		"full in the 3rd":   {"f", content(size), size, 2, item, vault.ErrFull},
		"no name":           {"", content(1), 1, 9, item, vault.ErrInvalid},
		"long name":         {strings.Repeat("n", 1025), content(1), 1, 9, item, vault.ErrInvalid},
		"no text":           {"\xff", content(1), 1, 9, item, vault.ErrInvalid},
		"no item":           {"f", content(1), 1, 9, id.New(), vault.ErrNotFound},
	} {
		d.disk.room = test.room
		if _, err := d.Attach(ctx, test.item, test.file, test.r, test.size, nil); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
		if left := d.stored(t); len(left) != 0 || len(d.get(t, item).Attachments) != 0 {
			t.Errorf("%s: %d files are left", name, len(left))
		}
	}
}

// A file of the largest size is attached with the memory of a few chunks.
func TestLargestFile(t *testing.T) {
	d := newDevice(t, 1)
	item := d.save(t, login("Bank", "1")).ID
	sizes := 0
	a, err := d.Attach(ctx, item, "image.iso", content(vault.MaxAttachment), vault.MaxAttachment, func(int64) { sizes++ })
	check(t, err)
	if a.Chunks != 101 || sizes != 101 {
		t.Errorf("%d chunks, %d steps", a.Chunks, sizes)
	}
	want := content(vault.MaxAttachment)
	check(t, d.ReadAttachment(ctx, a.ID, comparing{want}, nil))
}

// comparing is a writer that expects what a reader gives.
type comparing struct{ want io.Reader }

func (c comparing) Write(p []byte) (int, error) {
	want := make([]byte, len(p))
	if _, err := io.ReadFull(c.want, want); err != nil || !bytes.Equal(p, want) {
		return 0, errors.Join(errors.New("other bytes"), err)
	}
	return len(p), nil
}

func TestRemovingAFileIsAnEdit(t *testing.T) {
	d := newDevice(t, 1)
	item := d.save(t, login("Bank", "1")).ID
	one, two := d.attach(t, item, "one", 10), d.attach(t, item, "two", 20)
	check(t, d.Detach(ctx, item, one.ID))
	if got := d.names(t, item); got != "two" {
		t.Errorf("%q is left", got)
	}
	if err := d.Detach(ctx, item, one.ID); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("removed again: %v", err)
	}
	removed, err := d.RemovedAttachments(ctx, item)
	check(t, err)
	if len(removed) != 1 || removed[0].Name != "one" {
		t.Errorf("removed: %+v", removed)
	}
	it := d.get(t, item)
	latest := it.Edits()[0]
	if !slices.Equal(latest.Fields, []vault.Field{vault.FieldAttachments}) {
		t.Errorf("the edit changed %v", latest.Fields)
	}
	if was, ok := it.Before(latest); !ok || !slices.Equal(was.Attachments, []id.ID{one.ID, two.ID}) {
		t.Errorf("before it: %v", was.Attachments)
	}
	check(t, d.RestoreBefore(ctx, item, latest))
	if got := d.names(t, item); got != "one two" || !bytes.Equal(d.read(t, one.ID), contentBytes(t, 10)) {
		t.Errorf("after undoing: %q", got)
	}
	// What the item has is not deleted, and what is deleted does not come back.
	check(t, d.Detach(ctx, item, one.ID))
	check(t, d.DeleteRemoved(ctx, item, one.ID, two.ID))
	if got := d.stored(t); !slices.Equal(got, []id.ID{two.ID}) {
		t.Errorf("on the disk: %v", got)
	}
	it = d.get(t, item)
	check(t, d.RestoreBefore(ctx, item, it.Edits()[0]))
	if got := d.names(t, item); got != "two" {
		t.Errorf("after undoing: %q", got)
	}
}

func TestRenamedAttachment(t *testing.T) {
	d := newDevice(t, 1)
	item := d.save(t, login("Bank", "1")).ID
	a := d.attach(t, item, "scan.pdf", 10)
	check(t, d.RenameAttachment(ctx, a.ID, "../con/contract.pdf"))
	d.unlock(t)
	if got := d.names(t, item); got != "../con/contract.pdf" || !bytes.Equal(d.read(t, a.ID), contentBytes(t, 10)) {
		t.Errorf("%q", got)
	}
	for _, err := range []error{d.RenameAttachment(ctx, a.ID, ""), d.RenameAttachment(ctx, a.ID, "\xff")} {
		if !errors.Is(err, vault.ErrInvalid) {
			t.Error(err)
		}
	}
	if err := d.RenameAttachment(ctx, item, "x"); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("an item was renamed as a file: %v", err)
	}
}

func TestDeletingAnItemDeletesItsFiles(t *testing.T) {
	for _, how := range []string{"forever", "with the trash"} {
		d, s := newDevice(t, 1), newServer()
		item, other := d.save(t, login("Bank", "1")).ID, d.save(t, login("Other", "2")).ID
		kept := d.attach(t, other, "kept", 1)
		has, had, unsent := d.attach(t, item, "has", 1), d.attach(t, item, "had", 1), d.attach(t, item, "unsent", 1)
		check(t, d.Detach(ctx, item, had.ID))
		for _, a := range []vault.Attachment{kept, has, had} {
			d.MarkUploaded(a.ID, true)
		}
		d.sync(t, s)
		check(t, d.Trash(ctx, item))
		if len(d.stored(t)) != 4 {
			t.Fatal("the trash keeps the files")
		}
		if how == "forever" {
			check(t, d.DeleteForever(ctx, item))
		} else if _, err := d.EmptyTrash(ctx); err != nil {
			t.Fatal(err)
		}
		if got := d.stored(t); !slices.Equal(got, []id.ID{kept.ID}) {
			t.Errorf("%s: %v are left", how, got)
		}
		d.sync(t, s)
		for object, want := range map[id.ID]vault.State{item: vault.Dead, has.ID: vault.Dead, had.ID: vault.Dead, kept.ID: vault.Live, unsent.ID: 0} {
			if got := s.rows[object].State; got != want {
				t.Errorf("%s: the server has %v, not %v", how, got, want)
			}
		}
	}
}

// Another client, or a defect, might name an item where an attachment is expected.
func TestDeletingAnItemDeletesNoOther(t *testing.T) {
	d := newDevice(t, 1)
	victim := d.save(t, login("Victim", "1")).ID
	item := d.save(t, login("Bank", "1"))
	item.Attachments = []id.ID{victim, id.New()}
	item = d.save(t, item)
	check(t, d.DeleteForever(ctx, item.ID))
	d.get(t, victim)
}

func TestCopiesHaveNoFiles(t *testing.T) {
	d := newDevice(t, 1)
	item := d.save(t, login("Bank", "1")).ID
	d.attach(t, item, "f", 1)
	copied := d.get(t, item)
	copied.ID = id.ID{}
	copied = d.save(t, copied)
	check(t, d.DeleteForever(ctx, copied.ID))
	if got := d.names(t, item); got != "f" {
		t.Errorf("deleting a copy left %q", got)
	}
}

func TestAFileIsAttachedWhileTheItemIsEdited(t *testing.T) {
	d := newDevice(t, 1)
	open := d.save(t, login("Bank", "1"))
	d.attach(t, open.ID, "f", 1)
	open.Title = "Savings"
	d.save(t, open)
	if it := d.get(t, open.ID); it.Title != "Savings" || d.names(t, open.ID) != "f" {
		t.Errorf("%s has %q", it.Title, d.names(t, open.ID))
	}
}

func TestFilesOfTwoDevicesMeet(t *testing.T) {
	a, b, s := twoDevices(t)
	item := a.save(t, login("Bank", "1")).ID
	common := a.attach(t, item, "common", 1)
	a.MarkUploaded(common.ID, true)
	a.sync(t, s)
	b.sync(t, s)
	for _, d := range []*device{a, b} {
		own := d.attach(t, item, fmt.Sprint("of ", d.id[1]), 1)
		d.MarkUploaded(own.ID, true)
	}
	check(t, b.Detach(ctx, item, common.ID))
	a.sync(t, s)
	b.sync(t, s)
	a.sync(t, s)
	for _, d := range []*device{a, b} {
		if got := d.names(t, item); got != "of 1 of 2" {
			t.Errorf("%q", got)
		}
	}
}

// The server must not hear of an attachment before it has the chunks: other devices would show what cannot be had.
func TestAnAttachmentWaitsForItsChunks(t *testing.T) {
	a, b, s := twoDevices(t)
	item := a.save(t, login("Bank", "1")).ID
	file := a.attach(t, item, "f", 1)
	a.sync(t, s)
	b.sync(t, s)
	if _, known := s.rows[file.ID]; known || b.names(t, item) != "" || len(b.get(t, item).Attachments) != 1 {
		t.Error("the object went before its chunks")
	}
	a.unlock(t)
	a.MarkUploaded(file.ID, true)
	a.MarkUploaded(file.ID, false)
	a.sync(t, s)
	if _, known := s.rows[file.ID]; known {
		t.Error("the object went though the mark was taken back")
	}
	a.MarkUploaded(file.ID, true)
	if got := a.Uploaded(); !slices.Equal(got, []id.ID{file.ID}) {
		t.Errorf("marked: %v", got)
	}
	a.sync(t, s)
	b.sync(t, s)
	if b.names(t, item) != "f" || len(a.Uploaded()) != 0 || a.attachments(t, item)[0].Waiting {
		t.Error("the object did not go")
	}
	// A new name goes at once.
	check(t, a.RenameAttachment(ctx, file.ID, "g"))
	a.sync(t, s)
	b.sync(t, s)
	if got := b.attachments(t, item); len(got) != 1 || got[0].Name != "g" || got[0].Here != 0 || got[0].Whole() {
		t.Errorf("%+v", got)
	}
}

func TestChunksComeFromTheServer(t *testing.T) {
	a, b, s := twoDevices(t)
	item := a.save(t, login("Bank", "1")).ID
	const size = 2*chunk + 5
	file, other := a.attach(t, item, "f", size), a.attach(t, item, "other", size)
	for _, f := range []vault.Attachment{file, other} {
		a.MarkUploaded(f.ID, true)
	}
	a.sync(t, s)
	b.sync(t, s)
	if err := b.ReadAttachment(ctx, file.ID, io.Discard, nil); !errors.Is(err, vault.ErrMissing) {
		t.Errorf("read before it came: %v", err)
	}
	sealed := func(f vault.Attachment, index int) []byte {
		t.Helper()
		envelope, err := a.SealedChunk(ctx, f.ID, index)
		check(t, err)
		return envelope
	}
	flipped := slices.Clone(sealed(file, 1))
	flipped[len(flipped)/2] ^= 1
	for name, wrong := range map[string][]byte{
		"another place": sealed(file, 0), "another file": sealed(other, 1), "a flipped bit": flipped, "nothing": nil, "the short one": sealed(file, 2),
	} {
		if err := b.PutChunk(ctx, file.ID, 1, wrong); !errors.Is(err, vault.ErrUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, index := range []int{-1, 3} {
		if err := b.PutChunk(ctx, file.ID, index, sealed(file, 1)); !errors.Is(err, vault.ErrUnreadable) {
			t.Errorf("chunk %d: %v", index, err)
		}
	}
	if len(b.stored(t)) != 0 {
		t.Error("something of that was kept")
	}
	for _, index := range []int{2, 0, 1} {
		check(t, b.PutChunk(ctx, file.ID, index, sealed(file, index)))
	}
	if !b.attachments(t, item)[0].Whole() || !bytes.Equal(b.read(t, file.ID), contentBytes(t, size)) {
		t.Error("the file is not whole")
	}
	// Deleted on the other device: gone here, and nothing more is taken.
	envelope := sealed(file, 0)
	check(t, a.DeleteForever(ctx, item))
	a.sync(t, s)
	b.sync(t, s)
	if len(b.stored(t)) != 0 {
		t.Error("chunks of a deleted file are left")
	}
	if err := b.PutChunk(ctx, file.ID, 0, envelope); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("a chunk of a deleted file: %v", err)
	}
}

func TestADamagedChunkIsSetAside(t *testing.T) {
	d := newDevice(t, 1)
	item := d.save(t, login("Bank", "1")).ID
	file := d.attach(t, item, "f", chunk+1)
	good, err := d.SealedChunk(ctx, file.ID, 1)
	check(t, err)
	check(t, os.WriteFile(filepath.Join(d.path+".files", file.ID.String(), "1"), []byte("scratch"), 0o600))
	if err := d.ReadAttachment(ctx, file.ID, io.Discard, nil); !errors.Is(err, vault.ErrMissing) {
		t.Errorf("%v", err)
	}
	if got := d.attachments(t, item)[0]; got.Here != 1 {
		t.Errorf("%+v", got)
	}
	check(t, d.PutChunk(ctx, file.ID, 1, good))
	if !bytes.Equal(d.read(t, file.ID), contentBytes(t, chunk+1)) {
		t.Error("not whole again")
	}
	check(t, os.WriteFile(filepath.Join(d.path+".files", file.ID.String(), "0"), bytes.Repeat(good, 2), 0o600))
	if _, err := d.SealedChunk(ctx, file.ID, 0); !errors.Is(err, vault.ErrMissing) {
		t.Errorf("a damaged chunk would be sent: %v", err)
	}
}

func TestOrphansGo(t *testing.T) {
	d := newDevice(t, 1)
	item := d.save(t, login("Bank", "1")).ID
	kept := d.attach(t, item, "f", 1)
	check(t, d.chunks.Put(id.New(), 0, []byte("of a file whose attaching was killed")))
	half := filepath.Join(d.path+".files", kept.ID.String(), ".0.tmp-123")
	check(t, os.WriteFile(half, nil, 0o600))
	// Another process attaches: it may be its file.
	done, err := chunkdir.New(d.path + ".files").Attaching()
	check(t, err)
	check(t, d.TidyChunks(ctx))
	if len(d.stored(t)) != 2 {
		t.Error("chunks went while a file was attached")
	}
	done()
	check(t, d.TidyChunks(ctx))
	if got := d.stored(t); !slices.Equal(got, []id.ID{kept.ID}) {
		t.Errorf("%v are left", got)
	}
	if _, err := os.Stat(half); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a chunk is left: %v", err)
	}
	if !bytes.Equal(d.read(t, kept.ID), contentBytes(t, 1)) {
		t.Error("the file that is named went too")
	}
}

func TestABackupBringsFilesBack(t *testing.T) {
	d, s := newDevice(t, 1), newServer()
	item := d.save(t, login("Bank", "1")).ID
	file, removed := d.attach(t, item, "f", 10), d.attach(t, item, "removed", 20)
	d.MarkUploaded(file.ID, true)
	d.sync(t, s)
	backup := d.backup(t)
	first, err := d.SealedChunk(ctx, file.ID, 0)
	check(t, err)
	check(t, d.Detach(ctx, item, removed.ID))
	later := d.attach(t, item, "later", 30)
	check(t, d.RenameAttachment(ctx, file.ID, "renamed"))
	restored, err := d.RestoreBackup(ctx, backup, []id.ID{item})
	check(t, err)
	if got := d.names(t, item); restored != 1 || got != "renamed removed" {
		t.Errorf("after restoring %d: %q", restored, got)
	}
	if after, err := d.RemovedAttachments(ctx, item); err != nil || len(after) != 1 || after[0].ID != later.ID {
		t.Errorf("the later file is in the history: %v, %v", after, err)
	}
	// Deleted for good: it comes back under its id, its content only as far as chunks can be had.
	check(t, d.DeleteForever(ctx, item))
	d.sync(t, s)
	_, err = d.RestoreBackup(ctx, backup, []id.ID{item})
	check(t, err)
	all := d.attachments(t, item)
	if len(all) != 2 || all[0].ID != file.ID || !all[0].Waiting || all[0].Here != 0 {
		t.Fatalf("%+v", all)
	}
	d.sync(t, s)
	if s.rows[file.ID].State != vault.Dead || s.rows[item].State != vault.Live {
		t.Error("the attachment went before anybody has its chunks")
	}
	check(t, d.PutChunk(ctx, file.ID, 0, first))
	d.MarkUploaded(file.ID, true)
	d.sync(t, s)
	if s.rows[file.ID].State != vault.Live || !bytes.Equal(d.read(t, file.ID), contentBytes(t, 10)) {
		t.Error("the file did not come back")
	}
}

func TestAClosedVaultAttachesNothing(t *testing.T) {
	d := newDevice(t, 1)
	item := d.save(t, login("Bank", "1")).ID
	file := d.attach(t, item, "f", 1)
	// Locked in the middle: the file is not kept.
	const size = 3 * chunk
	_, err := d.Attach(ctx, item, "f", content(size), size, func(int64) { go d.Close(); <-d.Closing() })
	if !errors.Is(err, vault.ErrClosed) {
		t.Errorf("locked in the middle: %v", err)
	}
	if got := d.stored(t); !slices.Equal(got, []id.ID{file.ID}) {
		t.Errorf("%v are left", got)
	}
	if err := d.ReadAttachment(ctx, file.ID, io.Discard, nil); !errors.Is(err, vault.ErrClosed) {
		t.Errorf("read: %v", err)
	}
}

// The memory that a file of the largest size takes is that of a few chunks.
func BenchmarkLargestFile(b *testing.B) {
	d := newDevice(b, 1)
	item := d.save(b, login("Bank", "1")).ID
	b.SetBytes(vault.MaxAttachment)
	peak := uint64(0)
	look := func(int64) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapInuse)
	}
	for b.Loop() {
		a, err := d.Attach(ctx, item, "image.iso", content(vault.MaxAttachment), vault.MaxAttachment, look)
		check(b, err)
		check(b, d.ReadAttachment(ctx, a.ID, io.Discard, look))
		check(b, d.Detach(ctx, item, a.ID))
		check(b, d.DeleteRemoved(ctx, item, a.ID))
	}
	b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
}

// Who deletes a file for good and who renames it: it is gone, whoever syncs first.
func TestADeletedFileStaysDeleted(t *testing.T) {
	for _, deletedFirst := range []bool{true, false} {
		a, b, s := twoDevices(t)
		item := a.save(t, login("Bank", "1")).ID
		file := a.attach(t, item, "f", 1)
		a.MarkUploaded(file.ID, true)
		a.sync(t, s)
		b.sync(t, s)
		check(t, a.Detach(ctx, item, file.ID))
		check(t, a.DeleteRemoved(ctx, item, file.ID))
		check(t, b.RenameAttachment(ctx, file.ID, "g"))
		first, second := a, b
		if !deletedFirst {
			first, second = b, a
		}
		first.sync(t, s)
		second.sync(t, s)
		first.sync(t, s)
		if s.rows[file.ID].State != vault.Dead || b.names(t, item) != "" || a.names(t, item) != "" {
			t.Errorf("deleted first %v: the file is back", deletedFirst)
		}
	}
}

// An edit that becomes an item of its own, because the other one does not open here, must not take that one's files with it.
func TestAForkHasItsOwnFilesOnly(t *testing.T) {
	d, s := newDevice(t, 1), newServer()
	item := d.save(t, login("Bank", "1")).ID
	synced := d.attach(t, item, "synced", 1)
	d.MarkUploaded(synced.ID, true)
	d.sync(t, s)
	d.attach(t, item, "new", 1)
	row := sealed(t, item, s.rows[item].Revision+1, []byte("not even CBOR"))
	s.pushes, s.rows[item], s.changed[item] = append(s.pushes, id.New()), row, len(s.pushes)+1
	result := d.pull(t, s)
	if len(result.Forked) != 1 || d.names(t, result.Forked[0]) != "new" {
		t.Fatalf("%+v", result)
	}
	check(t, d.DeleteForever(ctx, result.Forked[0]))
	if got := d.stored(t); !slices.Equal(got, []id.ID{synced.ID}) {
		t.Errorf("%v are left", got)
	}
}

func TestFilesOfBothSidesMerge(t *testing.T) {
	one, two, three, four := id.ID{1}, id.ID{2}, id.ID{3}, id.ID{4}
	with := func(files ...id.ID) *vault.Item { return &vault.Item{Kind: vault.Login, Attachments: files} }
	for name, test := range map[string]struct {
		base, head, local *vault.Item
		want              []id.ID
	}{
		"added on both":          {with(one), with(one, two), with(one, three), []id.ID{one, two, three}},
		"removed on one":         {with(one, two), with(two), with(one, two, three), []id.ID{two, three}},
		"removed on both":        {with(one, two), with(two), with(one), nil},
		"no base":                {nil, with(one, two), with(two, four), []id.ID{one, two, four}},
		"only the local changed": {with(one, two), with(one, two), with(two, one), []id.ID{two, one}},
	} {
		if merged := vault.Merge(test.base, test.head, test.local, id.ID{9}); !slices.Equal(merged.Attachments, test.want) {
			t.Errorf("%s: %v", name, merged.Attachments)
		}
	}
}

// Who deletes an item has heard of a file whose object has not come yet: whoever has it deletes it with the item.
func TestAFileThatIsUnderWayGoesWithItsItem(t *testing.T) {
	a, b, s := twoDevices(t)
	item := a.save(t, login("Bank", "1")).ID
	file := a.attach(t, item, "f", 1)
	a.sync(t, s)
	b.sync(t, s)
	check(t, b.DeleteForever(ctx, item))
	b.sync(t, s)
	a.sync(t, s)
	if left := a.stored(t); len(left) != 0 {
		t.Errorf("%v is left, and no item names it", left)
	}
	a.MarkUploaded(file.ID, true)
	a.sync(t, s)
	if _, known := s.rows[file.ID]; known {
		t.Error("it was sent all the same")
	}
}

// An edit beats a delete, with the file that was attached by it.
func TestAFileBringsItsItemBack(t *testing.T) {
	a, b, s := twoDevices(t)
	item := a.save(t, login("Bank", "1")).ID
	old := a.attach(t, item, "old", 1)
	a.MarkUploaded(old.ID, true)
	a.sync(t, s)
	b.sync(t, s)
	check(t, b.DeleteForever(ctx, item))
	file := a.attach(t, item, "new", 1)
	b.sync(t, s)
	a.sync(t, s)
	a.MarkUploaded(file.ID, true)
	a.sync(t, s)
	b.sync(t, s)
	for _, d := range []*device{a, b} {
		if got := d.names(t, item); got != "new" {
			t.Errorf("%q", got)
		}
	}
	if got := a.stored(t); !slices.Equal(got, []id.ID{file.ID}) {
		t.Errorf("%v are left", got)
	}
}

// However long its history gets, an item names every file that was removed from it: nothing else would.
func TestTheHistoryNamesFilesForGood(t *testing.T) {
	d := newDevice(t, 1)
	it := d.save(t, login("Bank", "1"))
	file := d.attach(t, it.ID, "f", 1)
	check(t, d.Detach(ctx, it.ID, file.ID))
	for i := range 6 {
		it = d.get(t, it.ID)
		it.Set(vault.Notes, secret.FromString(strings.Repeat(fmt.Sprint(i), 60<<10)))
		d.save(t, it)
	}
	removed, err := d.RemovedAttachments(ctx, it.ID)
	check(t, err)
	if len(removed) != 1 || removed[0].ID != file.ID {
		t.Errorf("removed: %+v", removed)
	}
}

// An attachment that does not open any more as the server has it: there is no second one, and what was here is set aside.
func TestAnAttachmentIsNotForked(t *testing.T) {
	for _, adopted := range []bool{false, true} {
		d, s := newDevice(t, 1), newServer()
		item := d.save(t, login("Bank", "1")).ID
		file := d.attach(t, item, "f", 1)
		d.MarkUploaded(file.ID, true)
		d.sync(t, s)
		if !adopted {
			check(t, d.RenameAttachment(ctx, file.ID, "g"))
		}
		row := sealed(t, file.ID, s.rows[file.ID].Revision+1, []byte("not even CBOR"))
		s.pushes, s.rows[file.ID], s.changed[file.ID] = append(s.pushes, id.New()), row, len(s.pushes)+1
		if adopted {
			result, err := d.Adopt(ctx, vault.Adoption{Rows: slices.Collect(maps.Values(s.rows)), Pin: s.pin()})
			check(t, err)
			if len(result.Forked) != 0 {
				t.Errorf("%+v", result)
			}
		} else if result := d.pull(t, s); len(result.Forked) != 0 || len(result.Unreadable) != 1 {
			t.Errorf("%+v", result)
		}
		if got := d.attachments(t, item); len(got) != 0 {
			t.Errorf("%+v", got)
		}
	}
}
