package secret

import (
	"runtime"
	"runtime/debug"
	"sync"
	"time"
	"unsafe"
)

// largestClass is the largest size that Go's allocator serves from spans which objects share; larger ones have spans of their own.
const largestClass = 32 << 10

// Runtime are the settings of Go's runtime that a program which opens a vault is linked with, as the default of GODEBUG
// (docs/adr/0033-go-overwrites-what-it-frees.md). The collector overwrites every object that it frees, so that no memory is given, as it
// was, to a stack or to what lies behind the last object of a span. No goroutine is interrupted by a signal, for which the system would
// write the registers, 32 to 256 bytes of a text that is being copied, onto a stack that Scrub cannot reach.
const Runtime = "clobberfree=1,asyncpreemptoff=1"

// Scrub clears what Go has left of secrets in free memory: copies that the standard library made (the blocks of hashes, the states of
// ciphers), strings, and stacks. It is for the moment after a lock, when nothing is open any more.
//
// Go does not clear an object when it frees it, but when it gives the memory to the next one. So Scrub collects the garbage, returns
// the spans that are free as a whole to the operating system, and allocates the gaps in the others, size by size, until each size
// needs new spans. Go runs on one processor meanwhile: each has free memory of its own that the others do not get. It is best effort,
// like Wipe: what another goroutine still refers to stays, and so does what lies behind the last object of a span, where no object
// fits, from a time when the span had objects of another size: in a program with the settings of Runtime such memory was overwritten when it
// was freed. It takes milliseconds to a second, by the size of the heap.
func Scrub() {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
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
	const header = 8 // that Go puts before objects with pointers, where they are larger than 512 bytes
	if size < header {
		return
	}
	words := size / 8
	if size > 512 {
		words = (size - header) / 8
	}
	fill(size, func() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(make([]byte, size))) })
	fill(size, func() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(make([]*byte, words))) })
}

// fill allocates, and nothing beside, until twice in a row most of a batch has needed new spans, or until it has filled what was free
// in the whole heap.
func fill(size int, allocate func() unsafe.Pointer) {
	const batch = 64 << 10
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	free := stats.HeapInuse - stats.HeapAlloc
	count := batch/size + 1
	var all [][]unsafe.Pointer // kept until the end, so that the same gap is not filled twice
	for filled, fresh := uint64(0), 0; filled <= free && fresh < 2; filled += batch {
		kept := make([]unsafe.Pointer, count)
		runtime.ReadMemStats(&stats)
		before := stats.HeapInuse
		for i := range kept {
			kept[i] = allocate()
		}
		all = append(all, kept)
		if runtime.ReadMemStats(&stats); stats.HeapInuse >= before+batch/2 {
			fresh++
		} else {
			fresh = 0
		}
	}
	runtime.KeepAlive(all)
}

// Stacks share spans of stackSpan bytes; those of that size and larger ones have spans of their own.
const (
	smallestStack = 2 << 10
	stackSpan     = 32 << 10
)

// goroutinesOfRuntime are those that NumGoroutine does not count: they sweep, return memory, and run finalizers and cleanups. Beside
// them one for each processor marks.
const goroutinesOfRuntime = 16

// clearFreeStacks overwrites the stacks of goroutines that have ended, and those that others have outgrown. Go keeps them, as they are,
// in spans in which another stack is in use: so there are at most as many of those spans as goroutines, those of the runtime included.
// For each size as many goroutines as can have been there get one, all at once, and then each clears its own to the end.
func clearFreeStacks() {
	spans := runtime.NumGoroutine() + goroutinesOfRuntime + runtime.NumCPU()
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
