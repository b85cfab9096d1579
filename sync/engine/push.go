package engine

import (
	"context"
	"encoding/binary"
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

// outgoing is a push whose bytes are on disk, and whose changes are made in the tree; undo takes them out again.
type outgoing struct {
	op      id.ID
	signed  chain.Signed
	objects []vault.SentObject
	undo    func()
}

// pushAll sends what is pending, commit by commit, and before it what may be on its way already. It returns false where another device
// was quicker, or another program on the same file, which has found the commit at the server and settled it: pull, then come again.
func (e *Engine) pushAll(ctx context.Context, report *Report) (done bool, err error) {
	if e.ferry != nil {
		if err := e.ferry.confirm(ctx); err != nil {
			return false, err
		}
	}
	for {
		out, err := e.inFlight(ctx)
		if errors.Is(err, errAwaitsFiles) {
			return true, nil
		}
		again := out != nil
		if err == nil && !again {
			out, err = e.next(ctx)
		}
		if err == nil && out == nil {
			return true, nil
		}
		if err == nil {
			err = e.push(ctx, out)
		}
		var answer *wire.Error
		switch {
		case err == nil:
			report.Pushed += len(out.objects)
		case errors.As(err, &answer) && answer.Code == wire.CodeConflict || errors.Is(err, vault.ErrOutbox):
			return false, nil
		case again && e.refused == out.op: // for what is in it, which has changed since, perhaps
		default:
			return false, err
		}
	}
}

// next writes the push of what is pending down; nil if nothing is. Its bytes are on disk before they leave: if the answer is lost, the
// next pull finds the op id in the chain, or inFlight sends them again.
func (e *Engine) next(ctx context.Context) (*outgoing, error) {
	pending, err := e.local.Pending(ctx, chain.MaxChanges, maxPushBytes)
	if err != nil || len(pending) == 0 {
		return nil, err
	}
	op := id.New()
	signed, undo, err := e.commit(op, pending)
	if err != nil {
		return nil, err
	}
	entry := vault.OutboxEntry{Op: op, Bytes: canonical.Concat(signed.Commit, signed.Changes, signed.Signature), Objects: pending}
	if err := e.local.StoreOutbox(ctx, e.head(), entry); err != nil {
		undo()
		return nil, err
	}
	return &outgoing{op, signed, pending, undo}, nil
}

// inFlight is the push that was sent with no answer, where it still follows the head; nil if there is none. It may arrive at any time, so
// it is sent again as it is: behind another push of the same head it would come back as if another device had made it, and what was
// edited since would be merged with it like somebody else's edit. One that cannot be accepted any more, or was refused, is given up. One
// that names files waits for them, as those that are new do: errAwaitsFiles.
func (e *Engine) inFlight(ctx context.Context) (*outgoing, error) {
	entry, found, err := e.local.Outbox(ctx)
	if err != nil || !found || entry.Op == e.refused {
		return nil, err
	}
	signed, ok := signedOf(entry.Bytes)
	if !ok {
		return nil, nil
	}
	v, err := chain.Verify(signed, e.id, e.at, e.log)
	if err != nil || v.Commit.Epoch != e.epoch {
		return nil, nil
	}
	if e.ferry != nil {
		if waits, err := e.ferry.carries(ctx, entry.Objects); err != nil {
			return nil, err
		} else if waits {
			return nil, errAwaitsFiles
		}
	}
	undo, err := e.tree.Apply(v.Changes)
	if err != nil {
		return nil, nil
	}
	return &outgoing{entry.Op, signed, entry.Objects, undo}, nil
}

// errAwaitsFiles says that nothing can be sent before files are there: nothing else either, which would come before the push in flight.
var errAwaitsFiles = errors.New("the push in flight names files that the server may not have any more")

// signedOf is the inverse of what next keeps.
func signedOf(stored []byte) (signed chain.Signed, ok bool) {
	for _, field := range []*[]byte{&signed.Commit, &signed.Changes, &signed.Signature} {
		if len(stored) < 4 || uint64(len(stored)-4) < uint64(binary.BigEndian.Uint32(stored)) {
			return signed, false
		}
		end := 4 + int(binary.BigEndian.Uint32(stored))
		*field, stored = stored[4:end], stored[end:]
	}
	return signed, len(stored) == 0
}

// push sends one commit.
func (e *Engine) push(ctx context.Context, out *outgoing) error {
	head, err := e.remote.Push(ctx, e.id, pushRequest(out.signed, out.objects))
	if err != nil {
		out.undo()
		if refusedForGood(err) {
			e.refused = out.op
		}
		return err
	}
	e.answered = answer{"push", head}
	if err := e.pushed(ctx, out.op, out.signed, head); err != nil {
		out.undo()
		return err
	}
	return nil
}

// refusedForGood tells whether the server has looked at a push and will not take these bytes.
func refusedForGood(err error) bool {
	var answer *wire.Error
	if !errors.As(err, &answer) {
		return false
	}
	switch answer.Code {
	case wire.CodeInvalid, wire.CodeTooLarge, wire.CodeQuotaExceeded, wire.CodeRootMismatch, wire.CodeBadCommit:
		return true
	}
	return false
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
