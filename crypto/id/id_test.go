package id_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/coffer-vault/coffer/crypto/id"
)

const sample = "00112233445566778899aabbccddeeff"

func TestNewDiffers(t *testing.T) {
	seen := make(map[id.ID]bool)
	for range 1000 {
		i := id.New()
		if i.IsZero() || seen[i] {
			t.Fatal("an id came twice, or is zero")
		}
		seen[i] = true
	}
}

func TestParse(t *testing.T) {
	for _, test := range []struct {
		name, text string
		ok         bool
	}{
		{"lower case", sample, true},
		{"zero", strings.Repeat("0", 32), true},
		{"upper case", strings.ToUpper(sample), false},
		{"one capital", sample[:31] + "F", false},
		{"short", sample[:31], false},
		{"long", sample + "0", false},
		{"not hexadecimal", sample[:31] + "g", false},
		{"dashes", "00112233-4455-6677-8899-aabbccddeeff", false},
		{"space", " " + sample[1:], false},
		{"empty", "", false},
	} {
		i, err := id.Parse(test.text)
		switch {
		case test.ok && (err != nil || i.String() != test.text):
			t.Errorf("%s: %v, %v", test.name, i, err)
		case !test.ok && !errors.Is(err, id.ErrMalformed):
			t.Errorf("%s: error %v", test.name, err)
		}
	}
}

func TestFromBytes(t *testing.T) {
	want := id.New()
	got, err := id.FromBytes(want[:])
	if err != nil || got != want {
		t.Errorf("got %v, %v", got, err)
	}
	for _, n := range []int{0, 15, 17, 32} {
		if _, err := id.FromBytes(make([]byte, n)); !errors.Is(err, id.ErrMalformed) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestText(t *testing.T) {
	want, err := id.Parse(sample)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(map[id.ID]id.ID{want: want})
	if err != nil || string(data) != fmt.Sprintf(`{%q:%q}`, sample, sample) {
		t.Fatalf("JSON %s, %v", data, err)
	}
	var got map[id.ID]id.ID
	if err := json.Unmarshal(data, &got); err != nil || got[want] != want {
		t.Errorf("back: %v, %v", got, err)
	}
	kept := want
	if err := kept.UnmarshalText([]byte("no id")); !errors.Is(err, id.ErrMalformed) || kept != want {
		t.Errorf("malformed text: %v, and the id is now %v", err, kept)
	}
}

func TestCBOR(t *testing.T) {
	want := id.New()
	data, err := cbor.Marshal(want)
	if err != nil || len(data) != 17 || data[0] != 0x50 {
		t.Fatalf("CBOR %x, %v", data, err)
	}
	var got id.ID
	if err := cbor.Unmarshal(data, &got); err != nil || got != want {
		t.Errorf("back: %v, %v", got, err)
	}
}

func TestCBORRefusesAnythingElse(t *testing.T) {
	for name, v := range map[string]any{
		"15 bytes": make([]byte, 15),
		"17 bytes": make([]byte, 17),
		"text":     strings.Repeat("x", 16),
		"array":    make([]int, 16),
		"null":     nil,
		"integer":  1,
	} {
		data, err := cbor.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		kept := id.ID{1}
		if err := kept.UnmarshalCBOR(data); !errors.Is(err, id.ErrMalformed) || kept != (id.ID{1}) {
			t.Errorf("%s: %v, and the id is now %v", name, err, kept)
		}
	}
	var long id.ID // a head that is not the shortest
	if err := long.UnmarshalCBOR(append([]byte{0x58, 16}, make([]byte, 16)...)); !errors.Is(err, id.ErrMalformed) {
		t.Errorf("long head: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(sample)
	f.Add(strings.ToUpper(sample))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		i, err := id.Parse(text)
		if err == nil && i.String() != text {
			t.Errorf("%q is a second spelling of %v", text, i)
		}
	})
}
