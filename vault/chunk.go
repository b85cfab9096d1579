package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/seal"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// ChunkStore keeps the sealed chunks of attachments; package vault/chunkdir implements it. A chunk never changes, and is there whole or
// not at all. Errors wrap ErrFull, ErrReadOnly or ErrDisk.
type ChunkStore interface {
	// Put keeps a chunk. It is on the disk when Put returns.
	Put(attachment id.ID, index int, envelope []byte) error
	// Get returns a chunk, at most a little more than an envelope may have; ErrMissing if it is not here.
	Get(attachment id.ID, index int) ([]byte, error)
	// SetAside keeps a chunk that does not open out of the way until another is put in its place.
	SetAside(attachment id.ID, index int) error
	// List returns which chunks of an attachment are here, in order.
	List(attachment id.ID) ([]int, error)
	// Tidy removes what a kill left of chunks that were being put.
	Tidy(attachment id.ID) error
	// Remove removes all chunks of an attachment; none is no error.
	Remove(attachment id.ID) error
	// Attachments lists all that have chunks here.
	Attachments() ([]id.ID, error)
	// Size is how many bytes all of it takes.
	Size() (int64, error)
	// Attaching keeps other processes from Alone until done is called, and waits for one that has it.
	Attaching() (done func(), err error)
	// Alone keeps other processes from Attaching until done is called; ErrBusy while one does.
	Alone() (done func(), err error)
}

// file is an attachment with what opens its chunks.
type file struct {
	Attachment
	key secret.Bytes
}

// fileOf reads the object of an attachment, whose key it borrows. Errors: ErrNotFound for what is none, ErrUnreadable.
func fileOf(it *Item) (file, error) {
	if it.Kind != attachmentKind {
		return file{}, ErrNotFound
	}
	size, err := strconv.ParseInt(string(it.Value(fileSize).Reveal()), 10, 64)
	if err != nil || size < 0 || size > MaxAttachment || it.Value(fileKey).Len() != seal.KeySize {
		return file{}, ErrUnreadable
	}
	return file{Attachment{ID: it.ID, Name: it.Title, Size: size, Chunks: chunksOf(size)}, it.Value(fileKey)}, nil
}

// partMax is how many bytes of a file a chunk has; the last one has what is left.
const partMax = int64(seal.MaxPlaintext)

// chunksOf is how many chunks a file of so many bytes has.
func chunksOf(size int64) int {
	return max(1, int((size+partMax-1)/partMax))
}

// partSize is how many bytes of the file a chunk has.
func (f *file) partSize(index int) int {
	return int(min(partMax, f.Size-int64(index)*partMax))
}

func (f *file) ref(v *Vault, index int) keys.ChunkRef {
	return keys.ChunkRef{Account: v.cfg.Account, Vault: v.cfg.Vault, Attachment: f.ID, Index: uint64(index), Count: uint64(f.Chunks)}
}

// openChunk decrypts a chunk; ErrUnreadable for bytes that are not this one.
func (v *Vault) openChunk(f *file, index int, envelope []byte) ([]byte, error) {
	part, err := keys.OpenChunk(f.key, f.ref(v, index), envelope)
	if err != nil || len(part) != f.partSize(index) {
		clear(part)
		return nil, ErrUnreadable
	}
	return part, nil
}

// sealFile reads r to its end, which has to come after f.Size bytes, and keeps it sealed.
func (v *Vault) sealFile(ctx context.Context, f *file, r io.Reader, progress func(done int64)) error {
	part := make([]byte, min(partMax, f.Size))
	defer clear(part)
	for index := range f.Chunks {
		if err := ctx.Err(); err != nil {
			return err
		}
		part := part[:f.partSize(index)]
		if _, err := io.ReadFull(r, part); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return ErrFileChanged
		} else if err != nil {
			return fmt.Errorf("read file: %w", err)
		}
		envelope, err := keys.SealChunk(f.key, f.ref(v, index), part)
		if err == nil {
			err = v.cfg.Chunks.Put(f.ID, index, envelope)
		}
		if err != nil {
			return err
		}
		if progress != nil {
			progress(int64(index)*partMax + int64(len(part)))
		}
	}
	return atEnd(r)
}

// atEnd tells whether a reader has nothing more.
func atEnd(r io.Reader) error {
	n, err := io.CopyN(io.Discard, r, 1)
	switch {
	case n > 0:
		return ErrFileChanged
	case errors.Is(err, io.EOF):
		return nil
	}
	return fmt.Errorf("read file: %w", err)
}

// openFile opens an attachment. The caller wipes its item.
func (v *Vault) openFile(ctx context.Context, attachment id.ID) (f file, it Item, err error) {
	if it, err = v.Get(ctx, attachment); err != nil {
		return file{}, Item{}, err
	}
	if f, err = fileOf(&it); err != nil {
		it.Wipe()
	}
	return f, it, err
}

// ReadAttachment writes the bytes of a file to w, one chunk after the other. A chunk that does not open is set aside, so that it is
// fetched again. Errors: ErrMissing where not all of it is here, ErrNotFound, ErrUnreadable, w's, ErrClosed, and the ChunkStore's.
func (v *Vault) ReadAttachment(ctx context.Context, attachment id.ID, w io.Writer, progress func(done int64)) error {
	return wrap("read attachment", v.withFile(ctx, attachment, func(ctx context.Context, f *file) error {
		done := int64(0)
		for index := range f.Chunks {
			_, part, err := v.readChunk(ctx, f, index)
			if err != nil {
				return err
			}
			n, err := w.Write(part)
			clear(part)
			if err != nil {
				return err
			}
			if done += int64(n); progress != nil {
				progress(done)
			}
		}
		return nil
	}))
}

// withFile calls work with an attachment, until the vault is closed.
func (v *Vault) withFile(ctx context.Context, attachment id.ID, work func(context.Context, *file) error) error {
	leave, err := v.begin()
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := v.untilClosed(ctx)
	defer cancel()
	f, it, err := v.openFile(ctx, attachment)
	if err != nil {
		return err
	}
	defer it.Wipe()
	return cause(ctx, work(ctx, &f))
}

// readChunk returns a chunk sealed and opened.
func (v *Vault) readChunk(ctx context.Context, f *file, index int) (envelope, part []byte, err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if envelope, err = v.cfg.Chunks.Get(f.ID, index); err != nil {
		return nil, nil, err
	}
	if part, err = v.openChunk(f, index, envelope); err != nil {
		v.fileNews.Add(1)
		return nil, nil, errors.Join(ErrMissing, v.cfg.Chunks.SetAside(f.ID, index))
	}
	return envelope, part, nil
}

// SealedChunk returns a chunk as it goes to the server. One that does not open is set aside and never sent: the server would keep it
// for good. Errors as for ReadAttachment.
func (v *Vault) SealedChunk(ctx context.Context, attachment id.ID, index int) (envelope []byte, err error) {
	err = v.withFile(ctx, attachment, func(ctx context.Context, f *file) error {
		var part []byte
		envelope, part, err = v.readChunk(ctx, f, index)
		clear(part)
		return err
	})
	return envelope, wrap("read chunk", err)
}

// PutChunk keeps a chunk that came from the server, if it is the one of this place. Errors: ErrUnreadable for other bytes, of which
// nothing is kept, ErrNotFound for an attachment that was deleted, ErrClosed, and the ChunkStore's.
func (v *Vault) PutChunk(ctx context.Context, attachment id.ID, index int, envelope []byte) error {
	return wrap("keep chunk", v.withFile(ctx, attachment, func(_ context.Context, f *file) error {
		if index < 0 || index >= f.Chunks {
			return ErrUnreadable
		}
		part, err := v.openChunk(f, index, envelope)
		clear(part)
		if err != nil {
			return err
		}
		done, err := v.cfg.Chunks.Attaching()
		if err != nil {
			return err
		}
		defer done()
		return v.cfg.Chunks.Put(f.ID, index, envelope)
	}))
}

// Chunks is how many chunks an attachment has. Errors: ErrNotFound, ErrUnreadable, ErrClosed, and the Store's.
func (v *Vault) Chunks(ctx context.Context, attachment id.ID) (count int, err error) {
	err = v.withFile(ctx, attachment, func(_ context.Context, f *file) error {
		count = f.Chunks
		return nil
	})
	return count, wrap("open attachment", err)
}

// FileOffset is how many bytes of a file are in so many chunks, the last one of a file excepted.
func FileOffset(chunks int) int64 { return int64(chunks) * partMax }

// ChunksHere returns which chunks of an attachment are on this PC, in order.
func (v *Vault) ChunksHere(attachment id.ID) ([]int, error) { return v.cfg.Chunks.List(attachment) }

// FilesSize is how many bytes the chunks take on this PC.
func (v *Vault) FilesSize() (int64, error) { return v.cfg.Chunks.Size() }

// TidyChunks removes the chunks that no attachment names, which a kill has left: of a file that was being attached, or was deleted.
// It does nothing while another process attaches. Errors: ErrClosed, the Store's, and the ChunkStore's.
func (v *Vault) TidyChunks(ctx context.Context) error {
	if stored, err := v.cfg.Chunks.Attachments(); err != nil || len(stored) == 0 {
		return err
	}
	done, err := v.cfg.Chunks.Alone()
	if errors.Is(err, ErrBusy) {
		return nil
	}
	if err != nil {
		return err
	}
	defer done()
	stored, err := v.cfg.Chunks.Attachments()
	if err != nil {
		return err
	}
	return wrap("tidy chunks", v.view(ctx, func(r Reader) error {
		for _, attachment := range stored {
			o, found, err := r.Object(v.cfg.Vault, attachment)
			switch {
			case err != nil:
			case !found || o.gone():
				err = v.cfg.Chunks.Remove(attachment)
			default:
				err = v.cfg.Chunks.Tidy(attachment)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}))
}

// noChunks is the ChunkStore of a vault without one: it has nothing and takes nothing.
type noChunks struct{}

func (noChunks) Put(id.ID, int, []byte) error        { return ErrReadOnly }
func (noChunks) Get(id.ID, int) ([]byte, error)      { return nil, ErrMissing }
func (noChunks) SetAside(id.ID, int) error           { return nil }
func (noChunks) List(id.ID) ([]int, error)           { return nil, nil }
func (noChunks) Tidy(id.ID) error                    { return nil }
func (noChunks) Remove(id.ID) error                  { return nil }
func (noChunks) Attachments() ([]id.ID, error)       { return nil, nil }
func (noChunks) Size() (int64, error)                { return 0, nil }
func (noChunks) Attaching() (done func(), err error) { return func() {}, nil }
func (noChunks) Alone() (done func(), err error)     { return func() {}, nil }

// ids is a list of ids as history entries have it: hex, a line each.
func ids(list []id.ID) []byte {
	lines := make([][]byte, len(list))
	for i, each := range list {
		lines[i] = []byte(each.String())
	}
	return bytes.Join(lines, []byte("\n"))
}

// parseIDs reads what ids wrote. Lines that are no id are left out.
func parseIDs(value []byte) []id.ID {
	var list []id.ID
	for _, line := range lines(value) {
		if each, err := id.Parse(line); err == nil && !slices.Contains(list, each) {
			list = append(list, each)
		}
	}
	return list
}
