package generate

import (
	_ "embed"
	"math"
	"strings"
	"sync"
	"unicode"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// Strength is an estimate of what it takes to guess a password.
type Strength struct {
	Bits float64 // log2 of the guesses
	// Score is 0 for useless, 1 weak, 2 fair, 3 good, 4 strong.
	Score int
}

// scoreAt are the bits from which a score is reached.
var scoreAt = [...]float64{20, 36, 50, 64}

// ScoreOf returns the score for so many bits, those of a generated password included.
func ScoreOf(bits float64) int {
	score := 0
	for score < len(scoreAt) && bits >= scoreAt[score] {
		score++
	}
	return score
}

const (
	maxEstimated = 100 // characters; what comes after does not count
	maxInputs    = 16
	minMatch     = 3 // characters
	maxWord      = 32
	maxRun       = 44 // the longest row
)

// Estimate estimates the strength of a password that a person made: the cheapest way to put it together from common passwords,
// words and names, what the attacker knows of the user (inputs: title, user name, site), repetitions, sequences, keyboard runs,
// years and dates, and single characters for the rest. The method is that of zxcvbn (Wheeler, USENIX Security 2016), with a cost
// per character that rises with the variety of the password. It takes well below a millisecond for most
// passwords, and a few for the longest.
func Estimate(password secret.Bytes, inputs ...string) Strength {
	text := []rune(string(password.Reveal()))
	defer clear(text)
	if len(text) > maxEstimated {
		text = text[:maxEstimated]
	}
	bits := newEstimator(text, inputs).bits()
	return Strength{Bits: bits, Score: ScoreOf(bits)}
}

//go:embed data/passwords.txt
var passwordList string

//go:embed data/english.txt
var englishList string

//go:embed data/names.txt
var nameList string

// ranks maps common passwords, words and names to their place in their list, from 1.
var ranks = sync.OnceValue(func() map[string]int {
	m := make(map[string]int, 32_000)
	for _, list := range []string{passwordList, englishList, nameList} {
		for i, word := range strings.Fields(list) {
			if known, found := m[word]; !found || i+1 < known {
				m[word] = i + 1
			}
		}
	}
	for _, word := range words() {
		if _, found := m[word]; !found {
			m[word] = len(words())
		}
	}
	return m
})

// estimator looks for the cheapest way to make text.
type estimator struct {
	text   []rune
	lower  []rune
	plain  []rune // lower, with digits and symbols read as the letters that they are used for
	inputs map[string]bool
	single float64 // bits of a character that belongs to no pattern
}

func newEstimator(text []rune, inputs []string) *estimator {
	e := &estimator{text: text, inputs: make(map[string]bool)}
	for _, r := range text {
		r = unicode.ToLower(r)
		e.lower = append(e.lower, r)
		if letter, found := leet[r]; found {
			r = letter
		}
		e.plain = append(e.plain, r)
	}
	for _, input := range inputs[:min(len(inputs), maxInputs)] {
		for _, word := range splitWords(strings.ToLower(input)) {
			e.inputs[word] = true
		}
	}
	e.single = singleBits(text)
	return e
}

// leet are the usual substitutions.
var leet = map[rune]rune{'4': 'a', '@': 'a', '8': 'b', '3': 'e', '6': 'g', '1': 'i', '!': 'i', '0': 'o', '5': 's', '$': 's', '7': 't', '+': 't', '2': 'z'}

// splitWords returns an input and the words in it.
func splitWords(input string) []string {
	notWord := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	var usable []string
	for _, word := range append(strings.FieldsFunc(input, notWord), input) {
		if n := len([]rune(word)); n >= minMatch && n <= maxWord {
			usable = append(usable, word)
		}
	}
	return usable
}

// singleBits is what one more character costs the attacker. Letters alone are likely to be words of a language that is in no list
// here, so they cost less than random letters would.
func singleBits(text []rune) float64 {
	var classes [5]bool
	for _, r := range text {
		switch {
		case unicode.IsLower(r):
			classes[0] = true
		case unicode.IsUpper(r):
			classes[1] = true
		case unicode.IsDigit(r):
			classes[2] = true
		case unicode.IsLetter(r):
			classes[3] = true
		default:
			classes[4] = true
		}
	}
	variety := 0
	for _, present := range classes {
		if present {
			variety++
		}
	}
	if variety <= 1 && classes[2] {
		return math.Log2(10)
	}
	return [...]float64{0, 3.5, 4.5, 5.3, 5.9, 6.2}[variety]
}

// bits is the cost of the cheapest way: best[i] is that of the first i characters. Every piece after the first costs one bit more,
// since the attacker has to guess where it begins.
func (e *estimator) bits() float64 {
	best := make([]float64, len(e.text)+1)
	for end := 1; end <= len(e.text); end++ {
		best[end] = best[end-1] + e.single
		for start := range max(0, end-minMatch+1) {
			cost, found := e.piece(start, end)
			if start > 0 {
				cost++
			}
			if found && best[start]+cost < best[end] {
				best[end] = best[start] + cost
			}
		}
	}
	return best[len(e.text)]
}

// piece is the cost of the characters from start to end if they follow one pattern.
func (e *estimator) piece(start, end int) (bits float64, found bool) {
	bits = math.Inf(1)
	for _, pattern := range []func(start, end int) (float64, bool){e.word, e.sequence, e.keyboard, e.repetition, e.date} {
		if cost, ok := pattern(start, end); ok {
			bits, found = min(bits, cost), true
		}
	}
	return bits, found
}

func (e *estimator) word(start, end int) (float64, bool) {
	if end-start > maxWord {
		return 0, false
	}
	best, found := math.Inf(1), false
	for _, spelling := range []struct {
		text  []rune
		extra float64
	}{{e.lower[start:end], 0}, {e.plain[start:end], 2}, {reversed(e.lower[start:end]), 2}} {
		if rank, ok := e.rank(string(spelling.text)); ok {
			best, found = min(best, math.Log2(float64(rank))+spelling.extra), true
		}
	}
	return best + e.caseBits(start, end), found
}

func (e *estimator) rank(word string) (int, bool) {
	if e.inputs[word] {
		return 1, true
	}
	rank, found := ranks()[word]
	return rank, found
}

func reversed(word []rune) []rune {
	r := make([]rune, len(word))
	for i := range word {
		r[len(word)-1-i] = word[i]
	}
	return r
}

// caseBits is what capitals add: one bit for the usual places, more the more of them there are elsewhere.
func (e *estimator) caseBits(start, end int) float64 {
	capitals := 0
	for _, r := range e.text[start:end] {
		if unicode.IsUpper(r) {
			capitals++
		}
	}
	switch {
	case capitals == 0:
		return 0
	case capitals == end-start, capitals == 1 && unicode.IsUpper(e.text[start]):
		return 1
	}
	return 1 + float64(min(capitals, end-start-capitals))*2
}

// sequence is characters at a constant distance: abc, 9876, aceg. A distance of 0 is a repetition of one.
func (e *estimator) sequence(start, end int) (float64, bool) {
	step := e.text[start+1] - e.text[start]
	if step < -4 || step > 4 {
		return 0, false
	}
	for i := start + 2; i < end; i++ {
		if e.text[i]-e.text[i-1] != step {
			return 0, false
		}
	}
	first := 4.7
	if strings.ContainsRune("aAzZ019", e.text[start]) {
		first = 2
	}
	if step != 0 && step != 1 {
		first += 2
	}
	return first + math.Log2(float64(end-start)), true
}

// keyboardRows are rows of the usual keyboards, to be run along in either direction.
var keyboardRows = []string{
	"1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./", "qwertzuiop", "yxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn",
	"1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/", "789456123", "147258369",
}

func (e *estimator) keyboard(start, end int) (float64, bool) {
	if end-start > maxRun {
		return 0, false
	}
	run := string(e.lower[start:end])
	back := string(reversed(e.lower[start:end]))
	for _, row := range keyboardRows {
		if strings.Contains(row, run) || strings.Contains(row, back) {
			return 6 + math.Log2(float64(end-start)) + e.caseBits(start, end), true
		}
	}
	return 0, false
}

// repetition is a block that comes again and again: its own cost, and the number of times.
func (e *estimator) repetition(start, end int) (float64, bool) {
	n := end - start
	for size := 1; size <= n/2; size++ {
		if n%size != 0 || !repeats(e.text[start:end], size) {
			continue
		}
		return e.block(start, size) + math.Log2(float64(n/size)), true
	}
	return 0, false
}

func repeats[T comparable](text []T, size int) bool {
	for i := size; i < len(text); i++ {
		if text[i] != text[i-size] {
			return false
		}
	}
	return true
}

// block is the cost of a block on its own; it has no shorter repetition in it.
func (e *estimator) block(start, size int) float64 {
	cost := float64(size) * e.single
	if size >= minMatch {
		if word, found := e.word(start, start+size); found {
			cost = min(cost, word)
		}
	}
	return cost
}

// date is a year, or day, month and year in any order, with or without separators.
func (e *estimator) date(start, end int) (float64, bool) {
	if end-start > len("31.12.1999") {
		return 0, false
	}
	var numbers []rune
	separators := 0
	for _, r := range e.text[start:end] {
		switch {
		case r >= '0' && r <= '9':
			numbers = append(numbers, r)
		case strings.ContainsRune("-./ _", r):
			separators++
		default:
			return 0, false
		}
	}
	digits := string(numbers)
	const days = 372 * 120 // of the years that people choose
	switch {
	case len(digits) == 4 && separators == 0 && (digits[:2] == "19" || digits[:2] == "20"):
		return math.Log2(120), true
	case (len(digits) == 6 || len(digits) == 8) && (separators == 0 || separators == 2) && plausibleDate(digits):
		return math.Log2(days) + float64(separators), true
	}
	return 0, false
}

// plausibleDate tells whether six or eight digits can be read as a date: day and month, in either order, before or after the year.
func plausibleDate(digits string) bool {
	year := len(digits) - 4
	return dayAndMonth(digits[:4]) || dayAndMonth(digits[year:])
}

func dayAndMonth(digits string) bool {
	a, b := int(digits[0]-'0')*10+int(digits[1]-'0'), int(digits[2]-'0')*10+int(digits[3]-'0')
	valid := func(day, month int) bool { return day >= 1 && day <= 31 && month >= 1 && month <= 12 }
	return valid(a, b) || valid(b, a)
}
