package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	tidyEvery = 5 * time.Second
	calm      = 4 << 20  // bytes: who allocates less in that time does nothing to speak of
	worthIt   = 12 << 20 // bytes that are kept for nothing
	worthSome = 4 << 20  // the same, for whom nothing was done in a while, but an eighth of what is in use, since that is what a collection costs
	aWhile    = 30 * time.Second
)

// heap is what the runtime tells of its memory, in bytes.
type heap struct {
	allocated uint64 // since the program began
	live      uint64 // in use at the last collection
	kept      uint64 // what is free, and what was allocated since the last collection, of which most is garbage
}

// tidy gives memory back to the system that earlier work took, once there is none: the runtime keeps room for as much again as is in
// use, in case there is more work, and a window is open for days.
func tidy(ctx context.Context) {
	ticker := time.NewTicker(tidyEvery)
	defer ticker.Stop()
	last := time.Now()
	for before := readHeap(); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := readHeap()
		if now.wasteful(before, time.Since(last)) {
			debug.FreeOSMemory()
			now, last = readHeap(), time.Now()
		}
		before = now
	}
}

// wasteful tells whether much is kept and nothing is being done; since is the time since memory was last given back.
func (h heap) wasteful(before heap, since time.Duration) bool {
	worth := uint64(worthIt)
	if since >= aWhile {
		worth = min(worthIt, max(worthSome, h.live/8))
	}
	return h.allocated-before.allocated < calm && h.kept > worth
}

func readHeap() heap {
	s := []metrics.Sample{
		{Name: "/gc/heap/allocs:bytes"}, {Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/gc/heap/live:bytes"},
	}
	metrics.Read(s)
	value := func(i int) uint64 { return s[i].Value.Uint64() }
	h := heap{allocated: value(0), live: value(3), kept: value(1)}
	if objects := value(2); objects > h.live {
		h.kept += objects - h.live
	}
	return h
}
