// Package engine keeps one vault in step with the server, believing nothing that the server says (docs/protocol.md §6 and §7).
//
//	pull:  commits → chain, signatures, live devices, change lists → state root → envelopes by hash → merge → pin, one transaction
//	push:  pending versions → change list → new root → signed commit → outbox → server → pin
//
// How bytes travel (Remote) and rest (Local) is injected. What a reviewer can check:
//
//   - The pin moves only in the transaction that stores what it stands for, and only to a commit that verified.
//   - Every push is stored byte for byte before it is sent; after a lost answer the chain says whether it arrived, and where it may yet
//     arrive the same bytes are sent again, before any others.
//   - A Violation stops the sync of the vault; the local copy stays usable.
package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
	"github.com/coffer-vault/coffer/vault"
)

// Remote is what the engine asks of the server; sync/remote implements it. A conflict and other answers of the protocol are
// *wire.Error, everything else counts as "not now".
type Remote interface {
	Log(ctx context.Context, since uint64) (wire.LogPage, error)
	Head(ctx context.Context, vault id.ID) (wire.HeadCommit, error)
	Changes(ctx context.Context, vault id.ID, since uint64) (wire.Changes, error)
	Objects(ctx context.Context, vault id.ID, after string) (wire.Objects, error)
	Fetch(ctx context.Context, vault id.ID, objects []id.ID) (wire.Fetched, error)
	Push(ctx context.Context, vault id.ID, in wire.Push) (wire.Pushed, error)
	AppendLog(ctx context.Context, entry wire.SignedEntry) error
}

// Writer is the device that signs commits.
type Writer struct {
	Device id.ID
	Key    signing.PrivateKey
}

// Engine syncs one vault. Its methods are not safe for concurrent use.
type Engine struct {
	remote Remote
	local  *vault.Vault
	id     id.ID
	epoch  uint32
	writer Writer
	log    *chain.Log
	now    func() time.Time

	tree   *chain.Tree      // the verified state at the pin; nil until first needed
	at     chain.Position   // the pin
	newLog []vault.LogEntry // verified entries that are not yet on disk
	watch  func(*chain.Log) error
	ferry  *Ferry
	// refused is the last push that the server took a look at and did not take: it will not arrive.
	refused id.ID
	judged  int // length of the log that the remembered commits were held against

	answered answer // the server's last answer, for the evidence of a violation
	page     int    // envelopes that are asked for at once
}

// New returns an engine for an unlocked vault. log is the account log as verified from the local file; the engine extends it.
func New(remote Remote, local *vault.Vault, vaultID id.ID, epoch uint32, writer Writer, log *chain.Log, now func() time.Time) *Engine {
	return &Engine{remote: remote, local: local, id: vaultID, epoch: epoch, writer: writer, log: log, now: now, page: wire.PageObjects}
}

// Watch has f look at the account log whenever it was read, before anything of the vault is believed. Its error ends the sync: keys
// that were changed have to be adopted first.
func (e *Engine) Watch(f func(*chain.Log) error) { e.watch = f }

// Carry has the engine push attachments that the ferry has brought to the server; without one they wait.
func (e *Engine) Carry(f *Ferry) { e.ferry = f }

// The violations that are not errors of package chain.
var (
	// ErrRolledBack: the server's head is behind what this device has verified: a restored backup, or an attack.
	ErrRolledBack = errors.New("the server's vault is older than what this device has seen")
	// ErrForked: the server's head is another commit than the one this device has verified at that place.
	ErrForked = errors.New("the server's vault has another history than this device has seen")
	// ErrWithheld: the server names commits or objects and does not give them, or gives others.
	ErrWithheld = errors.New("the server does not give what its history names")
)

// ErrLocalState: the rows of the local file do not give the root that was pinned. The file was damaged or changed outside Coffer.
var ErrLocalState = errors.New("local objects do not match the verified state")

// Report says what a sync did.
type Report struct {
	Pulled int // objects taken over from the server
	Pushed int // objects sent
	Merged int // pending edits that were merged with another device's

	Withheld int // objects that the server names and does not give; their older versions stay
}

// maxRounds bounds how often one Sync starts over because another device was quicker.
const maxRounds = 20

// Sync pulls, then pushes until nothing is pending. progress counts what a first sync loads and may be nil. Errors: a *Violation, the context's, the
// vault's own (vault.ErrFull, …), ErrLocalState, ErrWithheld where single objects are missing,
// and what Remote returns.
func (e *Engine) Sync(ctx context.Context, progress func(done, total int)) (Report, error) {
	var report Report
	for range maxRounds {
		done, err := e.round(ctx, &report, progress)
		if errors.Is(err, vault.ErrOvertaken) {
			err = e.forget(ctx)
		}
		if err != nil {
			return report, err
		}
		if done && report.Withheld > 0 {
			return report, fmt.Errorf("%d objects: %w", report.Withheld, ErrWithheld)
		}
		if done {
			return report, nil
		}
	}
	return report, errors.New("push: other devices were quicker every time")
}

// round pulls and pushes once; false if another device was quicker.
func (e *Engine) round(ctx context.Context, report *Report, progress func(done, total int)) (done bool, err error) {
	if err := e.load(ctx); err != nil {
		return false, err
	}
	if err := e.pull(ctx, report, progress); err != nil {
		return false, fmt.Errorf("pull: %w", err)
	}
	if err := e.fetchMissing(ctx, report); err != nil {
		return false, fmt.Errorf("fetch: %w", err)
	}
	if done, err = e.pushAll(ctx, report); err != nil {
		return false, fmt.Errorf("push: %w", err)
	}
	return done, nil
}

// forget has the next round begin from the file: another program on it was quicker. What that has taken over is judged again, by the
// account log as it is known here.
func (e *Engine) forget(ctx context.Context) error {
	e.tree, e.judged = nil, 0
	return e.local.Refresh(ctx)
}

// load rebuilds the state tree from the local rows, once, and checks it against the pin: this is the proof that nobody changed or
// put back a row (docs/protocol.md §9).
func (e *Engine) load(ctx context.Context) error {
	if e.tree != nil {
		return nil
	}
	tree := chain.NewTree(e.id)
	pin, err := e.local.State(ctx, func(r vault.Row) error {
		tree.Set(chain.Row{Object: r.Object, Revision: r.Revision, State: chain.State(r.State), EnvHash: r.Hash})
		return nil
	})
	if err != nil {
		return fmt.Errorf("load state: %w", err)
	}
	if pin.Seq > 0 && tree.Root() != chain.Hash(pin.Root) || pin.Seq == 0 && tree.Len() > 0 {
		return ErrLocalState
	}
	e.tree, e.at = tree, position(pin)
	return nil
}

func position(p vault.Pin) chain.Position {
	return chain.Position{Head: chain.Head{Seq: p.Seq, Hash: p.Hash}, LogSeq: p.LogSeq}
}

// Verify checks the local rows against the pinned state without the server.
func (e *Engine) Verify(ctx context.Context) error { return e.load(ctx) }
