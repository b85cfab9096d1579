// Package intake writes what package importer has read and planned into a vault: records become items, digests of the vault's items
// go to the planner, and the whole plan is one transaction and can be undone as one.
package intake

import (
	"context"
	"fmt"
	"strings"

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

// Import reads the sources, plans, and writes everything in one transaction: all or nothing. progress, which may be nil, counts
// items. What cannot be read is in the report with its reason and does not hold up the rest. primaryPassword is borrowed and may be
// zero. Errors: the context's, and those of Vault.Batch.
func Import(ctx context.Context, v *vault.Vault, sources []importer.Source, primaryPassword secret.Bytes, progress func(done, total int)) (Result, error) {
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

// planned is a plan with the readouts whose secrets it shares.
type planned struct {
	importer.Plan
	readouts []importer.Readout
}

// plan compares what the sources hold with the vault. Of the vault's secrets the planner gets digests alone.
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
	err := v.Each(ctx, func(it *vault.Item) error {
		existing = append(existing, describe(it, digester))
		return nil
	})
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

func (p *planned) wipe() {
	for _, readout := range p.readouts {
		for _, record := range readout.Records() {
			record.Wipe()
		}
	}
}

// write applies the plan in one transaction, the folders included.
func (p *planned) write(ctx context.Context, v *vault.Vault, progress func(done, total int)) (id.ID, error) {
	folders := newFolders(v)
	var items []vault.Item
	defer func() {
		for i := range items {
			items[i].Wipe()
		}
	}()
	for i := range p.Creations {
		items = append(items, create(&p.Creations[i], folders))
	}
	for i := range p.Updates {
		it, err := edit(ctx, v, &p.Updates[i])
		if err != nil {
			return id.ID{}, err
		}
		items = append(items, it)
	}
	if len(items) == 0 {
		return id.ID{}, nil
	}
	return v.Batch(ctx, append(folders.made, items...), progress)
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
