package kdf

import (
	"sync/atomic"
	"testing"
)

var lowered atomic.Bool

// LowerCostForTests makes every derivation of this process cheap, and its
// results wrong. It panics outside a test binary.
func LowerCostForTests() {
	if !testing.Testing() {
		panic("kdf: the cost can be lowered in tests only")
	}
	lowered.Store(true)
}

func cost(p Profile) Profile {
	if lowered.Load() {
		p.MemoryKiB, p.Time = 64, 1
	}
	return p
}
