package vault

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
)

func TestEncodingIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		it := genItem().Draw(t, "item")
		it.Origin = Origin{Source: "s", SourceID: "i", Batch: id.ID{byte(rapid.IntRange(0, 1).Draw(t, "batch"))}}
		it.Folder = id.ID{byte(rapid.IntRange(0, 1).Draw(t, "folder"))}
		it.Set("other", secret.New(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")))
		first, err := encode(&it)
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := decode(it.ID, first)
		if err != nil {
			t.Fatal(err)
		}
		second, err := encode(&decoded)
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("%x became %x, %v", first, second, err)
		}
		if decoded.Origin != it.Origin || decoded.Folder != it.Folder || describe(decoded) != describe(it) {
			t.Fatalf("%s became %s", describe(it), describe(decoded))
		}
	})
}

// newer is an item as a later version of schema 1 might write it: with keys that this version does not know, at every level.
func newer(t testing.TB, schema uint64) []byte {
	t.Helper()
	b, err := canonical.Marshal(map[uint64]any{
		1: schema, 2: "login", 3: "Title", 90: []any{"kept", uint64(1)},
		4:  map[string][]byte{"password": []byte("p"), "passkey": {1, 2}},
		7:  []any{map[uint64]any{1: customID(1), 2: "Label", 3: "color", 4: []byte("red"), 91: "kept"}},
		13: []any{map[uint64]any{1: "value/password", 2: []byte("old"), 3: int64(5), 4: deviceID(1), 92: "kept"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestUnknownKeysSurviveAnEdit(t *testing.T) {
	it, err := decode(id.ID{1}, newer(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	same, err := encode(&it)
	if err != nil || !bytes.Equal(same, newer(t, 1)) {
		t.Fatalf("%x, %v", same, err)
	}
	it.Title = "Edited"
	edited, err := encode(&it)
	if err != nil {
		t.Fatal(err)
	}
	want := bytes.Replace(newer(t, 1), []byte("\x65Title"), []byte("\x66Edited"), 1)
	if !bytes.Equal(edited, want) {
		t.Errorf("got  %x\nwant %x", edited, want)
	}
}

// Save works on clones and wipes them: what it returns, and what the caller still holds, must not go with them.
func TestWipingAnItemLeavesItsCopies(t *testing.T) {
	whole, err := decode(id.ID{1}, newer(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	base, head, local := whole.Clone(), whole.Clone(), whole.Clone()
	merged := Merge(&base, &head, &local, deviceID(1))
	for name, wiped := range map[string]*Item{"original": &whole, "base": &base, "head": &head, "local": &local} {
		wiped.Wipe()
		if after, err := encode(&merged); err != nil || !bytes.Equal(after, newer(t, 1)) {
			t.Errorf("%s wiped: %x, %v", name, after, err)
		}
	}
	merged.Wipe()
	for _, unknown := range []canonical.Unknown{merged.unknown, merged.Custom[0].unknown, merged.History[0].unknown} {
		for key, raw := range unknown {
			if !bytes.Equal(raw, make([]byte, len(raw))) {
				t.Errorf("key %d still reads %x", key, raw)
			}
		}
	}
}

func TestNewerSchemaIsReadOnly(t *testing.T) {
	it, err := decode(id.ID{1}, newer(t, 2))
	if err != nil || !it.ReadOnly || it.Title != "Title" {
		t.Errorf("%+v, %v", it, err)
	}
	if _, err := encode(&it); !errors.Is(err, ErrNewerItem) {
		t.Errorf("written by an older version: %v", err)
	}
}

func TestMalformedPlaintexts(t *testing.T) {
	marshal := func(m map[uint64]any) []byte {
		b, err := canonical.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	field := map[uint64]any{1: customID(1), 3: "text"}
	for name, plaintext := range map[string][]byte{
		"empty": nil, "no map": {0x01}, "no schema": marshal(map[uint64]any{2: "login"}), "no kind": marshal(map[uint64]any{1: uint64(1)}),
		"short folder": marshal(map[uint64]any{1: uint64(1), 2: "login", 8: []byte{1}}),
		"short batch":  marshal(map[uint64]any{1: uint64(1), 2: "login", 16: []byte{1}}),
		"one id twice": marshal(map[uint64]any{1: uint64(1), 2: "login", 7: []any{field, field}}),
		"trailing":     append(marshal(map[uint64]any{1: uint64(1), 2: "login"}), 0),
		"wrong type":   marshal(map[uint64]any{1: uint64(1), 2: "login", 3: uint64(7)}),
	} {
		if _, err := decode(id.ID{1}, plaintext); !errors.Is(err, errMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(newer(f, 1))
	f.Add(newer(f, 2))
	sample := sampleLogin()
	f.Add(encoded(f, sample))
	f.Fuzz(func(t *testing.T, plaintext []byte) {
		it, err := decode(id.ID{1}, plaintext)
		if err != nil || it.ReadOnly {
			return
		}
		again, err := encode(&it)
		if err != nil {
			t.Fatalf("read and cannot be written: %v", err)
		}
		decoded, err := decode(id.ID{1}, again)
		if err != nil || describe(decoded) != describe(it) {
			t.Fatalf("%x became %x, %v", plaintext, again, err)
		}
		summarize(&it)
		merged := Merge(nil, &it, &sample, deviceID(1))
		if _, err := encode(&merged); err != nil {
			t.Fatalf("merged and cannot be written: %v", err)
		}
	})
}

// olderWire is what a version before attachments knew of an item.
type olderWire struct {
	Schema uint64 `cbor:"1,keyasint"`
	Kind   string `cbor:"2,keyasint"`
	Title  string `cbor:"3,keyasint,omitempty"`
}

// A version that does not know attachments keeps an item's through its edits, byte for byte.
func TestAnOlderVersionKeepsTheAttachments(t *testing.T) {
	it := Item{Kind: Note, Title: "before", Attachments: []id.ID{{1}, {2}}}
	encoded, err := encode(&it)
	if err != nil {
		t.Fatal(err)
	}
	var older olderWire
	unknown, err := canonical.UnmarshalKeeping(encoded, &older)
	if err != nil {
		t.Fatal(err)
	}
	older.Title = "after"
	if encoded, err = canonical.MarshalWith(older, unknown); err != nil {
		t.Fatal(err)
	}
	it.Title = "after"
	if want, err := encode(&it); err != nil || !bytes.Equal(encoded, want) {
		t.Errorf("%x, not %x, %v", encoded, want, err)
	}
}

// Where it merged two lists of attachments it could choose one only, and kept the other in the history as what it did not know. That
// must not be put back beside the list that this version knows.
func TestTheHistoryOfAnOlderVersion(t *testing.T) {
	it := Item{Kind: Note, Title: "x", Attachments: []id.ID{{1}}}
	it.setField("unknown/19", []byte{0x80})
	it.setField("unknown/21", []byte{0x80})
	encoded, err := encode(&it)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := decode(it.ID, encoded); err != nil || len(again.Attachments) != 1 || len(again.unknown) != 1 {
		t.Errorf("%v, %v", again.Attachments, err)
	}
}

func TestAttachmentsInTheHistory(t *testing.T) {
	a, b := id.ID{1}, id.ID{2}
	for text, want := range map[string][]id.ID{
		"": nil, a.String(): {a}, string(ids([]id.ID{a, b})): {a, b}, "no id": nil, a.String() + "\n\nx\n" + a.String() + "\n" + b.String(): {a, b},
	} {
		var it Item
		it.setField(FieldAttachments, []byte(text))
		if !slices.Equal(it.Attachments, want) {
			t.Errorf("%q: %v", text, it.Attachments)
		}
	}
}
