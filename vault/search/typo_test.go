package search

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
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

// plainRank is what Rank is to find: every place of every term looked at, letter by letter.
func plainRank(q *Query, d *Doc, slips bool) (sum int, ok bool) {
	for i := range q.terms {
		best := plainExact(d, q.terms[i].text)
		if best == none && slips && q.terms[i].typos > 0 {
			best = plainTypo(d, &q.terms[i])
		}
		if best == none {
			return 0, false
		}
		sum += int(best)
	}
	if len(q.terms) > 0 && q.whole == d.Title() {
		sum = 0
	}
	return sum, true
}

func plainExact(d *Doc, term string) Rank {
	best := none
	for at := range len(d.text) {
		before, _ := utf8.DecodeLastRuneInString(d.text[:at])
		starts, inTitle, short := at == 0 || !unicode.IsLetter(before) && !unicode.IsDigit(before), at < int(d.title), at+len(term) <= int(d.short)
		switch {
		case !strings.HasPrefix(d.text[at:], term) || !short && at < int(d.short):
		case at == 0 && inTitle:
			best = min(best, titlePrefix)
		case inTitle && starts:
			best = min(best, titleWord)
		case short && starts:
			best = min(best, shortWord)
		case inTitle:
			best = min(best, titleInside)
		case short:
			best = min(best, shortInside)
		case starts:
			best = min(best, longWord)
		default:
			best = min(best, longInside)
		}
	}
	return best
}

// randomText makes words that are nearly the same likely: it has few letters.
func randomText(random *rand.Rand, letters []rune, most int) string {
	text := make([]rune, random.IntN(most))
	for i := range text {
		text[i] = letters[random.IntN(len(letters))]
	}
	return string(text)
}

// What is passed over for the sake of time, and what is remembered of one doc for the next, changes no rank.
func TestRanksAreThoseOfThePlainWay(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	found := make(map[int]int)
	for _, alphabet := range []string{"ab", "abc0 .", "aé銀", "ab@- ", "aäbß ", "abcdefgh "} {
		some := func(most int) string { return randomText(random, []rune(alphabet), most) }
		for range 150 {
			q := Parse(some(14))
			for range 30 {
				// Words that end behind the first 64 bytes, and within them.
				d := NewDoc(Texts{Title: some(14), Short: []string{some(90), some(14)}, Long: []string{some(14)}})
				want, wantOK := plainRank(&q, &d, false)
				got, ok := q.Rank(&d, nil, false)
				if got != want || ok != wantOK {
					t.Fatalf("%q in %q: rank %d, %t, want %d, %t", q.whole, d.text, got, ok, want, wantOK)
				}
				if ok {
					continue
				}
				want, wantOK = plainRank(&q, &d, true)
				if got, ok = q.Rank(&d, nil, true); got != want || ok != wantOK {
					t.Fatalf("%q in %q, with slips: rank %d, %t; want %d, %t", q.whole, d.text, got, ok, want, wantOK)
				}
				found[got]++
			}
		}
	}
	for _, r := range []Rank{titleTypo, shortTypo, titleTypos, shortTypos, 0} {
		if found[int(r)] == 0 {
			t.Errorf("no example of rank %d", r)
		}
	}
}
