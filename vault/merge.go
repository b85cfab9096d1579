package vault

import (
	"bytes"
	"maps"
	"slices"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// Merge joins two edits of one item (docs/protocol.md §7): head is what the server has, local what this device made of base.
// The result shares nothing with them.
//
// Field by field, the side that changed wins, and a change beats a removal. Where both changed to different values, the side that
// has replaced the other's value wins; if neither or both have, head's stays and local's is added to the history as a conflict. Tags,
// websites, history and the list of custom fields merge by element. Folder, favorite, archive and the type of a custom field are
// choices and not typed: head's wins, but of two types one that hides. An edit takes an item out of the trash.
//
// A nil base is an empty item: then every difference that the histories do not explain is a conflict, and nothing is lost.
func Merge(base, head, local *Item, device id.ID) Item {
	m := merge{base: base, head: head, local: local, device: device, out: head.Clone()}
	if m.blind = base == nil; m.blind {
		base = new(Item)
		m.base = base
	}
	m.mergeFields()
	m.mergeCustom()
	m.out.Websites = mergeList(base.Websites, head.Websites, local.Websites, itself)
	m.out.Tags = mergeList(base.Tags, head.Tags, local.Tags, itself)
	m.out.Attachments = mergeList(base.Attachments, head.Attachments, local.Attachments, itself)
	m.out.Folder = changed(base.Folder, head.Folder, local.Folder)
	m.out.Favorite = changed(base.Favorite, head.Favorite, local.Favorite)
	m.out.ArchivedAt = changed(base.ArchivedAt, head.ArchivedAt, local.ArchivedAt)
	m.out.TrashedAt = m.trashedAt()
	m.out.PasswordSetAt = m.passwordSetAt()
	m.out.Ignored = m.ignored()
	m.out.UpdatedAt = max(head.UpdatedAt, local.UpdatedAt)
	if m.out.Origin == (Origin{}) {
		m.out.Origin = local.Origin
	}
	m.mergeHistory()
	m.out.seen.Wipe()
	return m.out.Clone()
}

type merge struct {
	base, head, local *Item
	blind             bool // there is no base
	device            id.ID
	out               Item
	lost              []Past
}

func (m *merge) mergeFields() {
	base, head, local := m.base.fields(), m.head.fields(), m.local.fields()
	merged := maps.Clone(head)
	m.restoreEditedCustom(base, head, local)
	all := maps.Clone(base)
	maps.Copy(all, head)
	maps.Copy(all, local)
	for _, f := range slices.Sorted(maps.Keys(all)) {
		value, lost := m.choose(f, base[f], head[f], local[f])
		if !bytes.Equal(value, merged[f]) {
			m.out.setField(f, value)
		}
		if lost != nil {
			m.lose(f, lost)
		}
	}
}

// choose decides one field. lost is local's value where both sides changed it and neither side knew of the other's.
func (m *merge) choose(f Field, base, head, local []byte) (value, lost []byte) {
	switch {
	case bytes.Equal(local, base) || bytes.Equal(local, head):
		return head, nil
	case bytes.Equal(head, base), len(head) == 0:
		return local, nil
	case len(local) == 0:
		return head, nil
	}
	if _, part, ok := f.Custom(); ok && part == CustomTypePart {
		return hiding(head, local), nil
	}
	switch headKnew, localKnew := m.replaced(m.head, f, local), m.replaced(m.local, f, head); {
	case headKnew && !localKnew:
		return head, nil
	case localKnew && !headKnew:
		return local, nil
	}
	return head, local
}

// hiding chooses between two types of a custom field: what somebody wanted hidden is not shown.
func hiding(head, local []byte) []byte {
	if !FieldType(head).Secret() && FieldType(local).Secret() {
		return local
	}
	return head
}

// replaced tells whether a side has had a value in a field since base, and has replaced it: then that was done knowingly, and the
// value is in its history.
func (m *merge) replaced(side *Item, f Field, value []byte) bool {
	return slices.ContainsFunc(side.History, func(p Past) bool {
		if p.Field != f || p.Conflict || !bytes.Equal(p.Value.Reveal(), value) {
			return false
		}
		return !slices.ContainsFunc(m.base.History, func(q Past) bool { return pastKey(p) == pastKey(q) })
	})
}

// lose keeps local's value of a field where head's stays. The user is not asked about a field that this version does not know, nor
// about the label of a field that both sides have made of one conflict (Vault.KeepBoth), in two languages.
func (m *merge) lose(f Field, value []byte) {
	_, isKey := f.Key()
	custom, part, isCustom := f.Custom()
	madeByBoth := part == labelPart && !m.blind && m.base.custom(custom) == nil
	m.lost = append(m.lost, Past{
		Field: f, Value: secret.New(bytes.Clone(value)), Time: m.local.UpdatedAt, Device: m.device,
		Conflict: (isKey || isCustom || f == FieldTitle) && !madeByBoth,
	})
}

// restoreEditedCustom handles custom fields that one side removed and the other changed: to remove then counts as not having
// touched the field.
func (m *merge) restoreEditedCustom(base, head, local fields) {
	for i := range m.base.Custom {
		before := &m.base.Custom[i]
		inHead, inLocal := m.head.custom(before.ID), m.local.custom(before.ID)
		switch {
		case inHead == nil && inLocal != nil && !sameCustom(before, inLocal):
			base.copyCustom(before.ID, head)
		case inLocal == nil && inHead != nil && !sameCustom(before, inHead):
			base.copyCustom(before.ID, local)
		}
	}
}

func (f fields) copyCustom(custom id.ID, to fields) {
	for _, part := range []Field{CustomValue(custom), CustomLabel(custom), customType(custom)} {
		to.put(part, f[part])
	}
}

func sameCustom(a, b *CustomField) bool {
	return a.Label == b.Label && a.Type == b.Type && a.Value.Equal(b.Value)
}

// mergeCustom decides which custom fields there are, and in which order; mergeFields has set what is in them.
func (m *merge) mergeCustom() {
	order := mergeList(customIDs(m.base), customIDs(m.head), customIDs(m.local), itself)
	for _, c := range m.out.Custom {
		if !slices.Contains(order, c.ID) && m.editedCustom(c.ID) {
			order = append(order, c.ID)
		}
	}
	merged := make([]CustomField, 0, len(order))
	for _, custom := range order {
		field := m.out.custom(custom)
		if field == nil {
			field = &CustomField{ID: custom, Type: Text}
		}
		if m.head.custom(custom) == nil {
			if added := m.local.custom(custom); added != nil {
				field.unknown = added.unknown
			}
		}
		merged = append(merged, *field)
	}
	m.out.Custom = merged
}

// editedCustom tells whether either side has the field in another form than base.
func (m *merge) editedCustom(custom id.ID) bool {
	before := m.base.custom(custom)
	for _, side := range []*Item{m.head, m.local} {
		if after := side.custom(custom); after != nil && (before == nil || !sameCustom(before, after)) {
			return true
		}
	}
	return false
}

func customIDs(it *Item) []id.ID {
	ids := make([]id.ID, len(it.Custom))
	for i, c := range it.Custom {
		ids[i] = c.ID
	}
	return ids
}

// passwordSetAt is the date of the password that mergeFields kept. Of two dates for one password the later counts.
func (m *merge) passwordSetAt() int64 {
	kept := m.out.Value(Password)
	isHead, isLocal := m.head.Value(Password).Equal(kept), m.local.Value(Password).Equal(kept)
	switch {
	case isHead && isLocal:
		return max(m.head.PasswordSetAt, m.local.PasswordSetAt)
	case isLocal:
		return m.local.PasswordSetAt
	}
	return m.head.PasswordSetAt
}

// trashedAt lets an edit beat the trash. Restoring counts as a change like any other.
func (m *merge) trashedAt() int64 {
	at := changed(m.base.TrashedAt, m.head.TrashedAt, m.local.TrashedAt)
	trashedByHead := m.head.TrashedAt != 0 && m.base.TrashedAt == 0
	trashedByLocal := m.local.TrashedAt != 0 && m.base.TrashedAt == 0
	switch {
	case trashedByHead && !trashedByLocal && edited(m.base, m.local),
		trashedByLocal && !trashedByHead && edited(m.base, m.head):
		return 0
	}
	return at
}

// edited tells whether the content of an item differs: what was typed, not where the item is. What was typed may be in the history
// alone, as the other side of a conflict.
func edited(before, after *Item) bool {
	known := byKey(before.History)
	more := slices.ContainsFunc(after.History, func(p Past) bool {
		_, ok := known[pastKey(p)]
		return !ok
	})
	return more || !maps.EqualFunc(before.fields(), after.fields(), bytes.Equal) ||
		!slices.Equal(before.Websites, after.Websites) || !slices.Equal(before.Tags, after.Tags) ||
		!slices.Equal(before.Attachments, after.Attachments)
}

func (m *merge) mergeHistory() {
	base, head, local := byKey(m.base.History), byKey(m.head.History), byKey(m.local.History)
	merged := mergeList(m.base.History, m.head.History, m.local.History, pastKey)
	for i, p := range merged {
		h, inHead := head[pastKey(p)]
		l, inLocal := local[pastKey(p)]
		if inHead && inLocal {
			merged[i].Conflict = changed(base[pastKey(p)].Conflict, h.Conflict, l.Conflict)
		}
	}
	for _, p := range m.lost {
		// Merging the same edit again must not list it twice.
		_, inHead := head[pastKey(p)]
		if _, inLocal := local[pastKey(p)]; !inHead && !inLocal {
			merged = append(merged, p)
		}
	}
	m.out.History = merged
}

func byKey(history []Past) map[[32]byte]Past {
	m := make(map[[32]byte]Past, len(history))
	for _, p := range history {
		m[pastKey(p)] = p
	}
	return m
}

// pastKey identifies a history entry; whether it is an open conflict is its state and not part of it.
func pastKey(p Past) [32]byte {
	return canonical.Hash("coffer/v1/past", string(p.Field), p.Value.Reveal(), uint64(p.Time), p.Device)
}

// changed returns the value of the side that differs from base, head's if both do.
func changed[T comparable](base, head, local T) T {
	if head == base {
		return local
	}
	return head
}

// mergeList merges by element: what either side removed is gone, what either side added is there, head's order first.
// Where one side did not touch the list, the other's is taken as it is.
func mergeList[T any, K comparable](base, head, local []T, key func(T) K) []T {
	keys := func(list []T) map[K]bool {
		set := make(map[K]bool, len(list))
		for _, element := range list {
			set[key(element)] = true
		}
		return set
	}
	equal := func(a, b T) bool { return key(a) == key(b) }
	if slices.EqualFunc(head, base, equal) {
		return slices.Clone(local)
	}
	if slices.EqualFunc(local, base, equal) {
		return slices.Clone(head)
	}
	inBase, inHead, inLocal := keys(base), keys(head), keys(local)
	var merged []T
	for _, element := range head {
		if k := key(element); !inBase[k] || inLocal[k] {
			merged = append(merged, element)
		}
	}
	for _, element := range local {
		if k := key(element); !inBase[k] && !inHead[k] {
			merged = append(merged, element)
		}
	}
	return merged
}

func itself[T any](element T) T { return element }
