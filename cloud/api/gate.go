package api

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/wire"
)

// What the requests of one account may weigh together that are under way, in bytes of bodies and answers: each is several times that
// in memory, for as long as a slow line takes. Who comes on top waits before his body is read; he is told to come again where that
// takes long, or where there are many of them.
const (
	accountWeight = 32 << 20
	accountLine   = 64
	gatePatience  = 10 * time.Second
)

// Weights of answers. A page has envelopes in base64, and commits.
const (
	pageWeight  = 2 * wire.PageEnvelopeBytes
	chunkWeight = wire.MaxEnvelope
)

// gate bounds what each account has under way.
type gate struct {
	patience time.Duration

	mu    sync.Mutex
	lines map[id.ID]*line // of accounts with requests under way
}

// line is an account's: who is in, and who waits for his turn.
type line struct {
	room  *semaphore.Weighted
	users int
}

func newGate() *gate { return &gate{patience: gatePatience, lines: map[id.ID]*line{}} }

// enter waits until there is room for a request of the account; leave ends it. What is small goes by, and so does all that the removal
// of a device needs: whoever stole a token can hold the line up, with bodies that he never sends. Errors: *cloud.SlowDown.
func (g *gate) enter(ctx context.Context, account id.ID, weight int64) (leave func(), err error) {
	if weight <= smallBody {
		return func() {}, nil
	}
	weight = min(weight, accountWeight)
	l := g.join(account)
	if l == nil {
		return nil, &cloud.SlowDown{After: g.patience}
	}
	ctx, cancel := context.WithTimeout(ctx, g.patience)
	defer cancel()
	if l.room.Acquire(ctx, weight) != nil {
		g.part(account)
		return nil, &cloud.SlowDown{After: g.patience}
	}
	return func() {
		l.room.Release(weight)
		g.part(account)
	}, nil
}

// join returns the account's line with one user more; nil where it is too long.
func (g *gate) join(account id.ID) *line {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.lines[account]
	if l == nil {
		l = &line{room: semaphore.NewWeighted(accountWeight)}
		g.lines[account] = l
	}
	if l.users == accountLine {
		return nil
	}
	l.users++
	return l
}

// part takes a user out of the account's line, and forgets the line with the last one.
func (g *gate) part(account id.ID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lines[account].users--; g.lines[account].users == 0 {
		delete(g.lines, account)
	}
}
