package vault

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault/search"
)

// randomEntry is one of few objects, of few titles and times: the same ones have to be told apart too.
func randomEntry(r *rand.Rand) *entry {
	kinds := []Kind{Login, Login, Note, folderKind, markKind}
	object := id.ID{byte(r.IntN(40))}
	e := &entry{Summary: Summary{
		ID: object, Kind: kinds[int(object[0])%len(kinds)], Title: fmt.Sprint("Title ", r.IntN(5)),
		CreatedAt: int64(r.IntN(3)), UpdatedAt: int64(r.IntN(3)), Favorite: r.IntN(2) == 0, Folder: id.ID{byte(r.IntN(40))},
	}}
	if r.IntN(4) == 0 {
		e.TrashedAt = 1
	}
	e.doc = search.NewDoc(search.Texts{Title: e.Title})
	return e
}

// However an index came about, by one change after the other or at once, it shows the same.
func TestIndexFollowsChanges(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	v := &Vault{index: newIndex(nil)}
	now := map[id.ID]*entry{}
	for step := range 500 {
		changes := map[id.ID]*entry{}
		for range 1 + r.IntN(3) {
			e := randomEntry(r)
			changes[e.ID] = e
			if r.IntN(3) == 0 {
				changes[e.ID] = nil
			}
		}
		maps.Copy(now, changes)
		v.index.apply(changes)
		fresh := &Vault{index: newIndex(living(now))}
		if got, want := shows(v), shows(fresh); !reflect.DeepEqual(got, want) {
			t.Fatalf("step %d:\n%v\nwant\n%v", step, got, want)
		}
	}
}

// living makes copies: an index owns its entries.
func living(all map[id.ID]*entry) []*entry {
	var list []*entry
	for _, e := range all {
		if e != nil {
			own := *e
			list = append(list, &own)
		}
	}
	return list
}

// shows is everything that can be asked of an index.
func shows(v *Vault) []any {
	var all []any
	for s := range sorts {
		for _, f := range []Filter{{Sort: s}, {Sort: s, Trash: true}, {Sort: s, Text: "3"}, {Sort: s, NoFolder: true}} {
			var ids []id.ID
			for _, summary := range v.Query(f) {
				ids = append(ids, summary.ID)
			}
			all = append(all, ids)
		}
	}
	var marks []string
	for _, title := range []string{"Title 0", "Title 1", "Title 2"} {
		if v.HasMark(title) {
			marks = append(marks, title)
		}
	}
	return append(all, v.Counts(), slices.Clone(v.Folders()), marks)
}

// TestByTitle: titles that are the same for long, end within another, or are the same altogether.
func TestByTitle(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 3, 300, 4 * manyParts} {
		for _, alphabet := range []string{"a", "ab", "a\x00", "azé銀"} {
			letters := []rune(alphabet)
			items := make([]*entry, n)
			for i := range items {
				title := strings.Repeat("a", r.IntN(3)*8)
				for range r.IntN(12) {
					title += string(letters[r.IntN(len(letters))])
				}
				doc, ok := search.RestoreDoc(title, len(title), len(title))
				if !ok {
					t.Fatal("no doc of ", title)
				}
				items[i] = &entry{Summary: Summary{ID: id.ID{byte(r.IntN(256)), byte(i), byte(i >> 8)}}, doc: doc}
			}
			order := byTitle(items)
			sorted := slices.IsSortedFunc(order, func(a, b int32) int { return SortTitle.compare(items[a], items[b]) })
			if !sorted || len(order) != n || len(slices.Compact(slices.Sorted(slices.Values(order)))) != n {
				t.Fatalf("%d titles of %q are in another order", n, alphabet)
			}
		}
	}
}
