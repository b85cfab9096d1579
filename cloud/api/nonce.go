package api

import (
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
	// maxAccountNonces is one account's part of a generation, 136 requests a second: nobody can fill the memory for everybody.
	maxAccountNonces = 1 << 15
	// nonceWindow is how long a request can be repeated: from maxSkew before its time to maxSkew after.
	nonceWindow = 2 * maxSkew
)

// nonceCache remembers the nonces of verified requests for at least nonceWindow, in two generations: a nonce is looked for in both,
// and every nonceWindow the older one is dropped as a whole.
type nonceCache struct {
	limit, accountLimit int

	mu                sync.Mutex
	current, previous map[[16]byte]struct{}
	counts            map[id.ID]int // of current, by account
	turned            int64         // when current began
}

func newNonceCache(limit, accountLimit int) *nonceCache {
	return &nonceCache{limit: limit, accountLimit: accountLimit, current: map[[16]byte]struct{}{}, counts: map[id.ID]int{}}
}

// use enters a nonce. Errors: cloud.ErrInvalid for one that was used, *cloud.SlowDown when the memory is full: forgetting one would
// open the door that the memory is there to close.
func (n *nonceCache) use(now int64, account, device id.ID, nonce [16]byte) error {
	hash := canonical.Hash("coffer/v1/nonce", account, device, nonce[:])
	key := [16]byte(hash[:16])
	n.mu.Lock()
	defer n.mu.Unlock()
	n.turn(now)
	_, inCurrent := n.current[key]
	_, inPrevious := n.previous[key]
	switch {
	case inCurrent || inPrevious:
		return fmt.Errorf("%w: nonce was used", cloud.ErrInvalid)
	case len(n.current) >= n.limit || n.counts[account] >= n.accountLimit:
		return &cloud.SlowDown{After: time.Duration(n.turned+nonceWindow-now) * time.Millisecond}
	}
	n.current[key] = struct{}{}
	n.counts[account]++
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
	n.current, n.counts, n.turned = map[[16]byte]struct{}{}, map[id.ID]int{}, now
}
