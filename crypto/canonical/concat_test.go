package canonical_test

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/docs/vectors"
)

func TestConcat(t *testing.T) {
	for _, test := range []struct {
		name   string
		fields []any
		want   string
	}{
		{"nothing", nil, ""},
		{"text", []any{"ab"}, "\x00\x00\x00\x02ab"},
		{"empty text", []any{""}, "\x00\x00\x00\x00"},
		{"bytes", []any{[]byte{0, 255}}, "\x00\x00\x00\x02\x00\xff"},
		{"nil bytes", []any{[]byte(nil)}, "\x00\x00\x00\x00"},
		{"integer", []any{uint64(258)}, "\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x01\x02"},
		{"id", []any{id.ID{1}}, "\x00\x00\x00\x10\x01" + strings.Repeat("\x00", 15)},
		{"hash", []any{[32]byte{2}}, "\x00\x00\x00\x20\x02" + strings.Repeat("\x00", 31)},
		{"several", []any{"a", []byte("b")}, "\x00\x00\x00\x01a\x00\x00\x00\x01b"},
	} {
		if got := canonical.Concat(test.fields...); string(got) != test.want {
			t.Errorf("%s: %x", test.name, got)
		}
		if got := canonical.Append([]byte("before"), test.fields...); string(got) != "before"+test.want {
			t.Errorf("%s, appended: %x", test.name, got)
		}
	}
}

// The vectors come from docs/vectors/vectors.py, which shares no code with this.
func TestVectors(t *testing.T) {
	var v struct {
		Joined, Hash string
		HashField    string `json:"hash_field"`
		IDField      id.ID  `json:"id_field"`
	}
	vectors.Load(t, "concat.json", &v)
	field := [32]byte(fromHex(t, v.HashField))
	joined := canonical.Concat("text", "", []byte{0, 255}, field, v.IDField, uint64(1)<<40)
	if !bytes.Equal(joined, fromHex(t, v.Joined)) {
		t.Errorf("joined to %x", joined)
	}
	if hash := canonical.Hash("label", "text", uint64(7)); !bytes.Equal(hash[:], fromHex(t, v.Hash)) {
		t.Errorf("hash is %x", hash)
	}
}

func TestConcatPanicsForOtherTypes(t *testing.T) {
	type name string
	for _, field := range []any{1, uint32(1), int64(1), name("x"), [16]byte{}, true, nil, &id.ID{}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%T was accepted", field)
				}
			}()
			canonical.Concat("label", field)
		}()
	}
}

// Different lists of fields must give different bytes, however they are cut.
func TestConcatIsInjective(t *testing.T) {
	fields := rapid.SliceOfN(rapid.SliceOfN(rapid.ByteRange(0, 2), 0, 5), 0, 5)
	join := func(list [][]byte) []byte {
		var all []any
		for _, field := range list {
			all = append(all, field)
		}
		return canonical.Concat(all...)
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := fields.Draw(t, "a"), fields.Draw(t, "b")
		same := slices.EqualFunc(a, b, bytes.Equal)
		if same != bytes.Equal(join(a), join(b)) {
			t.Fatalf("%x and %x", a, b)
		}
	})
}

func TestHash(t *testing.T) {
	long := bytes.Repeat([]byte("x"), 1000) // more than the buffer on the stack
	want := sha256.Sum256(canonical.Concat("label", "a", long))
	if got := canonical.Hash("label", "a", long); got != want {
		t.Errorf("%x, not %x", got, want)
	}
	if canonical.Hash("label", "a") == canonical.Hash("labela") {
		t.Error("the label runs into the fields")
	}
}
