package search

import (
	"cmp"
	"context"
	"encoding/binary"
	"hash/maphash"
	"math"
	"math/bits"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"
)

// Lexicon is the different words of many docs, in title and short texts. A query looks at each of them once, and then at the numbers of
// the words that each doc has, in place of its text: words are few beside docs, and slips are dear to look for.
type Lexicon struct {
	text   string   // the words, sorted, each with a separator behind it
	begins []uint32 // where each begins in the text; one more for the end
	common []uint8  // how many bytes of whole letters each shares with the one before it, 255 at most
	signs  []uint64 // a bit for each word: something in it is neither letter nor digit, so that a word begins behind it
	has    []uint32 // the words of each doc, in their order, one doc after the other
	docs   []span   // by number; one more for the end

	idle atomic.Pointer[[]marks] // of a query that has ended, for the next one: 8 bytes a word would soon be much garbage
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
	l.signs = make([]uint64, len(words)/64+1)
	numbers, before := make([]uint32, len(words)), ""
	for n, k := range sorted {
		word := words[k.word]
		numbers[k.word] = uint32(n)
		l.begins = append(l.begins, uint32(text.Len()))
		l.common = append(l.common, uint8(commonPrefix(cut(before, math.MaxUint8), cut(word, math.MaxUint8))))
		text.WriteString(word)
		text.WriteString(separator)
		if strings.IndexFunc(word, isSign) >= 0 {
			l.signs[n/64] |= 1 << (n % 64)
		}
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

func isSign(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

func (l *Lexicon) hasSign(n int) bool { return l.signs[n/64]>>(n%64)&1 != 0 }

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

// marks are how a word has the terms of a query: a byte for each, and in it a bit for its likeness and each that is worse. So those of
// the best of several words are all their bits together, for all terms at once.
type marks uint64

const termBits = 8 // maxTerms of them are 64

// marked is the marks of a word that has a term so.
func (k likeness) marked(term int) marks { return (1<<k - 1) << (termBits * term) }

// of is the likeness to one term.
func (m marks) of(term int) likeness { return likeness(bits.Len8(uint8(m >> (termBits * term)))) }

// Matches is what a query finds in the words of a lexicon. Its methods may be called by several goroutines at once, but AddSlips.
type Matches struct {
	query   *Query
	lexicon *Lexicon
	words   []marks
	any     marks // of all words together
	all     marks // what a doc needs of its words to match by them alone
	alone   bool  // no term can be in anything of title and short texts but their words
}

// Match looks for the terms of a query, without slips. End it.
func (l *Lexicon) Match(q *Query) *Matches {
	m := &Matches{query: q, lexicon: l, alone: true}
	if idle := l.idle.Swap(nil); idle != nil {
		m.words = *idle
		clear(m.words)
	} else {
		m.words = make([]marks, len(l.common))
	}
	for i := range q.terms {
		m.all |= twoSlips.marked(i)
		m.alone = m.alone && q.terms[i].plain
	}
	inShares(len(l.common), m.find)
	m.sum()
	return m
}

// End leaves what was found to the next query.
func (m *Matches) End() {
	words := m.words
	m.words = nil
	m.lexicon.idle.Store(&words)
}

func (m *Matches) sum() {
	for _, word := range m.words {
		m.any |= word
	}
}

// fewWords is how many words one goroutine looks at; more are shared among the processors.
const fewWords = 16 << 10

func inShares(count int, work func(from, to int)) {
	share := max(fewWords, count/runtime.GOMAXPROCS(0)+1)
	var working sync.WaitGroup
	for from := 0; from < count; from += share {
		working.Go(func() { work(from, min(from+share, count)) })
	}
	working.Wait()
}

// find looks for all terms within some words.
func (m *Matches) find(from, to int) {
	var single [256]marks // the terms of one byte, by it
	for i := range m.query.terms {
		switch t := &m.query.terms[i]; {
		case !t.plain:
		case len(t.text) == 1 && len(m.query.terms) > 1:
			single[t.text[0]] |= atFirst.marked(i)
		default:
			m.findTerm(t.text, i, from, to)
		}
	}
	if single != [256]marks{} {
		m.findLetters(&single, from, to)
	}
}

// findLetters looks for terms of one byte, which nearly every word has: reading them takes less than jumping from one to the next.
func (m *Matches) findLetters(single *[256]marks, from, to int) {
	var insideOf marks // what of a term's marks is for a place that is not the first
	for i := range m.query.terms {
		insideOf |= within.marked(i)
	}
	l := m.lexicon
	for n := from; n < to; n++ {
		word := l.word(n)
		found := single[word[0]]
		for at := 1; at < len(word); at++ {
			found |= single[word[at]] & insideOf
		}
		if l.hasSign(n) {
			found |= m.afterSigns(single, word)
		}
		m.words[n] |= found
	}
}

// afterSigns are the marks for what is behind a letter-like sign.
func (m *Matches) afterSigns(single *[256]marks, word string) (found marks) {
	for at := 1; at < len(word); at++ {
		if startsWord(word, at) {
			for i := range m.query.terms {
				if single[word[at]].of(i) == atFirst {
					found |= afterSign.marked(i)
				}
			}
		}
	}
	return found
}

// findTerm looks for one term within some words.
func (m *Matches) findTerm(text string, term, from, to int) {
	l := m.lexicon
	in := l.text[:l.begins[to]]
	for at, n := int(l.begins[from]), from; ; {
		i := strings.Index(in[at:], text)
		if i < 0 {
			return
		}
		at += i
		for int(l.begins[n+1]) <= at {
			n++
		}
		begin := int(l.begins[n])
		switch {
		case at == begin:
			m.words[n] |= atFirst.marked(term)
		case !l.hasSign(n):
			m.words[n] |= within.marked(term)
		case startsWord(in[begin:], at-begin):
			m.words[n] |= afterSign.marked(term)
		default:
			m.words[n] |= within.marked(term)
			at++
			continue
		}
		at = int(l.begins[n+1]) // no place in it is better
	}
}

// AddSlips has slips count too. It tells whether there are any.
func (m *Matches) AddSlips() bool {
	var added atomic.Bool
	for i := range m.query.terms {
		t := &m.query.terms[i]
		if t.typos == 0 {
			continue
		}
		beginnings := []string{t.first}
		if !strings.HasPrefix(t.swapped, t.first) {
			beginnings = append(beginnings, t.swapped)
		}
		for _, beginning := range beginnings {
			first, end := m.lexicon.beginningWith(beginning)
			inShares(end-first, func(from, to int) {
				if m.findSlips(i, first+from, first+to) {
					added.Store(true)
				}
			})
		}
	}
	m.sum()
	return added.Load()
}

// findSlips compares a term with some words, which begin as it does, and are not like it already.
func (m *Matches) findSlips(term, from, to int) (found bool) {
	t, l := &m.query.terms[term], m.lexicon
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
		if m.words[n].of(term) != unlike {
			continue
		}
		if slips := states[len(states)-1].slips(t); slips <= t.typos {
			m.words[n] |= (oneSlip - likeness(max(slips, 1)-1)).marked(term)
			found = true
		}
	}
	return found
}

// Rank is Query.Rank of the doc with a number.
func (m *Matches) Rank(number int, d *Doc, also []Rank) (rank int, ok bool) {
	byWords := m.alone && also == nil && len(d.text) == int(d.short)
	if byWords && m.any&m.all != m.all {
		return 0, false
	}
	var title, short, first marks
	if m.any != 0 {
		title, short, first = m.best(number)
	}
	if byWords && (title|short)&m.all != m.all {
		return 0, false
	}
	for i := range m.query.terms {
		best := min(titleRanks[title.of(i)], shortRanks[short.of(i)])
		if first.of(i) == atFirst {
			best = titlePrefix
		}
		if best > longInside { // it is in no word, but for slips
			best = min(best, m.inText(i, d))
		}
		if also != nil {
			best = min(best, also[i])
		}
		if best == none {
			return 0, false
		}
		rank += int(best)
	}
	return m.query.orWhole(rank, d), true
}

// best is how the words of a doc have the terms at best: those of the title, those behind it, and the one that begins the title.
func (m *Matches) best(number int) (title, short, first marks) {
	l := m.lexicon
	s := l.docs[number]
	has := l.has[s.from:l.docs[number+1].from]
	for _, word := range has[:s.title] {
		title |= m.words[word]
	}
	for _, word := range has[s.title:] {
		short |= m.words[word]
	}
	if s.leads {
		first = m.words[has[0]]
	}
	return title, short, first
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

// The ranks of what the best word of title and short texts is.
var (
	titleRanks = [...]Rank{unlike: none, twoSlips: titleTypos, oneSlip: titleTypo, within: titleInside, afterSign: titleWord, atFirst: titleWord}
	shortRanks = [...]Rank{unlike: none, twoSlips: shortTypos, oneSlip: shortTypo, within: shortInside, afterSign: shortWord, atFirst: shortWord}
)

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
