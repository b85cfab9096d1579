package vault

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/search"
)

// What joins two values that both stay in one field: names in a line, texts one below the other.
const (
	nameSeparator = " / "
	textSeparator = "\n\n"
)

// Undecided returns what waits for the user's choice between two values: items, also archived ones, in the order of sort, then
// folders, of Kind "folder". What is in the trash waits until it is restored. The summaries are shared: do not change them.
func (v *Vault) Undecided(text string, sort Sort) []*Summary {
	found := v.Query(Filter{Conflicts: true, Text: text, Sort: sort})
	found = append(found, v.Query(Filter{Conflicts: true, Text: text, Sort: sort, Archive: true})...)
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.index == nil {
		return found
	}
	var folders []*Summary
	for _, e := range v.index.aside {
		if e.Kind == folderKind && e.Conflict && strings.Contains(search.Fold(e.Title), search.Fold(text)) {
			folders = append(folders, &e.Summary)
		}
	}
	slices.SortFunc(folders, func(a, b *Summary) int { return compareText(a.Title, b.Title) })
	return append(found, folders...)
}

// undecidedElsewhere counts what Undecided returns beside the items of the usual list.
func (x *index) undecidedElsewhere() int {
	n := 0
	for i := range x.rows {
		if r := &x.rows[i]; r.entry != nil && r.conflict && r.shelf == shelfArchive {
			n++
		}
	}
	for _, e := range x.aside {
		if e.Kind == folderKind && e.Conflict {
			n++
		}
	}
	return n
}

// IsFolder tells whether a summary of Undecided is a folder.
func (s *Summary) IsFolder() bool { return s.Kind == folderKind }

// TypedAt tells when the present value of a field was typed, by that device's clock, and on which device; false if the history does
// not say. What the other side of an open conflict did to the field does not count: its value is not the present one.
func (it *Item) TypedAt(f Field) (at int64, device id.ID, known bool) {
	others := map[id.ID]bool{}
	for _, p := range slices.Backward(it.History) {
		switch {
		case p.Field != f:
		case p.Conflict:
			others[p.Device] = true
		case !others[p.Device]:
			return p.Time, p.Device, true
		}
	}
	return 0, id.ID{}, false
}

// KeepBoth settles one of an item's Conflicts so that both values count. Names (of an item, a folder, a custom field) and texts of
// several lines are joined, the present one first; of every other field the other value becomes a custom field of its own, of the same
// type, with a label that the caller has in the user's language. Two devices that do so at once make one field of it.
// Errors as for ResolveConflict.
func (v *Vault) KeepBoth(ctx context.Context, item id.ID, conflict Past, label string) error {
	return wrap("keep both values", v.modify(ctx, []id.ID{item}, func(it *Item) error {
		i := it.find(conflict, true)
		if i < 0 {
			return ErrNotFound
		}
		it.History[i].Conflict = false
		it.addBeside(it.History[i], label)
		it.UpdatedAt = v.nowMillis()
		return nil
	}))
}

// ReopenConflict asks again about a conflict that was settled: before, which stays the caller's, is the value that the field had until
// then. What a person has typed since the choice stays. Errors as for Save, and ErrNotFound for a conflict that is open.
func (v *Vault) ReopenConflict(ctx context.Context, item id.ID, conflict Past, before secret.Bytes) error {
	return wrap("reopen conflict", v.modify(ctx, []id.ID{item}, func(it *Item) error {
		i := it.find(conflict, false)
		if i < 0 {
			return ErrNotFound
		}
		it.History[i].Conflict = true
		it.takeBack(it.History[i], before.Reveal())
		it.UpdatedAt = v.nowMillis()
		return nil
	}))
}

// find returns the place of a conflict in the history, -1 if it is not there in that state.
func (it *Item) find(conflict Past, open bool) int {
	return slices.IndexFunc(it.History, func(p Past) bool { return p.Conflict == open && pastKey(p) == pastKey(conflict) })
}

func (it *Item) addBeside(past Past, label string) {
	present, other := it.fields()[past.Field], past.Value.Reveal()
	separator := it.separator(past.Field)
	switch {
	case bytes.Equal(present, other):
	case len(present) == 0:
		it.revive(past.Field)
		it.setField(past.Field, other)
	case separator != "":
		it.setField(past.Field, join(present, separator, other))
	case it.custom(besideID(past)) == nil:
		it.Custom = append(it.Custom, CustomField{ID: besideID(past), Label: label, Type: it.typeOf(past.Field), Value: past.Value.Clone()})
	}
}

// takeBack undoes addBeside, or the choice of the other value.
func (it *Item) takeBack(past Past, before []byte) {
	present, other := it.fields()[past.Field], past.Value.Reveal()
	beside := besideID(past)
	it.Custom = slices.DeleteFunc(it.Custom, func(c CustomField) bool { return c.ID == beside && c.Value.Equal(past.Value) })
	if bytes.Equal(present, other) || bytes.Equal(present, join(before, it.separator(past.Field), other)) {
		it.setField(past.Field, before)
	}
}

func join(first []byte, separator string, second []byte) []byte {
	return slices.Concat(first, []byte(separator), second)
}

// separator is what joins two values of a field that can hold both; "" if it cannot.
func (it *Item) separator(f Field) string {
	_, part, _ := f.Custom()
	switch {
	case f == FieldTitle, part == labelPart:
		return nameSeparator
	case it.typeOf(f) == Multiline:
		return textSeparator
	}
	return ""
}

// typeOf is the type of a field's values.
func (it *Item) typeOf(f Field) FieldType {
	if key, ok := f.Key(); ok {
		return typeOf(it.Kind, key)
	}
	if custom, _, ok := f.Custom(); ok {
		if field := it.custom(custom); field != nil {
			return field.Type
		}
		return Concealed
	}
	return Text
}

// besideID is the same on every device, so that the field is made once.
func besideID(p Past) id.ID {
	hash := canonical.Hash("coffer/v1/keep-both", pastKey(p))
	return id.ID(hash[:id.Size])
}

// revive gives a custom field that was removed the label and type that it had, before it gets a value again.
func (it *Item) revive(f Field) {
	custom, _, ok := f.Custom()
	if !ok || it.custom(custom) != nil {
		return
	}
	for _, part := range []Field{CustomLabel(custom), customType(custom)} {
		for _, p := range slices.Backward(it.History) {
			if p.Field == part && !p.Conflict && !p.Value.IsZero() {
				it.setField(part, p.Value.Reveal())
				break
			}
		}
	}
}
