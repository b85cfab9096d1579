package vault

import (
	"maps"
	"slices"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault/search"
)

// Filter chooses what a list shows. The zero Filter is every item that is neither archived nor in the trash, by title.
type Filter struct {
	Text      string // as typed into the search field
	Kind      Kind
	Folder    id.ID // only items in this folder and those below it
	NoFolder  bool  // only items in no folder, or in one that was deleted
	Tag       string
	Favorite  bool
	Conflicts bool
	Archive   bool // the archive instead of the rest
	Trash     bool // the trash instead of the rest
	Sort      Sort
}

// Query returns what the filter chooses. With a Text and SortTitle the best matches come first. The summaries are shared: do not
// change them. 100,000 items take a few milliseconds.
func (v *Vault) Query(f Filter) []*Summary {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.index == nil {
		return nil
	}
	return v.index.query(f, search.Parse(f.Text))
}

// misses marks a row that the filter does not choose.
const misses = -1

// query gathers the result in the filter's order; with a text and SortTitle by rank first: a counting sort, since the ranks are few.
func (x *index) query(f Filter, query search.Query) []*Summary {
	var next [search.MaxRank + 1]int // where the next row of each rank goes
	ranks := x.ranks(f, query)
	for _, rank := range ranks {
		if rank != misses {
			next[rank]++
		}
	}
	total := 0
	for rank, count := range next {
		next[rank] = total
		total += count
	}
	found := make([]*Summary, total)
	for _, slot := range x.orders[f.Sort.valid()] {
		if rank := ranks[slot]; rank != misses {
			found[next[rank]] = x.shown[slot]
			next[rank]++
		}
	}
	return found
}

// ranks tells for every row how well it matches.
func (x *index) ranks(f Filter, query search.Query) []int8 {
	ranks := make([]int8, len(x.rows))
	byRank := f.Sort.valid() == SortTitle
	folders := x.branch(f.Folder)
	for slot := range x.rows {
		r := &x.rows[slot]
		ranks[slot] = misses
		if r.entry == nil || r.shelf != f.shelf() {
			continue
		}
		if !x.passes(r, &f, folders) {
			continue
		}
		if rank, ok := query.Rank(r.doc); ok {
			ranks[slot] = 0
			if byRank {
				ranks[slot] = int8(rank)
			}
		}
	}
	return ranks
}

func (f *Filter) shelf() shelf {
	switch {
	case f.Trash:
		return shelfTrash
	case f.Archive:
		return shelfArchive
	}
	return shelfActive
}

// passes tells whether the filter chooses the row; folders are those of its branch.
func (x *index) passes(r *row, f *Filter, folders map[id.ID]bool) bool {
	return (f.Kind == "" || f.Kind == r.kind) &&
		(!f.Favorite || r.favorite) &&
		(!f.Conflicts || r.conflict) &&
		(f.Folder.IsZero() || folders[r.entry.Folder]) &&
		(!f.NoFolder || !x.isFolder(r.entry.Folder)) &&
		(f.Tag == "" || slices.Contains(r.entry.Tags, f.Tag))
}

func (x *index) isFolder(object id.ID) bool {
	if object.IsZero() {
		return false
	}
	e := x.aside[object]
	return e != nil && e.Kind == folderKind
}

// Summary returns the summary of one item; false if there is none.
func (v *Vault) Summary(item id.ID) (*Summary, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.index == nil {
		return nil, false
	}
	e := v.index.objects[item]
	if e == nil || !e.listed() {
		return nil, false
	}
	return &e.Summary, true
}

// Counts are the numbers of a sidebar. Items in the archive count in Archive alone, those in the trash in Trash alone; Conflicts are
// what Undecided returns. A folder counts what is in it and in the folders below.
type Counts struct {
	All, Favorites, Conflicts, Unreadable, Archive, Trash int

	Kinds    map[Kind]int
	Folders  map[id.ID]int
	NoFolder int
	Tags     map[string]int
}

// Counts counts the items: once for every change of the vault, since a list asks with every key that is typed.
func (v *Vault) Counts() Counts {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.index == nil {
		return newCounts()
	}
	if v.index.counts == nil {
		v.index.counts = v.index.count()
	}
	c := *v.index.counts
	c.Kinds, c.Folders, c.Tags = maps.Clone(c.Kinds), maps.Clone(c.Folders), maps.Clone(c.Tags)
	return c
}

func newCounts() Counts {
	return Counts{Kinds: map[Kind]int{}, Folders: map[id.ID]int{}, Tags: map[string]int{}}
}

func (x *index) count() *Counts {
	c := newCounts()
	for _, r := range x.rows {
		switch {
		case r.entry == nil:
		case r.shelf == shelfTrash:
			c.Trash++
		case r.shelf == shelfArchive:
			c.Archive++
		default:
			c.Kinds[r.kind]++
			c.add(r.entry, x.isFolder(r.entry.Folder))
		}
	}
	c.Folders = x.withBranches(c.Folders)
	c.Conflicts += x.undecidedElsewhere()
	return &c
}

func (c *Counts) add(e *entry, inFolder bool) {
	c.All++
	if inFolder {
		c.Folders[e.Folder]++
	} else {
		c.NoFolder++
	}
	for _, tag := range e.Tags {
		c.Tags[tag]++
	}
	if e.Favorite {
		c.Favorites++
	}
	if e.Conflict {
		c.Conflicts++
	}
	if e.Unreadable {
		c.Unreadable++
	}
}
