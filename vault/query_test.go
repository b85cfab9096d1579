package vault

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/search"
)

// wordy is an item of few words that are nearly the same, so that every rank and every slip occurs.
func wordy(r *rand.Rand, n int) *entry {
	words := []string{"google", "gogole", "goo", "example", "exmaple", "bank", "banking", "é", "銀行", "x"}
	some := func(most int) string {
		var text []string
		for range r.IntN(most + 1) {
			text = append(text, words[r.IntN(len(words))])
		}
		return strings.Join(text, " ")
	}
	e := &entry{Summary: Summary{
		ID: id.ID{byte(n), byte(n >> 8), byte(n >> 16)}, Kind: []Kind{Login, Note}[r.IntN(2)], Title: some(2),
		UpdatedAt: int64(r.IntN(3)), CreatedAt: int64(r.IntN(3)), Favorite: r.IntN(9) == 0, Folder: folders[r.IntN(len(folders))],
		Tags: []string{some(1)},
	}}
	if r.IntN(9) == 0 {
		e.ArchivedAt = 1
	}
	e.doc = search.NewDoc(search.Texts{Title: e.Title, Short: append(e.Tags, some(2)), Long: []string{some(1)}})
	return e
}

var folders = []id.ID{{}, {255, 1}, {255, 2}}

func wordyIndex(r *rand.Rand, n int) (x *index, items []*entry) {
	for i := range n {
		items = append(items, wordy(r, i))
	}
	entries := slices.Clone(items)
	for i, name := range []string{"Banking", "Other"} {
		entries = append(entries, &entry{Summary: Summary{ID: folders[i+1], Kind: folderKind, Title: name}})
	}
	x = newIndex(entries)
	x.used = map[id.ID]bool{items[0].ID: true, items[n/2].ID: true}
	return x, items
}

// plainQuery is what Query is to find, item by item.
func plainQuery(x *index, items []*entry, f Filter) []id.ID {
	query := search.Parse(f.Text)
	named := x.namedFolders(&query)
	score := func(slips bool) map[*entry]int {
		found := map[*entry]int{}
		for _, e := range items {
			chosen := e.shelf() == f.shelf() && (f.Kind == "" || f.Kind == e.Kind) && (f.Folder.IsZero() || f.Folder == e.Folder) && (f.Tag == "" || f.Tag == e.Tags[0])
			if rank, ok := query.Rank(&e.doc, named[e.Folder], slips); ok && chosen {
				found[e] = rank
			}
		}
		return found
	}
	found := score(false)
	if len(found) < fewMatches {
		found = score(true)
	}
	standing := func(e *entry) int {
		switch {
		case f.Text == "":
			return 0
		case x.used[e.ID]:
			return standsUsed
		case e.Favorite:
			return standsFavorite
		}
		return standsBehind
	}
	sorted := slices.SortedFunc(maps.Keys(found), func(a, b *entry) int {
		return cmp.Or(cmp.Compare(found[a], found[b]), cmp.Compare(standing(a), standing(b)), f.Sort.compare(a, b))
	})
	ids := make([]id.ID, len(sorted))
	for i, e := range sorted {
		ids[i] = e.ID
	}
	return ids
}

// What the search passes over, remembers and shares among processors for the sake of time changes neither what is found nor its order.
func TestQueryIsThatOfThePlainWay(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	texts := []string{
		"", "go", "google", "gogle", "googel", "exmaple", "exmapel", "example bank", "exampel gogle", "bnaking", "baning goo", "é bank", "銀行", "nothing",
		"google google", "gooogle xample",
	}
	for _, n := range []int{1, fewMatches + 3, 600, fewRows + 7} {
		x, items := wordyIndex(r, n)
		v := &Vault{index: x}
		compareQueries(t, v, items, texts)
		v.gatherWordsNow(t)
		compareQueries(t, v, items, texts)
		for i := 0; i < len(items); i += 3 { // other texts, in rows of which the words are those of before
			items[i] = wordy(r, i)
			x.apply(map[id.ID]*entry{items[i].ID: items[i]})
		}
		compareQueries(t, v, items, texts)
		v.gatherWordsNow(t)
		compareQueries(t, v, items, texts)
	}
}

func (v *Vault) gatherWordsNow(t testing.TB) {
	t.Helper()
	x, docs := v.docs()
	words, err := search.NewLexicon(t.Context(), docs)
	if err != nil {
		t.Fatal(err)
	}
	v.setWords(x, docs, words)
}

func compareQueries(t *testing.T, v *Vault, items []*entry, texts []string) {
	t.Helper()
	for i, text := range texts {
		f := Filter{Text: text, Sort: Sort(i % int(sorts))}
		for _, f := range []Filter{f, {Text: text, Archive: true}, {Text: text, Kind: Note, Folder: folders[1]}, {Text: text, Tag: "example"}} {
			var got []id.ID
			for _, s := range v.Query(f) {
				got = append(got, s.ID)
			}
			if want := plainQuery(v.index, items, f); !slices.Equal(got, want) {
				t.Fatalf("%d items, %+v: %d found, want %d, or they are in another order", len(items), f, len(got), len(want))
			}
		}
	}
}

// BenchmarkQuery is the filter of a list. Slips are looked for where less than a screenful is found: "acuont" is one that every item
// has, "exmaple" has it in the texts behind the title, "iste99999x" is compared with words that are all different. Without words, as in the
// first second after an unlock, /plain.
func BenchmarkQuery(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000, 250_000} {
		v := &Vault{index: newIndex(logins(n))}
		v.gatherWordsNow(b)
		for _, f := range []Filter{
			{}, {Sort: SortUpdated}, {Text: "a"}, {Text: "acc"}, {Text: "user12"}, {Text: "site9 user1"}, {Text: "zzz"}, {Text: "nosuchthing"},
			{Text: "accuont"}, {Text: "acuont"}, {Text: "exmaple"}, {Text: "acuont exmaple"}, {Text: "iste99999x"}, {Text: "user9@exmaple.com"},
			{Text: "account site user example login"}, {Text: "a e i o u s t l"}, {Text: "site9", Sort: SortUpdated}, {Kind: Card},
		} {
			b.Run(fmt.Sprintf("%d/%s/%d", n, f.Text+string(f.Kind), f.Sort), func(b *testing.B) {
				for b.Loop() {
					v.Query(f)
				}
			})
		}
		v.index.words = nil
		for slot := range v.index.rows {
			v.index.rows[slot].worded = false
		}
		for _, text := range []string{"acc", "nosuchthing", "exmaple"} {
			b.Run(fmt.Sprintf("%d/%s/plain", n, text), func(b *testing.B) {
				for b.Loop() {
					v.Query(Filter{Text: text})
				}
			})
		}
	}
}

func logins(n int) []*entry {
	entries := make([]*entry, n)
	for i := range entries {
		it := Item{ID: id.ID{byte(i), byte(i >> 8), byte(i >> 16)}, Kind: Login, Title: fmt.Sprintf("Account %d at site%d", i, i%5000), UpdatedAt: int64(i*7919%n + 1)}
		it.Set(Username, secret.FromString(fmt.Sprintf("user%d@example.com", i%977)))
		it.Websites = []string{fmt.Sprintf("https://login.site%d.example/", i)}
		entries[i] = newEntry(&it)
	}
	return entries
}
