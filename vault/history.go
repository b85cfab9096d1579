package vault

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// maxReplaced is how many bytes of replaced values that are no secrets an item keeps. An envelope holds four times as much.
const maxReplaced = 256 << 10

// perPast is what a history entry takes beside its value.
const perPast = 64

// recordReplaced adds to the history what the edit from before to it replaced, filled or removed: of a field that was empty, an entry
// without a value. The entries of one edit have one time and device, and are together.
func (it *Item) recordReplaced(before *Item, now int64, device id.ID) {
	old, current := before.replaceable(), it.replaceable()
	all := maps.Clone(old)
	maps.Copy(all, current)
	now = it.momentOfItsOwn(now, device)
	for _, f := range slices.Sorted(maps.Keys(all)) {
		if !bytes.Equal(old[f], current[f]) {
			it.History = append(it.History, Past{Field: f, Value: secret.New(bytes.Clone(old[f])), Time: now, Device: device})
		}
	}
	it.trimHistory()
}

// momentOfItsOwn is now, or as many milliseconds later as it takes to tell this edit from the device's other ones.
func (it *Item) momentOfItsOwn(now int64, device id.ID) int64 {
	for slices.ContainsFunc(it.History, func(p Past) bool { return p.Time == now && p.Device == device }) {
		now++
	}
	return now
}

// replaceable is what an edit can change, with the lists. What this version does not know no edit of it changes.
func (it *Item) replaceable() fields {
	all := it.fields()
	maps.DeleteFunc(all, func(f Field, _ []byte) bool { return strings.HasPrefix(string(f), unknownPrefix) })
	all.put(FieldWebsites, []byte(strings.Join(it.Websites, "\n")))
	all.put(FieldTags, []byte(strings.Join(it.Tags, "\n")))
	all.put(FieldAttachments, ids(it.Attachments))
	return all
}

// trimHistory drops the oldest values that may be dropped where they are too many.
func (it *Item) trimHistory() {
	size, first := 0, 0
	for i := len(it.History) - 1; i >= 0; i-- {
		if it.droppable(it.History[i]) {
			size += it.History[i].Value.Len() + perPast
		}
		if size > maxReplaced {
			first = i + 1
			break
		}
	}
	kept := it.History[:0]
	for i, p := range it.History {
		if i >= first || !it.droppable(p) {
			kept = append(kept, p)
		}
	}
	it.History = kept
}

// droppable tells whether a replaced value is neither a secret nor one that the user still has to choose about. The type of a custom
// field may have gone with the field: its values count as secrets. What names a removed file stays, or nothing would name it any more.
func (it *Item) droppable(p Past) bool {
	if p.Field == FieldAttachments {
		return false
	}
	if key, ok := p.Field.Key(); ok && typeOf(it.Kind, key).Secret() {
		return false
	}
	_, part, custom := p.Field.Custom()
	return !p.Conflict && (!custom || part != "")
}

// Edit is a change of an item, as its history tells it.
type Edit struct {
	Time   int64   // when, by that device's clock
	Device id.ID   // which; zero if an import brought it
	Fields []Field // what it changed
	last   [32]byte
}

// Edits returns the edits that the history knows, the latest first. Their order is that of the history: clocks are not trusted.
func (it *Item) Edits() []Edit {
	var edits []Edit
	for i := len(it.History) - 1; i >= 0; i-- {
		p := it.History[i]
		if p.Conflict {
			continue
		}
		if n := len(edits); n == 0 || edits[n-1].Time != p.Time || edits[n-1].Device != p.Device {
			edits = append(edits, Edit{Time: p.Time, Device: p.Device, last: pastKey(p)})
		}
		last := &edits[len(edits)-1]
		last.Fields = append(last.Fields, p.Field)
	}
	for i := range edits {
		slices.Reverse(edits[i].Fields)
	}
	return edits
}

// Before returns the item as it was before an edit, with the history that it has now; false if the edit is not in it any more.
// The copy shares nothing with the item.
func (it *Item) Before(edit Edit) (Item, bool) {
	was, known := it.Clone(), false
	edits := it.Edits()
	for i := len(it.History) - 1; i >= 0 && len(edits) > 0; i-- {
		p := it.History[i]
		if p.Conflict {
			continue
		}
		if p.Time != edits[0].Time || p.Device != edits[0].Device {
			if edits = edits[1:]; known {
				break
			}
		}
		known = known || edits[0].last == edit.last
		was.setField(p.Field, p.Value.Reveal())
	}
	was.Custom = slices.DeleteFunc(was.Custom, func(c CustomField) bool { return c.Type == "" && c.Label == "" && c.Value.IsZero() })
	return was, known
}

// RestoreBefore makes an item what it was before an edit. That is an edit too: what it replaces goes into the history.
// Errors as for Save, and ErrNotFound for an edit that is not in the history any more.
func (v *Vault) RestoreBefore(ctx context.Context, item id.ID, edit Edit) error {
	return wrap("restore version", v.modify(ctx, []id.ID{item}, func(it *Item) error {
		was, known := it.Before(edit)
		if !known {
			return ErrNotFound
		}
		now := v.nowMillis()
		if !was.Value(Password).Equal(it.Value(Password)) {
			was.datePassword(now)
		}
		was.UpdatedAt = now
		it.Wipe()
		*it = was
		return nil
	}))
}
