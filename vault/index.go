package vault

import (
	"cmp"
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
	rows    []row            // one for each item; those of deleted items are empty
	free    []int32          // numbers of empty rows
	slots   map[id.ID]int32  // an item's row number
	orders  [sorts][]int32   // row numbers of all items, sorted
}

type row struct {
	entry   *entry // nil: empty
	doc     search.Doc
	trashed bool
}

func rowOf(e *entry) row { return row{entry: e, doc: e.doc, trashed: e.TrashedAt != 0} }

// newIndex sorts once, which is far quicker than adding one by one.
func newIndex(entries []*entry) *index {
	x := &index{objects: make(map[id.ID]*entry, len(entries)), slots: make(map[id.ID]int32, len(entries))}
	for _, e := range entries {
		x.objects[e.ID] = e
		if e.listed() {
			x.slots[e.ID] = int32(len(x.rows))
			x.rows = append(x.rows, rowOf(e))
		}
	}
	x.sort()
	return x
}

func (x *index) sort() {
	for s := range x.orders {
		order := make([]int32, 0, len(x.slots))
		for slot := range x.rows {
			if x.rows[slot].entry != nil {
				order = append(order, int32(slot))
			}
		}
		slices.SortFunc(order, x.compare(Sort(s)))
		x.orders[s] = order
	}
}

// bulk is the number of changes from which sorting anew is quicker than moving each into place.
const bulk = 200

// apply puts changed entries into the index; nil stands for a deleted object.
func (x *index) apply(changes map[id.ID]*entry) {
	few := len(changes) < bulk
	for object, after := range changes {
		if slot, found := x.slots[object]; found {
			x.drop(object, slot, few)
		}
		if after == nil {
			delete(x.objects, object)
			continue
		}
		x.objects[object] = after
		if after.listed() {
			x.add(after, few)
		}
	}
	if !few {
		x.sort()
	}
}

// drop empties a row, and takes it out of the orders if they are kept.
func (x *index) drop(object id.ID, slot int32, keepOrders bool) {
	for s := range x.orders {
		if keepOrders {
			if at, found := slices.BinarySearchFunc(x.orders[s], slot, x.compare(Sort(s))); found {
				x.orders[s] = slices.Delete(x.orders[s], at, at+1)
			}
		}
	}
	x.rows[slot] = row{}
	x.free = append(x.free, slot)
	delete(x.slots, object)
}

func (x *index) add(e *entry, keepOrders bool) {
	slot := int32(len(x.rows))
	if n := len(x.free); n > 0 {
		slot, x.free = x.free[n-1], x.free[:n-1]
		x.rows[slot] = rowOf(e)
	} else {
		x.rows = append(x.rows, rowOf(e))
	}
	x.slots[e.ID] = slot
	for s := range x.orders {
		if keepOrders {
			at, _ := slices.BinarySearchFunc(x.orders[s], slot, x.compare(Sort(s)))
			x.orders[s] = slices.Insert(x.orders[s], at, slot)
		}
	}
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

// compare orders two rows that are not empty. It is a total order: equal only for the same object.
func (x *index) compare(s Sort) func(a, b int32) int {
	return func(a, b int32) int {
		ra, rb := &x.rows[a], &x.rows[b]
		var order int
		switch s {
		case SortUpdated:
			order = cmp.Compare(rb.entry.UpdatedAt, ra.entry.UpdatedAt)
		case SortCreated:
			order = cmp.Compare(rb.entry.CreatedAt, ra.entry.CreatedAt)
		}
		if order == 0 {
			order = strings.Compare(ra.doc.Title(), rb.doc.Title())
		}
		if order == 0 {
			order = slices.Compare(ra.entry.ID[:], rb.entry.ID[:])
		}
		return order
	}
}
