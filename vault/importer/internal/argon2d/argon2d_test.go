package argon2d

import (
	"bytes"
	"encoding/hex"
	"testing"
)

// The test vector of RFC 9106, 5.1.
func TestVector(t *testing.T) {
	fill := func(b byte, n int) []byte { return bytes.Repeat([]byte{b}, n) }
	key := Key(fill(1, 32), fill(2, 16), Params{Time: 3, Memory: 32, Threads: 4, Secret: fill(3, 8), Data: fill(4, 12)}, 32)
	if got := hex.EncodeToString(key); got != "512b391b6f1162975371d30919734294f868e3be3984f3c1a13a4db9fabe4acb" {
		t.Error(got)
	}
}

// Costs that do not divide evenly, or are less than the least, still give a key, of any length.
func TestOddCosts(t *testing.T) {
	for _, p := range []Params{{Time: 1, Memory: 1, Threads: 1}, {Time: 2, Memory: 67, Threads: 3}} {
		for _, size := range []uint32{4, 64, 65, 200} {
			if key := Key([]byte("password"), []byte("somesalt"), p, size); len(key) != int(size) {
				t.Errorf("%+v: %d bytes of %d", p, len(key), size)
			}
		}
	}
}
