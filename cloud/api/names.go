package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/coffer-vault/coffer/sync/wire"
)

// formats are JSON alone, by decode.
func formats() map[string]huma.Format {
	f := huma.DefaultJSONFormat
	f.Unmarshal = decode
	return map[string]huma.Format{"application/json": f, "json": f}
}

// decode is json.Unmarshal, which takes "Commit" for "commit" and passes over what it does not know. Where huma validates a body it
// refuses both; of a push, which it does not validate for its size, the names are compared here.
func decode(data []byte, v any) error {
	if err := json.Unmarshal(data, v); err != nil {
		return err
	}
	if _, isPush := v.(*wire.Push); isPush {
		return exactNames(data, pushNames)
	}
	return nil
}

// pushNames are the names in a wire.Push and, one level below, in its envelopes.
var pushNames = [][]string{{"commit", "changes", "signature", "envelopes"}, {"object_id", "revision", "envelope"}}

var errUnknownName = errors.New("a field that is not known, or in another case")

// exactNames looks for the names of an object, and of those in it, among those of their level. data is JSON. Values are passed over and
// not decoded: they are megabytes.
func exactNames(data []byte, levels [][]string) error {
	level := -1
	for len(data) > 0 {
		c := data[0]
		data = data[1:]
		switch c {
		case '{':
			level++
		case '}':
			level--
		case '"':
			text := data[:stringEnd(data)]
			data = data[len(text)+1:]
			if rest := bytes.TrimLeft(data, " \t\r\n"); len(rest) == 0 || rest[0] != ':' {
				continue // a value
			}
			if level >= len(levels) || !slices.Contains(levels[level], unquoted(text)) {
				return errUnknownName
			}
		}
	}
	return nil
}

// stringEnd is where a string's closing quote is.
func stringEnd(data []byte) int {
	end := bytes.IndexByte(data, '"')
	for escaped(data[:end]) {
		end += 1 + bytes.IndexByte(data[end+1:], '"')
	}
	return end
}

// escaped tells whether an odd number of backslashes is before a quote.
func escaped(before []byte) bool {
	return (len(before)-len(bytes.TrimRight(before, `\`)))%2 == 1
}

func unquoted(name []byte) (text string) {
	if bytes.IndexByte(name, '\\') < 0 {
		return string(name)
	}
	_ = json.Unmarshal(slices.Concat([]byte{'"'}, name, []byte{'"'}), &text) // it is a string of what was decoded
	return text
}
