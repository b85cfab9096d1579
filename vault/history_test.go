package vault

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// content compares items by what an edit can change, whatever the order of custom fields.
func content(it *Item) string {
	all := it.fields()
	lines := []string{fmt.Sprintf("websites=%q tags=%q", it.Websites, it.Tags)}
	for _, f := range slices.Sorted(maps.Keys(all)) {
		lines = append(lines, fmt.Sprintf("%s=%q", f, all[f]))
	}
	return strings.Join(lines, " ")
}

// editAnything changes a few fields, custom ones and lists included.
func editAnything(t *rapid.T, it *Item) {
	text := rapid.StringMatching(`[a-c]{0,2}`)
	for range rapid.IntRange(1, 3).Draw(t, "changes") {
		switch rapid.IntRange(0, 6).Draw(t, "what") {
		case 0:
			it.Title = text.Draw(t, "title")
		case 1:
			key := rapid.SampledFrom([]Key{Username, Password, Notes}).Draw(t, "key")
			it.Set(key, secret.FromString(text.Draw(t, "value")))
		case 2:
			it.Tags = rapid.SliceOfN(rapid.StringMatching(`[a-b]{1,2}`), 0, 2).Draw(t, "tags")
		case 3:
			it.Websites = rapid.SliceOfN(rapid.StringMatching(`[a-b]{1,2}`), 0, 2).Draw(t, "websites")
		case 4:
			it.Custom = append(it.Custom, CustomField{ID: customID(10 + len(it.History) + len(it.Custom)), Label: "new", Type: Text, Value: secret.FromString(text.Draw(t, "added"))})
		case 5:
			if n := len(it.Custom); n > 0 {
				it.Custom = slices.Delete(it.Custom, n-1, n)
			}
		case 6:
			if len(it.Custom) > 0 {
				it.Custom[0].Value = secret.FromString(text.Draw(t, "custom"))
			}
		}
	}
}

// Whatever was edited in whatever way: every state that the item ever had can be had again.
func TestEveryVersionComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		it := sampleLogin()
		var versions []string
		for n := range rapid.IntRange(1, 8).Draw(t, "edits") {
			before := it.Clone()
			editAnything(t, &it)
			if content(&it) != content(&before) {
				it.recordReplaced(&before, int64(1000+n), deviceID(n%2))
				versions = append(versions, content(&before))
			}
		}
		edits := it.Edits()
		if len(edits) != len(versions) {
			t.Fatalf("%d edits, made %d", len(edits), len(versions))
		}
		slices.Reverse(versions)
		for i, edit := range edits {
			was, known := it.Before(edit)
			if !known || content(&was) != versions[i] {
				t.Fatalf("before edit %d: %v\n got %s\nwant %s", i, known, content(&was), versions[i])
			}
			if len(was.History) != len(it.History) {
				t.Fatal("the history was shortened")
			}
		}
	})
}

// The other side of a conflict never was the item's value: no version has it.
func TestConflictIsNoVersion(t *testing.T) {
	base := with()
	head, local := with(value(Password, "theirs"), updated(3000)), with(value(Password, "ours"), updated(3001))
	head.recordReplaced(&base, 3000, deviceID(1))
	local.recordReplaced(&base, 3001, deviceID(2))
	merged := Merge(&base, &head, &local, deviceID(2))
	if n := len(merged.Conflicts()); n != 1 {
		t.Fatalf("%d conflicts", n)
	}
	edits := merged.Edits()
	if len(edits) != 2 {
		t.Fatalf("%d edits", len(edits))
	}
	was, known := merged.Before(edits[1])
	if got := string(was.Value(Password).Reveal()); !known || got != "old" {
		t.Errorf("before both edits the password was %q", got)
	}
}

func TestUnknownEditHasNoVersion(t *testing.T) {
	before, it := with(), with(title("New"))
	it.recordReplaced(&before, 3000, deviceID(1))
	if _, known := it.Before(Edit{Time: 3000, Device: deviceID(1), last: [32]byte{1}}); known {
		t.Error("an edit that the history does not have")
	}
	if _, known := before.Before(it.Edits()[0]); known {
		t.Error("an edit of another history")
	}
}

// A long note that is edited for years must not fill the envelope; a password is kept however many there were.
func TestOldValuesThatAreNoSecretsAreDropped(t *testing.T) {
	it := sampleLogin()
	note := func(n int) []byte { return append(bytes.Repeat([]byte("n"), 40<<10), byte('a'+n)) }
	for n := range 20 {
		before := it.Clone()
		it.Set(Notes, secret.New(note(n)))
		it.Set(Password, secret.FromString(fmt.Sprintf("password %d", n)))
		it.recordReplaced(&before, int64(3000+n), deviceID(1))
	}
	notes, passwords := 0, 0
	for _, p := range it.History {
		switch p.Field {
		case ValueField(Notes):
			notes++
		case ValueField(Password):
			passwords++
		}
	}
	if passwords != 20 || notes != 6 {
		t.Errorf("%d passwords, %d notes", passwords, notes)
	}
	newest := it.History[len(it.History)-2]
	if newest.Field != ValueField(Notes) || !bytes.Equal(newest.Value.Reveal(), note(18)) {
		t.Errorf("the newest note is not the last kept: %s", newest.Field)
	}
}

func TestWhatIsNeverDropped(t *testing.T) {
	it := sampleLogin()
	custom := CustomValue(id.ID{7})
	for _, c := range []struct {
		past Past
		want bool
	}{
		{Past{Field: FieldTitle}, true},
		{Past{Field: FieldTags}, true},
		{Past{Field: ValueField(Notes)}, true},
		{Past{Field: ValueField(Username)}, true},
		{Past{Field: ValueField(Username), Conflict: true}, false},
		{Past{Field: ValueField(Password)}, false},
		{Past{Field: ValueField(OTP)}, false},
		{Past{Field: ValueField("from-a-newer-version")}, false},
		{Past{Field: custom}, false}, // its type went with it
		{Past{Field: custom + "/label"}, true},
	} {
		if got := it.droppable(c.past); got != c.want {
			t.Errorf("%s (conflict %v): %v", c.past.Field, c.past.Conflict, got)
		}
	}
}
