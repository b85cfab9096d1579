package attacks

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// onPath limits a change to the answers on paths that end so.
func onPath(suffix string, edit func(v any) any) lie {
	return func(path string, body []byte) []byte {
		if !strings.HasSuffix(path, suffix) {
			return body
		}
		return reencode(body, edit)
	}
}

func reencode(body []byte, edit func(v any) any) []byte {
	v, err := decode(body)
	if err != nil {
		return body
	}
	out, err := json.Marshal(edit(v))
	if err != nil {
		panic(err)
	}
	return out
}

// decode keeps numbers as they are written.
func decode(body []byte) (v any, err error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	return v, dec.Decode(&v)
}

// field is the place of a scalar in a JSON value: string keys and int indexes.
type field []any

func (f field) String() string {
	var b strings.Builder
	for _, step := range f {
		fmt.Fprintf(&b, ".%v", step)
	}
	return b.String()
}

// fields lists the scalars of a JSON value, in a fixed order. Of long lists the first, the middle and the last element stand for the
// rest.
func fields(v any, at field) (all []field) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			all = append(all, fields(x, append(slices.Clone(at), k))...)
		}
	case []any:
		for i, x := range v {
			if i == 0 || i == len(v)/2 || i == len(v)-1 {
				all = append(all, fields(x, append(slices.Clone(at), i))...)
			}
		}
	default:
		all = []field{at}
	}
	slices.SortFunc(all, func(a, b field) int { return strings.Compare(a.String(), b.String()) })
	return all
}

// edit replaces the value at f by what change makes of it.
func edit(v any, f field, change func(any) any) any {
	if len(f) == 0 {
		return change(v)
	}
	switch step := f[0].(type) {
	case string:
		if m, ok := v.(map[string]any); ok {
			m[step] = edit(m[step], f[1:], change)
		}
	case int:
		if s, ok := v.([]any); ok && step < len(s) {
			s[step] = edit(s[step], f[1:], change)
		}
	}
	return v
}

// alter makes another plausible value of the same type: one character of a text or a binary, one more of a number.
func alter(v any) any {
	switch v := v.(type) {
	case string:
		return alterText(v)
	case json.Number:
		n, _ := v.Int64()
		return n + 1
	case bool:
		return !v
	}
	return "x"
}

func alterText(s string) string {
	if s == "" {
		return "x"
	}
	b := []byte(s)
	i := len(b) / 2
	switch {
	case b[i] == 'A':
		b[i] = 'B'
	case b[i] == '0':
		b[i] = '1'
	case b[i] >= 'a' && b[i] <= 'f':
		b[i] = '0' // stays hexadecimal
	default:
		b[i] = 'A'
	}
	return string(b)
}

// null makes the value missing.
func null(any) any { return nil }

// set returns a change to a fixed value.
func set(to any) func(any) any { return func(any) any { return to } }

// flipBit flips a bit of one byte of a binary; a negative offset counts from the end.
func flipBit(offset int) func(any) any {
	return func(v any) any {
		text, _ := v.(string)
		b, err := base64.StdEncoding.DecodeString(text)
		at := offset
		if at < 0 {
			at += len(b)
		}
		if err != nil || at < 0 || at >= len(b) {
			return v
		}
		b[at] ^= 1
		return base64.StdEncoding.EncodeToString(b)
	}
}
