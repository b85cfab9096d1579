package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
	"github.com/coffer-vault/coffer/vault"
)

// maxPushBytes keeps the envelopes of a commit below the limit of the protocol, in base64 too.
const maxPushBytes = 6 << 20

// pushAll sends what is pending, commit by commit. It returns false where another device was quicker, or another program on the same
// file, which has found the commit at the server and settled it: pull, then come again.
func (e *Engine) pushAll(ctx context.Context, report *Report) (done bool, err error) {
	if e.ferry != nil {
		if err := e.ferry.confirm(ctx); err != nil {
			return false, err
		}
	}
	for {
		pending, err := e.local.Pending(ctx, chain.MaxChanges, maxPushBytes)
		if err != nil || len(pending) == 0 {
			return err == nil, err
		}
		err = e.push(ctx, pending)
		var answer *wire.Error
		if errors.As(err, &answer) && answer.Code == wire.CodeConflict || errors.Is(err, vault.ErrOutbox) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		report.Pushed += len(pending)
	}
}

// push sends one commit. Its bytes are on disk before they leave: if the answer is lost, the next pull finds the op id in the chain,
// or does not.
func (e *Engine) push(ctx context.Context, pending []vault.SentObject) error {
	op := id.New()
	signed, undo, err := e.commit(op, pending)
	if err != nil {
		return err
	}
	entry := vault.OutboxEntry{Op: op, Bytes: canonical.Concat(signed.Commit, signed.Changes, signed.Signature), Objects: pending}
	if err := e.local.StoreOutbox(ctx, e.head(), entry); err != nil {
		undo()
		return err
	}
	head, err := e.remote.Push(ctx, e.id, pushRequest(signed, pending))
	if err != nil {
		undo()
		return err
	}
	e.answered = answer{"push", head}
	if err := e.pushed(ctx, op, signed, head); err != nil {
		undo()
		return err
	}
	return nil
}

// commit builds the signed commit over the tree with the pending changes made; undo takes them out of the tree again.
func (e *Engine) commit(op id.ID, pending []vault.SentObject) (signed chain.Signed, undo func(), err error) {
	changes := make([]chain.Change, len(pending))
	for i, p := range pending {
		action := chain.Put
		if p.State == vault.Dead {
			action = chain.Tombstone
		}
		changes[i] = chain.Change{Object: p.Object, Old: p.Revision - 1, New: p.Revision, Action: action, EnvHash: p.Hash}
	}
	list, err := chain.EncodeChanges(changes)
	if err != nil {
		return signed, nil, err
	}
	if undo, err = e.tree.Apply(changes); err != nil {
		return signed, nil, fmt.Errorf("%w: %w", ErrLocalState, err)
	}
	c := chain.Commit{
		Vault: e.id, Seq: e.at.Seq + 1, Parent: e.at.Hash, Root: e.tree.Root(), Epoch: e.epoch,
		Op: op, Device: e.writer.Device, Time: e.now().UnixMilli(),
	}
	c.LogSeq, c.LogHash = e.log.Head()
	if signed, err = c.Sign(e.writer.Key, list); err != nil {
		undo()
	}
	return signed, undo, err
}

func pushRequest(s chain.Signed, pending []vault.SentObject) wire.Push {
	in := wire.Push{SignedCommit: wire.SignedCommit{Commit: s.Commit, Changes: s.Changes, Signature: s.Signature}}
	for _, p := range pending {
		if p.State == vault.Live {
			in.Envelopes = append(in.Envelopes, wire.Envelope{ObjectID: p.Object.String(), Revision: p.Revision, Envelope: p.Envelope})
		}
	}
	return in
}

// pushed takes the server's word that the commit is its head, which the client computed itself, and moves the pin.
func (e *Engine) pushed(ctx context.Context, op id.ID, signed chain.Signed, answer wire.Pushed) error {
	v, err := chain.Verify(signed, e.id, e.at, e.log)
	if err != nil {
		return fmt.Errorf("own commit: %w", err)
	}
	if hash, err := chain.HashFrom(answer.Head.Hash); err != nil || hash != v.Hash || answer.Head.Seq != v.Commit.Seq {
		return e.violation(fmt.Errorf("answer to a push: %w", ErrForked))
	}
	if err := e.local.ApplyPush(ctx, op, *e.pinOf(v, signed.Commit), signed.Changes); err != nil {
		return err
	}
	e.at = v.Position()
	return nil
}
