package secret

import (
	"bytes"
	"testing"
)

// What is in use stays as it is. That nothing else stays is shown by internal/attacks, which scans another process.
func TestScrubLeavesWhatIsInUse(t *testing.T) {
	var kept [][]byte
	for size := 1; size <= 2*largestClass; size *= 2 {
		kept = append(kept, bytes.Repeat([]byte{0xa5}, size))
	}
	Scrub()
	for _, b := range kept {
		if bytes.Count(b, []byte{0xa5}) != len(b) {
			t.Errorf("%d bytes were changed", len(b))
		}
	}
}
