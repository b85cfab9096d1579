package exporter

import (
	"sync/atomic"
	"testing"
)

var lowered atomic.Bool

// LowerCostForTests makes the passwords of sealed exports cheap to derive from. It panics outside a test binary.
func LowerCostForTests() {
	if !testing.Testing() {
		panic("exporter: the cost can be lowered in tests only")
	}
	lowered.Store(true)
}
