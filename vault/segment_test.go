package vault

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// varied are entries of every shape.
func varied() []*entry {
	var all []*entry
	for n := range byte(40) {
		it := Item{
			ID: id.ID{7, n}, Kind: []Kind{Login, Note, folderKind, markKind, "of a newer version"}[n%5], Title: strings.Repeat("Ünïcode ", int(n%7)),
			CreatedAt: int64(n) << 30, UpdatedAt: -int64(n), Favorite: n%2 == 0, ReadOnly: n%3 == 0,
		}
		if n%4 == 0 {
			it.Folder, it.TrashedAt, it.ArchivedAt = id.ID{1, n}, int64(n), 1<<62
		}
		for range n % 6 {
			it.Websites, it.Tags = append(it.Websites, fmt.Sprintf("https://site%d.example", n)), append(it.Tags, "tag", "")
			it.Custom = append(it.Custom, CustomField{ID: id.New(), Label: "label"})
		}
		it.Set(Notes, secret.FromString(strings.Repeat("note ", int(n)*1000)))
		it.Set(Username, secret.FromString("ann"))
		it.Set(OTP, secret.FromString(strings.Repeat("x", int(n%2))))
		all = append(all, newEntry(&it))
	}
	return append(all, &entry{Summary: Summary{ID: id.ID{7, 200}, Unreadable: true, Conflict: true}})
}

func TestSegmentRoundTrip(t *testing.T) {
	entries := varied()
	for _, n := range []int{0, 1, len(entries)} {
		parts, err := encodeSegment(entries[:n])
		if err != nil {
			t.Fatal(err)
		}
		var back []*entry
		for _, part := range parts {
			decoded, ok := decodePart(part)
			if !ok {
				t.Fatal("a part is refused")
			}
			for i := range decoded {
				back = append(back, &decoded[i])
			}
		}
		if len(back) != n {
			t.Fatalf("%d entries of %d", len(back), n)
		}
		for i, e := range entries[:n] {
			if !back[i].equal(e) || back[i].Title != e.Title || len(back[i].Tags) != len(e.Tags) || back[i].Kind != e.Kind {
				t.Fatalf("%v became %v", e, back[i])
			}
		}
	}
}

// A field that is added to Summary has to be added to the segments too.
func TestSegmentsHaveEveryField(t *testing.T) {
	e := new(entry)
	fields := reflect.ValueOf(&e.Summary).Elem()
	for i := range fields.NumField() {
		switch f := fields.Field(i); f.Kind() {
		case reflect.String:
			f.SetString(fields.Type().Field(i).Name)
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Int64:
			f.SetInt(int64(i) + 1)
		case reflect.Slice:
			f.Set(reflect.ValueOf([]string{fields.Type().Field(i).Name}))
		case reflect.Array:
			f.Index(0).SetUint(uint64(i) + 1)
		default:
			t.Fatalf("a field of kind %s", f.Kind())
		}
	}
	parts, err := encodeSegment([]*entry{e})
	if err != nil {
		t.Fatal(err)
	}
	back, ok := decodePart(parts[0])
	if !ok || !reflect.DeepEqual(back[0].Summary, e.Summary) {
		t.Errorf("%+v became %+v", e.Summary, back)
	}
}

func TestSegmentsHaveBoundedParts(t *testing.T) {
	entries := slices.Repeat(varied()[30:31], 2000)
	parts, err := encodeSegment(entries)
	if err != nil || len(parts) < 10 {
		t.Fatalf("%d parts, %v", len(parts), err)
	}
	for _, part := range parts {
		if len(part) > 1<<20-1000 {
			t.Errorf("a part of %d bytes fits no envelope", len(part))
		}
	}
	if _, err := encodeSegment([]*entry{{Summary: Summary{Title: strings.Repeat("x", 1<<20)}}}); err == nil {
		t.Error("a title of a megabyte is written")
	}
}

func FuzzPart(f *testing.F) {
	parts, err := encodeSegment(varied())
	if err != nil {
		f.Fatal(err)
	}
	for _, part := range parts {
		f.Add(part)
	}
	f.Add([]byte{segmentFormat, 0, 0, 0, 0})
	f.Add([]byte{segmentFormat, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, part []byte) {
		before := bytes.Clone(part)
		entries, ok := decodePart(part)
		if !ok {
			return
		}
		var pointers []*entry
		for i := range entries {
			pointers = append(pointers, &entries[i])
		}
		again, err := encodeSegment(pointers)
		if err != nil {
			return
		}
		var back []entry
		for _, part := range again {
			decoded, ok := decodePart(part)
			if !ok {
				t.Fatal("what was read cannot be written and read")
			}
			back = append(back, decoded...)
		}
		if len(entries) > 0 && !reflect.DeepEqual(entries, back) {
			t.Fatal("what was read changes by writing it")
		}
		if !bytes.Equal(before, part) {
			t.Fatal("reading changes the bytes")
		}
	})
}
