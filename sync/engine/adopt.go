package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
	"github.com/coffer-vault/coffer/vault"
)

// Tip is the newest commit of a history: when it was written and by which device, for people to recognise it.
type Tip struct {
	chain.Head
	Device id.ID
	Time   int64 // Unix ms by the writer's clock; 0 for an empty vault
}

// Difference is how the server's history differs from the one that this device has verified, for the user to decide by.
type Difference struct {
	Pinned, Server Tip
	// Restored says that the server's head is a commit which this device has verified: the server went back, as after a restored
	// backup. Otherwise its history is another one since Common.
	Restored bool
	Common   chain.Head
	// Confirmed are the devices whose users have gone on from another head since the pin, as the account log has it.
	Confirmed []chain.Restored

	Ours   int // objects that are otherwise here; they would be sent again as edits
	Theirs int // objects that this history changed and the one here did not
}

// What can be wrong with the account log as a whole.
var (
	// ErrLogBehind: the server has lost entries of the account log that this device cannot enter again.
	ErrLogBehind = errors.New("the server has lost changes of the account's keys or devices")
	// ErrLogForked: the server's account log is another than the one this device has verified.
	ErrLogForked = errors.New("the server has other changes of the account's keys or devices than this device has seen")
)

// theirs is the server's state, verified as a whole, with what it has in common with the history that this device knows.
type theirs struct {
	tree   *chain.Tree
	in     *incoming
	common ancestor
}

// Compare reads the server's whole state, verifies it like a first sync, and says how it differs from what is here. It changes
// nothing. Errors: a *Violation if that state is not sound either, and those of Sync.
func (e *Engine) Compare(ctx context.Context, progress func(done, total int)) (Difference, error) {
	if err := e.CatchUpLog(ctx); err != nil {
		return Difference{}, fmt.Errorf("compare: %w", err)
	}
	t, err := e.gatherTheirs(ctx, progress)
	if err != nil {
		return Difference{}, fmt.Errorf("compare: %w", err)
	}
	d := Difference{Server: tipOf(t.in.bytes), Common: t.common.Head}
	d.Restored = t.common.Head == d.Server.Head
	pin, err := e.local.State(ctx, func(r vault.Row) error {
		row, _ := t.tree.Row(r.Object)
		switch {
		case row == rowOf(r):
		case t.common.theirs != nil && t.common.theirs[r.Object] && !t.common.ours[r.Object]:
			d.Theirs++
		default:
			d.Ours++
		}
		return nil
	})
	if err != nil {
		return Difference{}, fmt.Errorf("compare: %w", err)
	}
	d.Pinned = tipOf(pin.Commit)
	for _, r := range e.log.Restored(e.id) {
		if r.Seq > pin.LogSeq {
			d.Confirmed = append(d.Confirmed, r)
		}
	}
	return d, nil
}

func rowOf(r vault.Row) chain.Row {
	return chain.Row{Object: r.Object, Revision: r.Revision, State: chain.State(r.State), EnvHash: r.Hash}
}

// tipOf reads a signed commit that was verified; nil is the empty vault.
func tipOf(commit []byte) Tip {
	c, err := chain.ParseCommit(commit)
	if err != nil {
		return Tip{}
	}
	return Tip{Head: chain.Head{Seq: c.Seq, Hash: chain.CommitHash(commit)}, Device: c.Device, Time: c.Time}
}

// Adopt makes the server's state the vault's, in one transaction, and what is here and differs pending edits (vault.Adopt). The
// server's history must go through the commit that through names: what the user was shown, or the newest that this computer knows.
// outside says that the local file was changed outside Coffer. Errors as of Compare; ErrRolledBack and ErrForked, in a *Violation,
// where the history does not go through that commit.
func (e *Engine) Adopt(ctx context.Context, through chain.Head, outside bool, progress func(done, total int)) (vault.Adopted, error) {
	adopted, err := e.adopt(ctx, through, outside, progress)
	if err != nil {
		return vault.Adopted{}, fmt.Errorf("adopt: %w", err)
	}
	return adopted, nil
}

func (e *Engine) adopt(ctx context.Context, through chain.Head, outside bool, progress func(done, total int)) (vault.Adopted, error) {
	if err := e.CatchUpLog(ctx); err != nil {
		return vault.Adopted{}, err
	}
	t, err := e.gatherTheirs(ctx, progress)
	if err != nil {
		return vault.Adopted{}, err
	}
	if _, err := e.between(ctx, through, t.head()); err != nil {
		return vault.Adopted{}, err
	}
	rows, err := e.completeTheirs(ctx, t)
	if err != nil {
		return vault.Adopted{}, err
	}
	a := vault.Adoption{
		Rows: rows, Log: e.newLog, Common: t.common.Seq, Passed: t.passed(),
		Ours: t.common.ours, Theirs: t.common.theirs, Outside: outside,
	}
	if a.Arrived, err = e.arrived(ctx, a.Passed); err != nil {
		return vault.Adopted{}, err
	}
	if t.in.last != nil {
		a.Pin = *e.pinOf(*t.in.last, t.in.bytes)
	}
	adopted, err := e.local.Adopt(ctx, a)
	if err != nil {
		return vault.Adopted{}, err
	}
	e.newLog, e.tree, e.at = nil, t.tree, position(a.Pin)
	return adopted, nil
}

// arrived is the push in flight if its commit is among those that were passed, byte for byte: also where this device was another one when
// it was sent. Zero if it is not.
func (e *Engine) arrived(ctx context.Context, passed []vault.Passed) (op id.ID, err error) {
	entry, found, err := e.local.Outbox(ctx)
	if err != nil || !found {
		return id.ID{}, err
	}
	signed, ok := signedOf(entry.Bytes)
	for _, p := range passed {
		if ok && bytes.Equal(p.Commit, signed.Commit) {
			return entry.Op, nil
		}
	}
	return id.ID{}, nil
}

// gatherTheirs is a first sync that is not applied.
func (e *Engine) gatherTheirs(ctx context.Context, progress func(done, total int)) (*theirs, error) {
	here := map[id.ID]chain.Row{}
	_, err := e.local.State(ctx, func(r vault.Row) error {
		here[r.Object] = rowOf(r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	other := &Engine{remote: e.remote, local: e.local, id: e.id, log: e.log, at: e.at, page: e.page, tree: chain.NewTree(e.id)}
	in := newIncoming()
	if err := other.gatherAll(ctx, in, progress); err != nil {
		return nil, err
	}
	t := &theirs{tree: other.tree, in: in}
	t.tree.Rows(func(r chain.Row) bool {
		if here[r.Object] != r {
			in.changed[r.Object] = true
		}
		return true
	})
	if err := other.checkFloor(t.head().Seq); err != nil {
		return nil, err
	}
	t.common, err = e.ancestor(ctx, t.head())
	return t, err
}

// head is the newest commit of the server; zero for an empty vault.
func (t *theirs) head() chain.Head {
	if t.in.last == nil {
		return chain.Head{}
	}
	return t.in.last.Position().Head
}

// passed are the commits to remember: those since the common one; if none is known, those since the first that was seen.
func (t *theirs) passed() []vault.Passed {
	if t.common.known {
		return t.common.since
	}
	return t.in.passed
}

// completeTheirs returns the whole table, with the envelopes of the rows that are not here.
func (e *Engine) completeTheirs(ctx context.Context, t *theirs) ([]vault.RemoteRow, error) {
	other := &Engine{remote: e.remote, id: e.id, page: e.page, tree: t.tree}
	rows, err := other.complete(ctx, t.in)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if r.State == vault.Live && r.Envelope == nil {
			return nil, e.violation(fmt.Errorf("object %s: %w", r.Object, ErrWithheld))
		}
	}
	t.tree.Rows(func(row chain.Row) bool {
		if !t.in.changed[row.Object] {
			rows = append(rows, other.remoteRow(row.Object, nil))
		}
		return true
	})
	return rows, nil
}

// CatchUpLog extends the account log. If the server has lost entries at its end, as after a restored backup, it is given them
// again, as they were signed. Errors: ErrLogBehind, and those of Sync.
func (e *Engine) CatchUpLog(ctx context.Context) error {
	err := e.pullLog(ctx)
	if !errors.Is(err, ErrLogBehind) {
		return err
	}
	page, ok := e.answered.body.(wire.LogPage)
	if !ok {
		return err
	}
	for _, entry := range e.log.Entries(int64(page.HeadSeq)) {
		err := e.remote.AppendLog(ctx, wire.SignedEntry{Entry: entry.Entry, Signature: entry.Signature})
		var refused *wire.Error
		if errors.As(err, &refused) {
			return fmt.Errorf("%w: %w", ErrLogBehind, err)
		}
		if err != nil {
			return err
		}
	}
	return e.pullLog(ctx)
}
