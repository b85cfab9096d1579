package search

import (
	"math/bits"
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

// knownWords remembers how many slips of a term some words are; each word has one place.
type knownWords [256]struct {
	word  string
	slips int
}

// slips is how many slips of the term a word is. hash chooses its place.
func (k *knownWords) slips(t *term, word string, hash uint32) int {
	if k == nil {
		return slips(t.text, word, t.typos, false)
	}
	place := &k[hash%uint32(len(k))]
	if place.word != word {
		place.word, place.slips = word, slips(t.text, word, t.typos, false)
	}
	return place.slips
}

// typo compares a term with the words of title and short texts that begin like it.
func (d *Doc) typo(t *term, known *knownWords) Rank {
	best, from := none, 0
	in := d.text[:d.short]
	if d.letters != anyLetters {
		from = min(64, len(in))
		for starts := d.starts; starts != 0; starts &= starts - 1 {
			begin := bits.TrailingZeros64(starts)
			if !t.begins(in[begin:]) {
				continue
			}
			if best = min(best, d.typoAt(begin, t, known)); best <= typoRank(1, begin < int(d.title)) {
				return best // what follows is no better
			}
		}
	}
	return min(best, d.typoFrom(from, t, known))
}

// typoFrom is typo behind a place. The term's first letter is in the first or second place of each word, and what lies between two
// such letters is passed over.
func (d *Doc) typoFrom(at int, t *term, known *knownWords) Rank {
	best := none
	in := d.text[:d.short]
	for ; ; at += len(t.first) {
		i := indexLetter(in[at:], t.first)
		if i < 0 {
			return best
		}
		at += i
		if begin, ok := t.beginning(in, at); ok {
			if best = min(best, d.typoAt(begin, t, known)); best <= typoRank(1, at < int(d.title)) {
				return best
			}
		}
	}
}

// typoAt compares a term with the word that begins at a place.
func (d *Doc) typoAt(begin int, t *term, known *knownWords) Rank {
	word, hash := t.compared(d.text[begin:d.short])
	if len(word) < t.least {
		return none
	}
	n := known.slips(t, word, hash)
	if n > t.typos {
		return none
	}
	return typoRank(n, begin < int(d.title))
}

// begins tells whether people may have meant the term with a word, which keeps the work small: they hit the first letter, or exchange
// it with the second.
func (t *term) begins(word string) bool {
	switch word[0] { // where nearly all calls end
	case t.first[0]:
		if len(t.first) == 1 || strings.HasPrefix(word, t.first) {
			return true
		}
	case t.second[0]:
		if len(word) <= len(t.second) || word[len(t.second)] != t.first[0] {
			return false
		}
	default:
		return false
	}
	return strings.HasPrefix(word, t.second) && strings.HasPrefix(word[len(t.second):], t.first)
}

// compared is what a word is compared by, and a hash of it: the whole word, or as much of its beginning as decides, where that is
// letters of one byte.
func (t *term) compared(text string) (word string, hash uint32) {
	high := byte(0)
	for i := range len(text) {
		b := text[i]
		if !isWordByte(b) || i == t.most && high < utf8.RuneSelf {
			return text[:i], hash
		}
		hash = hash*31 + uint32(b)
		high |= b
	}
	return text, hash
}

// indexLetter is strings.Index for one letter.
func indexLetter(text, letter string) int {
	if len(letter) == 1 {
		return strings.IndexByte(text, letter[0])
	}
	return strings.Index(text, letter)
}

// beginning returns where the word begins that has the term's first letter at the given place; false unless it is one of those that
// begins accepts.
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
