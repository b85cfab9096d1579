package search

import (
	"iter"
	"strings"
	"unicode/utf8"
)

// From how many letters on a term may have one slip, or two.
const (
	oneTypo  = 4
	twoTypos = 8
	maxTypos = 2
)

func typosOf(term string) int {
	switch n := utf8.RuneCountInString(term); {
	case n < oneTypo:
		return 0
	case n < twoTypos:
		return 1
	}
	return maxTypos
}

// typo compares a term with the words of title and short texts that begin like it.
func (d *Doc) typo(t *term) Rank {
	best, in := none, d.text[:d.short]
	if t.typos == 0 || !strings.Contains(in, t.first) {
		return best
	}
	for begin := range starts(in) {
		if !t.begins(in[begin:]) {
			continue
		}
		if n := t.slips(wordOf(in[begin:])); n <= t.typos {
			best = min(best, typoRank(n, begin < int(d.title)))
		}
	}
	return best
}

// starts yields where the words of a folded text begin.
func starts(text string) iter.Seq[int] {
	return func(yield func(int) bool) {
		inWord := false
		for at := range len(text) {
			was := inWord
			if inWord = isWordByte(text[at]); inWord && !was && !yield(at) {
				return
			}
		}
	}
}

// wordOf is the word that a text begins with.
func wordOf(text string) string {
	end := 0
	for end < len(text) && isWordByte(text[end]) {
		end++
	}
	return text[:end]
}

// begins tells whether people may have meant the term with a word, which keeps the work small: they hit the first letter, or exchange
// it with the second.
func (t *term) begins(word string) bool {
	return strings.HasPrefix(word, t.first) || strings.HasPrefix(word, t.swapped)
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

// tooMany is more slips than any term may have.
const tooMany = maxTypos + 1

// slips is how many letters of the term are wrong, missing, too many or exchanged with the next, against the word or a beginning of
// it; tooMany where that is more than the term may have. Where the last letter of the term was a slip, the rest of the word has to be
// nothing, for of "bank" "banana" is no slip.
func (t *term) slips(word string) int {
	c := t.compare()
	for _, letter := range word {
		if c = c.next(t, letter); c.over() {
			break
		}
	}
	return c.slips(t)
}

// comparison is all ways to read the term in the letters of a word that were seen. A way is a place in the term and a number of slips.
// A letter that is the term's next is always taken for it. Since a slip moves the place by one against the word's, the places of all
// ways with the same number of slips are bits: bit b stands for the place seen+b-maxTypos.
type comparison struct {
	seen  int16          // letters of the word
	at    [tooMany]uint8 // the ways, by slips
	swap  [tooMany]uint8 // those that need the letter before the last as the next one, by the place they left
	ended uint8          // the fewest slips with which the term ended on a letter that was no slip
}

// margin is before the term in term.letters: zeros, which no word has.
const margin = maxTypos

// compare begins a comparison.
func (t *term) compare() comparison {
	return comparison{at: [tooMany]uint8{1 << maxTypos}, ended: tooMany}
}

// next reads the next letter of the word.
func (c comparison) next(t *term, letter rune) comparison {
	same, within := c.places(t, letter)
	after := comparison{seen: c.seen + 1, ended: c.ended}
	last := t.count + margin - int(c.seen) - 1 // the bit of the last place
	for n := range t.typos + 1 {
		ways := c.at[n] & within
		hit, miss := ways&same, ways&^same
		after.at[n] |= hit | c.swap[n]&(same<<1)
		if last >= 0 && last < 8 && hit>>last&1 != 0 {
			after.ended = min(after.ended, uint8(n))
		}
		if n < t.typos {
			c.at[n+1] |= miss << 1               // a letter too many
			after.at[n+1] |= miss | miss>>1      // a wrong one, one that is missing
			after.swap[n+1] = miss & (same >> 1) // two exchanged
		}
	}
	return after
}

// places are the bits of the places where the term has a letter, and of those before its end.
func (c *comparison) places(t *term, letter rune) (same, within uint8) {
	const all = 1<<(2*maxTypos+1) - 1
	if t.has != nil && letter < utf8.RuneSelf {
		before := uint64(1)<<(t.count+margin) - 1
		return uint8(t.has[letter]>>c.seen) & all, uint8(before>>c.seen) & all
	}
	for b := range 2*maxTypos + 1 {
		place := int(c.seen) + b
		if place >= t.count+margin {
			break
		}
		within |= 1 << b
		if t.letters[place] == letter {
			same |= 1 << b
		}
	}
	return same, within
}

// placesOf are the places of a term's letters that are ASCII, a bit each; nil if the term is too long for that.
func placesOf(letters []rune) *[utf8.RuneSelf]uint64 {
	if len(letters) >= 64 {
		return nil
	}
	has := new([utf8.RuneSelf]uint64)
	for place, letter := range letters[margin:] {
		if letter < utf8.RuneSelf {
			has[letter] |= 1 << (place + margin)
		}
	}
	return has
}

// over tells whether no further letter changes anything.
func (c *comparison) over() bool { return c.at == [tooMany]uint8{} && c.swap == [tooMany]uint8{} }

// slips is the result where the word ends here.
func (c *comparison) slips(t *term) int {
	least := int(c.ended)
	for n, ways := range c.at {
		for b := range 2*maxTypos + 1 {
			if left := t.count - (int(c.seen) + b - maxTypos); ways>>b&1 != 0 && left >= 0 {
				least = min(least, n+left) // what is left of the term is too many
			}
		}
	}
	if least > t.typos {
		return tooMany
	}
	return least
}
