package vault

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// spot is a place of an item that a person can type into.
type spot struct {
	name string
	set  func(it *Item, value string)
	get  func(it *Item) string
	// asks tells whether two values at once are a question; a list takes both.
	asks bool
}

// everySpot returns all that can be typed into items of a kind: its fields, the names and notes of every kind, and a custom field of
// every type.
func everySpot(spec KindSpec) []spot {
	spots := []spot{
		{"title", func(it *Item, v string) { it.Title = v }, func(it *Item) string { return it.Title }, true},
		{"tags", func(it *Item, v string) { it.Tags = lines([]byte(v)) }, func(it *Item) string { return strings.Join(it.Tags, "\n") }, false},
	}
	if spec.Websites {
		spots = append(spots, spot{"websites", func(it *Item, v string) { it.Websites = lines([]byte(v)) },
			func(it *Item) string { return strings.Join(it.Websites, "\n") }, false})
	}
	keys := []Key{Notes}
	for _, f := range spec.Fields {
		keys = append(keys, f.Key)
	}
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		spots = append(spots, spot{"value " + string(key), func(it *Item, v string) { it.Set(key, secret.FromString(v)) },
			func(it *Item) string { return string(it.Value(key).Reveal()) }, true})
	}
	for i, kind := range []FieldType{Text, Multiline, Concealed, Private, TOTP, Email, Phone, URL, Date, Month} {
		custom := customID(10 + i)
		spots = append(spots,
			spot{"custom " + string(kind), func(it *Item, v string) { field(it, custom, kind).Value = secret.FromString(v) },
				func(it *Item) string { return string(field(it, custom, kind).Value.Reveal()) }, true},
			spot{"label of " + string(kind), func(it *Item, v string) { field(it, custom, kind).Label = v },
				func(it *Item) string { return field(it, custom, kind).Label }, true})
	}
	return spots
}

// field is a custom field of the item, made where it is not there.
func field(it *Item, custom id.ID, kind FieldType) *CustomField {
	if it.custom(custom) == nil {
		it.Custom = append(it.Custom, CustomField{ID: custom, Type: kind})
	}
	return it.custom(custom)
}

// conflictsOf lists the open questions as "field=value".
func conflictsOf(it *Item) string {
	var open []string
	for _, p := range it.Conflicts() {
		open = append(open, fmt.Sprintf("%s=%s", p.Field, p.Value.Reveal()))
	}
	return strings.Join(open, " ")
}

// Two devices with a server between them: whatever can be typed into an item of any kind, what one device does to it while the other
// does something else is there afterwards, and both have the same bytes.
func TestEveryFieldOfEveryKindMerges(t *testing.T) {
	specs := append(Kinds(), KindSpec{Kind: folderKind})
	for _, spec := range specs {
		for _, s := range everySpot(spec) {
			for _, c := range []struct {
				name, base string
				one, two   []string // what is typed, saved each time
				want       string   // the value of one, of two, or "ask"
			}{
				{"one edits", "old", []string{"first"}, nil, "first"},
				{"the other edits", "old", nil, []string{"second"}, "second"},
				{"both to the same", "old", []string{"same"}, []string{"same"}, "same"},
				{"both differently", "old", []string{"first"}, []string{"second"}, "ask"},
				{"both fill in", "", []string{"first"}, []string{"second"}, "ask"},
				{"edited and emptied", "old", []string{"first"}, []string{""}, "first"},
				{"emptied and edited", "old", []string{""}, []string{"second"}, "second"},
				{"one went on from the other's value", "old", []string{"same", "newer"}, []string{"same"}, "newer"},
				{"the other went on", "old", []string{"same"}, []string{"same", "newer"}, "newer"},
				{"each replaced the other's", "old", []string{"second", "first"}, []string{"first", "second"}, "ask"},
				{"back to where it was", "old", []string{"first", "old"}, []string{"second"}, "second"},
			} {
				t.Run(fmt.Sprintf("%s/%s/%s", spec.Kind, s.name, c.name), func(t *testing.T) {
					start := Item{ID: id.ID{1}, Kind: spec.Kind, CreatedAt: 1}
					s.set(&start, c.base)
					one, two := &replica{start.Clone(), start.Clone(), deviceID(1)}, &replica{start.Clone(), start.Clone(), deviceID(2)}
					// The second device's clock is years behind: that decides nothing.
					one.typeAll(s, 5000, c.one)
					two.typeAll(s, 7, c.two)
					server := start.Clone()
					for range 2 {
						one.sync(&server)
						two.sync(&server)
					}
					if string(encoded(t, one.local)) != string(encoded(t, two.local)) {
						t.Fatalf("one has %s\ntwo has %s", describe(one.local), describe(two.local))
					}
					judgeMerge(t, s, c.want, slices.Concat(c.one, c.two), &server)
				})
			}
		}
	}
}

func (r *replica) typeAll(s spot, at int64, values []string) {
	for i, value := range values {
		before := r.local.Clone()
		s.set(&r.local, value)
		r.local.UpdatedAt = at + int64(i)
		r.local.recordReplaced(&before, r.local.UpdatedAt, r.device)
	}
}

func judgeMerge(t *testing.T, s spot, want string, typed []string, server *Item) {
	t.Helper()
	for _, value := range typed {
		if value != "" && !holds(server, value) {
			t.Errorf("%q is lost in %s", value, describe(*server))
		}
	}
	switch open := conflictsOf(server); {
	case !s.asks && open != "", s.asks && want != "ask" && open != "":
		t.Errorf("asks about %s", open)
	case s.asks && want == "ask" && len(server.Conflicts()) != 1:
		t.Errorf("questions: %q in %s", open, describe(*server))
	case s.asks && want != "ask" && s.get(server) != want:
		t.Errorf("is %q, want %q", s.get(server), want)
	}
}

// Custom fields are added, removed, renamed and given another type on both sides.
func TestCustomFieldsOnBothSides(t *testing.T) {
	rename := func(label string) edit { return func(it *Item) { it.Custom[0].Label = label } }
	retype := func(kind FieldType) edit { return func(it *Item) { it.Custom[0].Type = kind } }
	add := func(n int, value string) edit {
		return func(it *Item) {
			it.Custom = append(it.Custom, CustomField{ID: customID(n), Label: "L", Type: Text, Value: secret.FromString(value)})
		}
	}
	for name, c := range map[string]struct {
		base        Item
		head, local edit
		want        string // "label/type/value" of each field
		asks        string
	}{
		"each adds one":             {with(), add(2, "h"), add(3, "l"), "Key/concealed/k1 L/text/h L/text/l", ""},
		"removed and renamed":       {with(), noCustom, rename("R"), "R/concealed/k1", ""},
		"renamed and removed":       {with(), rename("R"), noCustom, "R/concealed/k1", ""},
		"removed by both":           {with(), noCustom, noCustom, "", ""},
		"renamed and edited":        {with(), rename("R"), custom("k2"), "R/concealed/k2", ""},
		"renamed by both":           {with(), rename("H"), rename("L"), "H/concealed/k1", string(CustomLabel(customID(1))) + "=L"},
		"shown by one":              {with(), retype(Text), title("T"), "Key/text/k1", ""},
		"hidden by one, otherwise":  {with(retype(Text)), retype(URL), retype(Concealed), "Key/concealed/k1", ""},
		"hidden by head, otherwise": {with(retype(Text)), retype(TOTP), retype(URL), "Key/totp/k1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			base, head, local := c.base.Clone(), c.base.Clone(), c.base.Clone()
			c.head(&head)
			c.local(&local)
			merged := Merge(&base, &head, &local, deviceID(2))
			var got []string
			for _, f := range merged.Custom {
				got = append(got, fmt.Sprintf("%s/%s/%s", f.Label, f.Type, f.Value.Reveal()))
			}
			if strings.Join(got, " ") != c.want || conflictsOf(&merged) != c.asks {
				t.Errorf("fields %q, asks %q", got, conflictsOf(&merged))
			}
		})
	}
}
