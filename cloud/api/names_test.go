package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/sync/wire"
)

func TestNamesOfAPush(t *testing.T) {
	const envelope = `{"object_id":"\"x\\","revision":1,"envelope":"eA=="}`
	for body, fine := range map[string]bool{
		`{}`: true, `null`: true, ` {"commit" : "eA==" , "changes":null,"signature":"","envelopes":[` + envelope + `,` + envelope + `]} `: true,
		`{"\u0063ommit":"eA=="}`:                          true, // another way to write the same name
		`{"Commit":"eA=="}`:                               false,
		`{"commit":"eA==","COMMIT":"eQ=="}`:               false,
		`{"\u0043ommit":"eA=="}`:                          false,
		`{"commit":"eA==","extra":1}`:                     false,
		`{"extra":{"commit":"eA=="}}`:                     false,
		`{"":1}`:                                          false,
		`{"object_id":"x"}`:                               false, // is of an envelope
		`{"envelopes":[{"Object_ID":"x"}]}`:               false,
		`{"envelopes":[` + envelope + `,{"commit":""}]}`:  false,
		`{"envelopes":[{"object_id":"\\","Revision":1}]}`: false,
	} {
		if err := decode([]byte(body), new(wire.Push)); (err == nil) != fine {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// Every field is known, or no client could send it.
func TestNamesAreThoseOfTheType(t *testing.T) {
	data, err := json.Marshal(wire.Push{Envelopes: []wire.Envelope{{}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := exactNames(data, pushNames); err != nil {
		t.Errorf("%v: %s", err, data)
	}
}

// FuzzNames compares with what the names of a decoded body are.
func FuzzNames(f *testing.F) {
	for _, seed := range []string{`{"a":"b"}`, `{"a":{"b":"\\\"c"}}`, `[{"b":[]}, "a" ]`, `"a"`, `{"a":"\\"}`, `{"\u0061":{}}`, `{"a":{"a":1}}`} {
		f.Add([]byte(seed))
	}
	levels := [][]string{{"a"}, {"b"}}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v any
		if json.Unmarshal(data, &v) != nil {
			return
		}
		if got, want := exactNames(data, levels) == nil, known(v, levels); got != want {
			t.Errorf("%q: known %v, want %v", data, got, want)
		}
	})
}

func known(v any, levels [][]string) bool {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			if !known(one, levels) {
				return false
			}
		}
	case map[string]any:
		for name, value := range v {
			if len(levels) == 0 || name != levels[0][0] || !known(value, levels[1:]) {
				return false
			}
		}
		if len(levels) == 0 {
			return true
		}
	}
	return true
}

// What the names cost beside the decoding: "without" is the decoding alone.
func BenchmarkDecodePush(b *testing.B) {
	for _, c := range []struct{ envelopes, size int }{{1, 512}, {1000, 512}, {8, 1 << 20}} {
		in := wire.Push{SignedCommit: wire.SignedCommit{Commit: make([]byte, 200), Changes: make([]byte, 100*c.envelopes), Signature: make([]byte, 64)}}
		for range c.envelopes {
			in.Envelopes = append(in.Envelopes, wire.Envelope{ObjectID: strings.Repeat("a", 32), Revision: 1, Envelope: bytes.Repeat([]byte{7}, c.size)})
		}
		data, err := json.Marshal(in)
		if err != nil {
			b.Fatal(err)
		}
		for name, unmarshal := range map[string]func([]byte, any) error{"without": json.Unmarshal, "with": decode} {
			b.Run(fmt.Sprintf("%dx%d/%s", c.envelopes, c.size, name), func(b *testing.B) {
				b.SetBytes(int64(len(data)))
				for b.Loop() {
					var out wire.Push
					if err := unmarshal(data, &out); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
