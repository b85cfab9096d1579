package screen

import (
	"context"
	"errors"
	"slices"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/generate"
)

// The kinds of what the generator makes.
const (
	GeneratePassword   = "password"
	GeneratePassphrase = "passphrase"
	GeneratePIN        = "pin"
)

// GeneratorState is the generator. What it made is always shown; ask Generator.Secret whenever Made is another number than before.
type GeneratorState struct {
	Kinds     []Choice
	Made      int
	Meter     Meter
	Length    LengthChoice
	Toggles   []Toggle
	Languages []Choice // of a passphrase; empty for the other kinds
	Marks     []Choice // what stands between its words; empty for the other kinds
	More      GeneratorMore

	Use     string // label of the main button: "Use password", "Copy"
	Problem Message
	History GeneratorHistory
}

// LengthChoice is a slider.
type LengthChoice struct {
	ID            string // of one in GeneratorMore
	Label         string // "Length", "Words"
	Min, Max, Now int
}

// GeneratorMore is what few people need: what a site demands of passwords.
type GeneratorMore struct {
	Shown   bool
	Open    bool
	Label   string // of what opens it
	Least   []LengthChoice
	Toggles []Toggle
	Symbols string // as typed; empty for the usual ones
	Usual   string // those
	Rules   string // of a site, as pasted
	Problem string // what is wrong with them
	Site    string // what they say, in words; empty for none: they stand in place of the options above
}

// The toggles of the generator.
const (
	ToggleUpper       = "upper"
	ToggleLower       = "lower"
	ToggleDigits      = "digits"
	ToggleSymbols     = "symbols"
	ToggleLookalikes  = "lookalikes" // leave out what looks alike: l, 1, O, 0
	ToggleNoRepeats   = "norepeats"
	ToggleLetterFirst = "letterfirst"
	ToggleCapitals    = "capitals"
	ToggleNumber      = "number"
	ToggleAccents     = "accents"
	ToggleDates       = "dates" // leave out what can be read as one
)

// GeneratedStore keeps what was generated; session.Unlocked is one.
type GeneratedStore interface {
	Generated(context.Context) ([]session.Generated, error)
	KeepGenerated(context.Context, ...session.Generated) error
	DropGenerated(context.Context, ...id.ID) error
}

// GeneratorConfig says what becomes of what is made. Use and Copied take ownership of it.
type GeneratorConfig struct {
	Store  GeneratedStore
	Recipe *recipe // stays when the generator is closed
	Label  string
	Use    func(value secret.Bytes, kept id.ID) // kept is its id in the history
	Copied func(secret.Bytes)
	Cancel func()
	NameOf func(item id.ID) string // "" for one that is not there any more
}

// Generator makes passwords, passphrases and PINs.
type Generator struct {
	model[GeneratorState]
	config  GeneratorConfig
	value   secret.Bytes
	bits    float64
	made    int
	kept    id.ID // of value in the history; zero while it is not in it
	problem Message
	more    bool
	wrong   string // what is wrong with a site's rules
	past    past
}

// NewGenerator makes the first one at once.
func NewGenerator(env *Env, config GeneratorConfig) *Generator {
	g := &Generator{config: config}
	g.begin(env, g.view)
	g.past.begin(g.run, g.changed)
	g.more = g.config.Recipe.demands()
	g.Again()
	g.loadHistory()
	return g
}

// demands tells whether something is set that is out of sight at first.
func (r *recipe) demands() bool {
	return r.rules != "" || r.symbols != "" || r.least[ToggleDigits]+r.least[ToggleSymbols] > 0 ||
		slices.ContainsFunc(moreToggles, func(toggle string) bool { return r.toggles[toggle] })
}

// Leave wipes what was not used, and the history.
func (g *Generator) Leave() {
	g.model.Leave()
	g.value.Wipe()
	g.past.wipe()
}

// Again makes another one.
func (g *Generator) Again() {
	value, bits, err := g.config.Recipe.make()
	g.problem = explain(g.env.Words, err)
	if err == nil {
		g.value.Wipe()
		g.value, g.bits, g.kept = value, bits, id.ID{}
		g.made++
	}
	g.changed()
}

// Secret is a copy of what was made, for the view to draw and wipe.
func (g *Generator) Secret() secret.Bytes { return g.value.Clone() }

// SetKind takes one of State.Kinds.
func (g *Generator) SetKind(kind string) {
	if _, ok := lengths[kind]; ok {
		g.config.Recipe.kind = kind
		g.Again()
	}
}

// SetLength takes a number within State.Length; one beyond is moved to the nearest.
func (g *Generator) SetLength(n int) {
	r := g.config.Recipe
	limit := r.limits()
	if n = min(max(n, limit.Min), limit.Max); n != r.length() {
		r.lengths[r.kind] = n
		g.Again()
	}
}

// SetToggle switches one of State.Toggles. The last kind of character cannot be switched off.
func (g *Generator) SetToggle(toggle string, on bool) {
	g.config.Recipe.try(func() { g.config.Recipe.toggles[toggle] = on })
	g.Again()
}

// SetMark takes one of State.Marks.
func (g *Generator) SetMark(mark string) {
	if slices.Contains(marks, mark) {
		g.config.Recipe.mark = mark
		g.Again()
	}
}

// SetLanguage takes one of State.Languages.
func (g *Generator) SetLanguage(code string) {
	if slices.Contains(generate.Languages(), code) {
		g.config.Recipe.language = code
		g.Again()
	}
}

// ToggleMore shows or hides State.More.
func (g *Generator) ToggleMore() {
	g.more = !g.more
	g.changed()
}

// SetLeast says how many digits or symbols there have to be: one of State.More.Least.
func (g *Generator) SetLeast(of string, n int) {
	if n = min(max(n, 0), maxLeast); n != g.config.Recipe.least[of] {
		g.config.Recipe.least[of] = n
		g.Again()
	}
}

// SetSymbols says which symbols there are to choose from; none are the usual ones.
func (g *Generator) SetSymbols(text string) {
	g.config.Recipe.symbols = text
	g.Again()
}

// SetRules takes the rules of a site as they stand in its passwordrules attribute; an empty text gives them up.
func (g *Generator) SetRules(text string) {
	g.wrong = ""
	err := g.config.Recipe.follow(text)
	if err != nil {
		g.wrong = g.text("screen.generator.rules.wrong")
		if errors.Is(err, generate.ErrImpossible) {
			g.wrong = g.text("error.generateImpossible.what")
		}
	}
	g.Again()
}

// Use hands what was made over, once it is in the history.
func (g *Generator) Use() { g.keep(g.config.Use) }

// Copy puts it on the clipboard, once it is in the history; the generator stays.
func (g *Generator) Copy() {
	g.keep(func(value secret.Bytes, _ id.ID) { g.config.Copied(value) })
}

// Cancel closes the generator.
func (g *Generator) Cancel() { g.config.Cancel() }

// keep writes what was made into the history and hands it over then; what is made meanwhile changes nothing of that. A disk that
// takes nothing any more is no reason to give no password.
func (g *Generator) keep(hand func(value secret.Bytes, kept id.ID)) {
	if g.value.IsZero() || g.past.busy {
		return
	}
	if !g.kept.IsZero() {
		hand(g.value.Clone(), g.kept)
		return
	}
	number := g.made
	entry := session.Generated{ID: id.New(), Value: g.value.Clone(), Time: g.env.Clock.Now().UnixMilli()}
	g.past.busy = true
	RunOwned(g.run, func(ctx context.Context) (error, error) {
		return g.config.Store.KeepGenerated(ctx, entry), nil
	}, func(err, _ error) {
		g.past.busy = false
		g.problem = explain(g.env.Words, err)
		if err == nil {
			g.past.add(entry.ID, entry.Value.Clone(), entry.Time)
			if number == g.made {
				g.kept = entry.ID
			}
		}
		g.changed()
		hand(entry.Value, entry.ID)
	}, func(error) { entry.Value.Wipe() })
}

func (g *Generator) view() GeneratorState {
	r := g.config.Recipe
	s := GeneratorState{Made: g.made, Meter: meterOf(g.env.Words, g.bits), Use: g.config.Label, Problem: g.problem}
	for _, kind := range []string{GeneratePassword, GeneratePassphrase, GeneratePIN} {
		s.Kinds = append(s.Kinds, Choice{ID: kind, Label: g.text("screen.generator.kind." + kind), Selected: kind == r.kind})
	}
	s.Length = r.limits()
	s.Length.Now, s.Length.Label = r.length(), g.text("screen.generator.length."+r.kind)
	s.Toggles = g.toggles(r.options())
	if r.kind == GeneratePassphrase {
		s.Languages, s.Marks = g.languages(), g.marks()
	}
	if r.kind == GeneratePassword {
		s.More = g.moreState()
	}
	s.Meter.Text = g.text("screen.generator.bits", "strength", s.Meter.Text, "bits", int(g.bits))
	s.History = g.historyState()
	return s
}

func (g *Generator) toggles(ids []string) (toggles []Toggle) {
	for _, toggle := range ids {
		toggles = append(toggles, Toggle{ID: toggle, Label: g.text("screen.generator.toggle." + toggle), On: g.config.Recipe.toggles[toggle]})
	}
	return toggles
}

// languageNames are the names of the languages in themselves, in the order of the settings.
var languageNames = []assets.Language{
	{Code: "en", Name: "English"}, {Code: "fr", Name: "Français"}, {Code: "de", Name: "Deutsch"}, {Code: "es", Name: "Español"},
	{Code: "it", Name: "Italiano"}, {Code: "nl", Name: "Nederlands"}, {Code: "ja", Name: "日本語 (rōmaji)"},
}

// languages are those that there are words of, whatever languages the program itself speaks.
func (g *Generator) languages() (choices []Choice) {
	for _, l := range languageNames {
		if slices.Contains(generate.Languages(), l.Code) {
			choices = append(choices, Choice{ID: l.Code, Label: l.Name, Selected: l.Code == g.config.Recipe.language})
		}
	}
	return choices
}

func (g *Generator) marks() (choices []Choice) {
	for _, mark := range marks {
		label := mark
		if mark == " " {
			label = g.text("screen.generator.space")
		}
		choices = append(choices, Choice{ID: mark, Label: label, Selected: mark == g.config.Recipe.mark})
	}
	return choices
}

func (g *Generator) moreState() GeneratorMore {
	r := g.config.Recipe
	m := GeneratorMore{Shown: true, Open: g.more, Label: g.text("screen.generator.more"), Usual: generate.Symbols, Rules: r.rules, Problem: g.wrong}
	if r.site != nil {
		m.Site = describeRules(g.env.Words, *r.site)
		return m
	}
	m.Symbols, m.Toggles = r.symbols, g.toggles(moreToggles)
	for _, of := range []string{ToggleDigits, ToggleSymbols} {
		m.Least = append(m.Least, LengthChoice{ID: of, Label: g.text("screen.generator.least." + of), Max: maxLeast, Now: r.least[of]})
	}
	return m
}
