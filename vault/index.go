package vault

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault/search"
)

// entry is an object in the index: an item that lists show, or a folder or mark.
type entry struct {
	Summary
	doc  search.Doc
	slot int32 // its row in the index, if it is listed
}

// listed tells whether it is an item, or may be one: what does not open is shown.
func (e *entry) listed() bool { return !e.Kind.aside() }

// index is what the unlocked vault holds in memory. It is guarded by Vault.mu.
//
// A query reads rows from first to last and then gathers its result through one of the orders. That, and not following a pointer
// for every item, is what keeps 100,000 items within a few milliseconds.
type index struct {
	objects map[id.ID]*entry // items, folders and marks
	aside   map[id.ID]*entry // the folders and marks among them, which are few
	rows    []row            // one for each item; those of deleted items are empty
	shown   []*Summary       // by row number
	free    []int32          // numbers of empty rows
	orders  [sorts][]int32   // row numbers of all items, sorted; nil for one that nobody asked for
	counts  *Counts          // nil: to be counted anew
	used    map[id.ID]bool   // the vault's
	sorting sync.Mutex       // guards orders while the vault is only read
}

// row is what a query looks at.
type row struct {
	entry              *entry // nil: empty
	doc                search.Doc
	kind               Kind
	shelf              shelf
	favorite, conflict bool
}

// shelf is where an item is: each list shows one.
type shelf uint8

const (
	shelfActive shelf = iota
	shelfArchive
	shelfTrash
)

// shelf of an item. One in the trash is nowhere else.
func (s *Summary) shelf() shelf {
	switch {
	case s.TrashedAt != 0:
		return shelfTrash
	case s.ArchivedAt != 0:
		return shelfArchive
	}
	return shelfActive
}

// newIndex sorts once, which is far quicker than adding one by one. Rows are laid out as the entries come; the texts likewise.
func newIndex(entries []*entry) *index {
	x := &index{objects: make(map[id.ID]*entry, len(entries)), aside: make(map[id.ID]*entry)}
	items := make([]*entry, 0, len(entries))
	docs := make([]*search.Doc, 0, len(entries))
	for _, e := range entries {
		if e.listed() {
			items, docs = append(items, e), append(docs, &e.doc)
		}
	}
	search.Pack(docs)
	var sorting sync.WaitGroup
	sorting.Go(func() { x.orders[SortTitle] = byTitle(items) })
	x.rows, x.shown = make([]row, 0, len(items)), make([]*Summary, 0, len(items))
	for _, e := range items {
		x.place(e)
	}
	for _, e := range entries {
		x.note(e)
	}
	sorting.Wait()
	return x
}

// keyed is an item with the part of its title that is compared next.
type keyed struct {
	part uint64
	slot int32
}

// byTitle returns the numbers of items in the order of SortTitle.compare. It compares eight bytes of every title at a time: to compare
// the titles themselves is to fetch two of them from anywhere in memory, 17 times for each of 100,000.
func byTitle(items []*entry) []int32 {
	all := make([]keyed, len(items))
	for i := range all {
		all[i].slot = int32(i)
	}
	sortFrom(items, all, 0)
	order := make([]int32, len(all))
	for i, k := range all {
		order[i] = k.slot
	}
	return order
}

// sortFrom sorts some of the items, whose titles are the same before a place.
func sortFrom(items []*entry, some []keyed, place int) {
	for i := range some {
		some[i].part = titlePart(items[some[i].slot].doc.Title(), place)
	}
	slices.SortFunc(some, func(a, b keyed) int { return cmp.Compare(a.part, b.part) })
	for len(some) > 0 {
		same := 1
		for same < len(some) && some[same].part == some[0].part {
			same++
		}
		switch run := some[:same]; {
		case same == 1:
		case byte(run[0].part) == 0: // here these titles end
			slices.SortFunc(run, func(a, b keyed) int { return SortTitle.compare(items[a.slot], items[b.slot]) })
		default:
			sortFrom(items, run, place+8)
		}
		some = some[same:]
	}
}

// titlePart returns eight bytes of a title as a number of the same order, with zeros behind its end.
func titlePart(title string, place int) uint64 {
	var part [8]byte
	copy(part[:], title[min(place, len(title)):])
	return binary.BigEndian.Uint64(part[:])
}

// order returns the rows sorted, which it does when somebody asks for it first: most people never do but for the titles.
func (x *index) order(s Sort) []int32 {
	x.sorting.Lock()
	defer x.sorting.Unlock()
	if x.orders[s] == nil {
		time := func(s *Summary) int64 { return s.UpdatedAt }
		if s == SortCreated {
			time = func(s *Summary) int64 { return s.CreatedAt }
		}
		x.orders[s] = x.inOrderOf(time)
	}
	return x.orders[s]
}

// inOrderOf sorts the rows by a time, the latest first. Rows of the same time stay by title.
func (x *index) inOrderOf(time func(*Summary) int64) []int32 {
	type timed struct {
		time  int64
		title int // place in the order of titles
		slot  int32
	}
	all := make([]timed, 0, len(x.shown))
	for title, slot := range x.orders[SortTitle] {
		all = append(all, timed{time(x.shown[slot]), title, slot})
	}
	slices.SortFunc(all, func(a, b timed) int { return cmp.Or(cmp.Compare(b.time, a.time), cmp.Compare(a.title, b.title)) })
	slots := make([]int32, len(all))
	for i, t := range all {
		slots[i] = t.slot
	}
	return slots
}

// note enters an object, without a row.
func (x *index) note(e *entry) {
	x.objects[e.ID] = e
	if !e.listed() {
		x.aside[e.ID] = e
	}
}

// bulk is the number of changes from which a new index is quicker than moving each into place.
const bulk = 200

// apply puts changed entries into the index; nil stands for a deleted object.
func (x *index) apply(changes map[id.ID]*entry) {
	x.counts = nil
	moved := make(map[id.ID]*entry)
	for object, after := range changes {
		if after == nil || !x.replace(after) {
			moved[object] = after
		}
	}
	if len(moved) >= bulk {
		x.applyBulk(moved)
		return
	}
	for object, after := range moved {
		x.remove(object)
		if after != nil {
			x.add(after)
		}
	}
}

// replace puts an entry into the row that its item has, where it is in the same place of every order: all that changes when items are
// moved, tagged or thrown away, and then many at once.
func (x *index) replace(after *entry) bool {
	before := x.objects[after.ID]
	if before == nil || !before.listed() || !after.listed() || before.doc.Title() != after.doc.Title() ||
		before.UpdatedAt != after.UpdatedAt || before.CreatedAt != after.CreatedAt {
		return false
	}
	x.objects[after.ID] = after
	x.put(before.slot, after)
	return true
}

func (x *index) applyBulk(changes map[id.ID]*entry) {
	maps.Copy(x.objects, changes)
	entries := make([]*entry, 0, len(x.objects))
	for _, e := range x.objects {
		if e != nil {
			entries = append(entries, e)
		}
	}
	fresh := newIndex(entries)
	x.objects, x.aside, x.rows, x.shown, x.free, x.orders = fresh.objects, fresh.aside, fresh.rows, fresh.shown, nil, fresh.orders
}

func (x *index) remove(object id.ID) {
	e := x.objects[object]
	delete(x.objects, object)
	delete(x.aside, object)
	if e == nil || !e.listed() {
		return
	}
	for s := range x.orders {
		if x.orders[s] == nil {
			continue
		}
		if at, found := slices.BinarySearchFunc(x.orders[s], e.slot, x.compare(Sort(s))); found {
			x.orders[s] = slices.Delete(x.orders[s], at, at+1)
		}
	}
	x.rows[e.slot], x.shown[e.slot] = row{}, nil
	x.free = append(x.free, e.slot)
}

func (x *index) add(e *entry) {
	x.note(e)
	if !e.listed() {
		return
	}
	slot := x.place(e)
	for s := range x.orders {
		if x.orders[s] == nil {
			continue
		}
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
	x.put(slot, e)
	return slot
}

// put gives a row an item.
func (x *index) put(slot int32, e *entry) {
	x.rows[slot] = row{
		entry: e, doc: e.doc, kind: e.Kind, shelf: e.shelf(), favorite: e.Favorite, conflict: e.Conflict,
	}
	x.shown[slot] = &e.Summary
	e.slot = slot
}

// Sort is the order of a list.
type Sort int

// The orders. With a search text, better matches come first in any of them.
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
