// Package vectors gives tests the test vectors of the protocol (README.md).
package vectors

import (
	"embed"
	"encoding/hex"
	"encoding/json"
	"testing"
)

//go:embed *.json
var files embed.FS

// Load reads one file, such as "log.json", into v.
func Load(t testing.TB, file string, v any) {
	t.Helper()
	data, err := files.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil || len(data) < 10 {
		t.Fatalf("%s of %d bytes: %v", file, len(data), err)
	}
}

// Hex is a byte string, in hexadecimal in the files.
type Hex []byte

// UnmarshalText reads hexadecimal digits.
func (h *Hex) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// Hash32 is h as an array; the test ends if it has not 32 bytes.
func (h Hex) Hash32(t testing.TB) [32]byte {
	t.Helper()
	if len(h) != 32 {
		t.Fatalf("%d bytes instead of 32", len(h))
	}
	return [32]byte(h)
}
