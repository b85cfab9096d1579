// Package exporter writes the items of a vault into files that other programs read.
//
//	vault ──▶ entries, folder by folder ──▶ encoder of the format ──▶ new file, renamed into place
//	                     └──▶ Report: what the format has no place for
//
// What a reviewer can check:
//
//   - Nothing is dropped silently: what a Spec omits is counted for every item, and an encoder that finds no place for something more
//     calls entry.lose.
//   - A file has its name when it is whole, is for this user alone, and replaces another one only where the caller says so.
//   - An export ends with its context, and with the vault. Nothing of it is on the disk then.
package exporter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// Format is a kind of file.
type Format string

// Spec says what a format is.
type Spec struct {
	Format    Format
	Extension string // with its dot
	Sealed    bool   // it has a password of its own; else whoever has the file can read it
	Omits     []Part // what it has no place for at all

	open func(*export) (encoder, error)
}

// specs are the formats, in the order in which people are offered them.
var specs = []Spec{bitwardenSpec, csvSpec, cxfSpec, archiveSpec, keePassSpec}

// Specs returns what can be written, in the order in which people are offered it.
func Specs() []Spec { return slices.Clone(specs) }

// SpecOf finds the description of a format.
func SpecOf(f Format) (Spec, bool) {
	i := slices.IndexFunc(specs, func(s Spec) bool { return s.Format == f })
	if i < 0 {
		return Spec{}, false
	}
	return specs[i], true
}

// omits tells whether the format has no place for a part.
func (s *Spec) omits(p Part) bool { return slices.Contains(s.Omits, p) }

var (
	// ErrFormat: there is no such format.
	ErrFormat = errors.New("unknown export format")
	// ErrPassword: a sealed format needs a password of its own.
	ErrPassword = errors.New("the export needs a password")
)

// Options say what is written.
type Options struct {
	Format   Format
	Password secret.Bytes // of a sealed format; it stays the caller's
	Email    string       // of the account, for formats that name it
	Now      time.Time    // of the export
	Replace  bool         // Save may replace a file
}

// encoder writes one file.
type encoder interface {
	// add writes an item, and tells the entry what of it has no place, beside what the Spec omits. It keeps nothing of the entry.
	add(ctx context.Context, e *entry) error
	// finish writes what comes after the last item.
	finish() error
	// wipe clears what waited in memory, whether the file is whole or not.
	wipe()
}

// export is one run.
type export struct {
	vault   *vault.Vault
	spec    Spec
	options Options
	out     io.Writer
	folders []vault.Folder // as a tree is read
	losses  losses
	files   int // that were written
}

// Write writes every item of the vault to w. What the format does not take is in the report. progress, which may be nil, is called
// after every item. After an error what w was given is no whole file.
// Errors: ErrFormat, ErrPassword, w's, the context's, vault.ErrClosed, and those of the vault's stores.
func Write(ctx context.Context, v *vault.Vault, o Options, w io.Writer, progress func(done, total int)) (Report, error) {
	report, err := write(ctx, v, o, w, progress)
	if err != nil {
		return Report{}, fmt.Errorf("export: %w", err)
	}
	return report, nil
}

func write(ctx context.Context, v *vault.Vault, o Options, w io.Writer, progress func(done, total int)) (Report, error) {
	spec, ok := SpecOf(o.Format)
	switch {
	case !ok:
		return Report{}, ErrFormat
	case spec.Sealed && o.Password.IsZero():
		return Report{}, ErrPassword
	}
	x := &export{vault: v, spec: spec, options: o, out: w, folders: v.Folders(), losses: losses{}}
	enc, err := spec.open(x)
	if err != nil {
		return Report{}, err
	}
	defer enc.wipe()
	items, rows := 0, x.rows()
	for i, row := range rows {
		written, err := x.add(ctx, enc, row)
		if err != nil {
			return Report{}, err
		}
		if written {
			items++
		}
		if progress != nil {
			progress(i+1, len(rows))
		}
	}
	if err := errors.Join(enc.finish(), ctx.Err()); err != nil {
		return Report{}, err
	}
	x.omitFolders()
	return Report{Format: o.Format, Items: items, Files: x.files, Lost: x.losses.list()}, nil
}

// rows are the items in the order of the file: those in no folder, then folder by folder as the tree is read, then the trash; each of
// them by title.
func (x *export) rows() []*vault.Summary {
	rows := slices.Concat(x.vault.Query(vault.Filter{}), x.vault.Query(vault.Filter{Archive: true}), x.vault.Query(vault.Filter{Trash: true}))
	place := make(map[id.ID]int, len(x.folders))
	for i, f := range x.folders {
		place[f.ID] = i + 1
	}
	at := func(s *vault.Summary) int {
		if s.TrashedAt != 0 {
			return math.MaxInt
		}
		return place[s.Folder]
	}
	slices.SortStableFunc(rows, func(a, b *vault.Summary) int { return cmp.Compare(at(a), at(b)) })
	return rows
}

// add opens an item and has it written; false if the format takes none such.
func (x *export) add(ctx context.Context, enc encoder, row *vault.Summary) (written bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if row.TrashedAt != 0 && x.spec.omits(PartTrash) {
		x.losses.add(PartTrash, 1, row.Title)
		return false, nil
	}
	it, err := x.vault.Get(ctx, row.ID)
	switch {
	case errors.Is(err, vault.ErrNotFound):
		return false, nil // deleted meanwhile
	case errors.Is(err, vault.ErrMissing), errors.Is(err, vault.ErrUnreadable):
		x.losses.add(PartUnreadable, 1, row.Title)
		return false, nil
	case err != nil:
		return false, err
	}
	defer it.Wipe()
	e := &entry{Item: &it, export: x}
	if len(it.Attachments) > 0 {
		if e.files, err = x.vault.Attachments(ctx, it.ID); err != nil {
			return false, err
		}
	}
	if err := enc.add(ctx, e); err != nil {
		return false, err
	}
	e.count()
	return !e.left, nil
}

// omitFolders counts the folders for a format that has none.
func (x *export) omitFolders() {
	for _, f := range x.folders {
		if x.spec.omits(PartFolders) {
			x.losses.add(PartFolders, 1, f.Path)
		}
	}
}
