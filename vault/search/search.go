// Package search matches what a user types against texts: titles, user names, hosts, tags, notes. It works on folded text, in which
// letters that people take for the same are the same, and finds anywhere in a text, best places first; what is found nowhere may be a
// slip of the fingers.
//
// There is no index on disk and no inverted one in memory: 100,000 texts are scanned in a few milliseconds, and nothing
// that a lock would have to wipe is derived from them.
package search

import (
	"math/bits"
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
	// letters has a bit for each kind of byte in the texts; most docs that do not match a term lack one of its.
	letters, longLetters uint64
	// starts has a bit for each of the first 64 bytes of title and short texts that begins a word.
	starts uint64
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
	d.Prepare()
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

// anyLetters are those of a doc that is not prepared.
const anyLetters = ^uint64(0)

// Prepare makes ranking a restored doc quicker.
func (d *Doc) Prepare() {
	d.letters, d.longLetters = lettersOf(d.text[:d.short]), lettersOf(d.text[d.short:])
	d.starts = startsOf(d.text[:min(d.short, 64)])
}

// startsOf has a bit for each byte that begins a word, of 64 at most.
func startsOf(s string) (set uint64) {
	for i := range len(s) {
		if isWordByte(s[i]) {
			set |= 1 << i
		}
	}
	return set &^ (set << 1)
}

// Parts returns what RestoreDoc makes the same doc of: the folded texts, and where title and short texts end in them.
func (d *Doc) Parts() (text string, title, short int) { return d.text, int(d.title), int(d.short) }

// RestoreDoc is the inverse of Parts; false if it is none. The doc is not prepared: what it ranks is the same, later.
func RestoreDoc(text string, title, short int) (Doc, bool) {
	if title < 0 || short < title || len(text) < short || len(text) > maxShort+maxLong {
		return Doc{}, false
	}
	return Doc{text: text, title: int32(title), short: int32(short), letters: anyLetters, longLetters: anyLetters}, true
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

// letterBit is the bit of a byte in the sets of letters.
var letterBit = func() (table [256]uint64) {
	for b := range table {
		switch {
		case b >= 'a' && b <= 'z':
			table[b] = 1 << (b - 'a')
		case b >= '0' && b <= '9':
			table[b] = 1 << (26 + b - '0')
		case b >= utf8.RuneSelf:
			table[b] = 1 << (36 + b%16)
		default:
			table[b] = 1 << (52 + b%8)
		}
	}
	return table
}()

func lettersOf(s string) (set uint64) {
	for i := range len(s) {
		set |= letterBit[s[i]]
	}
	return set
}

// Query is a prepared query. The zero Query matches everything with rank 0.
type Query struct {
	terms []term
	whole string
	slips bool // one of its terms may have one
}

// term is one word of a query.
type term struct {
	text          string
	letters       uint64
	first, second string // letters
	typos         int    // how many slips it may have
	least, most   int    // bytes of a word that it may be a slip of: the fewest, and how many are compared where each is a letter
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
		t := term{text: w, letters: lettersOf(w), typos: typosOf(w)}
		n := utf8.RuneCountInString(w)
		t.least, t.most = n-t.typos, n+t.typos
		t.first = w[:next(w)]
		rest := w[len(t.first):]
		t.second = rest[:next(rest)]
		q.terms = append(q.terms, t)
		q.slips = q.slips || t.typos > 0
	}
	return q
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
		best := q.exact(i, d, also)
		if best == none {
			if !slips {
				return 0, false
			}
			return (&Slips{query: q}).Rank(d, also)
		}
		rank += int(best)
	}
	if len(q.terms) > 0 && q.whole == d.Title() {
		return 0, true
	}
	return rank, true
}

// exact is the rank of a term without slips.
func (q *Query) exact(i int, d *Doc, also []Rank) Rank {
	best := d.rank(&q.terms[i])
	if also != nil {
		best = min(best, also[i])
	}
	return best
}

// Slips ranks with slips what Query.Rank does not find without them. It is one goroutine's: it remembers words, since docs share most
// of theirs.
type Slips struct {
	query *Query
	known []knownWords // of each term; nil: nothing is remembered
}

// Slips returns what ranks with slips.
func (q *Query) Slips() *Slips { return &Slips{q, make([]knownWords, len(q.terms))} }

// Rank is Query.Rank, with slips, of a doc that it does not find without.
func (s *Slips) Rank(d *Doc, also []Rank) (rank int, ok bool) {
	for i := range s.query.terms {
		t, best := &s.query.terms[i], none
		if len(s.query.terms) > 1 { // else it is known to be nowhere
			best = s.query.exact(i, d, also)
		}
		if best == none && t.mayBeIn(d) {
			best = d.typo(t, s.of(i))
		}
		if best == none {
			return 0, false
		}
		rank += int(best)
	}
	return rank, true
}

func (s *Slips) of(i int) *knownWords {
	if s.known == nil {
		return nil
	}
	return &s.known[i]
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
	if t.letters&^d.letters == 0 {
		if best := d.inShort(t.text); best != none {
			return best
		}
	}
	if t.letters&^d.longLetters == 0 {
		if best := d.inLong(t.text); best != none {
			return best
		}
	}
	return none
}

// mayBeIn tells whether the doc has the first letter of the term, and all others but for as many as may be slips; one is at most four
// bytes.
func (t *term) mayBeIn(d *Doc) bool {
	if t.typos == 0 || lettersOf(t.first)&^d.letters != 0 {
		return false
	}
	missing := bits.OnesCount64(t.letters &^ d.letters)
	ascii := t.letters>>36&0xffff == 0
	return missing <= t.typos || !ascii && missing <= utf8.UTFMax*t.typos
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
