// Package search matches what a user types against short texts: titles, user names, hosts, tags. It works on folded text, in which
// letters that people take for the same are the same, and finds anywhere in a text, best places first.
//
// There is no index on disk and no inverted one in memory: 100,000 short texts are scanned in a few milliseconds, and nothing
// that a lock would have to wipe is derived from them.
package search

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxQuery = 256 // bytes
	maxTerms = 8
	// separator keeps a term from matching across two texts; Fold never leaves one.
	separator = "\x00"
)

// Doc is the folded texts of one thing.
type Doc struct {
	text  string
	title int // length of the folded title, with which text begins
}

// NewDoc prepares a title and other texts for matching. Empty texts are left out.
func NewDoc(title string, texts ...string) Doc {
	var b strings.Builder
	size := len(title)
	for _, t := range texts {
		size += len(separator) + len(t)
	}
	b.Grow(size)
	b.WriteString(Fold(title))
	d := Doc{title: b.Len()}
	for _, t := range texts {
		if t != "" {
			b.WriteString(separator)
			b.WriteString(Fold(t))
		}
	}
	d.text = b.String()
	return d
}

// Pack moves the texts of the docs next to each other, in order: to scan them then takes a fraction of the time.
func Pack(docs []*Doc) {
	size := 0
	for _, d := range docs {
		size += len(d.text)
	}
	var b strings.Builder
	b.Grow(size)
	for _, d := range docs {
		b.WriteString(d.text)
	}
	packed := b.String()
	for _, d := range docs {
		d.text, packed = packed[:len(d.text)], packed[len(d.text):]
	}
}

// Title is the folded title, which sorts titles as people expect.
func (d Doc) Title() string { return d.text[:d.title] }

// Query is a prepared query. The zero Query matches everything with rank 0.
type Query struct {
	terms []string
}

// Parse prepares what a user typed: words separated by space, all of which have to match. What exceeds 256 bytes or 8 words is
// ignored.
func Parse(typed string) Query {
	if len(typed) > maxQuery {
		typed = typed[:maxQuery] // a letter cut in half folds to nothing
	}
	terms := strings.Fields(Fold(typed))
	return Query{terms: terms[:min(len(terms), maxTerms)]}
}

// IsZero tells whether the query matches everything.
func (q Query) IsZero() bool { return len(q.terms) == 0 }

// How well a term matches. Ranks of several terms add up.
const (
	titlePrefix = iota
	titleWord
	otherWord // at the start of a word of another text
	titleInside
	otherInside
	none
)

// MaxRank is the worst rank of a match.
const MaxRank = otherInside * maxTerms

// Rank tells whether the doc matches and how well; 0 is best.
func (q Query) Rank(d Doc) (rank int, ok bool) {
	for _, term := range q.terms {
		r := d.rank(term)
		if r == none {
			return 0, false
		}
		rank += r
	}
	return rank, true
}

// rank finds the best of the places at which a term occurs.
func (d Doc) rank(term string) int {
	best := none
	for at := 0; best > titleWord; at++ {
		i := strings.Index(d.text[at:], term)
		if i < 0 {
			break
		}
		at += i
		best = min(best, d.place(at))
	}
	return best
}

func (d Doc) place(at int) int {
	inTitle := at < d.title
	switch {
	case at == 0 && inTitle:
		return titlePrefix
	case inTitle && d.startsWord(at):
		return titleWord
	case d.startsWord(at):
		return otherWord
	case inTitle:
		return titleInside
	}
	return otherInside
}

// startsWord tells whether what is before the place is no letter or digit.
func (d Doc) startsWord(at int) bool {
	if at == 0 {
		return true
	}
	before, _ := utf8.DecodeLastRuneInString(d.text[:at])
	return !unicode.IsLetter(before) && !unicode.IsDigit(before)
}
