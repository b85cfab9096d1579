// Package search matches what a user types against texts: titles, user names, hosts, tags, notes. It works on folded text, in which
// letters that people take for the same are the same, and finds anywhere in a text, best places first; what is found nowhere may be a
// slip of the fingers.
//
// A text is scanned in a fraction of a microsecond; of many texts a Lexicon has each word once, in memory alone. It has nothing that the
// texts have not, and a lock drops it with them.
package search

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits in bytes. Of a longer text the beginning is found.
const (
	maxQuery = 256
	maxTerms = 8
	maxTitle = 1 << 10
	maxShort = 8 << 10 // of title and short texts
	maxLong  = 4 << 10 // of long texts: what is in memory for them
	// separator keeps a term from matching across two texts; Fold never leaves one.
	separator = "\x00"
)

// Texts are what one thing is found by. Empty ones count for nothing.
type Texts struct {
	Title string
	Short []string // names, hosts, tags
	Long  []string // notes: no slips are looked for in them
}

// Doc is the folded texts of one thing.
type Doc struct {
	text         string // title, short texts, long texts
	title, short int32  // where they end
}

// NewDoc prepares texts for matching.
func NewDoc(t Texts) Doc {
	var b strings.Builder
	b.WriteString(fold(t.Title, maxTitle))
	d := Doc{title: int32(b.Len())}
	appendTexts(&b, t.Short, maxShort)
	d.short = int32(b.Len())
	appendTexts(&b, t.Long, b.Len()+maxLong)
	d.text = b.String()
	return d
}

// appendTexts folds texts, each after a separator, until there are limit bytes.
func appendTexts(b *strings.Builder, texts []string, limit int) {
	for _, t := range texts {
		if room := limit - b.Len() - len(separator); t != "" && room > 0 {
			b.WriteString(separator)
			b.WriteString(fold(t, room))
		}
	}
}

// fold is Fold of the beginning of a text, of at most so many bytes.
func fold(s string, limit int) string {
	return cut(Fold(cut(s, limit)), limit)
}

// cut ends a text before the letter that exceeds the limit.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// Parts returns what RestoreDoc makes the same doc of: the folded texts, and where title and short texts end in them.
func (d *Doc) Parts() (text string, title, short int) { return d.text, int(d.title), int(d.short) }

// RestoreDoc is the inverse of Parts; false if it is none.
func RestoreDoc(text string, title, short int) (Doc, bool) {
	if title < 0 || short < title || len(text) < short || len(text) > maxShort+maxLong {
		return Doc{}, false
	}
	return Doc{text: text, title: int32(title), short: int32(short)}, true
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
func (d *Doc) Title() string { return d.text[:d.title] }

// Query is a prepared query. The zero Query matches everything with rank 0.
type Query struct {
	terms []term
	whole string
	slips bool // one of its terms may have one
}

// term is one word of a query.
type term struct {
	text    string
	plain   bool                   // it has nothing but bytes of words, so that each place of it is within a word
	letters []rune                 // behind a margin
	has     *[utf8.RuneSelf]uint64 // where it has which letter: see placesOf
	count   int                    // of its letters
	first   string                 // its first letter
	swapped string                 // the second and the first
	typos   int                    // how many slips it may have
}

// Parse prepares what a user typed: words separated by space, all of which have to match. What exceeds 256 bytes or 8 words is
// ignored.
func Parse(typed string) Query {
	if len(typed) > maxQuery {
		typed = typed[:maxQuery] // a letter cut in half folds to nothing
	}
	words := strings.Fields(Fold(typed))
	words = words[:min(len(words), maxTerms)]
	q := Query{whole: strings.Join(words, " ")}
	for _, w := range words {
		t := newTerm(w)
		q.terms = append(q.terms, t)
		q.slips = q.slips || t.typos > 0
	}
	return q
}

func newTerm(text string) term {
	t := term{text: text, typos: typosOf(text), count: utf8.RuneCountInString(text)}
	t.plain = strings.IndexFunc(text, func(r rune) bool { return r < utf8.RuneSelf && !isWordByte(byte(r)) }) < 0
	t.first = text[:next(text)]
	t.swapped = text[len(t.first):][:next(text[len(t.first):])] + t.first
	t.letters = append(make([]rune, margin), []rune(text)...)
	if t.typos > 0 {
		t.has = placesOf(t.letters)
	}
	return t
}

// next is the size of the first letter.
func next(s string) int {
	_, size := utf8.DecodeRuneInString(s)
	return size
}

// Typed is the words of the query, folded, with a space between two.
func (q Query) Typed() string { return q.whole }

// IsZero tells whether the query matches everything.
func (q Query) IsZero() bool { return len(q.terms) == 0 }

// MayHaveSlips tells whether slips make a difference: short words have none.
func (q Query) MayHaveSlips() bool { return q.slips }

// Rank is how well a term matches; the lower the better. Those of several terms add up.
type Rank uint8

// The ranks. A query that is the whole title has rank 0.
const (
	titlePrefix Rank = iota + 1
	titleWord
	shortWord // at the start of a word of a short text
	titleInside
	shortInside
	longWord
	longInside
	titleTypo
	shortTypo
	titleTypos
	shortTypos
	none
)

// MaxRank is the worst rank of a match.
const MaxRank = int(shortTypos) * maxTerms

// Rank tells whether the doc matches and how well; 0 is best. also, which may be nil, are the ranks that the terms have already by
// something that the doc does not know, as Ranks returns them. With slips a word that is found nowhere may be a slip of one that is:
// one letter of a word of four, two of eight.
func (q *Query) Rank(d *Doc, also []Rank, slips bool) (rank int, ok bool) {
	for i := range q.terms {
		best := d.rank(&q.terms[i])
		if also != nil {
			best = min(best, also[i])
		}
		if best == none && slips {
			best = d.typo(&q.terms[i])
		}
		if best == none {
			return 0, false
		}
		rank += int(best)
	}
	return q.orWhole(rank, d), true
}

// orWhole is the rank of a doc that matches, which is 0 where the query is the whole title.
func (q *Query) orWhole(rank int, d *Doc) int {
	if len(q.terms) > 0 && q.whole == d.Title() {
		return 0
	}
	return rank
}

// Ranks returns the rank of every term; nil if none matches.
func (q *Query) Ranks(d *Doc) []Rank {
	ranks := make([]Rank, len(q.terms))
	found := false
	for i := range q.terms {
		ranks[i] = d.rank(&q.terms[i])
		found = found || ranks[i] != none
	}
	if !found {
		return nil
	}
	return ranks
}

// rank finds the best of the places at which a term occurs.
func (d *Doc) rank(t *term) Rank {
	if best := d.inShort(t.text); best != none {
		return best
	}
	return d.inLong(t.text)
}

func (d *Doc) inShort(text string) Rank {
	best := none
	in := d.text[:d.short]
	for at := 0; best > titleWord; at++ {
		i := strings.Index(in[at:], text)
		if i < 0 {
			break
		}
		at += i
		best = min(best, d.place(at))
	}
	return best
}

func (d *Doc) place(at int) Rank {
	inTitle := at < int(d.title)
	switch {
	case at == 0 && inTitle:
		return titlePrefix
	case inTitle && startsWord(d.text, at):
		return titleWord
	case startsWord(d.text, at):
		return shortWord
	case inTitle:
		return titleInside
	}
	return shortInside
}

func (d *Doc) inLong(text string) Rank {
	best := none
	in := d.text[d.short:]
	for at := 0; best > longWord; at++ {
		i := strings.Index(in[at:], text)
		if i < 0 {
			break
		}
		at += i
		best = longInside
		if startsWord(in, at) {
			best = longWord
		}
	}
	return best
}

// startsWord tells whether what is before the place is no letter or digit.
func startsWord(text string, at int) bool {
	if at == 0 {
		return true
	}
	if before := text[at-1]; before < utf8.RuneSelf {
		return !isWordByte(before)
	}
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	return !unicode.IsLetter(before) && !unicode.IsDigit(before)
}

// isWordByte tells whether a byte of folded text belongs to a word, as every byte of a letter beyond ASCII does here.
func isWordByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b >= utf8.RuneSelf
}
