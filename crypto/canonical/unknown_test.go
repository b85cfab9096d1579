package canonical_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/coffer-vault/coffer/crypto/canonical"
)

// item and field stand for a schema that later versions extend.
type item struct {
	Title  string  `cbor:"1,keyasint"`
	Fields []field `cbor:"3,keyasint,omitempty"`
	cache  string  //lint:ignore U1000 the codec has to pass over unexported fields
}

type field struct {
	Value   string            `cbor:"1,keyasint"`
	Unknown canonical.Unknown `cbor:"-"`
}

func (f field) MarshalCBOR() ([]byte, error) {
	type plain field
	return canonical.MarshalWith(plain(f), f.Unknown)
}

func (f *field) UnmarshalCBOR(data []byte) (err error) {
	type plain field
	f.Unknown, err = canonical.UnmarshalKeeping(data, (*plain)(f))
	return err
}

// {0: 7, 1: "old", 2: [true, {"x": h'00'}], 3: [{1: "v", 9: null}], 1000: -1}
const extended = "a5 0007 01636f6c64 0282f5a1617841 00 0381a201617609f6 1903e820"

func TestUnknownKeysSurviveAnEdit(t *testing.T) {
	data := fromHex(t, extended)
	var v item
	unknown, err := canonical.UnmarshalKeeping(data, &v)
	if err != nil {
		t.Fatal(err)
	}
	if v.Title != "old" || len(v.Fields) != 1 || v.Fields[0].Value != "v" {
		t.Errorf("decoded %+v", v)
	}
	want := canonical.Unknown{0: fromHex(t, "07"), 2: fromHex(t, "82f5a1617841 00"), 1000: {0x20}}
	if !reflect.DeepEqual(unknown, want) {
		t.Errorf("unknown is %x", unknown)
	}
	unchanged, err := canonical.MarshalWith(v, unknown)
	if err != nil || !bytes.Equal(unchanged, data) {
		t.Errorf("unedited: %x, %v", unchanged, err)
	}
	v.Title = "new"
	edited, err := canonical.MarshalWith(&v, unknown)
	if err != nil || !bytes.Equal(edited, bytes.Replace(data, []byte("old"), []byte("new"), 1)) {
		t.Errorf("edited: %x, %v", edited, err)
	}
}

func TestKeepingLeavesNoReferences(t *testing.T) {
	data := fromHex(t, extended)
	var v item
	unknown, err := canonical.UnmarshalKeeping(data, &v)
	if err != nil {
		t.Fatal(err)
	}
	clear(data) // the caller may wipe the plaintext
	if v.Title != "old" || !bytes.Equal(unknown[0], []byte{7}) {
		t.Errorf("decoded %+v and %x", v, unknown)
	}
}

func TestNothingUnknown(t *testing.T) {
	data, err := canonical.MarshalWith(item{Title: "t"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	unknown, err := canonical.UnmarshalKeeping(data, &item{})
	if unknown != nil || err != nil {
		t.Errorf("unknown is %v, %v", unknown, err)
	}
}

func TestMissingKeyLeavesTheField(t *testing.T) {
	v := item{Title: "before"}
	if _, err := canonical.UnmarshalKeeping([]byte{0xa0}, &v); err != nil || v.Title != "before" {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestKeepingRefuses(t *testing.T) {
	for _, test := range []struct{ name, data string }{
		{"array", "80"},
		{"null", "f6"},
		{"integer", "01"},
		{"text key", "a1616100"},
		{"negative key", "a12000"},
		{"wrong type", "a10101"},
		{"wrong type inside", "a1038101"},
		{"float as an unknown value", "a109f93c00"},
		{"unknown keys out of order", "a209000800"},
	} {
		if _, err := canonical.UnmarshalKeeping(fromHex(t, test.data), &item{}); !errors.Is(err, canonical.ErrMalformed) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestMarshalWithRefuses(t *testing.T) {
	for name, unknown := range map[string]canonical.Unknown{
		"known key":                   {1: {0x00}},
		"known key that is not there": {3: {0x80}},
		"malformed value":             {9: {0x18, 0x01}},
		"two values":                  {9: {0x00, 0x00}},
	} {
		if data, err := canonical.MarshalWith(item{}, unknown); err == nil {
			t.Errorf("%s: %x", name, data)
		}
	}
}

func TestOnlyIntegerKeys(t *testing.T) {
	type named struct{ Title string }
	defer func() {
		if recover() == nil {
			t.Error("a field without an integer key was accepted")
		}
	}()
	canonical.UnmarshalKeeping([]byte{0xa0}, &named{})
}

func FuzzUnmarshalKeeping(f *testing.F) {
	f.Add(fromHex(f, extended))
	f.Add([]byte{0xa0})
	f.Add([]byte{0xa1, 0x01, 0xf6})
	f.Fuzz(func(t *testing.T, data []byte) {
		var v item
		unknown, err := canonical.UnmarshalKeeping(data, &v)
		if err != nil {
			return
		}
		again, err := canonical.MarshalWith(v, unknown)
		if err != nil {
			t.Fatalf("%x cannot be written again: %v", data, err)
		}
		var v2 item
		unknown2, err := canonical.UnmarshalKeeping(again, &v2)
		if err != nil || !reflect.DeepEqual(unknown, unknown2) {
			t.Errorf("%x loses keys: %x, then %x, %v", data, unknown, unknown2, err)
		}
	})
}

func BenchmarkUnmarshalKeeping(b *testing.B) {
	data, err := canonical.Marshal(item{Title: "title", Fields: make([]field, 8)})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		var v item
		if _, err := canonical.UnmarshalKeeping(data, &v); err != nil {
			b.Fatal(err)
		}
	}
}
