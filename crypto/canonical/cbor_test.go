package canonical_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// entry has a field of every kind that signed structures use.
type entry struct {
	Version uint64   `cbor:"1,keyasint"`
	Account id.ID    `cbor:"2,keyasint"`
	Hash    [32]byte `cbor:"3,keyasint"`
	Name    string   `cbor:"4,keyasint"`
	Body    []byte   `cbor:"5,keyasint"`
	List    []uint64 `cbor:"6,keyasint"`
	Later   string   `cbor:"7,keyasint,omitempty"`
}

func fromHex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestStructRoundTrip(t *testing.T) {
	want := entry{1, id.ID{2}, [32]byte{3}, "näme", []byte{4}, []uint64{0, 23, 24, math.MaxUint64}, "later"}
	data, err := canonical.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got entry
	if err := canonical.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

// The encodings of RFC 8949 Appendix A that are in the subset.
func TestAcceptsRFC8949(t *testing.T) {
	for _, text := range []string{
		"00", "01", "0a", "17", "1818", "1819", "1864", "1903e8", "1a000f4240", "1b000000e8d4a51000", "1bffffffffffffffff",
		"20", "29", "3863", "3903e7", "f4", "f5", "f6", "40", "4401020304", "60", "6161", "6449455446", "62225c", "62c3bc",
		"63e6b0b4", "64f0908591", "80", "83010203", "8301820203820405",
		"98190102030405060708090a0b0c0d0e0f101112131415161718181819",
		"a0", "a201020304", "a26161016162820203", "826161a161626163", "a56161614161626142616361436164614461656145",
	} {
		var v any
		if err := canonical.Unmarshal(fromHex(t, text), &v); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// One reason to refuse each; those from Appendix A of RFC 8949 are marked A.
func TestRefuses(t *testing.T) {
	for _, test := range []struct{ name, data string }{
		{"nothing", ""},
		{"trailing byte", "0000"},
		{"integer in 1 byte too many", "1817"},
		{"integer in 2 bytes too many", "1900ff"},
		{"integer in 4 bytes too many", "1a0000ffff"},
		{"integer in 8 bytes too many", "1b00000000ffffffff"},
		{"negative integer too long", "3817"},
		{"byte string length too long", "580100"},
		{"text length too long", "780161"},
		{"array length too long", "980100"},
		{"map length too long", "b8010000"},
		{"half float, A", "f93c00"},
		{"single float, A", "fa47c35000"},
		{"double float, A", "fb3ff199999999999a"},
		{"NaN, A", "f97e00"},
		{"undefined, A", "f7"},
		{"simple value, A", "f0"},
		{"simple value in a byte, A", "f8ff"},
		{"break alone", "ff"},
		{"tag of time, A", "c11a514b67b0"},
		{"big number, A", "c249010000000000000000"},
		{"indefinite bytes, A", "5f42010243030405ff"},
		{"indefinite text, A", "7f657374726561646d696e67ff"},
		{"indefinite array, A", "9fff"},
		{"indefinite map, A", "bf61610161629f0203ffff"},
		{"reserved length 28", "1c"},
		{"reserved length 30", "5e"},
		{"text of invalid UTF-8", "61ff"},
		{"text of a surrogate", "63eda080"},
		{"text of overlong UTF-8", "62c080"},
		{"duplicate key", "a201000100"},
		{"duplicate text key", "a2616100616100"},
		{"keys out of order", "a202000100"},
		{"longer key first", "a2181800 0100"},
		{"text key before integer key", "a261610001 00"},
		{"cut integer", "19 01"},
		{"cut bytes", "44010203"},
		{"cut array", "830102"},
		{"cut map", "a101"},
		{"array of 2^32-1", "9affffffff"},
		{"array of 2^64-1", "9bffffffffffffffff"},
		{"map of 2^64-1", "bbffffffffffffffff"},
		{"bytes of 2^64-1", "5bffffffffffffffff"},
		{"text of 2^63", "7b8000000000000000"},
	} {
		data := fromHex(t, test.data)
		if err := canonical.Check(data); !errors.Is(err, canonical.ErrMalformed) {
			t.Errorf("%s passes the check: %v", test.name, err)
		}
		var v any
		if err := canonical.Unmarshal(data, &v); !errors.Is(err, canonical.ErrMalformed) {
			t.Errorf("%s: %v gives %v", test.name, err, v)
		}
		var kept struct{}
		if _, err := canonical.UnmarshalKeeping(data, &kept); !errors.Is(err, canonical.ErrMalformed) {
			t.Errorf("%s, keeping: %v", test.name, err)
		}
		// Deep inside is no hiding place.
		if _, err := canonical.UnmarshalKeeping(append([]byte{0xa1, 0x05, 0x81}, data...), &kept); !errors.Is(err, canonical.ErrMalformed) {
			t.Errorf("%s, as a kept value: %v", test.name, err)
		}
	}
}

// The same value of a Go type in other bytes than Marshal's.
func TestRefusesOtherEncodingsOfAStruct(t *testing.T) {
	const (
		head    = "a6 01 01 02 50 00000000000000000000000000000000 03 5820 0000000000000000000000000000000000000000000000000000000000000000"
		hash31  = "a6 01 01 02 50 00000000000000000000000000000000 03 581f 00000000000000000000000000000000000000000000000000000000000000"
		hash33  = "a6 01 01 02 50 00000000000000000000000000000000 03 5821 000000000000000000000000000000000000000000000000000000000000000000"
		id15    = "a6 01 01 02 4f 000000000000000000000000000000 03 5820 0000000000000000000000000000000000000000000000000000000000000000"
		version = "a6 01 20 02 50 00000000000000000000000000000000 03 5820 0000000000000000000000000000000000000000000000000000000000000000"
		missing = "a5 01 01 03 5820 0000000000000000000000000000000000000000000000000000000000000000"
	)
	var v entry
	if err := canonical.Unmarshal(fromHex(t, head+"0460 0540 0680"), &v); err != nil {
		t.Fatalf("the encoding itself: %v", err)
	}
	for _, test := range []struct{ name, data string }{
		{"null for empty text", head + "04f6 0540 0680"},
		{"null for empty bytes", head + "0460 05f6 0680"},
		{"null for empty list", head + "0460 0540 06f6"},
		{"text for bytes", head + "0460 0560 0680"},
		{"bytes for text", head + "0440 0540 0680"},
		{"array for bytes", head + "0460 058100 0680"},
		{"hash of 31 bytes", hash31 + "0460 0540 0680"},
		{"hash of 33 bytes", hash33 + "0460 0540 0680"},
		{"id of 15 bytes", id15 + "0460 0540 0680"},
		{"negative version", version + "0460 0540 0680"},
		{"missing key", missing + "0460 0540 0680"},
		{"unknown key", "a7" + head[2:] + "0460 0540 0680 0800"},
		{"empty optional key", "a7" + head[2:] + "0460 0540 0680 0760"},
		{"array for the struct", "8101"},
		{"null for the struct", "f6"},
	} {
		var v entry
		if err := canonical.Unmarshal(fromHex(t, test.data), &v); !errors.Is(err, canonical.ErrMalformed) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestLimits(t *testing.T) {
	nested := func(head string, depth int, core string) []byte {
		return fromHex(t, strings.Repeat(head, depth)+core)
	}
	elements := func(n int) []byte {
		head := []byte{0x9a, 0, byte(n >> 16), byte(n >> 8), byte(n)}
		return append(head, make([]byte, n)...)
	}
	for _, test := range []struct {
		name string
		data []byte
		ok   bool
	}{
		{"16 arrays", nested("81", 16, "00"), true},
		{"17 arrays", nested("81", 17, "00"), false},
		{"16 maps", nested("a100", 16, "00"), true},
		{"17 maps", nested("a100", 17, "00"), false},
		{"17 arrays, the last empty", nested("81", 16, "80"), false},
		{"a million arrays", bytes.Repeat([]byte{0x81}, 1_000_000), false},
		{"250,000 elements", elements(250_000), true},
		{"250,001 elements", elements(250_001), false},
		{"twice 125,000 elements in an array of 2", append([]byte{0x82}, append(elements(125_000), elements(125_000)...)...), false},
	} {
		var v any
		err := canonical.Unmarshal(test.data, &v)
		if test.ok && err != nil || !test.ok && !errors.Is(err, canonical.ErrMalformed) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// A header that claims much must not allocate much.
func TestClaimsDoNotAllocate(t *testing.T) {
	data := fromHex(t, "9a0003d090 00")
	allocated := testing.AllocsPerRun(10, func() {
		var v []uint64
		if canonical.Unmarshal(data, &v) == nil || cap(v) > 0 {
			t.Error("a cut array was accepted")
		}
	})
	if allocated > 20 {
		t.Errorf("%v allocations", allocated)
	}
}

// What Unmarshal refuses must never be written: it would be lost.
func TestMarshalRefuses(t *testing.T) {
	deep := any("core")
	for range 17 {
		deep = []any{deep}
	}
	for name, v := range map[string]any{
		"text that is not UTF-8": "\xff",
		"key that is not UTF-8":  map[string]int{"\xff": 1},
		"float":                  1.5,
		"nested too deep":        deep,
		"too many elements":      make([]uint64, 250_001),
		"secret":                 secret.FromString("key"),
		"secret in a struct":     struct{ Key secret.Bytes }{secret.FromString("key")},
		"function":               func() {},
	} {
		if data, err := canonical.Marshal(v); err == nil {
			t.Errorf("%s: %x", name, data)
		}
	}
}

func TestMarshalSortsAndFillsNil(t *testing.T) {
	for _, test := range []struct {
		name string
		v    any
		want string
	}{
		{"map", map[string]int{"b": 1, "aa": 2, "a": 3}, "a3616103616201626161 02"},
		{"integer keys", map[int64]int{-1: 0, 24: 0, 10: 0}, "a30a00181800 2000"},
		{"nil bytes", []byte(nil), "40"},
		{"nil list", []string(nil), "80"},
		{"nil map", map[string]int(nil), "a0"},
		{"id", id.ID{1}, "5001000000000000000000000000000000"},
	} {
		got, err := canonical.Marshal(test.v)
		if err != nil || !bytes.Equal(got, fromHex(t, test.want)) {
			t.Errorf("%s: %x, %v", test.name, got, err)
		}
	}
}

// FuzzUnmarshal: whatever is accepted has this one encoding.
func FuzzUnmarshal(f *testing.F) {
	for _, seed := range []string{
		"00", "3863", "f5", "4401020304", "64f0908591", "8301820203820405", "a26161016162820203", "a201020304", "1817",
		"9fff", "c11a514b67b0", "f93c00", "81818181818181818181818181818181818100", "9affffffff", "bbffffffffffffffff",
		"a6010102500000000000000000000000000000000003582000000000000000000000000000000000000000000000000000000000000000000460 0540 0680",
	} {
		f.Add(fromHex(f, seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, v := range []any{new(any), new(entry), new([]canonical.RawMessage), new(map[uint64]string)} {
			if canonical.Unmarshal(data, v) != nil {
				continue
			}
			again, err := canonical.Marshal(v)
			if err != nil || !bytes.Equal(again, data) {
				t.Errorf("%x as %T becomes %x, %v", data, v, again, err)
			}
		}
	})
}
