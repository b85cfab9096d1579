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

// typo compares a term with the words of title and short texts that begin like it: the term's first letter is in the first or second
// place of each, and what lies between two such letters is passed over.
func (d *Doc) typo(t *term) Rank {
	best := none
	in := d.text[:d.short]
	for at := 0; ; at += len(t.first) {
		i := indexLetter(in[at:], t.first)
		if i < 0 {
			return best
		}
		at += i
		begin, ok := t.beginning(in, at)
		if !ok {
			continue
		}
		end := at
		for end < len(in) && isWordByte(in[end]) {
			end++
		}
		if end-begin >= t.least {
			if n := slips(t.text, in[begin:end], t.typos, false); n <= t.typos {
				best = min(best, typoRank(n, begin < int(d.title)))
			}
		}
	}
}

// indexLetter is strings.Index for one letter.
func indexLetter(text, letter string) int {
	if len(letter) == 1 {
		return strings.IndexByte(text, letter[0])
	}
	return strings.Index(text, letter)
}

// beginning returns where the word begins that has the term's first letter at the given place; false unless people may have meant the
// term with it, which keeps the work small: they hit the first letter, or exchange it with the second.
func (t *term) beginning(text string, at int) (begin int, ok bool) {
	switch before := text[:at]; {
	case endsWord(before):
		return at, true
	case strings.HasSuffix(before, t.second):
		begin = at - len(t.second)
		return begin, endsWord(text[:begin])
	}
	return 0, false
}

// endsWord tells whether a text that follows begins a word.
func endsWord(before string) bool { return before == "" || !isWordByte(before[len(before)-1]) }

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

// tooMany is more slips than any term may have.
const tooMany = 3

// slips is how many letters of the term are wrong, missing, too many or exchanged with the next, against the word or a beginning of
// it; tooMany or more where that is more than most. What both begin with costs nothing, and then each of the four is tried. hit says
// that the last letter was no slip: where it was one, the rest of the word has to be nothing, for of "bank" "banana" is no slip.
func slips(term, word string, most int, hit bool) int {
	if most == 0 { // where most calls end
		if strings.HasPrefix(word, term) && (hit || term != "" || word == "") {
			return 0
		}
		return tooMany
	}
	same := commonPrefix(term, word)
	term, word, hit = term[same:], word[same:], hit || same > 0
	switch {
	case term == "" && (hit || word == ""):
		return 0
	case term == "":
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
