package secret

import (
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

// largestClass is the largest size that Go's allocator serves from spans which objects share; larger ones have spans of their own.
const largestClass = 32 << 10

// Scrub clears what Go has left of secrets in free memory: copies that the standard library made (the blocks of hashes, the states of
// ciphers), strings, and stacks. It is for the moment after a lock, when nothing is open any more.
//
// Go does not clear an object when it frees it, but when it gives the memory to the next one. So Scrub collects the garbage, returns
// the spans that are free as a whole to the operating system, and allocates the gaps in the others, size by size, until each size
// needs new spans. It is best effort, like Wipe: what another goroutine still refers to stays. It takes milliseconds to a second,
// by the size of the heap.
func Scrub() {
	clearStack(64<<10, func() {}) // first: scrub needs so much stack that it may get another one, and leave this behind
	scrub()
}

// ClearStack overwrites what functions that have returned have left on the stack below its caller. It is for the moment after a key was
// derived: later that stack may be another goroutine's, which Scrub cannot clear.
func ClearStack() { clearStack(8<<10, func() {}) }

//go:noinline
func scrub() {
	collect()
	clearFreeStacks()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	for _, class := range stats.BySize {
		fillGaps(int(class.Size))
	}
	for size := int(stats.BySize[len(stats.BySize)-1].Size) + 1<<10; size <= largestClass; size += 1 << 10 {
		fillGaps(size)
	}
	debug.FreeOSMemory()
}

// collect collects the garbage, and then what hung on it by a cleanup: the expanded keys that crypto/ed25519 keeps beside the keys.
func collect() {
	cleaned := make(chan struct{})
	runtime.AddCleanup(new([64]byte), func(done chan struct{}) { close(done) }, cleaned)
	runtime.GC()
	select {
	case <-cleaned:
	case <-time.After(time.Second): // best effort
	}
	debug.FreeOSMemory()
}

// fillGaps allocates objects of a size class, with and without pointers, since those live in different spans.
func fillGaps(size int) {
	if size < 8 {
		return
	}
	fill(size, func() any { return make([]byte, size) })
	fill(size, func() any { return make([]*byte, size/8) })
}

// fill allocates until the heap has grown by more than a span, or by what was free in it.
func fill(size int, allocate func() any) {
	const batch = 64 << 10
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	free := before.HeapInuse - before.HeapAlloc
	var kept []any // until the end, so that the same gap is not filled twice
	for filled := uint64(0); filled <= free; filled += batch {
		for range batch/size + 1 {
			kept = append(kept, allocate())
		}
		runtime.ReadMemStats(&now)
		if now.HeapInuse > before.HeapInuse+2*batch {
			break
		}
	}
	runtime.KeepAlive(kept)
}

// Stacks share spans of stackSpan bytes; those of that size and larger ones have spans of their own.
const (
	smallestStack = 2 << 10
	stackSpan     = 32 << 10
)

// clearFreeStacks overwrites the stacks of goroutines that have ended, and those that others have outgrown. Go keeps them, as they are,
// in spans in which another stack is in use: so there are at most as many of those spans as goroutines. For each size as many goroutines
// as can have been there get one, all at once, and then each clears its own to the end.
func clearFreeStacks() {
	spans := runtime.NumGoroutine() + 1
	for size := smallestStack; size < stackSpan; size *= 2 {
		var there, done sync.WaitGroup
		there.Add(spans * stackSpan / size)
		for range spans * stackSpan / size {
			done.Go(func() {
				// So deep that no smaller stack would do, and that there is room for what waits.
				clearStack((size-smallestStack)*3/4, func() {
					there.Done()
					there.Wait()
					clearStack(size, func() {})
				})
			})
		}
		done.Wait()
	}
}

// clearStack overwrites about so much of the stack below its caller, and calls then at the end. Its frames are small, so that it comes
// close to the end of a stack before Go gives it a larger one.
//
//go:noinline
func clearStack(size int, then func()) byte {
	const frame = 40 // of this function
	value := clearBelow(size)
	if size <= 0 {
		then()
		return value
	}
	return clearStack(size-frame, then) + value
}

// clearBelow overwrites what is below its caller without asking for a larger stack: also the end of every stack, where functions run
// that do not ask either, those of hashes among them.
//
//go:noinline
//go:nosplit
func clearBelow(value int) byte {
	var frame [640]byte
	for i := range frame {
		frame[i] = byte(value)
	}
	return frame[value&511]
}
