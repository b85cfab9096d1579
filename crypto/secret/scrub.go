package secret

import (
	"runtime"
	"runtime/debug"
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
	clearStack(0)
	collect()
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

// clearStack overwrites the stack below its caller.
//
//go:noinline
func clearStack(depth int) byte {
	var frame [1 << 10]byte
	for i := range frame {
		frame[i] = byte(depth)
	}
	if depth == 64 {
		return frame[0]
	}
	return clearStack(depth+1) + frame[depth]
}
