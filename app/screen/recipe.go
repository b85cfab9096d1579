package screen

import (
	"errors"

	"github.com/coffer-vault/coffer/crypto/secret"
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
	GeneratePIN:        {Min: 4, Max: 16, Now: 6},
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

// errNoGenerator holds until package vault/generate is there.
var errNoGenerator = errors.New("no generator")

func (r recipe) make() (value secret.Bytes, bits float64, err error) {
	return secret.Bytes{}, 0, errNoGenerator
}
