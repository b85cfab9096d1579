package screen

import (
	"maps"
	"slices"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/generate"
)

// recipe is what the generator is asked for. Each kind keeps its own length while another is tried.
type recipe struct {
	kind     string
	lengths  map[string]int
	toggles  map[string]bool
	mark     string
	language string // of a passphrase
	symbols  string // to choose from; "" for the usual ones
	least    map[string]int
	rules    string          // of a site, as they were pasted
	site     *generate.Rules // what they say; nil for none
}

// lengths are the bounds and the default of each kind: characters, words, digits.
var lengths = map[string]LengthChoice{
	GeneratePassword:   {Min: 8, Max: 64, Now: 20},
	GeneratePassphrase: {Min: 4, Max: 12, Now: 6},
	GeneratePIN:        {Min: generate.MinDigits, Max: generate.MaxDigits, Now: 6},
}

// maxLeast is how many digits or symbols can be demanded: more than any site does.
const maxLeast = 5

// moreToggles are those that few people need.
var moreToggles = []string{ToggleNoRepeats, ToggleLetterFirst}

// marks can stand between the words of a passphrase.
var marks = []string{"-", " ", ".", "_"}

// newRecipe is what a generator begins with; words are in the program's language, if there is a list of it.
func newRecipe(language string) *recipe {
	r := &recipe{kind: GeneratePassword, lengths: map[string]int{}, mark: marks[0], language: language, least: map[string]int{}, toggles: map[string]bool{
		ToggleUpper: true, ToggleLower: true, ToggleDigits: true, ToggleSymbols: true, ToggleDates: true,
	}}
	for kind, limit := range lengths {
		r.lengths[kind] = limit.Now
	}
	if !slices.Contains(generate.Languages(), language) {
		r.language = generate.Languages()[0]
	}
	return r
}

// options are the toggles that the recipe has now.
func (r *recipe) options() []string {
	switch {
	case r.kind == GeneratePIN:
		return []string{ToggleDates}
	case r.kind == GeneratePassphrase && generate.HasAccents(r.language):
		return []string{ToggleCapitals, ToggleNumber, ToggleAccents}
	case r.kind == GeneratePassphrase:
		return []string{ToggleCapitals, ToggleNumber}
	case r.site != nil:
		return []string{ToggleLookalikes}
	}
	return []string{ToggleUpper, ToggleLower, ToggleDigits, ToggleSymbols, ToggleLookalikes}
}

// limits are the lengths that the recipe can have: a password has room for all that is demanded of it.
func (r *recipe) limits() LengthChoice {
	limit := lengths[r.kind]
	if r.kind != GeneratePassword {
		return limit
	}
	if r.site != nil {
		least, most := r.site.Lengths()
		limit.Max = max(least, min(most, limit.Max))
		limit.Min = max(least, min(limit.Min, limit.Max)) // what is shorter than usual only a site makes so
		return limit
	}
	limit.Min = max(limit.Min, r.least[ToggleDigits]+r.least[ToggleSymbols]+2)
	return limit
}

func (r *recipe) length() int {
	limit := r.limits()
	return min(max(r.lengths[r.kind], limit.Min), limit.Max)
}

// possible reports whether there are characters to make a password of.
func (r *recipe) possible() bool {
	return r.toggles[ToggleUpper] || r.toggles[ToggleLower] || r.toggles[ToggleDigits] || r.toggles[ToggleSymbols]
}

// try makes a change of the toggles, and takes it back where it leaves no characters.
func (r *recipe) try(change func()) {
	before := maps.Clone(r.toggles)
	change()
	if !r.possible() {
		r.toggles = before
	}
}

// follow takes the rules of a site; empty ones are none. After an error there are none either, but the text stays to be mended.
func (r *recipe) follow(text string) error {
	r.rules, r.site = text, nil
	if text == "" {
		return nil
	}
	rules, err := generate.ParseRules(text)
	if err == nil {
		r.site = &rules
	}
	return err
}

// make makes one from the system's random source, and says how many bits of entropy went into it.
func (r *recipe) make() (value secret.Bytes, bits float64, err error) {
	switch r.kind {
	case GeneratePassphrase:
		o := generate.PassphraseOptions{Language: r.language, Words: r.length(), Separator: r.mark, Capitalize: r.toggles[ToggleCapitals],
			Number: r.toggles[ToggleNumber], Accents: r.toggles[ToggleAccents]}
		value, err = generate.Passphrase(o)
		return value, o.Bits(), err
	case GeneratePIN:
		o := generate.PINOptions{Digits: r.length(), AvoidDates: r.toggles[ToggleDates]}
		value, err = generate.PIN(o)
		return value, o.Bits(), err
	}
	rules, err := r.passwordRules()
	if err != nil {
		return secret.Bytes{}, 0, err
	}
	return rules.Make(r.length())
}

func (r *recipe) passwordRules() (generate.Rules, error) {
	if r.site != nil && r.toggles[ToggleLookalikes] {
		return r.site.Without(generate.LookAlikes), nil
	}
	if r.site != nil {
		return *r.site, nil
	}
	return generate.PasswordOptions{
		Length: r.length(), AvoidLookAlikes: r.toggles[ToggleLookalikes], SymbolSet: r.symbols,
		Upper: r.toggles[ToggleUpper], Lower: r.toggles[ToggleLower], Digits: r.toggles[ToggleDigits], Symbols: r.toggles[ToggleSymbols],
		MinDigits: r.least[ToggleDigits], MinSymbols: r.least[ToggleSymbols],
		NoRepeats: r.toggles[ToggleNoRepeats], LetterFirst: r.toggles[ToggleLetterFirst],
	}.Rules()
}
