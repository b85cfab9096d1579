package generate

import (
	"strings"
)

// Symbols are those that nearly every site takes.
const Symbols = "!#$%&*+-.:;=?@^_~"

// The classes of characters.
const (
	lower     = "abcdefghijklmnopqrstuvwxyz"
	upper     = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits    = "0123456789"
	symbols   = Symbols
	lookAlike = "0Oo1Il"
)

// PasswordOptions choose what Password makes.
type PasswordOptions struct {
	Length                        int // MinLength to MaxLength
	Lower, Upper, Digits, Symbols bool
	AvoidLookAlikes               bool   // leave out characters that are easily taken for another
	SymbolSet                     string // the symbols to choose from, "" for those that nearly every site takes
	MinDigits, MinSymbols         int    // of a class that is chosen there is one in any case; at most MaxLeast
	NoRepeats                     bool   // no character stands twice in a row
	LetterFirst                   bool
}

// MaxLeast is the largest number of digits or symbols that can be demanded.
const MaxLeast = 10

// DefaultPassword is what a new generator shows.
func DefaultPassword() PasswordOptions {
	return PasswordOptions{Length: 20, Lower: true, Upper: true, Digits: true, Symbols: true}
}

// Rules are the options as rules. Errors: ErrOptions for options out of range, or a chosen class without a character.
func (o PasswordOptions) Rules() (Rules, error) {
	if o.Length < MinLength || o.Length > MaxLength || o.MinDigits < 0 || o.MinDigits > MaxLeast || o.MinSymbols < 0 || o.MinSymbols > MaxLeast {
		return Rules{}, ErrOptions
	}
	var r Rules
	for _, class := range o.classes() {
		set := o.allowed(class.Of)
		if set == "" {
			return Rules{}, ErrOptions
		}
		r.Required = append(r.Required, Requirement{set, max(class.AtLeast, 1)})
	}
	if len(r.Required) == 0 {
		return Rules{}, ErrOptions
	}
	if o.NoRepeats {
		r.MaxConsecutive = 1
	}
	if o.LetterFirst {
		r.First = lower + upper
	}
	return r, nil
}

// classes are the chosen ones.
func (o PasswordOptions) classes() []Requirement {
	var chosen []Requirement
	for _, class := range []struct {
		wanted bool
		Requirement
	}{{o.Lower, Requirement{lower, 1}}, {o.Upper, Requirement{upper, 1}}, {o.Digits, Requirement{digits, o.MinDigits}},
		{o.Symbols, Requirement{o.symbols(), o.MinSymbols}}} {
		if class.wanted {
			chosen = append(chosen, class.Requirement)
		}
	}
	return chosen
}

// symbols are those of the user's set that are symbols: a letter or digit in it would come in through the back door.
func (o PasswordOptions) symbols() string {
	if o.SymbolSet == "" {
		return symbols
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(special, r) {
			return r
		}
		return -1
	}, o.SymbolSet)
}

func (o PasswordOptions) allowed(class string) string {
	if !o.AvoidLookAlikes {
		return class
	}
	return without(class, lookAlike)
}

// without leaves characters out of a set.
func without(set, unwanted string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(unwanted, r) {
			return -1
		}
		return r
	}, set)
}

// Bits is the entropy of such a password, 0 where that is an error.
func (o PasswordOptions) Bits() float64 {
	rules, err := o.Rules()
	if err != nil {
		return 0
	}
	return rules.Bits(o.Length)
}
