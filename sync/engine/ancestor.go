package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
	"github.com/coffer-vault/coffer/vault"
)

// ancestor is the last commit that this device's history and the server's have in common, with what came after it on both sides.
// If none is known, the maps are nil: anything may have changed.
type ancestor struct {
	chain.Head
	known        bool
	ours, theirs map[id.ID]bool
	since        []vault.Passed // the server's commits after it
}

// history is the commits that this device remembers, the newest first, by their hashes. Each is believed because the one after it
// names it, and the newest is the pin.
type history struct {
	commits []vault.Passed
	hashes  map[uint64]chain.Hash
	newest  uint64 // the pin
	first   uint64 // the oldest seq that hashes has; 0 if it reaches back to the empty vault
}

func (e *Engine) history(ctx context.Context) (history, error) {
	h := history{hashes: map[uint64]chain.Hash{}}
	pin, all, err := e.local.History(ctx)
	if err != nil {
		return h, err
	}
	next := chain.Head{Seq: pin.Seq, Hash: pin.Hash}
	h.hashes[next.Seq], h.newest, h.first = next.Hash, next.Seq, next.Seq
	for _, p := range all {
		c, err := chain.ParseCommit(p.Commit)
		if err != nil || p.Seq != next.Seq || chain.CommitHash(p.Commit) != next.Hash || chain.ChangesHash(p.Changes) != c.ChangesHash {
			break // not what the commit after it names: what is older is not believed
		}
		h.commits = append(h.commits, p)
		next = chain.Head{Seq: c.Seq - 1, Hash: c.Parent}
		h.hashes[next.Seq], h.first = next.Hash, next.Seq
	}
	return h, nil
}

// changedAfter is the set of objects that the remembered commits after seq changed.
func (h history) changedAfter(seq uint64) (map[id.ID]bool, error) {
	changed := map[id.ID]bool{}
	for _, p := range h.commits {
		if p.Seq <= seq {
			break
		}
		changes, err := chain.ParseChanges(p.Changes)
		if err != nil {
			return nil, err
		}
		for _, c := range changes {
			changed[c.Object] = true
		}
	}
	return changed, nil
}

// ancestor looks for the last common commit, in steps that double, so that one near the end is found at once.
func (e *Engine) ancestor(ctx context.Context, head chain.Head) (ancestor, error) {
	h, err := e.history(ctx)
	if err != nil {
		return ancestor{}, err
	}
	at := min(head.Seq, h.newest)
	for step := uint64(1); at >= h.first; step *= 2 { // else the server's history ends before all that is remembered
		from := chain.Head{Seq: at, Hash: h.hashes[at]}
		since, err := e.between(ctx, from, head)
		if err == nil {
			return h.ancestor(from, since)
		}
		if !errors.Is(err, ErrForked) {
			return ancestor{}, err
		}
		if at == h.first {
			break
		}
		at = max(h.first, at-min(at, step))
	}
	return ancestor{}, nil
}

// ancestor goes on from a common commit to the last one, along the server's commits since.
func (h history) ancestor(from chain.Head, since []chain.Signed) (a ancestor, err error) {
	for len(since) > 0 && h.hashes[from.Seq+1] == since[0].Hash() {
		from = chain.Head{Seq: from.Seq + 1, Hash: since[0].Hash()}
		since = since[1:]
	}
	a = ancestor{Head: from, known: true, theirs: map[id.ID]bool{}}
	for i, s := range since {
		changes, err := chain.ParseChanges(s.Changes)
		if err != nil {
			return ancestor{}, err
		}
		for _, c := range changes {
			a.theirs[c.Object] = true
		}
		a.since = append(a.since, vault.Passed{Seq: from.Seq + 1 + uint64(i), Commit: s.Commit, Changes: s.Changes})
	}
	a.ours, err = h.changedAfter(from.Seq)
	return a, err
}

// between returns the server's commits from one to its head, verified. A *Violation wraps ErrRolledBack if the head is older, and
// ErrForked if its history does not go through from.
func (e *Engine) between(ctx context.Context, from, head chain.Head) ([]chain.Signed, error) {
	switch {
	case head.Seq < from.Seq:
		return nil, e.violation(ErrRolledBack)
	case head.Seq == from.Seq && head.Hash != from.Hash:
		return nil, e.violation(ErrForked)
	}
	var all []chain.Signed
	for at := (chain.Position{Head: from}); at.Seq < head.Seq; {
		page, err := e.askChanges(ctx, at.Seq)
		if err != nil {
			return nil, err
		}
		if len(page.Commits) == 0 {
			return nil, e.violation(ErrWithheld)
		}
		for _, c := range page.Commits {
			if at.Seq == head.Seq {
				break // made since the head was asked for
			}
			if at, err = e.step(c, at); err != nil {
				return nil, e.violation(err)
			}
			all = append(all, signed(c))
			if at.Seq == head.Seq && at.Hash != head.Hash {
				return nil, e.violation(ErrForked)
			}
		}
	}
	return all, nil
}

// step verifies that a commit follows; ErrForked if it follows another one.
func (e *Engine) step(c wire.SignedCommit, at chain.Position) (chain.Position, error) {
	v, err := chain.VerifyAlone(signed(c), e.id, e.log)
	if err != nil {
		return at, err
	}
	if v.Commit.Seq == at.Seq+1 && v.Commit.Parent != at.Hash {
		return at, fmt.Errorf("commit %d: %w", v.Commit.Seq, ErrForked)
	}
	v, err = chain.Verify(signed(c), e.id, at, e.log)
	return v.Position(), err
}

func signed(c wire.SignedCommit) chain.Signed {
	return chain.Signed{Commit: c.Commit, Changes: c.Changes, Signature: c.Signature}
}
