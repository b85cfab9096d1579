package engine

import (
	"context"
	"fmt"

	"github.com/coffer-vault/coffer/sync/wire"
)

// Violation says that the server (or whoever speaks for it) broke the protocol in a way that no honest server does.
type Violation struct {
	Err      error
	Evidence Evidence
}

func (v *Violation) Error() string { return "the server broke the protocol: " + v.Err.Error() }
func (v *Violation) Unwrap() error { return v.Err }

// Evidence is what shows a violation to others: the answer as it was received, without envelopes, beside what this device had
// verified. It holds signatures, hashes, ids and device names, and no plaintext.
type Evidence struct {
	Vault   string    `json:"vault"`
	Pin     wire.Head `json:"pin"`
	LogSeq  uint64    `json:"log_seq"`
	LogHash []byte    `json:"log_hash"`
	Request string    `json:"request"`
	Answer  any       `json:"answer"`
}

// answer is one answer of the server and what was asked.
type answer struct {
	request string
	body    any
}

// violation judges the last answer.
func (e *Engine) violation(err error) error {
	seq, hash := e.log.Head()
	return &Violation{Err: err, Evidence: Evidence{
		Vault: e.id.String(), Pin: wire.Head{Seq: e.at.Seq, Hash: e.at.Hash[:]}, LogSeq: seq, LogHash: hash[:], Request: e.answered.request, Answer: e.answered.body,
	}}
}

// The questions to the server, with their answers noted. Envelopes are left out: they are large, and prove nothing.

func (e *Engine) askLog(ctx context.Context, since uint64) (wire.LogPage, error) {
	page, err := e.remote.Log(ctx, since)
	e.answered = answer{fmt.Sprintf("account log after %d", since), page}
	return page, err
}

func (e *Engine) askHead(ctx context.Context) (wire.HeadCommit, error) {
	head, err := e.remote.Head(ctx, e.id)
	e.answered = answer{"head", head}
	return head, err
}

func (e *Engine) askChanges(ctx context.Context, since uint64) (wire.Changes, error) {
	page, err := e.remote.Changes(ctx, e.id, since)
	noted := page
	noted.Envelopes = nil
	e.answered = answer{fmt.Sprintf("changes after %d", since), noted}
	return page, err
}

func (e *Engine) askObjects(ctx context.Context, after string) (wire.Objects, error) {
	page, err := e.remote.Objects(ctx, e.id, after)
	e.answered = answer{fmt.Sprintf("objects after %q", after), page}
	return page, err
}
