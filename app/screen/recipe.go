package screen

import (
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/generate"
)

// recipe is what the generator is asked for. Each kind keeps its own length while another is tried.
type recipe struct {
	kind    string
	lengths map[string]int
	toggles map[string]bool
	mark    string
}

// lengths are the bounds and the default of each kind: characters, words, digits.
var lengths = map[string]LengthChoice{
	GeneratePassword:   {Min: 8, Max: 64, Now: 20},
	GeneratePassphrase: {Min: 4, Max: 12, Now: 6},
	GeneratePIN:        {Min: generate.MinDigits, Max: generate.MaxDigits, Now: 6},
}

// togglesOf lists the options of each kind.
var togglesOf = map[string][]string{
	GeneratePassword:   {ToggleUpper, ToggleLower, ToggleDigits, ToggleSymbols, ToggleLookalikes},
	GeneratePassphrase: {ToggleCapitals, ToggleNumber},
}

// marks can stand between the words of a passphrase.
var marks = []string{"-", " ", ".", "_"}

func newRecipe() recipe {
	r := recipe{kind: GeneratePassword, lengths: map[string]int{}, mark: marks[0], toggles: map[string]bool{
		ToggleUpper: true, ToggleLower: true, ToggleDigits: true, ToggleSymbols: true,
	}}
	for kind, limit := range lengths {
		r.lengths[kind] = limit.Now
	}
	return r
}

func (r recipe) length() int { return r.lengths[r.kind] }

// possible reports whether there are characters to make a password of.
func (r recipe) possible() bool {
	return r.toggles[ToggleUpper] || r.toggles[ToggleLower] || r.toggles[ToggleDigits] || r.toggles[ToggleSymbols]
}

// make makes one from the system's random source, and says how many bits of entropy went into it.
func (r recipe) make() (value secret.Bytes, bits float64, err error) {
	switch r.kind {
	case GeneratePassphrase:
		o := generate.PassphraseOptions{Words: r.length(), Separator: r.mark, Capitalize: r.toggles[ToggleCapitals], Number: r.toggles[ToggleNumber]}
		value, err = generate.Passphrase(o)
		return value, o.Bits(), err
	case GeneratePIN:
		o := generate.PINOptions{Digits: r.length(), AvoidDates: true}
		value, err = generate.PIN(o)
		return value, o.Bits(), err
	}
	o := generate.PasswordOptions{Length: r.length(), AvoidLookAlikes: r.toggles[ToggleLookalikes], Upper: r.toggles[ToggleUpper],
		Lower: r.toggles[ToggleLower], Digits: r.toggles[ToggleDigits], Symbols: r.toggles[ToggleSymbols]}
	value, err = generate.Password(o)
	return value, o.Bits(), err
}
