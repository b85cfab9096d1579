package chunkdir_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/chunkdir"
)

var one, two = id.ID{1}, id.ID{2}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newFolder(t *testing.T) (chunkdir.Folder, string) {
	path := filepath.Join(t.TempDir(), "account.files")
	return chunkdir.New(path), path
}

func TestChunksAreKept(t *testing.T) {
	f, path := newFolder(t)
	if all, err := f.Attachments(); err != nil || len(all) != 0 {
		t.Errorf("a folder that is not there: %v, %v", all, err)
	}
	if _, err := f.Get(one, 0); !errors.Is(err, vault.ErrMissing) {
		t.Errorf("a chunk that is not there: %v", err)
	}
	for _, index := range []int{10, 2, 0} {
		check(t, f.Put(one, index, []byte{byte(index)}))
	}
	check(t, f.Put(two, 0, []byte("other")))
	check(t, f.Put(one, 0, []byte("again")))
	f = chunkdir.New(path)
	for index, want := range map[int]string{0: "again", 2: "\x02", 10: "\x0a"} {
		if got, err := f.Get(one, index); err != nil || string(got) != want {
			t.Errorf("chunk %d: %q, %v", index, got, err)
		}
	}
	if all, err := f.List(one); err != nil || !slices.Equal(all, []int{0, 2, 10}) {
		t.Errorf("listed %v, %v", all, err)
	}
	if all, err := f.Attachments(); err != nil || len(all) != 2 {
		t.Errorf("listed %v, %v", all, err)
	}
	if size, err := f.Size(); err != nil || size != 5+1+1+5 {
		t.Errorf("%d bytes, %v", size, err)
	}
	check(t, f.Remove(one))
	check(t, f.Remove(one))
	if all, err := f.Attachments(); err != nil || !slices.Equal(all, []id.ID{two}) {
		t.Errorf("after removing: %v, %v", all, err)
	}
	check(t, f.Erase())
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after erasing: %v", err)
	}
}

func TestOtherUsersReadNothing(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows keeps access in ACLs")
	}
	f, path := newFolder(t)
	check(t, f.Put(one, 0, []byte("x")))
	for name, want := range map[string]os.FileMode{"": 0o700, one.String(): 0o700, one.String() + "/0": 0o600} {
		if info, err := os.Stat(filepath.Join(path, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%q: %v, %v", name, info.Mode(), err)
		}
	}
}

func TestSetAside(t *testing.T) {
	f, path := newFolder(t)
	check(t, f.Put(one, 0, []byte("bad")))
	check(t, f.SetAside(one, 0))
	check(t, f.SetAside(one, 0))
	if all, err := f.List(one); err != nil || len(all) != 0 {
		t.Errorf("listed %v, %v", all, err)
	}
	aside := filepath.Join(path, one.String(), "0.bad")
	if got, err := os.ReadFile(aside); err != nil || string(got) != "bad" {
		t.Errorf("set aside: %q, %v", got, err)
	}
	check(t, f.Put(one, 0, []byte("good")))
	if _, err := os.Stat(aside); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("another is there, and the bad one still: %v", err)
	}
}

func TestWhatIsNotCoffersIsLeftAlone(t *testing.T) {
	f, path := newFolder(t)
	check(t, f.Put(one, 0, []byte("x")))
	dir := filepath.Join(path, one.String())
	for _, name := range []string{"01", "-1", "1e3", "99999999", "Thumbs.db", ".1.tmp-77", "0.bad"} {
		check(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	check(t, os.Mkdir(filepath.Join(path, "lost+found"), 0o700))
	check(t, os.Mkdir(filepath.Join(path, "ABCDEF00000000000000000000000000"), 0o700))
	if all, err := f.List(one); err != nil || !slices.Equal(all, []int{0}) {
		t.Errorf("chunks %v, %v", all, err)
	}
	if all, err := f.Attachments(); err != nil || !slices.Equal(all, []id.ID{one}) {
		t.Errorf("attachments %v, %v", all, err)
	}
	check(t, f.Tidy(one))
	if _, err := os.Stat(filepath.Join(dir, ".1.tmp-77")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what a kill left is there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "Thumbs.db")); err != nil {
		t.Error(err)
	}
}

// A file that somebody put there is read no further than an envelope goes.
func TestALargeFileIsNotReadWhole(t *testing.T) {
	f, path := newFolder(t)
	check(t, f.Put(one, 0, nil))
	check(t, os.Truncate(filepath.Join(path, one.String(), "0"), 1<<40))
	if got, err := f.Get(one, 0); err != nil || len(got) != 1<<20+1 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestOneCleansWhileNobodyAttaches(t *testing.T) {
	f, path := newFolder(t)
	other := chunkdir.New(path)
	attached, err := f.Attaching()
	check(t, err)
	second, err := other.Attaching() // two may
	check(t, err)
	second()
	if _, err := other.Alone(); !errors.Is(err, vault.ErrBusy) {
		t.Errorf("alone beside one that attaches: %v", err)
	}
	attached()
	done, err := other.Alone()
	check(t, err)
	done()
}

// The disk fails at every step of a chunk: it is not there, or whole, and nothing else is left.
func TestTheDiskFailsAtEveryStep(t *testing.T) {
	t.Cleanup(func() { atomicfile.OnStep(nil) })
	for cause, want := range map[syscall.Errno]error{syscall.ENOSPC: vault.ErrFull, syscall.EROFS: vault.ErrReadOnly, syscall.EIO: vault.ErrDisk} {
		if runtime.GOOS == "windows" {
			continue // it names its errors otherwise
		}
		for at := 0; ; at++ {
			f, path := newFolder(t)
			check(t, f.Put(two, 0, []byte("before")))
			steps := 0
			atomicfile.OnStep(func(atomicfile.Step) error {
				if steps++; steps == at+1 {
					return cause
				}
				return nil
			})
			err := f.Put(one, 0, bytes.Repeat([]byte("x"), 1000))
			atomicfile.OnStep(nil)
			if steps <= at {
				check(t, err)
				break
			}
			if !errors.Is(err, want) {
				t.Errorf("%v at step %d: %v", cause, at, err)
			}
			got, err := f.Get(one, 0)
			if !errors.Is(err, vault.ErrMissing) && (err != nil || len(got) != 1000) {
				t.Errorf("%v at step %d: %d bytes, %v", cause, at, len(got), err)
			}
			check(t, f.Tidy(one))
			entries, _ := os.ReadDir(filepath.Join(path, one.String()))
			if len(entries) > 1 || len(entries) == 1 && entries[0].Name() != "0" {
				t.Errorf("%v at step %d leaves %v", cause, at, entries)
			}
		}
	}
}
