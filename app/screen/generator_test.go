package screen

import (
	"strings"
	"testing"
	"time"
)

func newTestGenerator(t *testing.T) (*Generator, *desk, *history, *[]string) {
	t.Helper()
	env, d := newEnv(t)
	h := &history{}
	var given []string
	g := NewGenerator(env, GeneratorConfig{
		History: h, Label: "Use password",
		Use:    func(s secretText) { given = append(given, "use "+string(s.Reveal())) },
		Copied: func(s secretText) { given = append(given, "copy "+string(s.Reveal())) },
		Cancel: func() { given = append(given, "cancel") },
	})
	return g, d, h, &given
}

func made(g *Generator) string { return string(g.Secret().Reveal()) }

func TestGeneratorMakesWhatIsAsked(t *testing.T) {
	g, _, _, _ := newTestGenerator(t)
	s := g.State()
	if len(made(g)) != 20 || s.Meter.Text != "Excellent · about 126 bits" || s.Made != 1 || s.Length.Now != 20 {
		t.Errorf("%q, %+v", made(g), s)
	}
	g.SetLength(1000)
	if len(made(g)) != 64 {
		t.Errorf("%d characters", len(made(g)))
	}
	g.SetLength(8)
	for _, toggle := range []string{ToggleUpper, ToggleSymbols, ToggleDigits} {
		g.SetToggle(toggle, false)
	}
	if strings.Trim(made(g), "abcdefghijklmnopqrstuvwxyz") != "" || g.State().Meter.Text != "Fair · about 37 bits" {
		t.Errorf("%q, %s", made(g), g.State().Meter.Text)
	}
	g.SetToggle(ToggleLower, false) // the last kind of character stays
	if !g.State().Toggles[1].On || made(g) == "" || !g.State().Problem.IsZero() {
		t.Errorf("%+v", g.State())
	}
	g.SetKind(GeneratePassphrase)
	if n := len(strings.Split(made(g), "-")); n < 6 || g.State().Length.Now != 6 || len(g.State().Marks) == 0 {
		t.Errorf("%q", made(g))
	}
	g.SetMark(" ")
	if strings.Count(made(g), " ") != 5 {
		t.Errorf("%q", made(g))
	}
	g.SetMark("too strange")
	g.SetKind(GeneratePIN)
	if len(made(g)) != 6 || strings.Trim(made(g), "0123456789") != "" || g.State().Meter.Tone != ToneError {
		t.Errorf("%q, %+v", made(g), g.State().Meter)
	}
	g.SetKind("nonsense")
	g.SetKind(GeneratePassword)
	if len(made(g)) != 8 {
		t.Error("the length of passwords was forgotten meanwhile")
	}
}

func TestGeneratorHasWordsForEverything(t *testing.T) {
	g, _, _, _ := newTestGenerator(t)
	for _, kind := range []string{GeneratePassword, GeneratePassphrase, GeneratePIN} {
		g.SetKind(kind)
		g.Copy()
		g.ToggleHistory()
		s := g.State()
		checkWords(t, kind, s.Meter.Text, s.Length.Label, s.Use, s.HistoryLabel)
		for _, toggle := range s.Toggles {
			checkWords(t, kind, toggle.Label)
		}
		for _, choice := range append(s.Kinds, s.Marks...) {
			checkWords(t, kind, choice.Label)
		}
	}
}

func TestGeneratorRemembersWhatWasUsed(t *testing.T) {
	g, d, h, given := newTestGenerator(t)
	if g.State().HistoryLabel != "" {
		t.Error("a history of nothing")
	}
	first := made(g)
	g.Copy()
	g.Copy() // the same again
	g.Again()
	g.Again() // never used
	d.clock.Advance(d.queue, time.Minute)
	second := made(g)
	g.Use()
	g.Cancel()
	if want := []string{"copy " + first, "copy " + first, "use " + second, "cancel"}; strings.Join(*given, " ") != strings.Join(want, " ") {
		t.Errorf("%v", *given)
	}
	g.ToggleHistory()
	rows := g.State().History
	if len(rows) != 2 || g.State().HistoryLabel != "2 made before" {
		t.Fatalf("%+v", rows)
	}
	if g.HistorySecret(rows[0].ID).Len() != 0 {
		t.Error("it is shown unasked")
	}
	g.RevealHistory(rows[0].ID)
	if got := string(g.HistorySecret(rows[0].ID).Reveal()); got != second {
		t.Errorf("the newest is %q", got)
	}
	g.CopyHistory(rows[1].ID)
	if last := (*given)[len(*given)-1]; last != "copy "+first {
		t.Error(last)
	}
	g.CopyHistory("nonsense")
	value := h.entries[0].value
	h.wipe()
	if !value.IsZero() || len(h.entries) != 0 {
		t.Error("the history outlives the lock")
	}
}

func TestHistoryIsBounded(t *testing.T) {
	g, _, h, _ := newTestGenerator(t)
	g.Copy()
	oldest := h.entries[0].value
	for range maxHistory {
		g.Again()
		g.Copy()
	}
	if len(h.entries) != maxHistory || !oldest.IsZero() {
		t.Errorf("%d entries", len(h.entries))
	}
}

func TestLeavingTheGeneratorWipes(t *testing.T) {
	g, _, _, _ := newTestGenerator(t)
	value := g.value
	g.Leave()
	if !value.IsZero() {
		t.Error("what was not used is still in memory")
	}
}
