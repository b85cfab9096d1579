package canonical

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// Unknown is the part of a map that this version of the program does not know,
// by key. Its values are written back byte for byte.
type Unknown map[uint64]RawMessage

// UnmarshalKeeping decodes a map into the struct that v points to, and returns
// what the struct has no field for (nil if there is nothing). A missing key
// leaves its field alone. Nested structs keep their own unknown keys if they
// implement UnmarshalCBOR and MarshalCBOR with this pair of functions. Fields
// that are byte arrays would be cut or filled silently: use id.ID or slices.
func UnmarshalKeeping(data []byte, v any) (Unknown, error) {
	if err := check(data); err != nil {
		return nil, err
	}
	unknown, err := entriesBut(knownKeys(reflect.TypeOf(v).Elem()), data)
	if err != nil {
		return nil, err
	}
	if err := keepingDecoder.Unmarshal(data, v); err != nil {
		return nil, malformed(err)
	}
	return unknown, nil
}

// MarshalWith encodes v, a struct or a pointer to one, together with the keys
// that UnmarshalKeeping returned. A key that v has a field for is an error.
func MarshalWith(v any, unknown Unknown) ([]byte, error) {
	data, err := Marshal(v)
	if err != nil || len(unknown) == 0 {
		return data, err
	}
	known := knownKeys(reflect.Indirect(reflect.ValueOf(v)).Type())
	for key := range unknown {
		if known[key] {
			return nil, fmt.Errorf("marshal: key %d is known", key)
		}
	}
	all, err := entriesBut(nil, data)
	if err != nil {
		return nil, fmt.Errorf("marshal: %w", err)
	}
	if all == nil {
		all = make(Unknown)
	}
	maps.Copy(all, unknown)
	return Marshal(all)
}

// entriesBut returns copies of the entries of a checked map, without those in
// known: nil if none are left.
func entriesBut(known map[uint64]bool, data []byte) (Unknown, error) {
	c := checker{rest: data}
	major, n, err := c.head()
	if err != nil || major != majorMap {
		return nil, fmt.Errorf("%w: not a map", ErrMalformed)
	}
	var entries Unknown
	for range n {
		major, key, err := c.head()
		if err != nil || major != majorUint {
			return nil, fmt.Errorf("%w: key is not an unsigned integer", ErrMalformed)
		}
		before := c.rest
		if err := c.value(1); err != nil {
			return nil, err
		}
		if known[key] {
			continue
		}
		if entries == nil {
			entries = make(Unknown)
		}
		entries[key] = bytes.Clone(before[:len(before)-len(c.rest)])
	}
	return entries, nil
}

// keysByType caches knownKeys: a vault has 100,000 objects of a few types.
var keysByType sync.Map // reflect.Type → map[uint64]bool

// knownKeys reads the integer keys from the tags of struct type t.
func knownKeys(t reflect.Type) map[uint64]bool {
	if keys, ok := keysByType.Load(t); ok {
		return keys.(map[uint64]bool)
	}
	keys := make(map[uint64]bool)
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("cbor"), ",")
		if name == "-" || !field.IsExported() {
			continue
		}
		key, err := strconv.ParseUint(name, 10, 64)
		if err != nil {
			panic("canonical: " + t.String() + "." + field.Name + " has no integer key")
		}
		keys[key] = true
	}
	keysByType.Store(t, keys)
	return keys
}
