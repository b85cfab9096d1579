// Package intake writes what package importer has read and planned into a vault: records become items, digests of the vault's items
// go to the planner, and the whole plan is one transaction and can be undone as one.
package intake

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/importer"
)

// Result accounts for every row that was read. Batch is zero if nothing was changed; Vault.UndoBatch takes it.
type Result struct {
	Batch  id.ID
	Report importer.Report
}

// Import reads the sources, plans, and writes everything in one transaction, attached files included: all or nothing. progress may be
// nil. What cannot be read is in the report with its reason and does not hold up the rest. primaryPassword is borrowed and may be
// zero. Errors: the context's, and those of Vault.Batch.
func Import(ctx context.Context, v *vault.Vault, sources []importer.Source, primaryPassword secret.Bytes, progress func(vault.BatchProgress)) (Result, error) {
	planned, err := plan(ctx, v, sources, primaryPassword)
	if err != nil {
		return Result{}, fmt.Errorf("import: %w", err)
	}
	defer planned.wipe()
	batch, err := planned.write(ctx, v, progress)
	if err != nil {
		return Result{}, fmt.Errorf("import: %w", err)
	}
	return Result{Batch: batch, Report: planned.Report(planned.readouts)}, nil
}

// Preview is the report that Import would give. It changes nothing.
func Preview(ctx context.Context, v *vault.Vault, sources []importer.Source, primaryPassword secret.Bytes) (importer.Report, error) {
	planned, err := plan(ctx, v, sources, primaryPassword)
	if err != nil {
		return importer.Report{}, fmt.Errorf("preview import: %w", err)
	}
	defer planned.wipe()
	return planned.Report(planned.readouts), nil
}

// Draft is what an import into an empty vault would make. It holds the secrets of what was read: Wipe clears them.
type Draft struct {
	Report importer.Report
	Items  []DraftItem
}

// DraftItem is an item that would be made.
type DraftItem struct {
	Item     vault.Item
	Folder   string // path; the item's own id of it means nothing
	Conflict bool   // another one has the same address and user name with another password, and no date tells which is newer
	Rows     []importer.Ref
	Files    []importer.File
}

// NewDraft reads and plans as Import does, without a vault. Errors: the context's.
func NewDraft(ctx context.Context, sources []importer.Source, primaryPassword secret.Bytes) (*Draft, error) {
	planned, err := plan(ctx, nil, sources, primaryPassword)
	if err != nil {
		return nil, fmt.Errorf("plan import: %w", err)
	}
	defer planned.wipe()
	d := &Draft{Report: planned.Report(planned.readouts)}
	folders, now := &folders{byPath: map[string]id.ID{}}, time.Now().UnixMilli()
	for i := range planned.Creations {
		c := &planned.Creations[i]
		d.Items = append(d.Items, DraftItem{
			Item: create(c, folders, now), Folder: importer.CleanFolder(c.Record.Folder), Conflict: c.Conflict, Rows: c.Refs, Files: c.Record.Files,
		})
	}
	return d, nil
}

// Wipe clears the secrets of the items.
func (d *Draft) Wipe() {
	for i := range d.Items {
		d.Items[i].Item.Wipe()
	}
}

// planned is a plan with the readouts whose secrets it shares.
type planned struct {
	importer.Plan
	readouts []importer.Readout
}

// plan compares what the sources hold with the vault, which may be nil. Of the vault's secrets the planner gets digests alone.
func plan(ctx context.Context, v *vault.Vault, sources []importer.Source, primaryPassword secret.Bytes) (*planned, error) {
	p := &planned{}
	var records []*importer.Record
	for _, source := range sources {
		readout := importer.Read(ctx, source, primaryPassword)
		p.readouts = append(p.readouts, readout)
		records = append(records, readout.Records()...)
	}
	digester := importer.NewDigester()
	var existing []importer.Existing
	var err error
	if v != nil {
		existing, err = contents(ctx, v, sumsOf(records), digester)
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		p.wipe()
		return nil, err
	}
	p.Plan = importer.NewPlan("", records, existing, digester)
	return p, nil
}

// contents are the items of the vault as the planner sees them.
func contents(ctx context.Context, v *vault.Vault, files sums, digester *importer.Digester) (existing []importer.Existing, err error) {
	folders := map[id.ID]string{}
	for _, folder := range v.Folders() {
		folders[folder.ID] = folder.Path
	}
	var with []int // those that have files
	err = v.Each(ctx, func(it *vault.Item) error {
		if len(it.Attachments) > 0 && len(files) > 0 {
			with = append(with, len(existing))
		}
		existing = append(existing, describe(it, folders, digester))
		return nil
	})
	if err == nil {
		err = describeFiles(ctx, v, existing, with, files, digester)
	}
	return existing, err
}

func (p *planned) wipe() {
	for _, readout := range p.readouts {
		for _, record := range readout.Records() {
			record.Wipe()
		}
	}
}

// write applies the plan in one transaction, the folders and files included.
func (p *planned) write(ctx context.Context, v *vault.Vault, progress func(vault.BatchProgress)) (id.ID, error) {
	folders, now := newFolders(v), time.Now().UnixMilli()
	var items []vault.Item
	var files []vault.NewFile
	defer func() {
		for i := range items {
			items[i].Wipe()
		}
	}()
	for i := range p.Creations {
		files = append(files, attach(len(items), p.Creations[i].Record.Files)...)
		items = append(items, create(&p.Creations[i], folders, now))
	}
	for i := range p.Updates {
		files = append(files, attach(len(items), p.Updates[i].Files)...)
		it, err := edit(ctx, v, &p.Updates[i])
		if err != nil {
			return id.ID{}, err
		}
		items = append(items, it)
	}
	if len(items) == 0 {
		return id.ID{}, nil
	}
	for i := range files {
		files[i].Item += len(folders.made) // which come first
	}
	return v.Batch(ctx, append(folders.made, items...), files, progress)
}

// folders finds the folders of records by path, and makes those that are missing.
type folders struct {
	byPath map[string]id.ID
	made   []vault.Item
}

func newFolders(v *vault.Vault) *folders {
	f := &folders{byPath: map[string]id.ID{}}
	for _, folder := range v.Folders() {
		f.byPath[folder.Path] = folder.ID
	}
	return f
}

// of is the id of a folder, whose path may have slashes at its ends or two for one; the zero id for none.
func (f *folders) of(path string) id.ID {
	var folder id.ID
	var way []string
	for name := range strings.SplitSeq(path, "/") {
		if name != "" {
			way = append(way, name)
			folder = f.in(folder, name, strings.Join(way, "/"))
		}
	}
	return folder
}

func (f *folders) in(parent id.ID, name, path string) id.ID {
	folder, known := f.byPath[path]
	if !known {
		folder = id.New()
		f.byPath[path] = folder
		f.made = append(f.made, vault.Folder{ID: folder, Name: name, Parent: parent}.Item())
	}
	return folder
}
