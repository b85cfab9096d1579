package vault

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault/search"
)

// entry is an object in the index: an item that lists show, or a folder or mark.
type entry struct {
	Summary
	doc search.Doc
}

// listed tells whether it is an item, or may be one: what does not open is shown.
func (e *entry) listed() bool { return e.Kind != folderKind && e.Kind != markKind }

// index is what the unlocked vault holds in memory. It is guarded by Vault.mu.
//
// A query reads rows from first to last and then gathers its result through one of the orders. That, and not following a pointer
// for every item, is what keeps 100,000 items within a few milliseconds.
type index struct {
	objects map[id.ID]*entry // items, folders and marks
	slots   map[id.ID]int32  // an item's row number
	rows    []row            // one for each item; those of deleted items are empty
	shown   []*Summary       // by row number
	free    []int32          // numbers of empty rows
	orders  [sorts][]int32   // row numbers of all items, sorted
}

// row is what a query looks at.
type row struct {
	entry                       *entry // nil: empty
	doc                         search.Doc
	kind                        Kind
	trashed, favorite, conflict bool
}

// newIndex sorts once, which is far quicker than adding one by one. Rows are laid out by title.
func newIndex(entries []*entry) *index {
	x := &index{objects: make(map[id.ID]*entry, len(entries)), slots: make(map[id.ID]int32, len(entries))}
	items := make([]*entry, 0, len(entries))
	for _, e := range entries {
		x.objects[e.ID] = e
		if e.listed() {
			items = append(items, e)
		}
	}
	slices.SortFunc(items, SortTitle.compare)
	docs := make([]*search.Doc, len(items))
	for i, e := range items {
		docs[i] = &e.doc
	}
	search.Pack(docs)
	for _, e := range items {
		x.place(e)
	}
	for s := range x.orders {
		x.orders[s] = make([]int32, len(x.rows))
		for slot := range x.rows {
			x.orders[s][slot] = int32(slot)
		}
		if Sort(s) != SortTitle {
			slices.SortFunc(x.orders[s], x.compare(Sort(s)))
		}
	}
	return x
}

// bulk is the number of changes from which a new index is quicker than moving each into place.
const bulk = 200

// apply puts changed entries into the index; nil stands for a deleted object.
func (x *index) apply(changes map[id.ID]*entry) {
	if len(changes) >= bulk {
		x.applyBulk(changes)
		return
	}
	for object, after := range changes {
		x.remove(object)
		if after != nil {
			x.add(after)
		}
	}
}

func (x *index) applyBulk(changes map[id.ID]*entry) {
	maps.Copy(x.objects, changes)
	entries := make([]*entry, 0, len(x.objects))
	for _, e := range x.objects {
		if e != nil {
			entries = append(entries, e)
		}
	}
	*x = *newIndex(entries)
}

func (x *index) remove(object id.ID) {
	delete(x.objects, object)
	slot, found := x.slots[object]
	if !found {
		return
	}
	for s := range x.orders {
		if at, found := slices.BinarySearchFunc(x.orders[s], slot, x.compare(Sort(s))); found {
			x.orders[s] = slices.Delete(x.orders[s], at, at+1)
		}
	}
	x.rows[slot], x.shown[slot] = row{}, nil
	x.free = append(x.free, slot)
	delete(x.slots, object)
}

func (x *index) add(e *entry) {
	x.objects[e.ID] = e
	if !e.listed() {
		return
	}
	slot := x.place(e)
	for s := range x.orders {
		at, _ := slices.BinarySearchFunc(x.orders[s], slot, x.compare(Sort(s)))
		x.orders[s] = slices.Insert(x.orders[s], at, slot)
	}
}

// place gives an item a row, which is not in the orders yet.
func (x *index) place(e *entry) int32 {
	slot := int32(len(x.rows))
	if n := len(x.free); n > 0 {
		slot, x.free = x.free[n-1], x.free[:n-1]
	} else {
		x.rows, x.shown = append(x.rows, row{}), append(x.shown, nil)
	}
	x.rows[slot] = row{
		entry: e, doc: e.doc, kind: e.Kind, trashed: e.TrashedAt != 0, favorite: e.Favorite, conflict: e.Conflict,
	}
	x.shown[slot] = &e.Summary
	x.slots[e.ID] = slot
	return slot
}

// Sort is the order of a list.
type Sort int

// The orders. With a search text, SortTitle puts better matches first.
const (
	SortTitle Sort = iota
	SortUpdated
	SortCreated
	sorts // how many there are
)

func (s Sort) valid() Sort {
	if s < 0 || s >= sorts {
		return SortTitle
	}
	return s
}

func (x *index) compare(s Sort) func(a, b int32) int {
	return func(a, b int32) int { return s.compare(x.rows[a].entry, x.rows[b].entry) }
}

// compare is a total order: equal only for the same object.
func (s Sort) compare(a, b *entry) int {
	var order int
	switch s {
	case SortUpdated:
		order = cmp.Compare(b.UpdatedAt, a.UpdatedAt)
	case SortCreated:
		order = cmp.Compare(b.CreatedAt, a.CreatedAt)
	}
	if order == 0 {
		order = strings.Compare(a.doc.Title(), b.doc.Title())
	}
	if order == 0 {
		order = bytes.Compare(a.ID[:], b.ID[:])
	}
	return order
}
