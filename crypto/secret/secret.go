// Package secret holds key bytes and passwords in a type that does not print.
//
// Every way in which Go turns a value into text gives [Redacted]: fmt under any
// verb, slog, JSON, text, gob. CBOR is refused, since an object that held the
// word instead of the key would be lost data. The bytes lie behind a func, which
// reflection cannot look into: fmt does not call methods on unexported fields of
// other structs, and follows a pointer there under a verb like %s.
//
// Wiping is best effort: Go may have copied the bytes on the stack, and the
// operating system may have swapped them out.
package secret

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
)

// Redacted is what every secret prints as.
const Redacted = "[redacted]"

// ErrMarshal is returned when a secret is about to be written as data.
var ErrMarshal = errors.New("secret: refusing to marshal")

// Bytes holds secret bytes, any number of them. Copies share the bytes, so that one Wipe
// clears them all. The zero value holds nothing.
type Bytes struct {
	open func() *store // also makes == a compile error: use Equal
}

// store points to the bytes, and to nothing after Wipe: a reader that races with it sees zeros or nothing, never a torn slice.
type store = atomic.Pointer[[]byte]

// New takes ownership of b: the caller must not use it again.
func New(b []byte) Bytes {
	kept := new(store)
	kept.Store(&b)
	return Bytes{open: func() *store { return kept }}
}

// FromString copies s, which itself cannot be wiped.
func FromString(s string) Bytes {
	return New([]byte(s))
}

// Random returns n bytes from the system's random source.
func Random(n int) Bytes {
	b := make([]byte, n)
	rand.Read(b) // never fails: it crashes the program instead
	return New(b)
}

// Reveal lends the bytes: do not change them, and do not keep them beyond the
// call that they are for. It is nil after Wipe.
func (s Bytes) Reveal() []byte {
	if s.open == nil {
		return nil
	}
	if b := s.open().Load(); b != nil {
		return *b
	}
	return nil
}

// Len is the number of bytes; 0 after Wipe.
func (s Bytes) Len() int {
	return len(s.Reveal())
}

// IsZero reports whether there is nothing in it: never set, empty, or wiped.
func (s Bytes) IsZero() bool {
	return s.Len() == 0
}

// Clone returns a copy with bytes of its own, which outlives a Wipe of s.
func (s Bytes) Clone() Bytes {
	return New(append([]byte(nil), s.Reveal()...))
}

// Equal compares in a time that depends on the lengths only. Two empty ones are equal.
func (s Bytes) Equal(t Bytes) bool {
	return subtle.ConstantTimeCompare(s.Reveal(), t.Reveal()) == 1
}

// Wipe overwrites the bytes, in all copies of s, and lets go of them: crypto/ed25519 keeps an expanded copy of a key for as long as the
// key itself is in use. What uses the bytes at the same time in another goroutine gets wrong results: stop it first.
func (s Bytes) Wipe() {
	if s.open == nil {
		return
	}
	if b := s.open().Swap(nil); b != nil {
		clear(*b)
	}
}

// String is Redacted.
func (s Bytes) String() string { return Redacted }

// Format writes Redacted under every verb, %#v and %x included.
func (s Bytes) Format(f fmt.State, _ rune) {
	f.Write([]byte(Redacted))
}

// LogValue is Redacted.
func (s Bytes) LogValue() slog.Value { return slog.StringValue(Redacted) }

// MarshalText gives Redacted.
func (s Bytes) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// MarshalJSON gives Redacted as a JSON string.
func (s Bytes) MarshalJSON() ([]byte, error) { return []byte(`"` + Redacted + `"`), nil }

// GobEncode gives Redacted.
func (s Bytes) GobEncode() ([]byte, error) { return []byte(Redacted), nil }

// MarshalCBOR always fails with ErrMarshal.
func (s Bytes) MarshalCBOR() ([]byte, error) { return nil, ErrMarshal }
