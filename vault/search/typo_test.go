package search

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// plainTypo is what typo is to find, word for word and letter for letter.
func plainTypo(d *Doc, t *term) Rank {
	best, typed := none, []rune(t.text)
	in := d.text[:d.short]
	for at := 0; at < len(in); at++ {
		if !isWordByte(in[at]) || at > 0 && isWordByte(in[at-1]) {
			continue
		}
		word := []rune(in[at:])
		if end := slices.IndexFunc(word, func(r rune) bool { return !isWordByte(string(r)[0]) }); end >= 0 {
			word = word[:end]
		}
		begins := word[0] == typed[0] || len(word) > 1 && word[0] == typed[1] && word[1] == typed[0]
		if n := plainSlips(typed, word, t.typos, false); begins && n <= t.typos {
			best = min(best, typoRank(n, at < int(d.title)))
		}
	}
	return best
}

func plainSlips(term, word []rune, most int, hit bool) int {
	for len(term) > 0 && len(word) > 0 && term[0] == word[0] {
		term, word, hit = term[1:], word[1:], true
	}
	switch {
	case len(term) == 0 && (hit || len(word) == 0):
		return 0
	case len(term) == 0 || most == 0:
		return tooMany
	}
	least := plainSlips(term[1:], word, most-1, false)
	if len(word) > 0 {
		least = min(least, plainSlips(term[1:], word[1:], most-1, false), plainSlips(term, word[1:], most-1, false))
	}
	if len(word) > 1 && len(term) > 1 && term[0] == word[1] && term[1] == word[0] {
		least = min(least, plainSlips(term[2:], word[2:], most-1, false))
	}
	return least + 1
}

// What is passed over for the sake of time is nothing that would be found. Few letters make words that are nearly the same likely.
func TestSlipsAreThoseOfThePlainWay(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	some := func(letters []rune) string {
		text := make([]rune, random.IntN(14))
		for i := range text {
			text[i] = letters[random.IntN(len(letters))]
		}
		return string(text)
	}
	found := make(map[Rank]int)
	for _, alphabet := range []string{"ab", "abc0 .", "aé銀", "ab@- ", "aäbß ", "abcdefgh "} {
		letters := []rune(alphabet)
		for range 4_000 {
			d, q := NewDoc(Texts{Title: some(letters), Short: []string{some(letters), some(letters)}}), Parse(some(letters))
			for i := range q.terms {
				term := &q.terms[i]
				if term.typos == 0 {
					continue
				}
				want := plainTypo(&d, term)
				found[want]++
				if got := d.typo(term); got != want {
					t.Fatalf("%q in %q: rank %d, want %d", term.text, d.text, got, want)
				}
				if want != none && !term.mayBeIn(&d) {
					t.Fatalf("%q in %q is ruled out", term.text, d.text)
				}
			}
		}
	}
	for _, r := range []Rank{titleTypo, shortTypo, titleTypos, shortTypos, none} {
		if found[r] == 0 {
			t.Errorf("no example of rank %d", r)
		}
	}
}
