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

// incoming gathers a pull until it is verified as a whole.
type incoming struct {
	changed   map[id.ID]bool
	envelopes map[id.ID][]byte // by object, as they came; matched by hash later
	ops       map[id.ID]bool   // this device's pushes among the commits
	last      *chain.Verified
	bytes     []byte         // the last signed commit
	passed    []vault.Passed // the commits, as they are remembered
	undo      []func()
}

func newIncoming() *incoming {
	return &incoming{changed: map[id.ID]bool{}, envelopes: map[id.ID][]byte{}, ops: map[id.ID]bool{}}
}

// maxLogRaces bounds how often one pull reads the account log again.
const maxLogRaces = 3

// pull brings the vault to the server's head. A commit may name an entry that came into the account log after it was read here: the log
// is read again before the server is blamed.
func (e *Engine) pull(ctx context.Context, report *Report, progress func(done, total int)) error {
	err := e.pullOnce(ctx, report, progress)
	for range maxLogRaces {
		if !errors.Is(err, chain.ErrLogPosition) {
			return err
		}
		before := e.log.Len()
		if logErr := e.pullLog(ctx); logErr != nil {
			return logErr
		}
		if e.log.Len() == before {
			return err
		}
		err = e.pullOnce(ctx, report, progress)
	}
	return err
}

// pullOnce applies nothing before everything is verified; on error the tree is as before.
func (e *Engine) pullOnce(ctx context.Context, report *Report, progress func(done, total int)) error {
	in := newIncoming()
	page, err := e.firstPage(ctx)
	if err != nil {
		return err
	}
	if e.watch != nil {
		if err := e.watch(e.log); err != nil {
			return err
		}
	}
	if err := e.judgeHistory(ctx); err != nil {
		return err
	}
	err = e.gather(ctx, in, page)
	if err == nil && e.at.Seq == 0 && in.last != nil {
		err = e.stage(ctx, in, progress)
	}
	if err == nil {
		err = e.apply(ctx, in, report)
	}
	if err != nil {
		for i := len(in.undo) - 1; i >= 0; i-- {
			in.undo[i]()
		}
	}
	return err
}

// firstPage brings the account log up to date and asks what is new in the vault. A page of changes names the log's head: mostly it is
// the one that was read, and one request says all. Nil for a first sync.
func (e *Engine) firstPage(ctx context.Context) (*wire.Changes, error) {
	if e.at.Seq == 0 {
		return nil, e.pullLog(ctx)
	}
	page, err := e.askChanges(ctx, e.at.Seq)
	if err != nil || e.knowsLog(page.Log) {
		return &page, err
	}
	asked := e.answered
	if err := e.pullLog(ctx); err != nil {
		return nil, err
	}
	e.answered = asked // what is judged next
	return &page, nil
}

// knowsLog tells whether a head is that of the log which was read, and whole. What a server gains by naming an old one it gains by
// withholding entries too.
func (e *Engine) knowsLog(head wire.Head) bool {
	seq, hash := e.log.Head()
	return head.Seq == seq && bytes.Equal(head.Hash, hash[:]) && !e.log.Revoking()
}

// gather verifies what is new; page is the first one of the changes, nil for a first sync.
func (e *Engine) gather(ctx context.Context, in *incoming, page *wire.Changes) error {
	if page != nil {
		if err := e.gatherChanges(ctx, in, *page); err != nil {
			return err
		}
	} else if err := e.gatherAll(ctx, in, nil); err != nil {
		return err
	}
	head := e.at.Seq
	if in.last != nil {
		head = in.last.Commit.Seq
	}
	return e.checkFloor(head)
}

// checkFloor holds a head against the account log: one that is before what a revocation names is an old state, or one that the
// revoked device forges with the server's help. Only the named commit, reached, proves what is before it.
func (e *Engine) checkFloor(head uint64) error {
	if head < e.log.Floor(e.id).Seq {
		return e.violation(ErrRolledBack)
	}
	return nil
}

// judgeHistory holds what was pulled before a revocation was known against it: a server may have shown this device what it kept from
// the revoking one.
func (e *Engine) judgeHistory(ctx context.Context) error {
	if e.judged == e.log.Len() {
		return nil
	}
	h, err := e.history(ctx)
	if err != nil {
		return err
	}
	for _, p := range h.commits {
		if c, err := chain.ParseCommit(p.Commit); err != nil || !e.log.Accepts(c, chain.CommitHash(p.Commit)) {
			return e.violation(errors.Join(ErrForked, err))
		}
	}
	e.judged = e.log.Len()
	return nil
}

// pullLog extends the account log. Entries that verify stay even if the pull fails later: they are true by their signatures.
func (e *Engine) pullLog(ctx context.Context) error {
	for {
		head, _ := e.log.Head()
		page, err := e.askLog(ctx, head)
		if err != nil {
			return fmt.Errorf("account log: %w", err)
		}
		if err := e.checkLogHead(page); err != nil {
			return e.violation(fmt.Errorf("account log: %w", err))
		}
		if len(page.Entries) == 0 {
			return e.wholeLog()
		}
		for _, entry := range page.Entries {
			if err := e.extendLog(entry); err != nil {
				return e.violation(err)
			}
		}
	}
}

// checkLogHead compares the head that the server names with how far this device has verified the log.
func (e *Engine) checkLogHead(page wire.LogPage) error {
	seq, hash := e.log.Head()
	head, err := chain.HashFrom(page.HeadHash)
	switch {
	case err != nil:
		return err
	case page.HeadSeq < seq:
		return ErrLogBehind
	case page.HeadSeq == seq && head != hash:
		return ErrLogForked
	case page.HeadSeq > seq && len(page.Entries) == 0:
		return ErrWithheld
	}
	return nil
}

// extendLog verifies one entry. One that follows another history than the one known here is a fork, if it is an entry at all.
func (e *Engine) extendLog(entry wire.SignedEntry) error {
	err := e.log.Append(chain.SignedEntry{Entry: entry.Entry, Signature: entry.Signature})
	if errors.Is(err, chain.ErrEntryOrder) {
		return errors.Join(ErrLogForked, err)
	}
	if err != nil {
		return err
	}
	seq, _ := e.log.Head()
	e.newLog = append(e.newLog, vault.LogEntry{Seq: seq, Entry: entry.Entry, Signature: entry.Signature})
	return nil
}

// wholeLog refuses a log that is cut between a revocation and the rotation that is always sent with it: the device that was removed
// can read what is written under the keys before.
func (e *Engine) wholeLog() error {
	if e.log.Revoking() {
		return fmt.Errorf("account log: %w", ErrWithheld)
	}
	return nil
}

// gatherChanges verifies the commits of a page and of those after it, up to the head that the last one names, and makes their changes in
// the tree.
func (e *Engine) gatherChanges(ctx context.Context, in *incoming, page wire.Changes) (err error) {
	for at := e.at; ; {
		if err := checkHead(page, at); err != nil {
			return e.violation(err)
		}
		if len(page.Commits) == 0 {
			return nil
		}
		for _, c := range page.Commits {
			if at, err = e.follow(in, c, at); err != nil {
				return e.violation(err)
			}
		}
		in.keepEnvelopes(page.Envelopes)
		if at.Seq == page.Head.Seq {
			return e.atHead(page, at)
		}
		if page, err = e.askChanges(ctx, at.Seq); err != nil {
			return err
		}
	}
}

// atHead checks that the way ended at the head which the page names.
func (e *Engine) atHead(page wire.Changes, at chain.Position) error {
	if !bytes.Equal(page.Head.Hash, at.Hash[:]) {
		return e.violation(ErrForked)
	}
	return nil
}

// checkHead compares the server's head with how far the client has verified.
func checkHead(page wire.Changes, at chain.Position) error {
	head, err := chain.HashFrom(page.Head.Hash)
	switch {
	case err != nil:
		return err
	case page.Head.Seq < at.Seq:
		return ErrRolledBack
	case page.Head.Seq == at.Seq && head != at.Hash:
		return ErrForked
	case page.Head.Seq > at.Seq && len(page.Commits) == 0:
		return ErrWithheld
	case uint64(len(page.Commits)) > page.Head.Seq-at.Seq:
		return chain.ErrNotNext
	}
	return nil
}

// follow verifies one commit and its root against the tree.
func (e *Engine) follow(in *incoming, c wire.SignedCommit, at chain.Position) (chain.Position, error) {
	signed := chain.Signed{Commit: c.Commit, Changes: c.Changes, Signature: c.Signature}
	v, err := chain.Verify(signed, e.id, at, e.log)
	if err != nil {
		return at, err
	}
	if err := e.change(in, v.Changes); err != nil {
		return at, err
	}
	if e.tree.Root() != v.Commit.Root {
		return at, chain.ErrWrongRoot
	}
	e.note(in, v, c)
	return v.Position(), nil
}

func (e *Engine) change(in *incoming, changes []chain.Change) error {
	undo, err := e.tree.Apply(changes)
	if err != nil {
		return err
	}
	in.undo = append(in.undo, undo)
	for _, c := range changes {
		in.changed[c.Object] = true
	}
	return nil
}

// note remembers a commit. Another device may use an op id of this one's, even on purpose: its commit is not this device's.
func (e *Engine) note(in *incoming, v chain.Verified, c wire.SignedCommit) {
	if v.Commit.Device == e.writer.Device {
		in.ops[v.Commit.Op] = true
	}
	in.last, in.bytes = &v, c.Commit
	in.passed = append(in.passed, vault.Passed{Seq: v.Commit.Seq, Commit: c.Commit, Changes: c.Changes})
}

func (in *incoming) keepEnvelopes(envelopes []wire.Envelope) {
	for _, env := range envelopes {
		if object, err := id.Parse(env.ObjectID); err == nil && len(env.Envelope) <= wire.MaxEnvelope {
			in.envelopes[object] = env.Envelope
		}
	}
}

// gatherAll is the first sync's state table, without envelopes: anchored at the signed head it is read page by page, then follows what
// came meanwhile. progress counts rows and may be nil.
func (e *Engine) gatherAll(ctx context.Context, in *incoming, progress func(done, total int)) error {
	head, err := e.askHead(ctx)
	if err != nil {
		return err
	}
	if head.Commit == nil {
		return nil
	}
	c := head.Commit
	anchor, err := chain.VerifyAlone(chain.Signed{Commit: c.Commit, Changes: c.Changes, Signature: c.Signature}, e.id, e.log)
	if err != nil {
		return e.violation(err)
	}
	in.undo = append(in.undo, func() { e.tree = chain.NewTree(e.id) })
	if err := e.gatherRows(ctx, progress); err != nil {
		return err
	}
	e.note(in, anchor, *c)
	return e.catchUp(ctx, in, anchor.Position())
}

// gatherRows reads the pages of the state table. Their truth is decided by the root.
func (e *Engine) gatherRows(ctx context.Context, progress func(done, total int)) error {
	for after := ""; ; {
		page, err := e.askObjects(ctx, after)
		if err != nil {
			return err
		}
		for _, r := range page.Rows {
			if err := e.addRow(r); err != nil {
				return e.violation(err)
			}
		}
		if progress != nil {
			progress(e.tree.Len(), 0)
		}
		if page.Next == "" {
			return nil
		}
		if page.Next == after || len(page.Rows) == 0 || e.tree.Len() > wire.MaxObjects {
			return e.violation(fmt.Errorf("state table without an end: %w", chain.ErrMalformed))
		}
		after = page.Next
	}
}

func (e *Engine) addRow(r wire.Row) error {
	object, err := id.Parse(r.ObjectID)
	if err != nil {
		return errors.Join(chain.ErrMalformed, err)
	}
	hash, err := chain.HashFrom(r.EnvHash)
	state := chain.State(r.State)
	if err != nil || r.Revision == 0 || (state == chain.Live) == hash.IsZero() || state != chain.Live && state != chain.Dead {
		return fmt.Errorf("row of %s: %w", object, chain.ErrMalformed)
	}
	if _, twice := e.tree.Row(object); twice {
		return fmt.Errorf("row of %s twice: %w", object, chain.ErrMalformed)
	}
	e.tree.Set(chain.Row{Object: object, Revision: r.Revision, State: state, EnvHash: hash})
	return nil
}

// catchUp follows the commits that were made while the rows were paged. The rows may hold some of them already, so the root is
// compared at the end only, and a change whose revision the row has reached is skipped.
func (e *Engine) catchUp(ctx context.Context, in *incoming, at chain.Position) error {
	for {
		page, err := e.askChanges(ctx, at.Seq)
		if err != nil {
			return err
		}
		if err := checkHead(page, at); err != nil {
			return e.violation(err)
		}
		if len(page.Commits) == 0 {
			break
		}
		for _, c := range page.Commits {
			v, err := chain.Verify(chain.Signed{Commit: c.Commit, Changes: c.Changes, Signature: c.Signature}, e.id, at, e.log)
			if err != nil {
				return e.violation(err)
			}
			e.skipOrSet(v.Changes)
			e.note(in, v, c)
			at = v.Position()
		}
		if at.Seq == page.Head.Seq {
			if err := e.atHead(page, at); err != nil {
				return err
			}
			break
		}
	}
	if e.tree.Root() != in.last.Commit.Root {
		return e.violation(chain.ErrWrongRoot)
	}
	return nil
}

func (e *Engine) skipOrSet(changes []chain.Change) {
	for _, c := range changes {
		if row, _ := e.tree.Row(c.Object); row.Revision < c.New {
			e.tree.Set(c.Row())
		}
	}
}

// apply fetches the envelopes that did not come along, and hands everything to the vault in one transaction.
func (e *Engine) apply(ctx context.Context, in *incoming, report *Report) error {
	if in.last == nil && len(e.newLog) == 0 {
		return nil
	}
	pull := vault.Pull{From: e.head(), Log: e.newLog, Ops: in.ops}
	pulled := len(in.changed)
	if in.last != nil {
		pull.Pin, pull.Passed = e.pinOf(*in.last, in.bytes), in.passed
	}
	var err error
	if e.at.Seq == 0 && in.last != nil {
		pull.Table, pulled = table{e.tree}, e.tree.Len()
	} else if pull.Rows, err = e.complete(ctx, in); err != nil {
		return err
	}
	result, err := e.local.ApplyPull(ctx, pull)
	if err != nil {
		return err
	}
	e.newLog = nil
	if in.last != nil {
		e.at = in.last.Position()
	}
	report.Pulled += pulled
	report.Merged += len(result.Merged)
	return nil
}

// head is the pin as this engine knows it.
func (e *Engine) head() vault.Head { return vault.Head{Seq: e.at.Seq, Hash: e.at.Hash} }

func (e *Engine) pinOf(v chain.Verified, commit []byte) *vault.Pin {
	return &vault.Pin{Seq: v.Commit.Seq, Hash: v.Hash, LogSeq: v.Commit.LogSeq, Root: v.Commit.Root, Commit: commit}
}
