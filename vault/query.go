package vault

import (
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"

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

// Query returns what the filter chooses. With a Text the best matches come first; of equal ones those that were used since the vault
// was unlocked, then the favorites, then the rest, each in the order of Sort. The summaries are shared: do not change them. 100,000
// items take a few milliseconds.
func (v *Vault) Query(f Filter) []*Summary {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.index == nil {
		return nil
	}
	query := search.Parse(f.Text)
	if !query.IsZero() {
		v.askForWordsNow()
	}
	return v.index.query(f, query)
}

// Used notes that an item was used: among equal matches of a search it comes first until the vault is locked.
func (v *Vault) Used(item id.ID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.used[item] = true
}

// place is where a row goes in the result: its rank and, among those of the same rank, its standing.
type place uint16

// The standings.
const (
	standsUsed = iota
	standsFavorite
	standsBehind
	standings
)

const (
	places       = place(search.MaxRank+1) * standings
	misses place = places // the filter does not choose the row
)

// fewMatches is a screenful. Where a search finds less, slips of the fingers count too: else they would only be noise behind it.
const fewMatches = 20

// query gathers the result in the filter's order by place: a counting sort, since the places are few.
func (x *index) query(f Filter, query search.Query) []*Summary {
	s := scan{index: x, filter: &f, query: &query, folders: x.branch(f.Folder), named: x.namedFolders(&query)}
	if x.words != nil && !query.IsZero() {
		s.matches = x.words.Match(&query)
		defer s.matches.End()
	}
	at := make([]place, len(x.rows))
	next := s.places(at, s.exact)
	if query.MayHaveSlips() && len(at)-next[misses] < fewMatches {
		if s.slips = s.matches == nil || s.matches.AddSlips(); s.slips || x.unworded > 0 {
			next = s.places(at, s.withSlips)
		}
	}
	total := 0
	for place, count := range next[:places] {
		next[place] = total // where the next row of each place goes
		total += count
	}
	found := make([]*Summary, total)
	if total == 0 {
		return found
	}
	for _, slot := range x.order(f.Sort.valid()) {
		if place := at[slot]; place != misses {
			found[next[place]] = x.shown[slot]
			next[place]++
		}
	}
	return found
}

// places has look say for every row where it goes, and counts how many go to each place.
func (s *scan) places(at []place, look func(slot int, at *place)) (counts [places + 1]int) {
	s.inShares(func(from, to int) {
		for slot := from; slot < to; slot++ {
			look(slot, &at[slot])
		}
	})
	for _, place := range at {
		counts[place]++
	}
	return counts
}

// fewRows is how many rows one goroutine looks at; more are shared among the processors.
const fewRows = 8 << 10

func (x *index) inShares(work func(from, to int)) {
	share := max(fewRows, len(x.rows)/runtime.GOMAXPROCS(0)+1)
	var working sync.WaitGroup
	for from := 0; from < len(x.rows); from += share {
		working.Go(func() { work(from, min(from+share, len(x.rows))) })
	}
	working.Wait()
}

// scan is one query over the rows.
type scan struct {
	*index
	filter  *Filter
	query   *search.Query
	folders map[id.ID]bool          // of the filter's branch
	named   map[id.ID][]search.Rank // how well the folders' own names match
	matches *search.Matches         // in the words of the index; nil: it has none
	slips   bool                    // some of these are slips
}

// exact places a row that the filter chooses and the query finds as it was typed.
func (s *scan) exact(slot int, at *place) {
	*at = misses
	s.look(slot, at, false)
}

// withSlips places a row that exact leaves out.
func (s *scan) withSlips(slot int, at *place) {
	if *at == misses {
		s.look(slot, at, true)
	}
}

func (s *scan) look(slot int, at *place, slips bool) {
	r := &s.rows[slot]
	if !s.chooses(r) {
		return
	}
	rank, ok := 0, false
	if s.matches != nil && r.worded {
		rank, ok = s.matches.Rank(slot, &r.doc, s.also(r))
	} else {
		rank, ok = s.query.Rank(&r.doc, s.also(r), slips)
	}
	if ok {
		*at = s.place(r, rank)
	}
}

func (s *scan) chooses(r *row) bool {
	return r.entry != nil && r.shelf == s.filter.shelf() && s.passes(r, s.filter, s.folders)
}

// also are the ranks that the words of the query have by the folder of a row.
func (s *scan) also(r *row) []search.Rank {
	if len(s.named) == 0 {
		return nil
	}
	return s.named[r.entry.Folder]
}

// place of a row that the query finds; without words all have the same.
func (s *scan) place(r *row, rank int) place {
	if s.query.IsZero() {
		return 0
	}
	return place(rank*standings + s.standing(r))
}

func (s *scan) standing(r *row) int {
	switch {
	case len(s.used) > 0 && s.used[r.entry.ID]:
		return standsUsed
	case r.favorite:
		return standsFavorite
	}
	return standsBehind
}

// namedFolders are the folders whose path matches words of the query: so do the items in them.
func (x *index) namedFolders(query *search.Query) map[id.ID][]search.Rank {
	if query.IsZero() {
		return nil
	}
	named := make(map[id.ID][]search.Rank)
	for _, f := range x.tree().list(Folder{Depth: -1}) {
		doc := search.NewDoc(search.Texts{Short: []string{f.Path}})
		if ranks := query.Ranks(&doc); ranks != nil {
			named[f.ID] = ranks
		}
	}
	return named
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
	return (f.Kind == "" || f.Kind == r.entry.Kind) &&
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
	e := v.index.objects.of(item)
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
			c.Kinds[r.entry.Kind]++
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
		if c.Tags[tag] == 0 {
			tag = strings.Clone(tag) // what shows the tags may keep them: see Summary
		}
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
