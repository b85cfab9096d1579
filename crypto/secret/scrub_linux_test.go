package secret

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"testing"
	"unsafe"
)

// Gaps between what is in use are cleared, also where they are much more than what a size class usually has: 32 bytes are keys and
// short texts, 512 those of items.
func TestScrubClearsTheGapsBetweenWhatIsInUse(t *testing.T) {
	memory, err := os.Open("/proc/self/mem")
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	data := make([]byte, pageSize)
	for _, size := range []int{16, 32, 96, 512, 2048} {
		word := fmt.Appendf(make([]byte, 0, 64), "%8d", size) // another one for each: Scrub cannot clear what lies behind the last object of a span
		kept := scatter(bytes.Repeat(word, size/len(word)), 1<<20/size)
		Scrub()
		found := 0
		for page := range pages(kept) {
			if _, err := memory.ReadAt(data, int64(page)); err != nil {
				t.Fatal(err)
			}
			found += bytes.Count(data, word)
		}
		runtime.KeepAlive(kept)
		if words := len(kept) * size / len(word); found != words {
			t.Errorf("%d bytes: %d words in the memory around %d that are in use", size, found, words)
		}
	}
}

const pageSize = 4 << 10

// scatter makes count copies of an object, and keeps every eighth.
func scatter(object []byte, count int) (kept [][]byte) {
	all := make([][]byte, count)
	for i := range all {
		all[i] = bytes.Clone(object)
	}
	for i := 0; i < count; i += 8 {
		kept = append(kept, all[i])
	}
	return kept
}

// pages are the addresses of the pages that the objects are in, none of which is longer than a page.
func pages(objects [][]byte) map[uintptr]bool {
	found := map[uintptr]bool{}
	for _, o := range objects {
		first := uintptr(unsafe.Pointer(unsafe.SliceData(o)))
		found[first&^(pageSize-1)] = true
		found[(first+uintptr(len(o))-1)&^(pageSize-1)] = true
	}
	return found
}
