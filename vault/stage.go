package vault

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/coffer-vault/coffer/crypto/id"
)

// A first sync comes in pages. Envelopes are staged as they arrive, each believed by its hash in the state table that the engine has
// verified, and become the vault in one transaction at the end: what was staged before a kill is not fetched again, and no more than a
// page is in memory.

// Table is a verified state table.
type Table interface {
	// Row returns an object's row; false if there is none.
	Row(object id.ID) (Row, bool)
	// Rows yields every row, in any order, until yield returns false.
	Rows(yield func(Row) bool)
}

// Stage keeps a page of a first sync: live rows of the verified table with their envelopes, whose hashes the caller has compared. One
// transaction; nothing of it is shown. Errors: ErrClosed, and the Store's.
func (v *Vault) Stage(ctx context.Context, rows []RemoteRow) error {
	return wrap("keep page", v.update(ctx, func(e *editing) error {
		for _, r := range rows {
			if err := e.tx.Stage(e.cfg.Vault, r); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Staged yields the rows whose envelopes are staged, in any order. They are what some verified table said, not yet what this one does.
func (v *Vault) Staged(ctx context.Context, yield func(Row) error) error {
	return wrap("read pages", v.view(ctx, func(r Reader) error { return r.Staged(v.cfg.Vault, yield) }))
}

// takeTable makes a whole state table the base of the vault. What is here already are edits of this device, which merge as in any pull.
func (p *pulling) takeTable(table Table) error {
	known, err := p.mergeHere(table)
	if err != nil {
		return err
	}
	if err := p.dropStale(table, known); err != nil {
		return err
	}
	if err := p.tx.TakeStaged(p.cfg.Vault); err != nil {
		return err
	}
	if err := p.takeRest(table, known); err != nil {
		return err
	}
	p.all = true
	return nil
}

// mergeHere brings the objects that the vault has to the table's rows, and returns which they are.
func (p *pulling) mergeHere(table Table) (known map[id.ID]bool, err error) {
	known = map[id.ID]bool{}
	err = p.tx.Objects(p.cfg.Vault, func(o Object) error {
		if _, listed := table.Row(o.ID); listed {
			known[o.ID] = true
		}
		return nil
	})
	for _, object := range sortedIDs(known) {
		if err != nil {
			break
		}
		remote := RemoteRow{}
		remote.Row, _ = table.Row(object)
		if remote.Envelope, err = p.tx.StagedEnvelope(p.cfg.Vault, object); err == nil {
			p.opened[object] = p.loadObject(Object{ID: object, Base: remote.version()}).entry
			err = p.row(&remote)
		}
		if err != nil {
			err = fmt.Errorf("object %s: %w", object, err)
		}
	}
	return known, err
}

// dropStale takes out what is staged and is not as the table says, or is merged already, and notes the others in known.
func (p *pulling) dropStale(table Table, known map[id.ID]bool) error {
	var stale []id.ID
	err := p.tx.Staged(p.cfg.Vault, func(staged Row) error {
		if row, _ := table.Row(staged.Object); row != staged || known[staged.Object] {
			stale = append(stale, staged.Object)
			return nil
		}
		known[staged.Object] = true
		return nil
	})
	for _, object := range stale {
		if err != nil {
			break
		}
		err = p.tx.Unstage(p.cfg.Vault, object)
	}
	return err
}

// takeRest enters deleted objects, and live ones whose envelope could not be had.
func (p *pulling) takeRest(table Table, known map[id.ID]bool) error {
	rest := map[id.ID]bool{}
	table.Rows(func(r Row) bool {
		if !known[r.Object] {
			rest[r.Object] = true
		}
		return true
	})
	for _, object := range sortedIDs(rest) {
		row, _ := table.Row(object)
		if err := p.row(&RemoteRow{Row: row}); err != nil {
			return fmt.Errorf("object %s: %w", object, err)
		}
	}
	return nil
}

// sortedIDs puts them in an order that does not depend on chance.
func sortedIDs(set map[id.ID]bool) []id.ID {
	sorted := make([]id.ID, 0, len(set))
	for object := range set {
		sorted = append(sorted, object)
	}
	slices.SortFunc(sorted, func(a, b id.ID) int { return bytes.Compare(a[:], b[:]) })
	return sorted
}
