package api

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/proof"
)

// shared is a memory that two processes have together.
type shared struct {
	used  map[string]bool
	since int64
	err   error
}

func (s *shared) UseNonce(_ context.Context, hash []byte, _, _ int64) (bool, int64, error) {
	fresh := !s.used[string(hash)]
	s.used[string(hash)] = true
	return fresh, s.since, s.err
}

// Where the common memory was lost, nothing is taken that may have been used before.
func TestRequestsOfBeforeTheMemoryWasLost(t *testing.T) {
	memory := &shared{used: map[string]bool{}, since: 5000}
	s := &Server{now: func() time.Time { return time.UnixMilli(6000) }, nonces: newNonceCache(10, 10), sharedNonces: memory}
	for i, at := range []int64{4999, 5000, 6000} {
		r := &signedRequest{Request: proof.Request{Account: id.New(), Device: id.New(), Nonce: [16]byte{byte(i)}, Time: at}}
		var skew clockSkew
		if err := s.useNonce(t.Context(), r); errors.As(err, &skew) != (at < 5000) || skew.serverTime != 0 && skew.serverTime != 6000 {
			t.Errorf("of %d: %v", at, err)
		}
	}
}

// Computers have no account. One of them that asks again and again takes nothing from the others, nor from an account of which it has
// taken the id.
func TestNoncesOfOneComputer(t *testing.T) {
	s := &Server{now: time.Now, nonces: newNonceCache(maxNonces, 3)}
	hostile, other, account := id.New(), id.New(), id.New()
	use := func(account, device id.ID, nonce byte) error {
		return s.useNonce(t.Context(), &signedRequest{Request: proof.Request{Account: account, Device: device, Nonce: [16]byte{nonce}}})
	}
	var slow *cloud.SlowDown
	for _, device := range []id.ID{hostile, account} {
		for i := range byte(3) {
			if err := use(id.ID{}, device, i); err != nil {
				t.Fatal(err)
			}
		}
		if err := use(id.ID{}, device, 3); !errors.As(err, &slow) {
			t.Errorf("a fourth request: %v", err)
		}
	}
	if err := errors.Join(use(id.ID{}, other, 1), use(account, other, 1)); err != nil {
		t.Errorf("others are kept out: %v", err)
	}
}

// A request that one process has answered is refused by every other.
func TestNonceOfAnotherProcess(t *testing.T) {
	memory := &shared{used: map[string]bool{}}
	process := func() *Server {
		return &Server{now: time.Now, nonces: newNonceCache(maxNonces, maxAccountNonces), sharedNonces: memory}
	}
	one, other := process(), process()
	r := &signedRequest{Request: proof.Request{Account: id.New(), Device: id.New(), Nonce: [16]byte{1}}}
	if err := one.useNonce(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if err := other.useNonce(t.Context(), r); !errors.Is(err, cloud.ErrInvalid) {
		t.Errorf("replayed to another process: %v", err)
	}
	// A memory that fails lets nobody in.
	memory.err = errors.New("database is away")
	r.Nonce = [16]byte{2}
	if err := one.useNonce(t.Context(), r); !errors.Is(err, memory.err) {
		t.Errorf("without the memory: %v", err)
	}
}
