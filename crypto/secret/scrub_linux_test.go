package secret

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
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

// freedProcess is the environment variable that makes this test binary say how much of what it freed is still in its memory.
const freedProcess = "COFFER_TEST_FREED"

func init() {
	if os.Getenv(freedProcess) != "" {
		fmt.Println(freedWords())
		os.Exit(0)
	}
}

// Go overwrites what it frees, if it is told to, and the settings are still called so.
func TestFreedMemoryIsOverwritten(t *testing.T) {
	for settings, overwritten := range map[string]bool{Runtime: true, "": false} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), freedProcess+"=1", "GODEBUG="+settings)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		found, err := strconv.Atoi(strings.TrimSpace(string(out)))
		if err != nil {
			t.Fatal(err)
		}
		if (found == 0) != overwritten {
			t.Errorf("with GODEBUG=%q %d words of what was freed are in memory", settings, found)
		}
	}
}

// freedWords counts words of freed objects around others that are in use, without Scrub.
func freedWords() int {
	memory, err := os.Open("/proc/self/mem")
	if err != nil {
		panic(err)
	}
	found, data := 0, make([]byte, pageSize)
	for _, size := range []int{16, 32, 96, 480, 512, 2048} {
		word := fmt.Appendf(make([]byte, 0, 64), "%8d", size)
		kept := scatter(bytes.Repeat(word, size/len(word)), 1<<20/size)
		runtime.GC()
		runtime.GC() // what the first one freed is swept by now
		for page := range pages(kept) {
			if _, err := memory.ReadAt(data, int64(page)); err != nil {
				panic(err)
			}
			found += bytes.Count(data, word)
		}
		found -= len(kept) * (size / len(word))
		runtime.KeepAlive(kept)
	}
	return found
}

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
