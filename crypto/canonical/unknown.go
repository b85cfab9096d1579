package canonical

import (
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
// what the struct has no field for (nil if there is nothing). Missing keys leave
// the field alone. Nested structs keep their own unknown keys if they implement
// UnmarshalCBOR and MarshalCBOR with this pair of functions.
func UnmarshalKeeping(data []byte, v any) (Unknown, error) {
	if err := check(data); err != nil {
		return nil, err
	}
	if err := keepingDecoder.Unmarshal(data, v); err != nil {
		return nil, malformed(err)
	}
	var all Unknown
	if err := keepingDecoder.Unmarshal(data, &all); err != nil {
		return nil, malformed(err)
	}
	for key := range knownKeys(reflect.TypeOf(v).Elem()) {
		delete(all, key)
	}
	if len(all) == 0 {
		return nil, nil
	}
	return all, nil
}

// MarshalWith encodes v, a struct or a pointer to one, together with the keys
// that UnmarshalKeeping returned. A key that v has a field for is an error.
func MarshalWith(v any, unknown Unknown) ([]byte, error) {
	if len(unknown) == 0 {
		return Marshal(v)
	}
	known, err := Marshal(v)
	if err != nil {
		return nil, err
	}
	all := make(Unknown)
	if err := keepingDecoder.Unmarshal(known, &all); err != nil {
		return nil, malformed(err)
	}
	keys := knownKeys(reflect.Indirect(reflect.ValueOf(v)).Type())
	for key := range unknown {
		if keys[key] {
			return nil, fmt.Errorf("marshal: key %d is known", key)
		}
	}
	maps.Copy(all, unknown)
	return Marshal(all)
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
