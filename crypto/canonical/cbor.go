// Package canonical turns values into the one sequence of bytes that is hashed,
// signed or sealed: Concat for short lists of fields, core deterministic CBOR
// (RFC 8949 §4.2.1) for structures.
//
// The CBOR is a subset: unsigned and negative integers, byte strings, text,
// arrays, maps, false, true and null. Floats, tags and other simple values have
// no use here and are refused in both directions. Structures are Go structs
// whose fields have integer keys, `cbor:"1,keyasint"`.
package canonical

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// ErrMalformed is returned for bytes that are not the canonical encoding of the value asked for.
var ErrMalformed = errors.New("canonical: malformed")

// RawMessage is one encoded value, kept as it is.
type RawMessage = cbor.RawMessage

var encoder = must(cbor.EncOptions{
	Sort:          cbor.SortCoreDeterministic,
	IndefLength:   cbor.IndefLengthForbidden,
	NilContainers: cbor.NilContainerAsEmpty, // nil and empty mean the same, so they are written the same
	TagsMd:        cbor.TagsForbidden,
}.EncMode())

var strictDecoder = must(decodeOptions(cbor.ExtraDecErrorUnknownField).DecMode())

var keepingDecoder = must(decodeOptions(cbor.ExtraDecErrorNone).DecMode())

// decodeOptions repeats most of what check has refused already: two parsers
// have to agree before a byte is believed.
func decodeOptions(extra cbor.ExtraDecErrorCond) cbor.DecOptions {
	return cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		MaxNestedLevels:   maxDepth,
		MaxArrayElements:  maxElements,
		MaxMapPairs:       maxElements,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		UTF8:              cbor.UTF8RejectInvalid,
		ExtraReturnErrors: extra,
	}
}

func must[T any](mode T, err error) T {
	if err != nil {
		panic(err)
	}
	return mode
}

// Marshal encodes v. It fails for what Unmarshal would refuse, such as a text
// that is not UTF-8: nothing is written that cannot be read again.
func Marshal(v any) ([]byte, error) {
	data, err := encoder.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("marshal: %w", err)
	}
	if err := check(data); err != nil {
		return nil, fmt.Errorf("marshal: %w", err)
	}
	return data, nil
}

// Unmarshal decodes into the struct or value that v points to. Everything but
// the exact bytes that Marshal makes of the result is ErrMalformed: unknown or
// missing keys, null for empty, a byte array of another length. It is for what
// is signed; a field added later needs a new version or `omitempty`.
func Unmarshal(data []byte, v any) error {
	if err := check(data); err != nil {
		return err
	}
	if err := strictDecoder.Unmarshal(data, v); err != nil {
		return malformed(err)
	}
	again, err := encoder.Marshal(v)
	if err != nil {
		return malformed(err)
	}
	if !bytes.Equal(again, data) {
		return fmt.Errorf("%w: another encoding of the same value", ErrMalformed)
	}
	return nil
}

func malformed(cause error) error {
	return fmt.Errorf("%w: %w", ErrMalformed, cause)
}
