package vault

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
)

func deviceID(n int) id.ID { return id.ID{0: 0xde, 15: byte(n)} }

func customID(n int) id.ID { return id.ID{0: 0xcf, 15: byte(n)} }

// encoded compares items by all that is stored of them.
func encoded(t testing.TB, it Item) []byte {
	t.Helper()
	b, err := encode(&it)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func sampleLogin() Item {
	return Item{
		ID: id.ID{1}, Kind: Login, Title: "Example",
		Values: map[Key]secret.Bytes{
			Username: secret.FromString("ann"), Password: secret.FromString("old"), Notes: secret.FromString("note"),
		},
		Websites: []string{"https://example.com"}, Tags: []string{"work"},
		Custom:    []CustomField{{ID: customID(1), Label: "Key", Type: Concealed, Value: secret.FromString("k1")}},
		CreatedAt: 1000, UpdatedAt: 2000,
	}
}

// edit is a named change, so that tables read well.
type edit func(*Item)

func with(edits ...edit) Item {
	it := sampleLogin()
	for _, e := range edits {
		e(&it)
	}
	return it
}

func title(s string) edit { return func(it *Item) { it.Title = s } }
func value(k Key, s string) edit {
	return func(it *Item) { it.Set(k, secret.FromString(s)) }
}
func trashed(it *Item)          { it.TrashedAt = 9 }
func updated(at int64) edit     { return func(it *Item) { it.UpdatedAt = at } }
func tags(list ...string) edit  { return func(it *Item) { it.Tags = list } }
func sites(list ...string) edit { return func(it *Item) { it.Websites = list } }
func favorite(it *Item)         { it.Favorite = true }
func noCustom(it *Item)         { it.Custom = nil }
func custom(s string) edit      { return func(it *Item) { it.Custom[0].Value = secret.FromString(s) } }
func inFolder(n byte) edit      { return func(it *Item) { it.Folder = id.ID{n} } }
func remember(p Past) edit      { return func(it *Item) { it.History = append(it.History, p) } }
func conflict(f Field, s string) edit {
	return remember(Past{Field: f, Value: secret.FromString(s), Time: 3000, Device: deviceID(2), Conflict: true})
}

func TestMerge(t *testing.T) {
	for name, c := range map[string]struct{ base, head, local, want Item }{
		"one side changed":        {with(), with(value(Password, "new")), with(title("T")), with(value(Password, "new"), title("T"))},
		"both to the same":        {with(), with(title("T")), with(title("T")), with(title("T"))},
		"both differently":        {with(), with(title("H")), with(title("L")), with(title("H"), conflict(FieldTitle, "L"))},
		"secret conflict":         {with(), with(value(Password, "h")), with(value(Password, "l")), with(value(Password, "h"), conflict(ValueField(Password), "l"))},
		"change beats removal":    {with(), with(value(Notes, "")), with(value(Notes, "n2")), with(value(Notes, "n2"))},
		"removal loses to change": {with(), with(value(Notes, "n2")), with(value(Notes, "")), with(value(Notes, "n2"))},
		"custom removed, changed": {with(), with(noCustom), with(custom("k2")), with(custom("k2"))},
		"custom changed, removed": {with(), with(custom("k2")), with(noCustom), with(custom("k2"))},
		"custom removed":          {with(), with(title("H")), with(noCustom), with(title("H"), noCustom)},
		"custom conflict":         {with(), with(custom("h")), with(custom("l")), with(custom("h"), conflict(CustomValue(customID(1)), "l"))},
		"sets by element":         {with(tags("a", "b")), with(tags("b", "h")), with(tags("a", "b", "l")), with(tags("b", "h", "l"))},
		"order of one side":       {with(tags("a", "b")), with(tags("a", "b")), with(tags("b", "a")), with(tags("b", "a"))},
		"choices":                 {with(inFolder(1)), with(inFolder(2)), with(inFolder(3), favorite), with(inFolder(2), favorite)},
		"trash":                   {with(), with(trashed), with(favorite), with(trashed, favorite)},
		"edit beats trash":        {with(), with(trashed), with(value(Password, "new")), with(value(Password, "new"))},
		"trash loses to edit":     {with(), with(sites("https://b")), with(trashed), with(sites("https://b"))},
		"restore":                 {with(trashed), with(), with(trashed, title("L")), with(title("L"))},
		"no base":                 {Item{}, with(), with(title("L")), with(conflict(FieldTitle, "L"))},
	} {
		t.Run(name, func(t *testing.T) {
			updated(3000)(&c.local)
			updated(3000)(&c.want)
			got := Merge(&c.base, &c.head, &c.local, deviceID(2))
			if !bytes.Equal(encoded(t, got), encoded(t, c.want)) {
				t.Errorf("got  %v\nwant %v", describe(got), describe(c.want))
			}
		})
	}
}

// describe prints an item with its secrets, which are made up here.
func describe(it Item) string {
	s := fmt.Sprintf("%q tags %q sites %q favorite %t trashed %d", it.Title, it.Tags, it.Websites, it.Favorite, it.TrashedAt)
	f := it.fields()
	for _, name := range slices.Sorted(maps.Keys(f)) {
		s += fmt.Sprintf(" %s=%q", name, f[name])
	}
	for _, p := range it.History {
		s += fmt.Sprintf(" [%s=%q conflict %t at %d by %s]", p.Field, p.Value.Reveal(), p.Conflict, p.Time, p.Device)
	}
	return s
}

func TestMergeOfAResolvedConflict(t *testing.T) {
	base := with(conflict(FieldTitle, "L"))
	resolved := with(remember(Past{Field: FieldTitle, Value: secret.FromString("L"), Time: 3000, Device: deviceID(2)}))
	edited := with(conflict(FieldTitle, "L"), value(Password, "new"))
	for _, merged := range []Item{Merge(&base, &resolved, &edited, deviceID(1)), Merge(&base, &edited, &resolved, deviceID(1))} {
		if len(merged.Conflicts()) != 0 || len(merged.History) != 1 {
			t.Errorf("the conflict is open again: %s", describe(merged))
		}
	}
}

func TestMergeKeepsWhatItDoesNotKnow(t *testing.T) {
	base, head, local := with(), with(), with()
	head.setUnknown("40", []byte{0x01})
	local.setUnknown("41", []byte{0x02})
	merged := Merge(&base, &head, &local, deviceID(2))
	if len(merged.unknown) != 2 {
		t.Errorf("unknown keys %v", merged.unknown)
	}
}

// The date goes with the password that is kept; of two dates for one password the later counts.
func TestMergeKeepsTheDateOfThePasswordKept(t *testing.T) {
	version := func(password string, at int64) Item {
		return with(value(Password, password), func(it *Item) { it.PasswordSetAt = at })
	}
	for _, c := range []struct {
		name              string
		base, head, local Item
		want              int64
	}{
		{"changed in head", version("a", 1), version("b", 2), version("a", 1), 2},
		{"changed here", version("a", 1), version("a", 1), version("b", 3), 3},
		{"changed in both, head's stays", version("a", 1), version("b", 2), version("c", 3), 2},
		{"the same change in both", version("a", 1), version("b", 2), version("b", 3), 3},
		{"removed in head, changed here", version("a", 1), version("", 0), version("b", 3), 3},
		{"removed here, changed in head", version("a", 1), version("b", 2), version("", 0), 2},
		{"a date was learned here", version("a", 0), version("a", 0), version("a", 4), 4},
	} {
		if got := Merge(&c.base, &c.head, &c.local, deviceID(1)).PasswordSetAt; got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// genItem draws an item with few distinct values, so that collisions are common.
func genItem() *rapid.Generator[Item] {
	return rapid.Custom(func(t *rapid.T) Item {
		it := Item{ID: id.ID{1}, Kind: Login, CreatedAt: 1}
		for range rapid.IntRange(0, 8).Draw(t, "edits") {
			randomEdit(t, &it, rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "value"), deviceID(9))
		}
		return it
	})
}

// randomEdit changes one thing the way Save does: what it replaced goes into the history.
func randomEdit(t *rapid.T, it *Item, value string, device id.ID) {
	it.UpdatedAt = rapid.Int64Range(0, 50).Draw(t, "time") // clocks are wrong
	before := it.Clone()
	list := []string{}
	if value != "" {
		list = append(list, value)
	}
	switch rapid.IntRange(0, 8).Draw(t, "field") {
	case 0:
		it.Title = value
	case 1:
		it.Set(Password, secret.FromString(value))
	case 2:
		it.Set(Username, secret.FromString(value))
	case 3:
		it.Tags = append(it.Tags, list...)
	case 4:
		it.Websites = list
	case 5:
		n := customID(rapid.IntRange(1, 3).Draw(t, "custom"))
		it.setCustom(n, "", []byte(value))
	case 6:
		if len(it.Custom) > 0 {
			it.Custom = it.Custom[1:]
		}
	case 7:
		it.TrashedAt = rapid.Int64Range(0, 1).Draw(t, "trashed")
	case 8:
		it.Favorite = !it.Favorite
	}
	it.recordReplaced(&before, it.UpdatedAt, device)
}

func TestMergeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := genItem().Draw(t, "base")
		change := func(name string, device int) Item {
			it := base.Clone()
			for i := range rapid.IntRange(0, 4).Draw(t, name) {
				randomEdit(t, &it, fmt.Sprint(name, i), deviceID(device))
			}
			return it
		}
		head, local := change("head", 1), change("local", 2)
		same := func(what string, got, want Item) {
			got.UpdatedAt, want.UpdatedAt = 0, 0
			if a, b := describe(got), describe(want); a != b {
				t.Fatalf("%s\ngot  %s\nwant %s\nbase %s", what, a, b, describe(base))
			}
		}
		merged := Merge(&base, &head, &local, deviceID(2))
		same("nothing changed here", Merge(&base, &head, &base, deviceID(2)), head)
		same("nothing changed there", Merge(&base, &base, &local, deviceID(2)), local)
		same("the same on both sides", Merge(&base, &head, &head, deviceID(2)), head)
		same("merged twice", Merge(&base, &merged, &local, deviceID(2)), merged)
		for _, side := range []*Item{&head, &local} {
			missing(t, &base, side, &merged)
		}
		if describe(head) != describe(head.Clone()) {
			t.Fatal("an input was changed")
		}
	})
}

// missing fails if a value that one side changed from base is neither in the merged fields nor in the history.
func missing(t *rapid.T, base, side, merged *Item) {
	before, now := base.fields(), merged.fields()
	for f, typed := range side.fields() {
		if bytes.Equal(typed, before[f]) || bytes.Equal(typed, now[f]) {
			continue
		}
		if !slices.ContainsFunc(merged.History, func(p Past) bool { return p.Field == f && bytes.Equal(p.Value.Reveal(), typed) }) {
			t.Fatalf("%s = %q is lost in %s", f, typed, describe(*merged))
		}
	}
	for _, p := range side.History {
		if !slices.ContainsFunc(merged.History, func(q Past) bool { return pastKey(p) == pastKey(q) }) {
			t.Fatalf("history entry of %s is lost", p.Field)
		}
	}
	for _, tag := range side.Tags {
		if !slices.Contains(base.Tags, tag) && !slices.Contains(merged.Tags, tag) {
			t.Fatalf("tag %q is lost", tag)
		}
	}
}

// replica is a device in a model of syncing: its base and its local version.
type replica struct {
	base, local Item
	device      id.ID
}

// sync does what pull and push do: merge with the server's head, then make the result the head.
func (r *replica) sync(server *Item) {
	merged := Merge(&r.base, server, &r.local, r.device)
	*server, r.base, r.local = merged, merged.Clone(), merged.Clone()
}

func TestReplicasConverge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		server := genItem().Draw(t, "start")
		replicas := make([]*replica, rapid.IntRange(2, 4).Draw(t, "devices"))
		for i := range replicas {
			replicas[i] = &replica{server.Clone(), server.Clone(), deviceID(i)}
		}
		var all []string
		for step := range rapid.IntRange(1, 30).Draw(t, "steps") {
			r := rapid.SampledFrom(replicas).Draw(t, "device")
			if rapid.Bool().Draw(t, "sync") {
				r.sync(&server)
				continue
			}
			typed := fmt.Sprint("typed", step)
			randomEdit(t, &r.local, typed, r.device)
			if holds(&r.local, typed) {
				all = append(all, typed)
			}
		}
		for range 2 {
			for _, r := range replicas {
				r.sync(&server)
			}
		}
		for _, r := range replicas {
			if describe(r.local) != describe(server) {
				t.Fatalf("device %s has %s, the server %s", r.device, describe(r.local), describe(server))
			}
		}
		for _, typed := range all {
			if !holds(&server, typed) {
				t.Fatalf("%q is lost in %s", typed, describe(server))
			}
		}
	})
}

// holds tells whether what was typed is anywhere in the item or its history.
func holds(it *Item, typed string) bool {
	if slices.Contains(it.Websites, typed) || slices.Contains(it.Tags, typed) {
		return true
	}
	for _, value := range it.fields() {
		if string(value) == typed {
			return true
		}
	}
	return slices.ContainsFunc(it.History, func(p Past) bool { return slices.Contains(lines(p.Value.Reveal()), typed) })
}
