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
	return Append(nil, fields...)
}

// Append is Concat onto dst.
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

// appendLength writes n, which the limits on all data keep far below 2^32.
func appendLength(dst []byte, n int) []byte {
	return binary.BigEndian.AppendUint32(dst, uint32(n))
}

// Hash is SHA-256 over Concat(label, fields…). Every use has a label of its own.
func Hash(label string, fields ...any) [32]byte {
	return sha256.Sum256(Append(Concat(label), fields...))
}
