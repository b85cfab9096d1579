package search

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func lexiconOf(t testing.TB, docs []Doc) *Lexicon {
	t.Helper()
	l, err := NewLexicon(context.Background(), docs)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Whatever the words of docs share, the docs have the ranks that they have by their texts, letter by letter.
func TestRanksByWordsAreThoseOfThePlainWay(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	found := make(map[Rank]int)
	for _, alphabet := range []string{"ab", "abc0 .", "aé銀", "ab@- ", "aäbß ", "abcdefgh ", "a–b "} {
		letters := []rune(alphabet)
		some := func(most int) string { return randomText(random, letters, most) }
		for range 10 {
			docs := make([]Doc, 40)
			for i := range docs {
				docs[i] = NewDoc(Texts{Title: some(14), Short: []string{some(90), some(14)}, Long: []string{some(6)}})
			}
			// Words that are longer than what is noted of their likeness.
			long := strings.Repeat("a", 240)
			docs[1] = NewDoc(Texts{Title: long + some(20), Short: []string{long + strings.Repeat("é", 20) + some(9)}})
			l := lexiconOf(t, docs)
			for range 30 {
				q := Parse(some(14))
				m := l.Match(&q)
				compareRanks(t, m, docs, false, found)
				m.AddSlips()
				compareRanks(t, m, docs, true, found)
			}
		}
	}
	for r := range none {
		if found[r] == 0 {
			t.Errorf("no example of rank %d", r)
		}
	}
}

func compareRanks(t *testing.T, m *Matches, docs []Doc, slips bool, found map[Rank]int) {
	t.Helper()
	for n := range docs {
		want, wantOK := plainRank(m.query, &docs[n], slips)
		got, ok := m.Rank(n, &docs[n], nil)
		if got != want || ok != wantOK {
			t.Fatalf("%q in %q, slips %t: rank %d, %t, want %d, %t", m.query.whole, docs[n].text, slips, got, ok, want, wantOK)
		}
		if ok && len(m.query.terms) == 1 {
			found[Rank(got)]++
		}
	}
}

// The ranks that a term has by something else count beside the words, whichever of the terms is looked for first.
func TestAlsoCountsBesideWords(t *testing.T) {
	folder, docs := doc("", "Work/Clients"), []Doc{doc("Invoice portal"), doc("Invoice invoice"), doc("Clients")}
	for _, typed := range []string{"clients invoice", "invoice clients", "invioce clients", "clients zzzz"} {
		q := Parse(typed)
		m := lexiconOf(t, docs).Match(&q)
		m.AddSlips()
		for n := range docs {
			want, wantOK := q.Rank(&docs[n], q.Ranks(&folder), true)
			if got, ok := m.Rank(n, &docs[n], q.Ranks(&folder)); got != want || ok != wantOK {
				t.Errorf("%q in %q: rank %d, %t, want %d, %t", typed, docs[n].text, got, ok, want, wantOK)
			}
		}
	}
}

func TestLexiconHasEachWordOnce(t *testing.T) {
	docs := []Doc{doc("b a b", "a-c"), doc(""), doc("", "b"), doc("über a")}
	l := lexiconOf(t, docs)
	var words []string
	for n := range l.common {
		words = append(words, l.word(n))
	}
	if want := []string{"a", "b", "c", "uber"}; !slices.Equal(words, want) {
		t.Errorf("words %q, want %q", words, want)
	}
	if empty := lexiconOf(t, nil); len(empty.common) != 0 {
		t.Error("no docs have words")
	}
}

func TestLexiconIsGivenUp(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := NewLexicon(ctx, []Doc{doc("a")}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// BenchmarkLexicon is what an unlock of 100,000 items does behind the list.
func BenchmarkLexicon(b *testing.B) {
	docs := make([]Doc, 100_000)
	for i := range docs {
		docs[i] = NewDoc(Texts{
			Title: fmt.Sprintf("Account %d at Example", i), Short: []string{fmt.Sprintf("user%d@example.com", i%977), fmt.Sprintf("login.site%d.org", i)},
		})
	}
	b.ReportAllocs()
	for b.Loop() {
		lexiconOf(b, docs)
	}
}
