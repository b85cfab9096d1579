package vault_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/coffer-vault/coffer/vault"
)

// newFile is a file of a batch with the content of its size.
func newFile(item int, name string, size int64) vault.NewFile {
	return vault.NewFile{Item: item, Name: name, Size: size, Open: func() (io.ReadCloser, error) { return io.NopCloser(content(size)), nil }}
}

func TestABatchBringsFiles(t *testing.T) {
	d := newDevice(t, 1)
	old := d.save(t, login("Old", "1"))
	d.attach(t, old.ID, "was.txt", 3)
	var steps []vault.BatchProgress
	files := []vault.NewFile{newFile(0, "scan.pdf", chunk+9), newFile(1, "added.txt", 0), newFile(0, "key.pem", 70)}
	batch, err := d.Batch(ctx, []vault.Item{login("New", "2"), d.get(t, old.ID)}, files, func(at vault.BatchProgress) { steps = append(steps, at) })
	check(t, err)
	created := d.Query(vault.Filter{Text: "new"})[0].ID
	if d.names(t, created) != "scan.pdf key.pem" || d.names(t, old.ID) != "was.txt added.txt" {
		t.Errorf("%q, %q", d.names(t, created), d.names(t, old.ID))
	}
	for _, a := range d.attachments(t, created) {
		if !bytes.Equal(d.read(t, a.ID), contentBytes(t, a.Size)) {
			t.Errorf("%s: other bytes", a.Name)
		}
	}
	last := vault.BatchProgress{Bytes: chunk + 79, AllBytes: chunk + 79, Items: 2, AllItems: 2}
	if steps[0].Bytes != chunk || steps[0].Items != 0 || steps[len(steps)-1] != last {
		t.Errorf("%+v", steps)
	}
	d.unlock(t)
	done, err := d.UndoBatch(ctx, batch)
	check(t, err)
	if done != (vault.Undone{Removed: 1, Restored: 1}) || d.names(t, old.ID) != "was.txt" || len(d.stored(t)) != 1 {
		t.Errorf("%+v, %q, %d files on the disk", done, d.names(t, old.ID), len(d.stored(t)))
	}
}

// An item and its files are undone together, or stay together.
func TestUndoKeepsFilesOfWhatWasChanged(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, d *device, it vault.Item){
		"edited": func(t *testing.T, d *device, it vault.Item) { it.Title = "Kept"; d.save(t, it) },
		"renamed": func(t *testing.T, d *device, it vault.Item) {
			check(t, d.RenameAttachment(ctx, it.Attachments[1], "n"))
		},
		"removed": func(t *testing.T, d *device, it vault.Item) { check(t, d.Detach(ctx, it.ID, it.Attachments[0])) },
		"added":   func(t *testing.T, d *device, it vault.Item) { d.attach(t, it.ID, "c", 3) },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDevice(t, 1)
			files := []vault.NewFile{newFile(0, "a", 5), newFile(0, "b", 6), newFile(1, "gone", 7)}
			batch, err := d.Batch(ctx, []vault.Item{login("Changed", "1"), login("Other", "2")}, files, nil)
			check(t, err)
			it := d.get(t, d.Query(vault.Filter{Text: "changed"})[0].ID)
			change(t, d, it)
			files2 := append(d.attachments(t, it.ID), must(d.RemovedAttachments(ctx, it.ID))...)
			done, err := d.UndoBatch(ctx, batch)
			check(t, err)
			if done != (vault.Undone{Removed: 1, Kept: 1}) || len(d.stored(t)) != len(files2) {
				t.Errorf("%+v, %d of %d files", done, len(d.stored(t)), len(files2))
			}
			for _, a := range files2 {
				d.read(t, a.ID)
			}
		})
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// Whatever goes wrong, nothing of the batch is kept, on the disk neither.
func TestABatchWithFilesIsAllOrNothing(t *testing.T) {
	broken := errors.New("the stick was pulled")
	other := func(size int64) vault.NewFile {
		f := newFile(0, "b", size)
		f.Size++
		return f
	}
	unopened := vault.NewFile{Name: "b", Size: 1, Open: func() (io.ReadCloser, error) { return nil, broken }}
	unfit := vault.Item{Kind: vault.Login, Title: "\xff"}
	for name, test := range map[string]struct {
		second vault.Item
		file   vault.NewFile
		room   int
		want   error
	}{
		"item":        {unfit, newFile(0, "b", 1), 9, vault.ErrInvalid},
		"changed":     {login("B", "2"), other(chunk), 9, vault.ErrFileChanged},
		"not there":   {login("B", "2"), unopened, 9, broken},
		"full":        {login("B", "2"), newFile(0, "b", chunk+1), 2, vault.ErrFull},
		"too large":   {login("B", "2"), newFile(0, "b", vault.MaxAttachment+1), 9, vault.ErrFileTooLarge},
		"no name":     {login("B", "2"), newFile(0, "", 1), 9, vault.ErrInvalid},
		"of no item":  {login("B", "2"), newFile(2, "b", 1), 9, vault.ErrInvalid},
		"stopped":     {login("B", "2"), newFile(1, "b", 3*chunk), 9, context.Canceled},
		"just so fit": {login("B", "2"), newFile(1, "b", 3*chunk), 9, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDevice(t, 1)
			d.disk.room = test.room
			stopping, stop := context.WithCancel(ctx)
			defer stop()
			_, err := d.Batch(stopping, []vault.Item{login("A", "1"), test.second}, []vault.NewFile{newFile(0, "a", 9), test.file}, func(at vault.BatchProgress) {
				if test.want == context.Canceled && at.Bytes > chunk {
					stop()
				}
			})
			if !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
			if n, left := d.Counts().All, len(d.stored(t)); test.want != nil && n+left != 0 {
				t.Errorf("%d items and %d files are left", n, left)
			}
		})
	}
}
