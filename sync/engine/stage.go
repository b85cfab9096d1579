package engine

import (
	"context"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/vault"
)

// table shows a verified tree to the vault.
type table struct{ tree *chain.Tree }

// Row implements vault.Table.
func (t table) Row(object id.ID) (vault.Row, bool) {
	r, found := t.tree.Row(object)
	if !found {
		return vault.Row{}, false
	}
	return rowTo(r), true
}

// Rows implements vault.Table.
func (t table) Rows(yield func(vault.Row) bool) {
	t.tree.Rows(func(r chain.Row) bool { return yield(rowTo(r)) })
}

func rowTo(r chain.Row) vault.Row {
	return vault.Row{Object: r.Object, Revision: r.Revision, State: vault.State(r.State), Hash: r.EnvHash}
}

// maxStagings bounds how often a first sync looks for what was replaced while it loaded.
const maxStagings = 5

// stage fetches the envelopes of the verified table that the file does not have yet, a page a transaction: whoever is killed goes on
// where he was. What another device replaced meanwhile is asked for once more under the newer head.
func (e *Engine) stage(ctx context.Context, in *incoming, progress func(done, total int)) error {
	for range maxStagings {
		missing, live, err := e.unstaged(ctx)
		if err != nil {
			return err
		}
		left, err := e.stagePages(ctx, missing, live, progress)
		if err != nil || left == 0 {
			return err
		}
		seq := in.last.Commit.Seq
		if err := e.catchUp(ctx, in, in.last.Position()); err != nil {
			return err
		}
		if in.last.Commit.Seq == seq {
			return nil // withheld: fetchMissing says so
		}
	}
	return nil
}

// unstaged returns the live objects whose envelope is not staged as the table names it, and how many are live.
func (e *Engine) unstaged(ctx context.Context) (missing []id.ID, live int, err error) {
	staged := map[id.ID]bool{}
	err = e.local.Staged(ctx, func(r vault.Row) error {
		if row, _ := e.tree.Row(r.Object); rowOf(r) == row {
			staged[r.Object] = true
		}
		return nil
	})
	lacking := map[id.ID]bool{}
	e.tree.Rows(func(r chain.Row) bool {
		if r.State == chain.Live {
			if live++; !staged[r.Object] {
				lacking[r.Object] = true
			}
		}
		return true
	})
	return sorted(lacking), live, err
}

// stagePages stages what the server gives of the missing objects, and returns how many it did not give. live is what the count of
// progress goes up to. While a page is written the next one is on its way.
func (e *Engine) stagePages(ctx context.Context, missing []id.ID, live int, progress func(done, total int)) (left int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	fetching := &fetching{Engine: e, todo: missing}
	left = len(missing)
	for next := fetching.ahead(ctx); next != nil; {
		page, err := next()
		if err != nil {
			return left, err
		}
		next = fetching.ahead(ctx)
		if err := e.stagePage(ctx, page); err != nil {
			cancel()
			if next != nil {
				next() // nothing of the sync goes on after it
			}
			return left, err
		}
		left -= len(page)
		if progress != nil {
			progress(live-left, live)
		}
	}
	return left, nil
}

func (e *Engine) stagePage(ctx context.Context, page map[id.ID][]byte) error {
	rows := make([]vault.RemoteRow, 0, len(page))
	for _, object := range sorted(page) {
		rows = append(rows, e.remoteRow(object, page[object]))
	}
	if err := e.local.Stage(ctx, rows); err != nil {
		return fmt.Errorf("stage: %w", err)
	}
	return nil
}

// ahead begins to ask for the next page and returns how to wait for it; nil after the last. The first and the only one are asked for by
// whoever waits: nothing can be done meanwhile.
func (f *fetching) ahead(ctx context.Context) (wait func() (map[id.ID][]byte, error)) {
	if !f.more() {
		return nil
	}
	if !f.begun {
		return func() (map[id.ID][]byte, error) { return f.next(ctx) }
	}
	type answer struct {
		page map[id.ID][]byte
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		page, err := f.next(ctx)
		answers <- answer{page, err}
	}()
	return func() (map[id.ID][]byte, error) {
		a := <-answers
		return a.page, a.err
	}
}
