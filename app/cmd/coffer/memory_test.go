package main

import (
	"testing"
	"time"
)

func TestMemoryIsGivenBackOnceNothingIsDone(t *testing.T) {
	for name, c := range map[string]struct {
		before, now heap
		since       time.Duration
		want        bool
	}{
		"after an unlock":     {heap{allocated: 900 << 20, kept: 150 << 20}, heap{allocated: 901 << 20, kept: 150 << 20}, 0, true},
		"in the middle":       {heap{allocated: 100 << 20, kept: 20 << 20}, heap{allocated: 900 << 20, kept: 150 << 20}, aWhile, false},
		"hardly any kept":     {heap{allocated: 900 << 20}, heap{allocated: 901 << 20, kept: 5 << 20}, 0, false},
		"given back lately":   {heap{allocated: 900 << 20, kept: 1 << 20}, heap{allocated: 900 << 20, kept: 1 << 20}, aWhile, false},
		"some, after a while": {heap{allocated: 900 << 20, kept: 1 << 20}, heap{allocated: 901 << 20, kept: 5 << 20}, aWhile, true},
		"some, of much":       {heap{allocated: 900 << 20, kept: 1 << 20}, heap{allocated: 901 << 20, live: 80 << 20, kept: 5 << 20}, aWhile, false},
	} {
		if got := c.now.wasteful(c.before, c.since); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// The names of the figures are the runtime's: one that it does not know would panic.
func TestHeapIsRead(t *testing.T) {
	if h := readHeap(); h.allocated == 0 {
		t.Errorf("%+v", h)
	}
}
