package search

import (
	"cmp"
	"context"
	"encoding/binary"
	"hash/maphash"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// Lexicon is the different words of many docs, in title and short texts. A query looks at each of them once, and then at the numbers of
// the words that each doc has, in place of its text: words are few beside docs, and slips are dear to look for.
type Lexicon struct {
	text   string   // the words, sorted, each with a separator behind it
	begins []uint32 // where each begins in the text; one more for the end
	common []uint8  // how many bytes of whole letters each shares with the one before it, 255 at most
	has    []uint32 // the words of each doc, in their order, one doc after the other
	docs   []span   // by number; one more for the end
}

// span says which words are those of a doc.
type span struct {
	from  uint32 // in has, until the next doc's
	title uint16 // so many of them are the title's
	leads bool   // the first one begins the title
}

// NewLexicon looks at the docs, whose numbers are their places. Errors: the context's.
func NewLexicon(ctx context.Context, docs []Doc) (*Lexicon, error) {
	in := newInterner()
	l := &Lexicon{docs: make([]span, 0, len(docs)+1), has: make([]uint32, 0, 8*len(docs))}
	for n := range docs {
		if n%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		l.add(&docs[n], in)
	}
	l.docs = append(l.docs, span{from: uint32(len(l.has))})
	l.has = slices.Clone(l.has) // without room for more
	l.sort(in.words)
	return l, nil
}

// add notes the words of a doc by the numbers that they have so far.
func (l *Lexicon) add(d *Doc, in *interner) {
	s := span{from: uint32(len(l.has)), leads: d.title > 0 && isWordByte(d.text[0])}
	for begin := range starts(d.text[:d.short]) {
		l.has = append(l.has, in.number(wordOf(d.text[begin:d.short])))
		if begin < int(d.title) {
			s.title++
		}
	}
	l.docs = append(l.docs, s)
}

// sort brings the words into their order, and gives them their numbers in it.
func (l *Lexicon) sort(words []string) {
	type keyed struct {
		part uint64 // the word's beginning
		word uint32
	}
	sorted, size := make([]keyed, len(words)), 0
	for n, word := range words {
		var part [8]byte
		copy(part[:], word)
		sorted[n] = keyed{binary.BigEndian.Uint64(part[:]), uint32(n)}
		size += len(word) + len(separator)
	}
	slices.SortFunc(sorted, func(a, b keyed) int {
		return cmp.Or(cmp.Compare(a.part, b.part), strings.Compare(words[a.word], words[b.word]))
	})
	var text strings.Builder
	text.Grow(size)
	l.begins, l.common = make([]uint32, 0, len(words)+1), make([]uint8, 0, len(words))
	numbers, before := make([]uint32, len(words)), ""
	for n, k := range sorted {
		word := words[k.word]
		numbers[k.word] = uint32(n)
		l.begins = append(l.begins, uint32(text.Len()))
		l.common = append(l.common, uint8(commonPrefix(cut(before, math.MaxUint8), cut(word, math.MaxUint8))))
		text.WriteString(word)
		text.WriteString(separator)
		before = word
	}
	l.text, l.begins = text.String(), append(l.begins, uint32(text.Len()))
	for i, n := range l.has {
		l.has[i] = numbers[n]
	}
}

// commonPrefix is how many bytes of whole letters both begin with.
func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	for n > 0 && n < len(b) && !utf8.RuneStart(b[n]) {
		n--
	}
	return n
}

// interner numbers words as they come. A map of Go would take three times the memory.
type interner struct {
	seed  maphash.Seed
	words []string
	table []uint32 // by hash: a word's number and 1
}

func newInterner() *interner {
	return &interner{seed: maphash.MakeSeed(), table: make([]uint32, 1<<10)}
}

func (in *interner) number(word string) uint32 {
	place := in.place(word)
	if n := in.table[place]; n > 0 {
		return n - 1
	}
	in.words = append(in.words, word)
	in.table[place] = uint32(len(in.words))
	if 2*len(in.words) > len(in.table) {
		in.table = make([]uint32, 2*len(in.table))
		for n, word := range in.words {
			in.table[in.place(word)] = uint32(n + 1)
		}
	}
	return uint32(len(in.words) - 1)
}

// place is where a word is in the table, or goes.
func (in *interner) place(word string) uint64 {
	last := uint64(len(in.table) - 1)
	place := maphash.String(in.seed, word) & last
	for n := in.table[place]; n > 0 && in.words[n-1] != word; n = in.table[place] {
		place = (place + 1) & last
	}
	return place
}

func (l *Lexicon) word(n int) string {
	return l.text[l.begins[n] : l.begins[n+1]-uint32(len(separator))]
}

// likeness is how a word has a term; the higher the better.
type likeness uint8

const (
	unlike likeness = iota
	twoSlips
	oneSlip
	within
	afterSign // behind a letter-like sign in the word
	atFirst
)

// Matches is what a query finds in the words of a lexicon. Its methods may be called by several goroutines at once, but AddSlips.
type Matches struct {
	query   *Query
	lexicon *Lexicon
	terms   []match
}

// match is how the words have one term.
type match struct {
	at    int        // the term's place in the query
	words []likeness // nil: none has it
	found int        // how many have it
}

// Match looks for the terms of a query, without slips.
func (l *Lexicon) Match(q *Query) *Matches {
	m := &Matches{query: q, lexicon: l, terms: make([]match, len(q.terms))}
	for i := range q.terms {
		m.terms[i].at = i
		if t := &q.terms[i]; t.plain {
			m.terms[i].words = make([]likeness, len(l.common))
			m.terms[i].found = l.findAll(t.text, m.terms[i].words)
		}
	}
	m.rarestFirst()
	return m
}

// rarestFirst lets most docs that do not match be left after one term.
func (m *Matches) rarestFirst() {
	slices.SortStableFunc(m.terms, func(a, b match) int { return cmp.Compare(a.found, b.found) })
}

// AddSlips has slips count too. It tells whether there are any.
func (m *Matches) AddSlips() bool {
	added := 0
	for i := range m.terms {
		o := &m.terms[i]
		t := &m.query.terms[o.at]
		if t.typos == 0 {
			continue
		}
		if o.words == nil {
			o.words = make([]likeness, len(m.lexicon.common))
		}
		found := m.lexicon.findSlips(t, t.first, o.words)
		if !strings.HasPrefix(t.swapped, t.first) {
			found += m.lexicon.findSlips(t, t.swapped, o.words)
		}
		o.found += found
		added += found
	}
	m.rarestFirst()
	return added > 0
}

// Rank is Query.Rank of the doc with a number.
func (m *Matches) Rank(number int, d *Doc, also []Rank) (rank int, ok bool) {
	for i := range m.terms {
		o := &m.terms[i]
		best := none
		if o.found > 0 {
			best = m.lexicon.rank(number, o.words)
		}
		if best > longInside { // it is in no word, but for slips
			best = min(best, m.inText(o.at, d))
		}
		if also != nil {
			best = min(best, also[o.at])
		}
		if best == none {
			return 0, false
		}
		rank += int(best)
	}
	return m.query.orWhole(rank, d), true
}

// inText is the rank of a term in what is not in the lexicon.
func (m *Matches) inText(term int, d *Doc) Rank {
	t, best := &m.query.terms[term], none
	if !t.plain {
		best = d.inShort(t.text)
	}
	if best == none && len(d.text) > int(d.short) {
		best = d.inLong(t.text)
	}
	return best
}

// rank is the best rank that a doc has by its words.
func (l *Lexicon) rank(number int, like []likeness) Rank {
	s := l.docs[number]
	has := l.has[s.from:l.docs[number+1].from]
	title, short := unlike, unlike
	for _, word := range has[:s.title] {
		title = max(title, like[word])
	}
	for _, word := range has[s.title:] {
		short = max(short, like[word])
	}
	if title == atFirst && s.leads && like[has[0]] == atFirst {
		return titlePrefix
	}
	return min(titleRanks[title], shortRanks[short])
}

// The ranks of what the best word of title and short texts is.
var (
	titleRanks = [...]Rank{unlike: none, twoSlips: titleTypos, oneSlip: titleTypo, within: titleInside, afterSign: titleWord, atFirst: titleWord}
	shortRanks = [...]Rank{unlike: none, twoSlips: shortTypos, oneSlip: shortTypo, within: shortInside, afterSign: shortWord, atFirst: shortWord}
)

// fewWords is how many words one goroutine looks at; more are shared among the processors.
const fewWords = 16 << 10

func (l *Lexicon) findAll(term string, like []likeness) int {
	share := max(fewWords, len(l.common)/runtime.GOMAXPROCS(0)+1)
	var working sync.WaitGroup
	var found atomic.Int64
	for from := 0; from < len(l.common); from += share {
		working.Go(func() { found.Add(int64(l.find(term, from, min(from+share, len(l.common)), like))) })
	}
	working.Wait()
	return int(found.Load())
}

// find looks for a term within some words.
func (l *Lexicon) find(term string, from, to int, like []likeness) (found int) {
	text := l.text[:l.begins[to]]
	for at, n := int(l.begins[from]), from; ; {
		i := strings.Index(text[at:], term)
		if i < 0 {
			return found
		}
		at += i
		for int(l.begins[n+1]) <= at {
			n++
		}
		begin := int(l.begins[n])
		if like[n] == unlike {
			found++
		}
		switch {
		case at == begin:
			like[n] = atFirst
		case startsWord(text[begin:], at-begin):
			like[n] = afterSign
		default:
			like[n] = within
			at++
			continue
		}
		at = int(l.begins[n+1]) // no place in it is better
	}
}

// findSlips compares a term with the words that begin in some way, and are not like it already.
func (l *Lexicon) findSlips(t *term, beginning string, like []likeness) (found int) {
	from, to := l.beginningWith(beginning)
	states := make([]comparison, 1, 64) // by how many bytes of the word were read
	states[0] = t.compare()
	for n := from; n < to; n++ {
		same := min(int(l.common[n]), len(states)-1)
		if n == from {
			same = 0
		}
		if c := states[same]; c.over() && c.ended == tooMany {
			continue // what it shares with the one before it is unlike the term already
		}
		states = read(t, l.word(n), states[:same+1])
		if like[n] != unlike {
			continue
		}
		if slips := states[len(states)-1].slips(t); slips <= t.typos {
			like[n] = oneSlip - likeness(max(slips, 1)-1)
			found++
		}
	}
	return found
}

// read compares the rest of a word, as far as it makes a difference. The states are those of what was read of it.
func read(t *term, word string, states []comparison) []comparison {
	for at := len(states) - 1; at < len(word) && !states[at].over(); at = len(states) - 1 {
		letter, size := utf8.DecodeRuneInString(word[at:])
		after := states[at].next(t, letter)
		for range size {
			states = append(states, after)
		}
	}
	return states
}

// beginningWith returns which words begin with a text.
func (l *Lexicon) beginningWith(text string) (from, to int) {
	from, _ = slices.BinarySearchFunc(l.begins[:len(l.common)], text, func(begin uint32, text string) int {
		return strings.Compare(l.text[begin:min(int(begin)+len(text), len(l.text))], text)
	})
	length, _ := slices.BinarySearchFunc(l.begins[from:len(l.common)], text, func(begin uint32, text string) int {
		if strings.HasPrefix(l.text[begin:], text) {
			return -1
		}
		return 1
	})
	return from, from + length
}
