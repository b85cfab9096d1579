package generate

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"strings"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// Requirement asks for characters of a set.
type Requirement struct {
	Of      string // the characters, printable ASCII
	AtLeast int
}

// Rules say which passwords may be made. Requirements may overlap: one character counts for all that it fits.
type Rules struct {
	Required       []Requirement
	Allowed        string // characters that may be used besides those of Required
	First          string // what a password may begin with; "" for all that is allowed
	MaxConsecutive int    // how often in a row a character may stand; 0 for any number
	// MinLength and MaxLength are what a site demands, in characters, 0 for nothing. Make leaves the length to its caller.
	MinLength, MaxLength int
}

// maxSpace bounds the work of counting: lengths times combinations of what is still required times what may follow.
const maxSpace = 1 << 19

// Errors of rules, besides ErrOptions for a length or number out of range.
var (
	// ErrImpossible is returned where no password of the length keeps the rules.
	ErrImpossible = errors.New("generate: no password keeps these rules")
	// ErrRules is returned for a text that states no rules.
	ErrRules = errors.New("generate: not a list of password rules")
)

// Make makes a password of length characters, and tells its entropy in bits. It numbers all passwords that keep the rules, and draws one
// number: each is as likely as any other, and there is nothing to try again. Errors: ErrOptions, ErrImpossible.
func (r Rules) Make(length int) (value secret.Bytes, bits float64, err error) {
	return r.make(rand.Reader, length)
}

func (r Rules) make(random io.Reader, length int) (secret.Bytes, float64, error) {
	s, err := r.space(length)
	if err != nil {
		return secret.Bytes{}, 0, err
	}
	if s.total().Sign() == 0 {
		return secret.Bytes{}, 0, ErrImpossible
	}
	return secret.New(s.draw(random)), log2(s.total()), nil
}

// draw makes one of the passwords; there has to be one.
func (s *space) draw(random io.Reader) []byte {
	number, err := rand.Int(random, s.total()) // which draws again what is beyond the largest multiple
	if err != nil {
		panic("generate: no randomness: " + err.Error()) // crypto/rand never fails
	}
	defer clear(number.Bits())
	return s.password(number)
}

// Bits is the entropy of the passwords of a length, 0 where there is none.
func (r Rules) Bits(length int) float64 {
	s, err := r.space(length)
	if err != nil {
		return 0
	}
	return log2(s.total())
}

func log2(n *big.Int) float64 {
	if n.Sign() == 0 {
		return 0
	}
	mantissa := new(big.Float)
	exponent := new(big.Float).SetInt(n).MantExp(mantissa)
	m, _ := mantissa.Float64()
	return float64(exponent) + math.Log2(m)
}

// space is all passwords of one length that keep the rules. It counts them without making them: what can follow depends on how many
// characters are left, on what is still required, and, where characters must not repeat, on the last one.
type space struct {
	length  int
	run     int
	groups  []group
	need    int   // what is required at the beginning, in steps
	step    []int // of each requirement: the distance between two of its numbers in need
	atLeast []int
	counted map[prefix]*big.Int
}

// group is characters that are alike in all that the rules say of them.
type group struct {
	characters string
	meets      []int // indexes of requirements
	first      bool  // a password may begin with them
}

// prefix is what matters of the beginning of a password.
type prefix struct {
	left, need int
	last, run  int // the group of the last character and how often that stood in a row; last is -1 where it does not matter
}

func (r Rules) space(length int) (*space, error) {
	if length < 1 || length > MaxLength || r.MaxConsecutive < 0 {
		return nil, ErrOptions
	}
	s := &space{length: length, run: r.MaxConsecutive, groups: r.groups(), counted: map[prefix]*big.Int{}}
	if s.run >= length {
		s.run = 0
	}
	size := 1
	for _, required := range r.Required {
		if required.AtLeast < 0 || required.AtLeast > MaxLength {
			return nil, ErrOptions
		}
		s.step, s.atLeast = append(s.step, size), append(s.atLeast, required.AtLeast)
		s.need += required.AtLeast * size
		if size *= required.AtLeast + 1; size > maxSpace {
			return nil, fmt.Errorf("%w: too many requirements", ErrOptions)
		}
	}
	if size*length*(1+len(s.groups)*s.run) > maxSpace {
		return nil, fmt.Errorf("%w: too many requirements", ErrOptions)
	}
	return s, nil
}

// groups sorts the characters by what the rules say of them.
func (r Rules) groups() []group {
	sets := r.Allowed
	for _, required := range r.Required {
		sets += required.Of
	}
	var groups []group
	index := map[string]int{}
	for c := byte(' '); c <= '~'; c++ {
		if strings.IndexByte(sets, c) < 0 {
			continue
		}
		g := group{first: r.First == "" || strings.IndexByte(r.First, c) >= 0}
		for i, required := range r.Required {
			if strings.IndexByte(required.Of, c) >= 0 {
				g.meets = append(g.meets, i)
			}
		}
		kind := fmt.Sprint(g.first, g.meets)
		at, known := index[kind]
		if !known {
			at = len(groups)
			index[kind] = at
			groups = append(groups, g)
		}
		groups[at].characters += string(c)
	}
	return groups
}

func (s *space) beginning() prefix { return prefix{left: s.length, need: s.need, last: -1} }

func (s *space) total() *big.Int { return s.count(s.beginning()) }

// count is in how many ways a prefix can be completed.
func (s *space) count(p prefix) *big.Int {
	if p.left == 0 {
		if p.need == 0 {
			return big.NewInt(1)
		}
		return new(big.Int)
	}
	if known := s.counted[p]; known != nil {
		return known
	}
	sum := new(big.Int)
	for i := range s.groups {
		for _, w := range s.ways(p, i) {
			sum.Add(sum, new(big.Int).Mul(big.NewInt(int64(w.characters)), s.count(w.next)))
		}
	}
	s.counted[p] = sum
	return sum
}

// way is one kind of next character: how many characters there are of it, and what follows.
type way struct {
	characters int
	same       bool // the last character once more
	next       prefix
}

// ways are the ways to go on with a character of a group.
func (s *space) ways(p prefix, i int) []way {
	g := s.groups[i]
	if p.left == s.length && !g.first {
		return nil
	}
	next := prefix{left: p.left - 1, need: s.meet(p.need, g), last: -1}
	if s.run == 0 {
		return []way{{characters: len(g.characters), next: next}}
	}
	next.last, next.run = i, 1
	if p.last != i {
		return []way{{characters: len(g.characters), next: next}}
	}
	ways := []way{{characters: len(g.characters) - 1, next: next}}
	if p.run < s.run {
		next.run = p.run + 1
		ways = append(ways, way{characters: 1, same: true, next: next})
	}
	return ways
}

// meet takes a character of a group off what is required.
func (s *space) meet(need int, g group) int {
	for _, i := range g.meets {
		if need/s.step[i]%(s.atLeast[i]+1) > 0 {
			need -= s.step[i]
		}
	}
	return need
}

// password is the one of a number from 0 to total-1, each number another one.
func (s *space) password(number *big.Int) []byte {
	left := new(big.Int).Set(number)
	defer clear(left.Bits())
	made := make([]byte, 0, s.length)
	for p := s.beginning(); p.left > 0; {
		var c byte
		c, p = s.next(p, left, made)
		made = append(made, c)
	}
	return made
}

// next goes one character on: number, which becomes the number within what is left, says which.
func (s *space) next(p prefix, number *big.Int, made []byte) (byte, prefix) {
	for i, g := range s.groups {
		for _, w := range s.ways(p, i) {
			each := s.count(w.next)
			all := new(big.Int).Mul(big.NewInt(int64(w.characters)), each)
			if number.Cmp(all) >= 0 {
				number.Sub(number, all)
				continue
			}
			if w.same {
				return made[len(made)-1], w.next
			}
			which := new(big.Int)
			which.DivMod(number, each, number)
			return other(g, int(which.Int64()), p.last == i, made), w.next
		}
	}
	panic("generate: a number beyond the last password")
}

// other is a character of a group; where the last one was of the group too, that one is left out.
func other(g group, which int, sameGroup bool, made []byte) byte {
	if sameGroup && which >= strings.IndexByte(g.characters, made[len(made)-1]) {
		which++
	}
	return g.characters[which]
}
