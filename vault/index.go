package vault

import (
	"bytes"
	"cmp"
	"encoding/binary"
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

	// unproven says that it is from the sealed index, and not yet held against its object. It is check's alone.
	unproven bool
}

// listed tells whether it is an item, or may be one: what does not open is shown.
func (e *entry) listed() bool { return !e.Kind.aside() }

// index is what the unlocked vault holds in memory. It is guarded by Vault.mu.
//
// A query reads rows from first to last and then gathers its result through one of the orders. That, and not following a pointer
// for every item, is what keeps 100,000 items within a few milliseconds.
type index struct {
	objects objects          // items, folders and marks
	aside   map[id.ID]*entry // the folders and marks among them, which are few
	rows    []row            // one for each item; those of deleted items are empty
	shown   []*Summary       // by row number
	free    []int32          // numbers of empty rows
	counts  *Counts          // nil: to be counted anew
	used    map[id.ID]bool   // the vault's

	late   sync.Mutex     // guards what is made when somebody asks for it, while the vault is only read
	orders [sorts][]int32 // row numbers of all items, sorted; nil for one that nobody asked for

	words    *search.Lexicon // of the rows that are worded, by their numbers; nil: not made yet
	unworded int             // rows that were put since
}

// objects are entries by id: a map for each segment of the sealed index.
type objects [256]map[id.ID]*entry

func (o *objects) of(object id.ID) *entry { return o[object[0]][object] }

func (o *objects) put(e *entry) {
	if o[e.ID[0]] == nil {
		o[e.ID[0]] = make(map[id.ID]*entry)
	}
	o[e.ID[0]][e.ID] = e
}

func (o *objects) remove(object id.ID) { delete(o[object[0]], object) }

// makeRoom is for entries that are put next, so many for each first byte.
func (o *objects) makeRoom(counts *[256]int) {
	for n, count := range counts {
		if count > 0 {
			o[n] = make(map[id.ID]*entry, count)
		}
	}
}

// row is what a query looks at.
type row struct {
	entry              *entry // nil: empty
	doc                search.Doc
	shelf              shelf
	favorite, conflict bool
	worded             bool // the words of the index are those of doc
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

// newIndex sorts once, which is far quicker than adding one by one. Rows are laid out as the entries come; the texts likewise, as those
// of the sealed index are.
func newIndex(entries []*entry) *index {
	x := &index{aside: make(map[id.ID]*entry)}
	items := make([]*entry, 0, len(entries))
	var docs []*search.Doc
	var counts [256]int
	for _, e := range entries {
		counts[e.ID[0]]++
		if e.listed() {
			items = append(items, e)
			if !e.unproven {
				docs = append(docs, &e.doc)
			}
		}
	}
	search.Pack(docs)
	var sorting sync.WaitGroup
	sorting.Go(func() { x.orders[SortTitle] = byTitle(items) })
	x.rows, x.shown = make([]row, 0, len(items)), make([]*Summary, 0, len(items))
	x.objects.makeRoom(&counts)
	for _, e := range entries {
		x.note(e)
		if e.listed() {
			x.place(e)
		}
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
	sortFrom(items, all, make([]keyed, len(all)), 0)
	order := make([]int32, len(all))
	for i, k := range all {
		order[i] = k.slot
	}
	return order
}

// manyParts is from how many parts on it is quicker to sort them byte by byte.
const manyParts = 512

// sortParts sorts by part. Where there are many it deals them out by each byte, from the last to the first, but for those that all have
// in common.
func sortParts(some, room []keyed) {
	if len(some) < manyParts {
		slices.SortFunc(some, func(a, b keyed) int { return cmp.Compare(a.part, b.part) })
		return
	}
	var places [8][256]int
	for _, k := range some {
		for b := range places {
			places[b][byte(k.part>>(8*b))]++
		}
	}
	from, to := some, room[:len(some)]
	for b := range places {
		if places[b][byte(from[0].part>>(8*b))] == len(from) {
			continue
		}
		next := 0
		for value, count := range places[b] {
			places[b][value], next = next, next+count
		}
		for _, k := range from {
			place := &places[b][byte(k.part>>(8*b))]
			to[*place] = k
			*place++
		}
		from, to = to, from
	}
	copy(some, from) // onto itself after an even number of rounds
}

// sortFrom sorts some of the items, whose titles are the same before a place. room is as long as some.
func sortFrom(items []*entry, some, room []keyed, place int) {
	for i := range some {
		some[i].part = titlePart(items[some[i].slot].doc.Title(), place)
	}
	sortParts(some, room)
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
			sortFrom(items, run, room[:same], place+8)
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
	x.late.Lock()
	defer x.late.Unlock()
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
	x.objects.put(e)
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
	before := x.objects.of(after.ID)
	if before == nil || !before.listed() || !after.listed() || before.doc.Title() != after.doc.Title() ||
		before.UpdatedAt != after.UpdatedAt || before.CreatedAt != after.CreatedAt {
		return false
	}
	x.objects.put(after)
	x.put(before.slot, after)
	return true
}

func (x *index) applyBulk(changes map[id.ID]*entry) {
	var entries []*entry
	for _, some := range x.objects {
		for object, e := range some {
			if _, changed := changes[object]; !changed {
				entries = append(entries, e)
			}
		}
	}
	for _, e := range changes {
		if e != nil {
			entries = append(entries, e)
		}
	}
	fresh := newIndex(entries)
	x.objects, x.aside, x.rows, x.shown, x.free = fresh.objects, fresh.aside, fresh.rows, fresh.shown, nil
	x.orders, x.words, x.unworded = fresh.orders, nil, 0
}

func (x *index) remove(object id.ID) {
	e := x.objects.of(object)
	x.objects.remove(object)
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
		entry: e, doc: e.doc, shelf: e.shelf(), favorite: e.Favorite, conflict: e.Conflict,
	}
	x.unworded++
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
