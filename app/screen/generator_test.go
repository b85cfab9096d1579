package screen

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// shelf keeps what was generated in memory; package session tests the real one.
type shelf struct {
	mu   sync.Mutex
	kept []session.Generated
	err  error
}

func (s *shelf) Generated(context.Context) ([]session.Generated, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Clone(s.kept)
	for i := range all {
		all[i].Value = all[i].Value.Clone()
	}
	return all, s.err
}

func (s *shelf) KeepGenerated(_ context.Context, values ...session.Generated) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	for _, value := range values {
		value.Value = value.Value.Clone()
		s.kept = append(s.kept, value)
	}
	return nil
}

func (s *shelf) DropGenerated(_ context.Context, ids ...id.ID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = slices.DeleteFunc(s.kept, func(g session.Generated) bool { return slices.Contains(ids, g.ID) })
	return s.err
}

func (s *shelf) texts() (texts []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.kept {
		texts = append(texts, string(g.Value.Reveal()))
	}
	return texts
}

// generatorDesk is a generator without a vault, and what it handed over.
type generatorDesk struct {
	*desk
	*Generator
	shelf *shelf
	given []string
}

func newTestGenerator(t *testing.T) *generatorDesk {
	t.Helper()
	env, d := newEnv(t)
	g := &generatorDesk{desk: d, shelf: &shelf{}}
	g.open(env, newRecipe("en"))
	return g
}

func (g *generatorDesk) open(env *Env, r *recipe) {
	give := func(way string) func(secret.Bytes) {
		return func(s secret.Bytes) { g.given = append(g.given, way+" "+string(s.Reveal())) }
	}
	g.Generator = NewGenerator(env, GeneratorConfig{
		Store: g.shelf, Recipe: r, Label: "Use password", Copied: give("copy"),
		Use:    func(value secret.Bytes, _ id.ID) { give("use")(value) },
		Cancel: func() { g.given = append(g.given, "cancel") },
		NameOf: func(id.ID) string { return "GitHub" },
	})
	g.settle()
}

// settle waits until the history is read or written.
func (g *generatorDesk) settle() {
	g.t.Helper()
	g.queue.Until(g.t, "history", func() bool { return !g.past.busy && !g.past.loading })
}

func (g *generatorDesk) copyAndWait() {
	g.t.Helper()
	before := len(g.given)
	g.Copy()
	g.queue.Until(g.t, "copied", func() bool { return len(g.given) > before })
}

func (g *generatorDesk) text() string { return string(g.Secret().Reveal()) }

func TestGeneratorMakesWhatIsAsked(t *testing.T) {
	g := newTestGenerator(t)
	s := g.State()
	if len(g.text()) != 20 || s.Meter.Text != "Excellent · about 125 bits" || s.Made != 1 || s.Length.Now != 20 {
		t.Errorf("%q, %+v", g.text(), s)
	}
	g.SetLength(1000)
	if len(g.text()) != 64 {
		t.Errorf("%d characters", len(g.text()))
	}
	g.SetLength(8)
	for _, toggle := range []string{ToggleUpper, ToggleSymbols, ToggleDigits} {
		g.SetToggle(toggle, false)
	}
	if strings.Trim(g.text(), "abcdefghijklmnopqrstuvwxyz") != "" || g.State().Meter.Text != "Fair · about 37 bits" {
		t.Errorf("%q, %s", g.text(), g.State().Meter.Text)
	}
	g.SetToggle(ToggleLower, false) // the last kind of character stays
	if !g.State().Toggles[1].On || g.text() == "" || !g.State().Problem.IsZero() {
		t.Errorf("%+v", g.State())
	}
	g.SetKind(GeneratePIN)
	if len(g.text()) != 6 || strings.Trim(g.text(), "0123456789") != "" || g.State().Meter.Tone != ToneError {
		t.Errorf("%q, %+v", g.text(), g.State().Meter)
	}
	g.SetKind("nonsense")
	g.SetKind(GeneratePassword)
	if len(g.text()) != 8 {
		t.Error("the length of passwords was forgotten meanwhile")
	}
}

func TestPassphrasesInEveryLanguage(t *testing.T) {
	g := newTestGenerator(t)
	g.SetKind(GeneratePassphrase)
	if s := g.State(); len(s.Languages) != 7 || !s.Languages[0].Selected || s.Languages[0].Label != "English" || len(s.Marks) == 0 || s.More.Shown {
		t.Fatalf("%+v", g.State())
	}
	g.SetMark(" ")
	g.SetMark("too strange")
	g.SetLanguage("xx")
	for _, language := range g.State().Languages {
		g.SetLanguage(language.ID)
		accents := slices.ContainsFunc(g.State().Toggles, func(toggle Toggle) bool { return toggle.ID == ToggleAccents })
		if want := language.ID == "fr" || language.ID == "es"; accents != want || strings.Count(g.text(), " ") != 5 {
			t.Errorf("%s: %q, accents can be chosen: %v", language.ID, g.text(), accents)
		}
	}
	if r := newRecipe("nl"); r.language != "nl" {
		t.Errorf("a Dutch program begins with words in %q", r.language)
	}
	if r := newRecipe("pt"); r.language != "en" {
		t.Errorf("a language without a list: words in %q", r.language)
	}
}

func TestWhatASiteDemands(t *testing.T) {
	g := newTestGenerator(t)
	g.SetLength(8)
	g.SetLeast(ToggleDigits, 5)
	g.SetLeast(ToggleSymbols, 100)
	g.SetSymbols("#")
	g.SetToggle(ToggleLetterFirst, true)
	if s := g.State(); strings.Count(g.text(), "#") < maxLeast || s.Length.Min != 2*maxLeast+2 || len(g.text()) != s.Length.Now || strings.Trim(g.text()[:1], "#0123456789") == "" {
		t.Errorf("%q, %+v", g.text(), s.Length)
	}
	before := g.text()
	g.SetToggle(ToggleNoRepeats, true) // five of the one symbol, five digits and two letters are just possible
	g.SetLeast(ToggleDigits, 0)
	g.SetToggle(ToggleDigits, false)
	g.SetToggle(ToggleLower, false)
	g.SetToggle(ToggleUpper, false)
	if s := g.State(); s.Problem.What != "No password can keep these rules." || g.text() == before || g.text() == "" {
		t.Errorf("%q, %+v", g.text(), s.Problem)
	}
}

func TestRulesOfASite(t *testing.T) {
	g := newTestGenerator(t)
	g.ToggleMore()
	g.SetRules("minlength: 30; maxlength: 40; required: digit; required: [-_]; allowed: lower; max-consecutive: 1")
	s := g.State()
	if s.More.Site != "30–40 characters · one each of 0–9, -_ · also a–z · none twice in a row" || s.Length.Min != 30 || s.Length.Max != 40 || len(s.Toggles) != 1 {
		t.Errorf("%+v", s)
	}
	if len(g.text()) != 30 || !strings.ContainsAny(g.text(), "-_") || strings.ContainsAny(g.text(), "ABCDEFGHIJKLMNOPQRSTUVWXYZ#") {
		t.Errorf("%q", g.text())
	}
	g.SetToggle(ToggleLookalikes, true)
	if strings.ContainsAny(g.text(), "0l1") {
		t.Errorf("%q", g.text())
	}
	for text, want := range map[string]string{
		"hello": "These are no password rules.", "minlength: 900": "No password can keep these rules.", "": "",
	} {
		g.SetRules(text)
		if m := g.State().More; m.Problem != want || m.Site != "" || m.Rules != text || len(g.State().Toggles) != 5 {
			t.Errorf("%q: %+v", text, m)
		}
	}
	for text, want := range map[string][2]int{"maxlength: 6": {6, 6}, "required: lower": {8, 64}, "minlength: 4; maxlength: 12": {8, 12}, "minlength: 100": {100, 100}} {
		g.SetRules(text)
		if l := g.State().Length; l.Min != want[0] || l.Max != want[1] || len(g.text()) != l.Now {
			t.Errorf("%q: %+v", text, l)
		}
	}
	g.SetRules("maxlength: 2; required: lower; required: upper; required: digit")
	if g.State().Problem.What != "No password can keep these rules." {
		t.Errorf("%+v", g.State().Problem)
	}
}

func TestGeneratorHasWordsForEverything(t *testing.T) {
	g := newTestGenerator(t)
	for _, rules := range []string{"", "minlength: 3; required: special", "maxlength: 30; max-consecutive: 2"} {
		g.SetRules(rules)
		for _, kind := range []string{GeneratePIN, GeneratePassphrase, GeneratePassword} {
			g.SetKind(kind)
			g.copyAndWait()
			g.ToggleHistory()
			s := g.State()
			checkWords(t, kind, s.Meter.Text, s.Length.Label, s.Use, s.History.Label)
			for _, toggle := range append(s.Toggles, s.More.Toggles...) {
				checkWords(t, kind, toggle.Label)
			}
			for _, choice := range slices.Concat(s.Kinds, s.Marks, s.Languages) {
				checkWords(t, kind, choice.Label)
			}
			for _, least := range s.More.Least {
				checkWords(t, kind, least.Label)
			}
			if rules != "" && kind == GeneratePassword {
				checkWords(t, kind, s.More.Label, s.More.Site)
			}
		}
	}
}

func TestGeneratorRemembersItsRecipe(t *testing.T) {
	g := newTestGenerator(t)
	g.SetKind(GeneratePassphrase)
	g.SetLanguage("de")
	r := g.config.Recipe
	r.symbols = "#"
	g.Leave()
	g.open(g.env, r)
	if s := g.State(); !s.Kinds[1].Selected || strings.Count(g.text(), "-") != 5 {
		t.Errorf("%+v", s)
	}
	g.SetKind(GeneratePassword)
	if !g.State().More.Open {
		t.Error("what is set is out of sight")
	}
}

func TestGeneratorRemembersWhatWasUsed(t *testing.T) {
	g := newTestGenerator(t)
	if g.State().History.Label != "" {
		t.Error("a history of nothing")
	}
	first := g.text()
	g.copyAndWait()
	g.copyAndWait() // the same again
	g.Again()
	g.Again() // never used
	g.clock.Advance(g.queue, time.Minute)
	second := g.text()
	g.Use()
	g.queue.Until(t, "used", func() bool { return len(g.given) == 3 })
	g.Cancel()
	if want := []string{"copy " + first, "copy " + first, "use " + second, "cancel"}; !slices.Equal(g.given, want) {
		t.Errorf("%v", g.given)
	}
	g.ToggleHistory()
	rows := g.State().History.Rows
	if len(rows) != 2 || g.State().History.Label != "Generator history (2)" || !slices.Equal(g.shelf.texts(), []string{first, second}) {
		t.Fatalf("%+v, kept %d", rows, len(g.shelf.texts()))
	}
	if g.HistorySecret(rows[0].ID).Len() != 0 {
		t.Error("it is shown unasked")
	}
	g.RevealHistory(rows[0].ID)
	if got := string(g.HistorySecret(rows[0].ID).Reveal()); got != second {
		t.Errorf("the newest is %q", got)
	}
	g.CopyHistory(rows[1].ID)
	if last := g.given[len(g.given)-1]; last != "copy "+first {
		t.Error(last)
	}
	g.CopyHistory("nonsense")
	g.ToggleHistory()
	g.ToggleHistory()
	if g.State().History.Rows[0].Revealed {
		t.Error("opened again, it shows what was shown before")
	}
}

func TestHistoryIsClearedAndBroughtBack(t *testing.T) {
	g := newTestGenerator(t)
	var made []string
	for range 3 {
		g.Again()
		g.clock.Advance(g.queue, time.Second)
		made = append(made, g.text())
		g.copyAndWait()
	}
	g.ToggleHistory()
	g.RemoveHistory(g.State().History.Rows[1].ID)
	g.settle()
	if h := g.State().History; len(h.Rows) != 2 || h.Removed != "One deleted." || slices.Contains(g.shelf.texts(), made[1]) {
		t.Errorf("%+v", h)
	}
	g.UndoHistory()
	g.settle()
	if h := g.State().History; len(h.Rows) != 3 || h.Removed != "" || len(g.shelf.texts()) != 3 {
		t.Errorf("%+v", h)
	}
	g.RevealHistory(g.State().History.Rows[1].ID)
	if got := string(g.HistorySecret(g.State().History.Rows[1].ID).Reveal()); got != made[1] {
		t.Errorf("in its place is %q", got)
	}
	g.ClearHistory()
	g.settle()
	if h := g.State().History; len(h.Rows) != 0 || h.Label != "" || h.Removed != "3 deleted." || len(g.shelf.texts()) != 0 {
		t.Errorf("%+v", h)
	}
	g.copyAndWait() // it was in the history: now it is again
	if len(g.shelf.texts()) != 1 {
		t.Errorf("%d are kept", len(g.shelf.texts()))
	}
	removed := g.past.removed[0].Value
	g.ToggleHistory()
	if g.State().History.Removed != "" || !removed.IsZero() {
		t.Error("what was deleted stays in memory")
	}
}

// A disk that takes nothing any more keeps nobody from a password.
func TestGeneratorWithoutAHistory(t *testing.T) {
	g := newTestGenerator(t)
	g.shelf.err = vault.ErrFull
	g.copyAndWait()
	if g.State().Problem.IsZero() || g.given[0] != "copy "+g.text() {
		t.Errorf("%v, %+v", g.given, g.State().Problem)
	}
	g.shelf.err = errors.New("unknown")
	g.loadHistory()
	g.queue.Until(t, "problem", func() bool { return !g.State().History.Problem.IsZero() })
}

// What was asked for before more is made is what is handed over.
func TestWhatIsShownIsUsed(t *testing.T) {
	g := newTestGenerator(t)
	shown := g.text()
	g.Use()
	g.Again()
	g.queue.Until(t, "used", func() bool { return len(g.given) == 1 })
	if g.given[0] != "use "+shown || g.text() == shown {
		t.Errorf("%v", g.given)
	}
	g.copyAndWait()
	if len(g.shelf.texts()) != 2 {
		t.Errorf("%d are kept", len(g.shelf.texts()))
	}
}

func TestLeavingTheGeneratorWipes(t *testing.T) {
	g := newTestGenerator(t)
	g.copyAndWait()
	g.Again()
	value, past := g.value, g.past.entries[0].Value
	g.Use()
	g.Leave()
	g.queue.Drain()
	if !value.IsZero() || !past.IsZero() || len(g.given) != 1 {
		t.Error("what was not used is still in memory")
	}
}
