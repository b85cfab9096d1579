package api

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
)

const (
	// maxNonces bounds the memory: about 40 MB per generation when full.
	maxNonces = 1 << 20
	// maxAccountNonces is the part of one account or computer of a generation, 136 requests a second: nobody can fill the memory for everybody.
	maxAccountNonces = 1 << 15
	// nonceWindow is how long a request can be repeated: from maxSkew before its time to maxSkew after.
	nonceWindow = 2 * maxSkew
)

// Nonces is the memory that several processes of a server have together.
type Nonces interface {
	// UseNonce enters a nonce until it expires, and tells whether nobody had, as far as the memory goes back: since, which is now where
	// it was lost (times in Unix ms).
	UseNonce(ctx context.Context, hash []byte, now, expires int64) (fresh bool, since int64, err error)
}

var errNonceUsed = fmt.Errorf("%w: nonce was used", cloud.ErrInvalid)

// useNonce enters a request's nonce: here first, which costs nothing and is where an account's part is bounded.
func (s *Server) useNonce(ctx context.Context, r *signedRequest) error {
	now := s.now().UnixMilli()
	key := nonceKey(r.Account, r.Device, r.Nonce)
	if err := s.nonces.use(now, ownerOf(r), key); err != nil || s.sharedNonces == nil {
		return err
	}
	fresh, since, err := s.sharedNonces.UseNonce(ctx, key[:], now, now+nonceWindow)
	switch {
	case err != nil:
		return err
	case !fresh:
		return errNonceUsed
	case r.Time < since:
		return clockSkew{serverTime: now} // it may have been used before the memory was lost
	}
	return nil
}

// owner has a part of the memory: an account, or a computer, which has none. A computer draws its own id, so it is no account's name.
type owner struct{ account, computer id.ID }

func ownerOf(r *signedRequest) owner {
	if r.Account.IsZero() {
		return owner{computer: r.Device}
	}
	return owner{account: r.Account}
}

func nonceKey(account, device id.ID, nonce [16]byte) [16]byte {
	hash := canonical.Hash("coffer/v1/nonce", account, device, nonce[:])
	return [16]byte(hash[:16])
}

// nonceCache remembers the nonces of verified requests for at least nonceWindow, in two generations: a nonce is looked for in both,
// and every nonceWindow the older one is dropped as a whole.
type nonceCache struct {
	limit, accountLimit int

	mu                sync.Mutex
	current, previous map[[16]byte]struct{}
	counts            map[owner]int // of current
	turned            int64         // when current began
}

func newNonceCache(limit, accountLimit int) *nonceCache {
	return &nonceCache{limit: limit, accountLimit: accountLimit, current: map[[16]byte]struct{}{}, counts: map[owner]int{}}
}

// use enters a nonce. Errors: cloud.ErrInvalid for one that was used, *cloud.SlowDown when the memory is full: forgetting one would
// open the door that the memory is there to close.
func (n *nonceCache) use(now int64, whose owner, key [16]byte) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.turn(now)
	_, inCurrent := n.current[key]
	_, inPrevious := n.previous[key]
	switch {
	case inCurrent || inPrevious:
		return errNonceUsed
	case len(n.current) >= n.limit || n.counts[whose] >= n.accountLimit:
		return &cloud.SlowDown{After: time.Duration(n.turned+nonceWindow-now) * time.Millisecond}
	}
	n.current[key] = struct{}{}
	n.counts[whose]++
	return nil
}

func (n *nonceCache) turn(now int64) {
	// Where the clock was set back the generation grows older from there; otherwise it would fill up until the old time comes again.
	n.turned = min(n.turned, now)
	age := now - n.turned
	if age < nonceWindow {
		return
	}
	n.previous = n.current
	if age >= 2*nonceWindow {
		n.previous = nil
	}
	n.current, n.counts, n.turned = map[[16]byte]struct{}{}, map[owner]int{}, now
}
