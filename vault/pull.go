package vault

import (
	"context"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
)

// Pull is what the engine got from the server and verified: rows of the state table that changed, or whose envelope was missing.
type Pull struct {
	Rows []RemoteRow
	// From is the head that the rows were gathered from: where the file's pin has to be still.
	From Head
	// Table, of a first sync, is the whole state table in place of Rows. Its envelopes are those that were staged; what is not counts as
	// missing.
	Table Table
	// Pin is the commit up to which the rows lead. It moves with them, in one transaction. Nil: the rows are those of Missing, with
	// their envelopes, and no revision changes.
	Pin *Pin
	// Passed are the commits that led from the pin before to Pin.
	Passed []Passed
	// Log are new entries of the account log.
	Log []LogEntry
	// Ops are the pushes of this device among the commits. If the one in flight is among them, only its answer was lost.
	Ops map[id.ID]bool
}

// RemoteRow is a row with its envelope, which is nil for a deleted object and where it could not be had yet. An envelope of
// another hash than the row's is not applied and counts as missing.
type RemoteRow struct {
	Row
	Envelope []byte
}

// Result says what a pull did.
type Result struct {
	Merged     []id.ID // edited here and there, now merged and pending again
	Conflicts  []id.ID // of the merged, those where the user has to choose
	Forked     []id.ID // new items: edits that could not be merged with what does not open here
	Unreadable []id.ID // objects that do not open; they are kept, and cause no traffic
	Missing    []id.ID // objects whose envelope has to be fetched
}

// ErrRow is returned for a row or pin that goes back, for a row that contradicts the one of the same revision, and for one that goes
// on without a pin: the engine must not have let it through.
var ErrRow = errors.New("a row contradicts the vault's state")

// ApplyPull puts verified rows into the vault, merges them with what was edited here, and moves the pin: all of it in one
// transaction, or nothing. Errors: ErrRow, ErrOvertaken, ErrClosed, the context's, and the Store's.
func (v *Vault) ApplyPull(ctx context.Context, p Pull) (result Result, err error) {
	ctx, cancel := v.untilClosed(ctx)
	defer cancel()
	opened, err := v.openRows(ctx, p.Rows)
	if err == nil {
		err = v.update(ctx, func(e *editing) error {
			pulling := &pulling{editing: e, opened: opened, moves: p.Pin != nil}
			err := pulling.apply(p)
			result = pulling.result
			return err
		})
	}
	if err != nil {
		return Result{}, fmt.Errorf("apply pull: %w", cause(ctx, err))
	}
	return result, nil
}

// openRows makes the index entries of all rows before the transaction begins, on all processors.
func (v *Vault) openRows(ctx context.Context, rows []RemoteRow) (map[id.ID]*entry, error) {
	leave, err := v.begin()
	if err != nil {
		return nil, err
	}
	defer leave()
	all, err := v.openAll(ctx, len(rows), nil, func(yield func(Object) error) error {
		for _, row := range rows {
			if err := yield(Object{ID: row.Object, Base: row.version()}); err != nil {
				return err
			}
		}
		return nil
	})
	opened := make(map[id.ID]*entry, len(all))
	for _, l := range all {
		opened[l.object] = l.entry
	}
	return opened, err
}

func (r *RemoteRow) version() Version {
	version := Version{Revision: r.Revision, State: r.State, Hash: r.Hash}
	if r.State == Live && r.Envelope != nil && EnvelopeHash(r.Envelope) == r.Hash {
		version.Envelope = r.Envelope
	}
	return version
}

// pulling is the transaction of a pull.
type pulling struct {
	*editing
	opened map[id.ID]*entry
	moves  bool // the pin moves, so that revisions may
	result Result
}

func (p *pulling) apply(pull Pull) error {
	if err := p.stillAt(pull.From); err != nil {
		return err
	}
	if err := p.settleOutbox(pull); err != nil {
		return err
	}
	if pull.Table != nil {
		if err := p.takeTable(pull.Table); err != nil {
			return err
		}
	}
	for i := range pull.Rows {
		if err := p.row(&pull.Rows[i]); err != nil {
			return fmt.Errorf("object %s: %w", pull.Rows[i].Object, err)
		}
	}
	if err := p.tx.AppendLog(pull.Log); err != nil {
		return err
	}
	if pull.Pin == nil {
		return nil
	}
	return p.move(*pull.Pin, pull.Passed)
}

// move sets the pin and remembers how it was reached.
func (e *editing) move(pin Pin, passed []Passed) error {
	if err := e.tx.Pass(e.cfg.Vault, passed); err != nil {
		return err
	}
	return e.tx.SetPin(e.cfg.Vault, pin)
}

// settleOutbox acknowledges the push in flight, or gives it up: once the head has moved on without it, it follows no head.
func (p *pulling) settleOutbox(pull Pull) error {
	if pull.Pin == nil || pull.Pin.Head() == pull.From {
		return nil
	}
	if pull.Pin.Seq <= pull.From.Seq {
		return ErrRow
	}
	entry, found, err := p.tx.Outbox(p.cfg.Vault)
	switch {
	case err != nil || !found:
		return err
	case pull.Ops[entry.Op]:
		return p.acknowledge(entry.Op)
	}
	return p.dropOutbox()
}

// stillAt refuses to go on from a head at which another program on the same file has left the pin no longer.
func (e *editing) stillAt(from Head) error {
	pin, err := e.tx.Pin(e.cfg.Vault)
	if err == nil && pin.Head() != from {
		err = ErrOvertaken
	}
	return err
}

func (p *pulling) row(row *RemoteRow) error {
	o, err := p.object(row.Object)
	if err != nil {
		return err
	}
	head := row.version()
	switch {
	case head.Revision < o.Base.Revision:
		return ErrRow
	case head.Revision == o.Base.Revision:
		return p.fill(o, head)
	case !p.moves:
		return ErrRow
	case head.State == Live && head.Envelope == nil:
		return p.await(o, head)
	}
	return p.advance(o, head)
}

// fill handles a row that the vault has already: all that can be new is its envelope.
func (p *pulling) fill(o Object, head Version) error {
	switch {
	case head.State != o.Base.State || head.Hash != o.Base.Hash:
		return ErrRow
	case head.State == Dead || o.Base.Envelope != nil:
		return nil
	case head.Envelope == nil:
		p.result.Missing = append(p.result.Missing, o.ID)
		return nil
	case o.Ancestor != nil:
		return p.advance(o, head)
	}
	// The base was damaged here; what is pending was made from it.
	o.Base = head
	return p.put(o, p.loadObject(o).entry)
}

// await makes a head without envelope the base. What the object was before is kept, to be shown and for merging later.
func (p *pulling) await(o Object, head Version) error {
	p.result.Missing = append(p.result.Missing, o.ID)
	shown := o.Base.State == Live && o.Base.Envelope != nil
	if o.Ancestor == nil && (shown || o.Pending != nil) {
		ancestor := o.Base
		if ancestor.Revision == 0 {
			ancestor.State = Dead // what is pending was made from nothing
		}
		o.Ancestor = &ancestor
	}
	o.Base = head
	return p.put(o, p.loadObject(o).entry)
}

// advance moves an object to a complete head.
func (p *pulling) advance(o Object, head Version) error {
	ancestor := o.Base
	if o.Ancestor != nil {
		ancestor = *o.Ancestor
	}
	if head.State == Dead {
		return p.advanceDeleted(o, head, ancestor)
	}
	return p.moveTo(o, head, ancestor)
}

// advanceDeleted is advance to a tombstone. Where the item is gone then, so are its files: who deleted it may not have heard of them all.
func (p *pulling) advanceDeleted(o Object, head, ancestor Version) error {
	before, err := p.current(o)
	if errors.Is(err, ErrClosed) {
		return err
	}
	defer before.Wipe()
	if err := p.moveTo(o, head, ancestor); err != nil || p.changes[o.ID] != nil {
		return err
	}
	return p.deleteFiles(before.namedFiles())
}

func (p *pulling) moveTo(o Object, head, ancestor Version) error {
	o.Base, o.Ancestor = head, nil
	if o.Pending == nil || (o.Pending.State == head.State && o.Pending.Hash == head.Hash) {
		return p.adopt(o)
	}
	return p.merge(o, ancestor)
}

// adopt takes the head as it is.
func (p *pulling) adopt(o Object) error {
	o.Pending = nil
	entry := p.opened[o.ID]
	if entry != nil && entry.Unreadable {
		p.result.Unreadable = append(p.result.Unreadable, o.ID)
	}
	return p.put(o, entry)
}

// merge joins the head, in o.Base, with the pending version, which was made from ancestor.
func (p *pulling) merge(o Object, ancestor Version) error {
	if o.Pending.State == Dead {
		return p.mergeDelete(o, ancestor)
	}
	local, err := p.openVersion(o.ID, *o.Pending)
	if errors.Is(err, ErrClosed) {
		return err
	}
	if err != nil {
		if err := p.tx.SetAside(p.cfg.Vault, o.ID, *o.Pending); err != nil {
			return err
		}
		return p.adopt(o)
	}
	defer local.Wipe()
	var base *Item
	if it, err := p.openVersion(o.ID, ancestor); err == nil {
		base = &it
		defer it.Wipe()
	}
	if o.Base.State == Dead {
		return p.mergeDeleted(o, base, &local)
	}
	return p.mergeLive(o, base, &local)
}

// mergeDeleted lets the edit beat the delete, if it changed more than where the item is.
func (p *pulling) mergeDeleted(o Object, base, local *Item) error {
	if base != nil && !wanted(base, local) {
		return p.adopt(o)
	}
	return p.keep(o, local, local.seen.Reveal())
}

// mergeDelete is mergeDeleted where this device has deleted, and the others may have edited: the outcome must not depend on who
// syncs first.
func (p *pulling) mergeDelete(o Object, ancestor Version) error {
	base, err := p.openVersion(o.ID, ancestor)
	defer base.Wipe()
	head, headErr := p.openVersion(o.ID, o.Base)
	defer head.Wipe()
	switch err = errors.Join(err, headErr); {
	case errors.Is(err, ErrClosed):
		return err
	case err != nil || wanted(&base, &head):
		return p.adopt(o)
	}
	o.Pending = &Version{Revision: o.Base.Revision + 1, State: Dead}
	return p.put(o, nil)
}

// wanted tells whether somebody did with an item what one does not do with one that may go: edited it, or took it out of the trash.
// Of an attachment there is but the name left, once its chunks are deleted.
func wanted(before, after *Item) bool {
	if after.Kind == attachmentKind {
		return false
	}
	return edited(before, after) || before.TrashedAt != 0 && after.TrashedAt == 0
}

func (p *pulling) mergeLive(o Object, base, local *Item) error {
	head, err := p.openVersion(o.ID, o.Base)
	if errors.Is(err, ErrClosed) {
		return err
	}
	if err != nil || head.ReadOnly || local.ReadOnly {
		return p.fork(o, local)
	}
	defer head.Wipe()
	return p.mergeOnto(o, &head, base, &head, local)
}

// mergeOnto merges an edit, which was made from base, with theirs, and makes the outcome pending on the head.
func (p *pulling) mergeOnto(o Object, head, base, theirs, local *Item) error {
	merged := Merge(base, theirs, local, p.cfg.Device)
	defer merged.Wipe()
	if same(&merged, head) {
		return p.adopt(o)
	}
	plaintext, err := encode(&merged)
	if err != nil {
		return err
	}
	defer clear(plaintext)
	err = p.keep(o, &merged, plaintext)
	if errors.Is(err, ErrTooLarge) {
		return p.fork(o, local)
	}
	if err == nil && len(merged.Conflicts()) > len(head.Conflicts()) {
		p.result.Conflicts = append(p.result.Conflicts, o.ID)
	}
	return err
}

// keep makes the item, encoded as plaintext, pending on the new base.
func (p *pulling) keep(o Object, it *Item, plaintext []byte) error {
	pending, err := p.sealPlaintext(o.ID, o.Base.Revision+1, plaintext)
	if err != nil {
		return err
	}
	o.Pending = &pending
	p.result.Merged = append(p.result.Merged, o.ID)
	return p.put(o, newEntry(it))
}

// fork makes an edit that cannot be merged an object of its own, and adopts the head. It is the same byte for byte, but for files that
// belong to the other one. An attachment is nothing without its chunks, which open in one place alone: its edit is set aside.
func (p *pulling) fork(o Object, local *Item) error {
	if local.Kind == attachmentKind {
		if o.Pending != nil {
			if err := p.tx.SetAside(p.cfg.Vault, o.ID, *o.Pending); err != nil {
				return err
			}
		}
		return p.adopt(o)
	}
	plaintext, err := p.ownPlaintext(local)
	if err != nil {
		return err
	}
	defer clear(plaintext)
	object := id.New()
	pending, err := p.sealPlaintext(object, 1, plaintext)
	if err != nil {
		return err
	}
	local.ID = object
	if err := p.put(Object{ID: object, Pending: &pending}, newEntry(local)); err != nil {
		return err
	}
	p.result.Forked = append(p.result.Forked, object)
	return p.adopt(o)
}
