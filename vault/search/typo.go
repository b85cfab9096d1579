package search

import (
	"strings"
	"unicode/utf8"
)

// From how many letters on a term may have one slip, or two.
const (
	oneTypo  = 4
	twoTypos = 8
)

func typosOf(term string) int {
	switch n := utf8.RuneCountInString(term); {
	case n < oneTypo:
		return 0
	case n < twoTypos:
		return 1
	}
	return 2
}

// typo compares a term with the words of title and short texts.
func (d *Doc) typo(t *term) Rank {
	best := none
	in := d.text[:d.short]
	for at := 0; at < len(in); {
		for at < len(in) && !isWordByte(in[at]) {
			at++
		}
		end := at
		for end < len(in) && isWordByte(in[end]) {
			end++
		}
		if word := in[at:end]; t.beginsLike(word) {
			if n := slips(t.text, word, t.typos, false); n <= t.typos {
				best = min(best, typoRank(n, at < int(d.title)))
			}
		}
		at = end
	}
	return best
}

func typoRank(slips int, inTitle bool) Rank {
	switch {
	case slips < 2 && inTitle:
		return titleTypo
	case slips < 2:
		return shortTypo
	case inTitle:
		return titleTypos
	}
	return shortTypos
}

// beginsLike keeps the work small: people hit the first letter, or exchange it with the second.
func (t *term) beginsLike(word string) bool {
	first, size := utf8.DecodeRuneInString(word)
	return size > 0 && (first == t.first || first == t.second && strings.HasPrefix(word[size:], string(t.first)))
}

// tooMany is more slips than any term may have.
const tooMany = 3

// slips is how many letters of the term are wrong, missing, too many or exchanged with the next, against the word or a beginning of
// it; tooMany or more where that is more than most. What both begin with costs nothing, and then each of the four is tried. hit says
// that the last letter was no slip: where it was one, the rest of the word has to be nothing, for of "bank" "banana" is no slip.
func slips(term, word string, most int, hit bool) int {
	same := commonPrefix(term, word)
	term, word, hit = term[same:], word[same:], hit || same > 0
	switch {
	case term == "" && (hit || word == ""):
		return 0
	case term == "" && !hit || most == 0:
		return tooMany
	}
	t, w := next(term), next(word)
	least := slips(term[t:], word, most-1, false) // too many
	if w > 0 {
		least = min(least, slips(term[t:], word[w:], most-1, false), slips(term, word[w:], most-1, false)) // wrong, missing
		if t2, w2 := next(term[t:]), next(word[w:]); term[:t] == word[w:w+w2] && term[t:t+t2] == word[:w] {
			least = min(least, slips(term[t+t2:], word[w+w2:], most-1, false))
		}
	}
	return least + 1
}

// next is the size of the first letter.
func next(s string) int {
	_, size := utf8.DecodeRuneInString(s)
	return size
}

// commonPrefix is how many bytes of whole letters both begin with.
func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	for n > 0 && n < len(a) && !utf8.RuneStart(a[n]) {
		n--
	}
	return n
}
