package atomicfile

import (
	"sync/atomic"
	"testing"
)

// Op is what a Step does.
type Op int

// The steps, in the order of WriteFile.
const (
	Made Op = iota // the one that is told afterwards: before, the file has no name
	Written
	Flushed
	Moved
	FolderFlushed
	Removed
)

// Step is a change of the disk that is about to be made.
type Step struct {
	Op   Op
	Path string
	To   string // of Moved
	Data []byte // of Written; valid during the call
	At   int64  // offset of Written
}

var onStep atomic.Pointer[func(Step) error]

// OnStep has f told of every step before it is made; an error of f takes the place of the disk's. nil ends it. It panics outside a test
// binary.
func OnStep(f func(Step) error) {
	if !testing.Testing() {
		panic("atomicfile: steps can be watched in tests only")
	}
	if f == nil {
		onStep.Store(nil)
		return
	}
	onStep.Store(&f)
}

func step(s Step) error {
	if f := onStep.Load(); f != nil {
		return (*f)(s)
	}
	return nil
}
