package kdbx

import (
	"bytes"
	"testing"
)

// What goes over several blocks, of which each has its own HMAC, ends with an empty one. That programs open it is shown by who uses this.
func TestBlocks(t *testing.T) {
	var out bytes.Buffer
	w, err := NewWriter(&out, []byte("password"), Cost{MemoryKiB: 64, Time: 1, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	start, half := out.Len(), bytes.Repeat([]byte{7}, blockSize/2)
	for range 3 {
		if _, err := w.Write(half); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	blocks := out.Bytes()[start:]
	const head = 32 + 4
	if want := 3*head + 3*blockSize/2; len(blocks) != want {
		t.Errorf("%d bytes, want %d", len(blocks), want)
	}
	if size := blocks[32:36]; !bytes.Equal(size, []byte{0, 0, 16, 0}) {
		t.Error(size)
	}
	if bytes.Contains(blocks, half[:64]) || half[0] != 7 {
		t.Error("it can be read, or what was given was changed")
	}
}
