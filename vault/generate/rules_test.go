package generate

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// keeps tells whether a password keeps rules, without the code that makes one.
func keeps(r Rules, password string) bool {
	all := r.Allowed
	for _, required := range r.Required {
		all += required.Of
		found := 0
		for _, c := range password {
			if strings.ContainsRune(required.Of, c) {
				found++
			}
		}
		if found < required.AtLeast {
			return false
		}
	}
	run := 0
	for i, c := range password {
		if run++; i > 0 && rune(password[i-1]) != c {
			run = 1
		}
		if !strings.ContainsRune(all, c) || r.MaxConsecutive > 0 && run > r.MaxConsecutive {
			return false
		}
	}
	return r.First == "" || strings.ContainsRune(r.First, rune(password[0]))
}

// words of length characters of an alphabet, all of them.
func everyWord(alphabet string, length int) []string {
	if length == 0 {
		return []string{""}
	}
	var all []string
	for _, begun := range everyWord(alphabet, length-1) {
		for _, c := range alphabet {
			all = append(all, begun+string(c))
		}
	}
	return all
}

// The numbers from 0 to total-1 are exactly the passwords that keep the rules, each once. So one number drawn evenly is a password
// drawn evenly.
func TestNumbersArePasswords(t *testing.T) {
	alphabet := "abA1#"
	rapid.Check(t, func(t *rapid.T) {
		set := rapid.StringOfN(rapid.RuneFrom([]rune(alphabet)), 0, 4, -1)
		r := Rules{Allowed: set.Draw(t, "allowed"), First: set.Draw(t, "first"), MaxConsecutive: rapid.IntRange(0, 3).Draw(t, "in a row")}
		for range rapid.IntRange(0, 3).Draw(t, "requirements") {
			r.Required = append(r.Required, Requirement{set.Draw(t, "of"), rapid.IntRange(0, 3).Draw(t, "at least")})
		}
		length := rapid.IntRange(1, 4).Draw(t, "length")
		want := map[string]bool{}
		for _, word := range everyWord(alphabet, length) {
			if keeps(r, word) {
				want[word] = true
			}
		}
		s, err := r.space(length)
		if err != nil {
			t.Fatal(err)
		}
		if s.total().Cmp(big.NewInt(int64(len(want)))) != 0 {
			t.Fatalf("%+v: counted %s of %d characters, want %d", r, s.total(), length, len(want))
		}
		for n := range len(want) {
			made := string(s.password(big.NewInt(int64(n))))
			if !want[made] {
				t.Fatalf("%+v: number %d is %q, which breaks the rules or was there before", r, n, made)
			}
			delete(want, made)
		}
	})
}

func TestRulesOutOfRange(t *testing.T) {
	letters := []Requirement{{lower, 1}}
	for name, c := range map[string]struct {
		rules  Rules
		length int
		want   error
	}{
		"no length":             {Rules{Required: letters}, 0, ErrOptions},
		"too long":              {Rules{Required: letters}, MaxLength + 1, ErrOptions},
		"nothing allowed":       {Rules{}, 8, ErrImpossible},
		"longer than it may be": {Rules{Allowed: "ab", Required: []Requirement{{digits, 9}}}, 8, ErrImpossible},
		"nothing to choose":     {Rules{Allowed: "a", Required: []Requirement{{"", 1}}}, 8, ErrImpossible},
		"begins with nothing":   {Rules{Allowed: "a", First: "b"}, 8, ErrImpossible},
		"less than none":        {Rules{Required: []Requirement{{lower, -1}}}, 8, ErrOptions},
		"far too many":          {Rules{Required: []Requirement{{lower, 128}, {upper, 128}, {digits, 128}}}, 128, ErrOptions},
		"negative run":          {Rules{Allowed: "ab", MaxConsecutive: -1}, 8, ErrOptions},
	} {
		if _, _, err := c.rules.Make(c.length); !errors.Is(err, c.want) || c.rules.Bits(c.length) != 0 {
			t.Errorf("%s: %v, %f bits", name, err, c.rules.Bits(c.length))
		}
	}
}

// A source that gives the largest numbers first: what lies above the last password is drawn again.
func TestNumbersBeyondTheLastAreDrawnAgain(t *testing.T) {
	r := Rules{Allowed: "abc"}
	for seed := range byte(200) {
		made, _, err := r.make(strings.NewReader("\xff\xff\xff\xff"+string(rune(seed%3))+strings.Repeat("\x00", 8)), 1)
		if err != nil || !strings.Contains("abc", string(made.Reveal())) {
			t.Fatalf("%q, %v", made.Reveal(), err)
		}
	}
}

func TestPasswordsAreEquallyLikely(t *testing.T) {
	random := seeded(3)
	r := Rules{Required: []Requirement{{"ab", 1}, {"12", 1}}, Allowed: "#", MaxConsecutive: 1, First: "ab#"}
	s, err := r.space(4)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	const draws = 20_000
	for range draws {
		counts[string(s.draw(random))]++
	}
	kinds := int(s.total().Int64())
	// The mean of chi square is the number of kinds, its deviation the root of twice that.
	if chi := chiSquare(counts, draws); len(counts) != kinds || chi > 1.5*float64(kinds) {
		t.Errorf("%d of %d passwords, chi square %.1f", len(counts), kinds, chi)
	}
}
