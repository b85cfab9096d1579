package screen

import (
	"slices"
	"strconv"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// The kinds of what the generator makes.
const (
	GeneratePassword   = "password"
	GeneratePassphrase = "passphrase"
	GeneratePIN        = "pin"
)

// GeneratorState is the generator. What it made is always shown; ask Generator.Secret whenever Made is another number than before.
type GeneratorState struct {
	Kinds   []Choice
	Made    int
	Meter   Meter
	Length  LengthChoice
	Toggles []Toggle
	Marks   []Choice // what stands between the words of a passphrase; empty for the other kinds

	Use     string // label of the main button: "Use password", "Copy"
	Problem Message

	HistoryLabel string // "Made before"; empty while there is nothing
	HistoryOpen  bool
	History      []GeneratedRow
}

// LengthChoice is a slider.
type LengthChoice struct {
	Label         string // "Length", "Words"
	Min, Max, Now int
}

// GeneratedRow is something made earlier since the vault was unlocked. Its value is Generator.HistorySecret.
type GeneratedRow struct {
	ID       string
	When     string
	Revealed bool
}

// The toggles of the generator.
const (
	ToggleUpper      = "upper"
	ToggleLower      = "lower"
	ToggleDigits     = "digits"
	ToggleSymbols    = "symbols"
	ToggleLookalikes = "lookalikes" // leave out what looks alike: l, 1, O, 0
	ToggleCapitals   = "capitals"
	ToggleNumber     = "number"
)

// GeneratorConfig says what becomes of what is made. Use and Copied take ownership of it.
type GeneratorConfig struct {
	History *history
	Label   string
	Use     func(secret.Bytes)
	Copied  func(secret.Bytes)
	Cancel  func()
}

// Generator makes passwords, passphrases and PINs.
type Generator struct {
	model[GeneratorState]
	config   GeneratorConfig
	recipe   recipe
	value    secret.Bytes
	bits     float64
	made     int
	problem  Message
	open     bool
	revealed revealer
}

// NewGenerator makes the first one at once.
func NewGenerator(env *Env, config GeneratorConfig) *Generator {
	g := &Generator{config: config, recipe: newRecipe()}
	g.begin(env, g.view)
	g.revealed.begin(g.run, g.changed)
	g.Again()
	return g
}

// Leave wipes what was not used.
func (g *Generator) Leave() {
	g.model.Leave()
	g.value.Wipe()
}

// Again makes another one.
func (g *Generator) Again() {
	value, bits, err := g.recipe.make()
	g.problem = explain(g.env.Words, err)
	if err == nil {
		g.value.Wipe()
		g.value, g.bits = value, bits
		g.made++
	}
	g.changed()
}

// Secret is a copy of what was made, for the view to draw and wipe.
func (g *Generator) Secret() secret.Bytes { return g.value.Clone() }

// SetKind takes one of State.Kinds.
func (g *Generator) SetKind(kind string) {
	if _, ok := lengths[kind]; ok {
		g.recipe.kind = kind
		g.Again()
	}
}

// SetLength takes a number within State.Length; one beyond is moved to the nearest.
func (g *Generator) SetLength(n int) {
	limit := lengths[g.recipe.kind]
	n = min(max(n, limit.Min), limit.Max)
	if n != g.recipe.length() {
		g.recipe.lengths[g.recipe.kind] = n
		g.Again()
	}
}

// SetToggle switches one of State.Toggles. The last kind of character cannot be switched off.
func (g *Generator) SetToggle(toggle string, on bool) {
	before := g.recipe.toggles[toggle]
	g.recipe.toggles[toggle] = on
	if !g.recipe.possible() {
		g.recipe.toggles[toggle] = before
	}
	g.Again()
}

// SetMark takes one of State.Marks.
func (g *Generator) SetMark(mark string) {
	if slices.Contains(marks, mark) {
		g.recipe.mark = mark
		g.Again()
	}
}

// Use hands what was made over.
func (g *Generator) Use() {
	if g.value.IsZero() {
		return
	}
	g.remember()
	g.config.Use(g.value.Clone())
}

// Copy puts it on the clipboard; the generator stays.
func (g *Generator) Copy() {
	if g.value.IsZero() {
		return
	}
	g.remember()
	g.config.Copied(g.value.Clone())
	g.changed()
}

// Cancel closes the generator.
func (g *Generator) Cancel() { g.config.Cancel() }

func (g *Generator) remember() { g.config.History.add(g.value.Clone(), g.env.Clock.Now()) }

// ToggleHistory shows or hides what was made before.
func (g *Generator) ToggleHistory() {
	g.open = !g.open
	g.changed()
}

// RevealHistory shows one of them for a while, or hides it again.
func (g *Generator) RevealHistory(id string) { g.revealed.toggle(id) }

// HistorySecret is a copy of one that is revealed, for the view to draw and wipe; nothing while it is hidden.
func (g *Generator) HistorySecret(id string) secret.Bytes {
	if !g.revealed.shown(id) {
		return secret.Bytes{}
	}
	return g.config.History.get(id).Clone()
}

// CopyHistory puts one of them on the clipboard.
func (g *Generator) CopyHistory(id string) {
	if value := g.config.History.get(id); !value.IsZero() {
		g.config.Copied(value.Clone())
	}
}

func (g *Generator) view() GeneratorState {
	r := g.recipe
	s := GeneratorState{Made: g.made, Meter: meterOf(g.env.Words, g.bits), Use: g.config.Label, Problem: g.problem, HistoryOpen: g.open}
	for _, kind := range []string{GeneratePassword, GeneratePassphrase, GeneratePIN} {
		s.Kinds = append(s.Kinds, Choice{ID: kind, Label: g.text("screen.generator.kind." + kind), Selected: kind == r.kind})
	}
	s.Length = lengths[r.kind]
	s.Length.Now, s.Length.Label = r.length(), g.text("screen.generator.length."+r.kind)
	for _, toggle := range togglesOf[r.kind] {
		s.Toggles = append(s.Toggles, Toggle{ID: toggle, Label: g.text("screen.generator.toggle." + toggle), On: r.toggles[toggle]})
	}
	if r.kind == GeneratePassphrase {
		for _, mark := range marks {
			s.Marks = append(s.Marks, Choice{ID: mark, Label: g.markLabel(mark), Selected: mark == r.mark})
		}
	}
	s.Meter.Text = g.text("screen.generator.bits", "strength", s.Meter.Text, "bits", int(g.bits))
	if entries := g.config.History.entries; len(entries) > 0 {
		s.HistoryLabel = g.env.Words.Count("screen.generator.history", len(entries))
		s.History = g.history()
	}
	return s
}

func (g *Generator) markLabel(mark string) string {
	if mark == " " {
		return g.text("screen.generator.space")
	}
	return mark
}

func (g *Generator) history() []GeneratedRow {
	if !g.open {
		return nil
	}
	var rows []GeneratedRow
	for _, e := range slices.Backward(g.config.History.entries) {
		rows = append(rows, GeneratedRow{ID: e.id, When: g.env.Words.DateTime(e.time.Local()), Revealed: g.revealed.shown(e.id)})
	}
	return rows
}

// maxHistory is how many generated values are kept; the oldest go first.
const maxHistory = 50

// history is what the generator made and a person used since the vault was unlocked. Locking wipes it.
type history struct {
	entries []generated
	last    int
}

type generated struct {
	id    string
	value secret.Bytes
	time  time.Time
}

// add takes ownership of the value. The same one twice in a row is kept once.
func (h *history) add(value secret.Bytes, now time.Time) {
	if n := len(h.entries); n > 0 && h.entries[n-1].value.Equal(value) {
		value.Wipe()
		return
	}
	h.last++
	h.entries = append(h.entries, generated{strconv.Itoa(h.last), value, now})
	if len(h.entries) > maxHistory {
		h.entries[0].value.Wipe()
		h.entries = h.entries[1:]
	}
}

// get lends a value.
func (h *history) get(id string) secret.Bytes {
	for _, e := range h.entries {
		if e.id == id {
			return e.value
		}
	}
	return secret.Bytes{}
}

func (h *history) wipe() {
	for _, e := range h.entries {
		e.value.Wipe()
	}
	h.entries = nil
}
