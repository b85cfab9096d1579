package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/wire"
	"github.com/coffer-vault/coffer/vault"
)

// ChunkRemote is what a Ferry asks of the server; sync/remote implements it.
type ChunkRemote interface {
	PutChunk(ctx context.Context, vault, attachment id.ID, index, count int, envelope []byte) error
	Chunk(ctx context.Context, vault, attachment id.ID, index int) ([]byte, error)
	Chunks(ctx context.Context, vault, attachment id.ID) (count int, present []int, err error)
}

// maxAutomatic is the size of the largest file that is fetched without being asked for, in bytes.
const maxAutomatic = 10 << 20

// maxLost bounds how often a file is sent again of which the server says that it does not have it, after it had taken it whole.
const maxLost = 3

// TransferState says why a transfer stands where it stands.
type TransferState int

// The states. The last three wait for a person, or for the next unlock.
const (
	TransferWaiting    TransferState = iota // its turn comes, or the server is not reachable
	TransferRunning                         // its chunks are under way
	TransferQuota                           // the account has no room left at the server
	TransferIncomplete                      // the server does not have all of the file, and neither has this PC
	TransferFailed                          // Err says why: a full disk, say
)

// Transfer is a file on its way to the server, or from it. One that is done is none.
type Transfer struct {
	Attachment  id.ID
	Name        string
	Up          bool  // to the server
	Done, Total int64 // bytes of the file
	State       TransferState
	Err         error // of the last three states
}

// Ferry carries the chunks of attachments between this PC and the server: one at a time, beside syncs and never during one's
// transaction. Nothing of it is remembered: what has arrived is asked of the server, and seen in the folder of chunks. Its methods may be
// called by several goroutines at once, Carry by one at a time.
type Ferry struct {
	remote  ChunkRemote
	local   *vault.Vault
	id      id.ID
	changed func()

	mu      sync.Mutex
	asked   []id.ID                // downloads that a person waits for, in their order
	given   map[direction]Transfer // transfers that wait for a person
	idleAt  uint64                 // vault.FileNews when nothing was left to carry; 0: something may be
	noRoom  bool                   // this PC's disk takes no more: nothing is fetched unasked
	lost    map[id.ID]int          // how often a file was not there that the server had taken whole
	running *Transfer
	stop    context.CancelFunc // of the one that is running
	list    []Transfer
}

// direction is one of the two ways of a file.
type direction struct {
	attachment id.ID
	up         bool
}

// NewFerry returns a ferry that calls changed for every change of Transfers.
func NewFerry(remote ChunkRemote, local *vault.Vault, vaultID id.ID, changed func()) *Ferry {
	return &Ferry{remote: remote, local: local, id: vaultID, changed: changed, given: map[direction]Transfer{}, lost: map[id.ID]int{}}
}

// carries tells whether one of the objects is a file that is on its way to the server. One that was given up is not: nothing waits for it.
func (f *Ferry) carries(ctx context.Context, objects []vault.SentObject) (bool, error) {
	all, err := f.local.AllAttachments(ctx)
	if err != nil {
		return false, err
	}
	uploaded := f.local.Uploaded()
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(all, func(a vault.Attachment) bool {
		return a.Waiting && !slices.Contains(uploaded, a.ID) && f.standing(a).State == TransferWaiting &&
			slices.ContainsFunc(objects, func(o vault.SentObject) bool { return o.Object == a.ID })
	}), nil
}

// update changes the ferry's state, and tells.
func (f *Ferry) update(change func()) {
	f.mu.Lock()
	had := len(f.list)
	change()
	has := len(f.list)
	f.mu.Unlock()
	if had > 0 || has > 0 {
		f.changed()
	}
}

// Carry carries what can be carried now. arrived says that the server has files that a push can name now. The error is that which
// stopped it: the context's, vault.ErrClosed, or what Remote returned; what concerns one file alone is its Transfer's.
func (f *Ferry) Carry(ctx context.Context) (arrived bool, err error) {
	if f.isIdle() {
		return false, nil
	}
	for {
		next, err := f.plan(ctx)
		if err != nil || next == nil {
			return arrived, err
		}
		done, err := f.carry(ctx, next)
		if err = f.settle(ctx, next, err); err != nil {
			return arrived, err
		}
		arrived = arrived || done && next.Up
	}
}

// isIdle tells whether nothing has happened since nothing was left to carry.
func (f *Ferry) isIdle() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.idleAt != 0 && f.idleAt == f.local.FileNews()
}

// plan makes the list anew and returns the transfer whose turn it is; nil if none is left.
func (f *Ferry) plan(ctx context.Context) (*Transfer, error) {
	news := f.local.FileNews()
	all, err := f.local.AllAttachments(ctx)
	if err != nil {
		return nil, err
	}
	uploaded := f.local.Uploaded()
	var next *Transfer
	f.update(func() {
		f.list, f.idleAt = f.order(all, uploaded), news
		if at := slices.IndexFunc(f.list, func(t Transfer) bool { return t.State == TransferWaiting }); at >= 0 {
			first := f.list[at]
			next, f.idleAt = &first, 0
		}
	})
	return next, nil
}

// order lists what has to be carried: what a person waits for, what only this PC has, and the rest.
func (f *Ferry) order(all []vault.Attachment, uploaded []id.ID) []Transfer {
	var fetched, sent, automatic []Transfer
	for _, a := range all {
		t, asked := f.standing(a), slices.Contains(f.asked, a.ID)
		switch {
		case a.Waiting && !slices.Contains(uploaded, a.ID):
			sent = append(sent, t)
		case a.Waiting || a.Whole():
			f.asked = without(f.asked, a.ID)
		case asked:
			fetched = append(fetched, t)
		case t.State != TransferWaiting && !errors.Is(t.Err, context.Canceled), a.Size <= maxAutomatic && !f.noRoom && t.Err == nil:
			automatic = append(automatic, t)
		}
	}
	slices.SortStableFunc(fetched, func(a, b Transfer) int {
		return slices.Index(f.asked, a.Attachment) - slices.Index(f.asked, b.Attachment)
	})
	return slices.Concat(fetched, sent, automatic)
}

// standing is the transfer of a file as it stands: one that was given up stays so.
func (f *Ferry) standing(a vault.Attachment) Transfer {
	t, ok := f.given[direction{a.ID, a.Waiting}]
	if !ok {
		t = Transfer{Attachment: a.ID, Up: a.Waiting, Total: a.Size}
	}
	t.Name = a.Name
	return t
}

func without(list []id.ID, attachment id.ID) []id.ID {
	return slices.DeleteFunc(list, func(other id.ID) bool { return other == attachment })
}

// Transfers lists what is on its way, in the order of the turns.
func (f *Ferry) Transfers() []Transfer {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := slices.Clone(f.list)
	for i := range list {
		if r := f.running; r != nil && r.Attachment == list[i].Attachment && r.Up == list[i].Up {
			list[i] = *r
		}
	}
	return list
}

// Ask has a file fetched before all others, and begins a transfer anew that was given up.
func (f *Ferry) Ask(attachment id.ID) {
	f.update(func() {
		if !slices.Contains(f.asked, attachment) {
			f.asked = append(f.asked, attachment)
		}
		delete(f.given, direction{attachment, true})
		delete(f.given, direction{attachment, false})
		delete(f.lost, attachment)
		f.noRoom, f.idleAt = false, 0
	})
}

// Cancel takes Ask back, and stops the file's download until it is asked for.
func (f *Ferry) Cancel(attachment id.ID) {
	f.update(func() {
		f.asked = without(f.asked, attachment)
		f.list = slices.DeleteFunc(f.list, func(t Transfer) bool { return t.Attachment == attachment && !t.Up })
		f.given[direction{attachment, false}] = Transfer{Attachment: attachment, State: TransferFailed, Err: context.Canceled}
		if r := f.running; r != nil && r.Attachment == attachment && !r.Up {
			f.stop()
		}
	})
}

// errYield ends a transfer in favour of a file that a person waits for.
var errYield = errors.New("another file comes first")

// errIncomplete says that the chunks of a file are nowhere.
var errIncomplete = errors.New("the file is not complete at the server")

// carry carries one file. done tells whether all of it has arrived.
func (f *Ferry) carry(ctx context.Context, t *Transfer) (done bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f.begin(t, cancel)
	defer f.begin(nil, nil)
	if t.Up {
		return f.send(ctx, t)
	}
	return f.fetch(ctx, t)
}

func (f *Ferry) begin(t *Transfer, stop context.CancelFunc) {
	f.update(func() {
		f.stop, f.running = stop, nil
		if t != nil {
			running := *t
			running.State = TransferRunning
			f.running = &running
		}
	})
}

// advance notes that so much of the running file has arrived, and tells whether another one comes first.
func (f *Ferry) advance(done int64) (err error) {
	f.update(func() {
		f.running.Done = min(done, f.running.Total)
		if len(f.asked) > 0 && !slices.Contains(f.asked, f.running.Attachment) {
			err = errYield
		}
	})
	return err
}

// at asks which chunks of a file the server has. Those of another number are none of this file.
func (f *Ferry) at(ctx context.Context, attachment id.ID) (of int, there map[int]bool, err error) {
	chunks, err := f.local.Chunks(ctx, attachment)
	if err != nil {
		return 0, nil, err
	}
	count, present, err := f.remote.Chunks(ctx, f.id, attachment)
	if err != nil {
		return 0, nil, err
	}
	if count != 0 && count != chunks {
		return 0, nil, fmt.Errorf("%w: it has %d chunks there and %d here", errIncomplete, count, chunks)
	}
	there = make(map[int]bool, len(present))
	for _, index := range present {
		there[index] = true
	}
	return chunks, there, nil
}

// send brings the server what it does not have of a file.
func (f *Ferry) send(ctx context.Context, t *Transfer) (done bool, err error) {
	count, there, err := f.at(ctx, t.Attachment)
	if err != nil {
		return false, err
	}
	if f.lostTooOften(t.Attachment) {
		return false, fmt.Errorf("%w, although it was sent", errIncomplete)
	}
	lacking := false
	for index := range count {
		if there[index] {
			continue
		}
		envelope, err := f.local.SealedChunk(ctx, t.Attachment, index)
		if errors.Is(err, vault.ErrMissing) {
			lacking = true // another device may have it
			continue
		}
		if err == nil {
			err = f.remote.PutChunk(ctx, f.id, t.Attachment, index, count, envelope)
		}
		if err != nil {
			return false, err
		}
		there[index] = true
		if err := f.advance(vault.FileOffset(len(there))); err != nil {
			return false, err
		}
	}
	if lacking {
		return false, errIncomplete
	}
	f.local.MarkUploaded(t.Attachment, true)
	return true, nil
}

func (f *Ferry) lostTooOften(attachment id.ID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lost[attachment] >= maxLost
}

// fetch brings here what is not here of a file, if the server has all of it.
func (f *Ferry) fetch(ctx context.Context, t *Transfer) (done bool, err error) {
	count, there, err := f.at(ctx, t.Attachment)
	if err != nil {
		return false, err
	}
	here, err := f.local.ChunksHere(t.Attachment)
	if err != nil {
		return false, err
	}
	missing := slices.DeleteFunc(indices(count), func(index int) bool { return slices.Contains(here, index) })
	for _, index := range missing {
		if !there[index] {
			return false, errIncomplete
		}
	}
	for i, index := range missing {
		if err := f.advance(vault.FileOffset(count - len(missing) + i)); err != nil {
			return false, err
		}
		if err := f.fetchChunk(ctx, t.Attachment, index); err != nil {
			return false, err
		}
	}
	return true, nil
}

func indices(count int) []int {
	all := make([]int, count)
	for i := range all {
		all[i] = i
	}
	return all
}

func (f *Ferry) fetchChunk(ctx context.Context, attachment id.ID, index int) error {
	envelope, err := f.remote.Chunk(ctx, f.id, attachment, index)
	if err != nil {
		return err
	}
	if err := f.local.PutChunk(ctx, attachment, index, envelope); errors.Is(err, vault.ErrUnreadable) {
		return fmt.Errorf("%w: chunk %d: %w", errIncomplete, index, err)
	} else if err != nil {
		return err
	}
	return nil
}

// settle tells an error that concerns one file from one that stops everything, which it returns.
func (f *Ferry) settle(ctx context.Context, t *Transfer, err error) error {
	if err == nil || errors.Is(err, errYield) || errors.Is(err, vault.ErrNotFound) {
		return nil // the next plan knows
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	state, own := stateOf(err)
	if !own {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, canceled := f.given[direction{t.Attachment, t.Up}]; canceled {
		return nil
	}
	f.noRoom = f.noRoom || state == TransferFailed && !t.Up
	given := *t
	given.State, given.Err = state, err
	f.given[direction{t.Attachment, t.Up}] = given
	f.asked = without(f.asked, t.Attachment)
	return nil
}

// stateOf says what becomes of a file after an error; false for one that says nothing about the file.
func stateOf(err error) (TransferState, bool) {
	var answer *wire.Error
	switch {
	case errors.Is(err, errIncomplete), errors.Is(err, vault.ErrUnreadable):
		return TransferIncomplete, true
	case errors.Is(err, vault.ErrFull), errors.Is(err, vault.ErrReadOnly), errors.Is(err, vault.ErrDisk):
		return TransferFailed, true
	case errors.Is(err, context.Canceled): // by Cancel, which has noted it
		return TransferFailed, true
	case !errors.As(err, &answer):
		return 0, false
	}
	switch answer.Code {
	case wire.CodeQuotaExceeded:
		return TransferQuota, true
	case wire.CodeNotFound:
		return TransferIncomplete, true
	case wire.CodeConflict, wire.CodeTooLarge, wire.CodeInvalid:
		return TransferFailed, true
	}
	return 0, false
}

// confirm asks once more for the files that a push is about to name: their chunks may have been dropped since they were sent.
// An error that says nothing about a file is the push's, too.
func (f *Ferry) confirm(ctx context.Context) error {
	for _, attachment := range f.local.Uploaded() {
		count, there, err := f.at(ctx, attachment)
		if err == nil && len(there) == count {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if _, own := stateOf(err); err != nil && !own && !errors.Is(err, vault.ErrNotFound) {
			return fmt.Errorf("ask for chunks: %w", err)
		}
		f.local.MarkUploaded(attachment, false)
		f.mu.Lock()
		f.lost[attachment]++
		f.mu.Unlock()
	}
	return nil
}
