// Package chunkdir keeps the sealed chunks of attachments in a folder beside the vault's file, for this user alone:
//
//	<folder>/lock                       held while files are attached, so that nobody takes their chunks for orphans
//	<folder>/<attachment>/<index>       one chunk, an envelope
//	<folder>/<attachment>/<index>.bad   one that did not open, until another takes its place
//
// It knows no keys. A chunk is there whole or not at all, also after a kill or a power cut.
package chunkdir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/internal/filelock"
	"github.com/coffer-vault/coffer/vault"
)

// maxChunk is the size of the largest file that is read: that of an envelope.
const maxChunk = 1 << 20

// maxIndex bounds the names that are taken for chunks.
const maxIndex = 1 << 16

const (
	lockName = "lock"
	badMark  = ".bad"
)

// Folder is where the chunks of one account are.
type Folder struct{ path string }

var _ vault.ChunkStore = Folder{}

// New returns the folder at path. It is made when the first chunk comes.
func New(path string) Folder { return Folder{path} }

func (f Folder) attachment(attachment id.ID) string {
	return filepath.Join(f.path, attachment.String())
}

func (f Folder) chunk(attachment id.ID, index int) string {
	return filepath.Join(f.attachment(attachment), strconv.Itoa(index))
}

// Put implements vault.ChunkStore.
func (f Folder) Put(attachment id.ID, index int, envelope []byte) error {
	if err := f.makeFolders(attachment); err != nil {
		return failed("keep chunk", err)
	}
	path := f.chunk(attachment, index)
	if err := atomicfile.WriteFile(path, envelope, 0o600); err != nil {
		return failed("keep chunk", err)
	}
	if err := os.Remove(path + badMark); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed("keep chunk", err)
	}
	return nil
}

// makeFolders makes the folder of an attachment; its name is on the disk when it returns.
func (f Folder) makeFolders(attachment id.ID) error {
	for _, dir := range []string{f.path, f.attachment(attachment)} {
		err := os.Mkdir(dir, 0o700)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil {
			err = atomicfile.SyncDir(filepath.Dir(dir))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Get implements vault.ChunkStore.
func (f Folder) Get(attachment id.ID, index int) ([]byte, error) {
	file, err := os.Open(f.chunk(attachment, index))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, vault.ErrMissing
	}
	if err != nil {
		return nil, failed("read chunk", err)
	}
	defer file.Close()
	envelope, err := io.ReadAll(io.LimitReader(file, maxChunk+1))
	if err != nil {
		return nil, failed("read chunk", err)
	}
	return envelope, nil
}

// SetAside implements vault.ChunkStore.
func (f Folder) SetAside(attachment id.ID, index int) error {
	path := f.chunk(attachment, index)
	if err := atomicfile.Rename(path, path+badMark); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed("set chunk aside", err)
	}
	return nil
}

// List implements vault.ChunkStore.
func (f Folder) List(attachment id.ID) ([]int, error) {
	var all []int
	err := names(f.attachment(attachment), func(name string) {
		if index, err := strconv.Atoi(name); err == nil && index >= 0 && index < maxIndex && strconv.Itoa(index) == name {
			all = append(all, index)
		}
	})
	slices.Sort(all)
	return all, failed("list chunks", err)
}

// Remove implements vault.ChunkStore.
func (f Folder) Remove(attachment id.ID) error {
	return failed("remove chunks", os.RemoveAll(f.attachment(attachment)))
}

// Attachments implements vault.ChunkStore. What has another name is not Coffer's and stays.
func (f Folder) Attachments() ([]id.ID, error) {
	var all []id.ID
	err := names(f.path, func(name string) {
		if attachment, err := id.Parse(name); err == nil && attachment.String() == name {
			all = append(all, attachment)
		}
	})
	return all, failed("list attachments", err)
}

// Tidy implements vault.ChunkStore: what a kill left of chunks that were being written.
func (f Folder) Tidy(attachment id.ID) error {
	var left []string
	err := names(f.attachment(attachment), func(name string) {
		if name[0] == '.' {
			left = append(left, filepath.Join(f.attachment(attachment), name))
		}
	})
	for _, path := range left {
		err = errors.Join(err, os.Remove(path))
	}
	return failed("tidy chunks", err)
}

// names calls yield with what is in a folder; one that is not there is empty.
func names(dir string, yield func(string)) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		yield(e.Name())
	}
	return err
}

// Size implements vault.ChunkStore.
func (f Folder) Size() (total int64, err error) {
	err = filepath.WalkDir(f.path, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			var info fs.FileInfo
			if info, err = e.Info(); err == nil {
				total += info.Size()
			}
		}
		if errors.Is(err, fs.ErrNotExist) { // removed meanwhile, or nothing was ever attached
			return nil
		}
		return err
	})
	return total, failed("measure files", err)
}

// Erase removes the folder with everything in it: the account goes from this PC.
func (f Folder) Erase() error { return failed("remove files", os.RemoveAll(f.path)) }

// Attaching implements vault.ChunkStore.
func (f Folder) Attaching() (done func(), err error) { return f.lock(filelock.Share) }

// Alone implements vault.ChunkStore.
func (f Folder) Alone() (done func(), err error) { return f.lock(filelock.Try) }

// lock takes the folder's lock. It ends with its process, however that ends.
func (f Folder) lock(how func(*os.File) error) (unlock func(), err error) {
	if err := os.Mkdir(f.path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, failed("lock files", err)
	}
	file, err := os.OpenFile(filepath.Join(f.path, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, failed("lock files", err)
	}
	if err := how(file); err != nil {
		file.Close()
		return nil, fmt.Errorf("lock files: %w: %w", vault.ErrBusy, err)
	}
	return func() { file.Close() }, nil
}

// failed names the operation and what the system said, in the vault's words.
func failed(operation string, err error) error {
	switch {
	case err == nil:
		return nil
	case isFull(err):
		return fmt.Errorf("%s: %w: %w", operation, vault.ErrFull, err)
	case isReadOnly(err), errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: %w: %w", operation, vault.ErrReadOnly, err)
	}
	return fmt.Errorf("%s: %w: %w", operation, vault.ErrDisk, err)
}
