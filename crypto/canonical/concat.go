package canonical

import (
	"crypto/sha256"
	"encoding/binary"
	"reflect"

	"github.com/coffer-vault/coffer/crypto/id"
)

// Concat joins fields so that no two lists of fields give the same bytes: a u32
// big-endian length goes before each. A field is a string, []byte, [32]byte,
// id.ID or uint64 (8 bytes, big-endian). Any other type is a defect of the
// caller and panics; named types are converted first.
func Concat(fields ...any) []byte {
	return Append(make([]byte, 0, size(fields)), fields...)
}

// Append is Concat onto dst. Opening an object needs several short joins, which
// then fit a buffer on the stack.
func Append(dst []byte, fields ...any) []byte {
	for _, field := range fields {
		switch f := field.(type) {
		case string:
			dst = append(appendLength(dst, len(f)), f...)
		case []byte:
			dst = append(appendLength(dst, len(f)), f...)
		case [32]byte:
			dst = append(appendLength(dst, len(f)), f[:]...)
		case id.ID:
			dst = append(appendLength(dst, len(f)), f[:]...)
		case uint64:
			dst = binary.BigEndian.AppendUint64(appendLength(dst, 8), f)
		default:
			panic("canonical: a field cannot be of type " + reflect.TypeOf(field).String())
		}
	}
	return dst
}

// size is the length that Concat gives fields, so that it allocates once.
func size(fields []any) int {
	n := 0
	for _, field := range fields {
		switch f := field.(type) {
		case string:
			n += 4 + len(f)
		case []byte:
			n += 4 + len(f)
		default:
			n += 4 + 32 // the largest of the fixed widths
		}
	}
	return n
}

// appendLength writes n, which the limits on all data keep far below 2^32.
func appendLength(dst []byte, n int) []byte {
	return binary.BigEndian.AppendUint32(dst, uint32(n))
}

// Hash is SHA-256 over Concat(label, fields…). Every use has a label of its own.
func Hash(label string, fields ...any) [32]byte {
	var short [256]byte
	return sha256.Sum256(Append(Append(short[:0], label), fields...))
}
