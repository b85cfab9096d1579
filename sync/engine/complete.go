package engine

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
	"github.com/coffer-vault/coffer/vault"
)

// complete returns the new version of every object that changed, with the envelope whose hash the state table names. One that the
// server did not send along is asked for; one that it still does not give (another device may have replaced it meanwhile) is left
// without, and fetchMissing comes back to it.
func (e *Engine) complete(ctx context.Context, in *incoming) ([]vault.RemoteRow, error) {
	var missing []id.ID
	for object := range in.changed {
		row, _ := e.tree.Row(object)
		if row.State == chain.Live && chain.EnvelopeHash(in.envelopes[object]) != row.EnvHash {
			delete(in.envelopes, object)
			missing = append(missing, object)
		}
	}
	found, err := e.fetch(ctx, missing)
	if err != nil {
		return nil, err
	}
	maps.Copy(in.envelopes, found)
	rows := make([]vault.RemoteRow, 0, len(in.changed))
	for _, object := range sorted(in.changed) {
		rows = append(rows, e.remoteRow(object, in.envelopes[object]))
	}
	return rows, nil
}

// sorted are the objects of a map in the order of their ids: what a pull draws of randomness shall not depend on chance, so that a
// simulation can be repeated.
func sorted[V any](objects map[id.ID]V) []id.ID {
	return slices.SortedFunc(maps.Keys(objects), func(a, b id.ID) int { return bytes.Compare(a[:], b[:]) })
}

// remoteRow is the state table's row of an object, with its envelope.
func (e *Engine) remoteRow(object id.ID, envelope []byte) vault.RemoteRow {
	row, _ := e.tree.Row(object)
	if row.State == chain.Dead {
		envelope = nil
	}
	return vault.RemoteRow{Row: rowTo(row), Envelope: envelope}
}

// fetch asks for the current envelopes of objects and returns those that have the hash of the state table.
func (e *Engine) fetch(ctx context.Context, objects []id.ID) (map[id.ID][]byte, error) {
	found := map[id.ID][]byte{}
	for f := (fetching{Engine: e, todo: objects}); f.more(); {
		some, err := f.next(ctx)
		if err != nil {
			return nil, err
		}
		maps.Copy(found, some)
	}
	return found, nil
}

// fetching asks for envelopes, answer by answer.
type fetching struct {
	*Engine
	todo  []id.ID
	again []id.ID // what had no room in the last answer
	begun bool
}

func (f *fetching) more() bool { return len(f.todo)+len(f.again) > 0 }

// next returns the envelopes of one answer that have the hash of the state table. An answer that is full leaves out what had no room:
// that is asked for again, as long as answers bring anything.
func (f *fetching) next(ctx context.Context) (map[id.ID][]byte, error) {
	some := min(len(f.todo), f.page-len(f.again))
	asked := slices.Concat(f.again, f.todo[:some])
	f.todo, f.again, f.begun = f.todo[some:], nil, true
	answer, err := f.remote.Fetch(ctx, f.id, asked)
	if err != nil {
		return nil, err
	}
	found, size := map[id.ID][]byte{}, 0
	for _, env := range answer.Envelopes {
		size += len(env.Envelope)
		object, err := id.Parse(env.ObjectID)
		if err != nil {
			continue
		}
		if row, ok := f.tree.Row(object); ok && chain.EnvelopeHash(env.Envelope) == row.EnvHash {
			found[object] = env.Envelope
		}
	}
	if size >= wire.PageEnvelopeBytes && len(found) > 0 {
		f.again = slices.DeleteFunc(asked, func(object id.ID) bool { return found[object] != nil })
	}
	return found, nil
}

// fetchMissing asks again for envelopes that an earlier pull did not get, or that were damaged on this disk. It runs after a pull,
// when the tree is the server's own head: what the server does not give then, it withholds.
func (e *Engine) fetchMissing(ctx context.Context, report *Report) error {
	missing, err := e.local.Missing(ctx)
	if err != nil || len(missing) == 0 {
		return err
	}
	objects := make([]id.ID, len(missing))
	for i, row := range missing {
		objects[i] = row.Object
	}
	found, err := e.fetch(ctx, objects)
	if err != nil {
		return err
	}
	report.Withheld = len(missing) - len(found)
	if len(found) == 0 {
		return nil
	}
	pull := vault.Pull{From: e.head()}
	for _, object := range sorted(found) {
		pull.Rows = append(pull.Rows, e.remoteRow(object, found[object]))
	}
	if _, err := e.local.ApplyPull(ctx, pull); err != nil {
		return err
	}
	report.Pulled += len(found)
	return nil
}
