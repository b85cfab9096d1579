package screen

import (
	"context"

	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/generate"
)

// fullBits fill the bar of a meter: no attack that is worth its money guesses that many.
const fullBits = 80

// levels are the words for generate's scores.
var levels = [...]struct {
	key  string
	tone Tone
}{{"weak", ToneError}, {"weak", ToneError}, {"fair", ToneWarning}, {"good", ToneGood}, {"excellent", ToneGood}}

// weakScore is the highest score that is called weak.
const weakScore = 1

// meterOf shows bits of entropy.
func meterOf(words *assets.Catalog, bits float64) Meter {
	level := levels[generate.ScoreOf(bits)]
	return Meter{Shown: true, Fraction: min(1, bits/fullBits), Tone: level.tone, Text: words.Text("screen.strength." + level.key)}
}

// meters measures the strength of passwords while they are typed: off the UI goroutine, the last one typed wins.
type meters struct {
	env     *Env
	run     *Runner
	changed func()
	bits    map[string]float64
	cancel  map[string]func()
}

func (m *meters) begin(env *Env, run *Runner, changed func()) {
	*m = meters{env: env, run: run, changed: changed, bits: map[string]float64{}, cancel: map[string]func(){}}
}

// measure borrows the value of a field and tells the model when its strength is known. inputs are what an attacker knows: names,
// sites. Until then the strength of the value before is shown, so that the bar does not flicker while somebody types.
func (m *meters) measure(field string, value secret.Bytes, inputs ...string) {
	if cancel := m.cancel[field]; cancel != nil {
		cancel()
	}
	if value.IsZero() {
		delete(m.bits, field)
		return
	}
	value = value.Clone()
	m.cancel[field] = Run(m.run, func(context.Context) (generate.Strength, error) {
		defer value.Wipe()
		return generate.Estimate(value, inputs...), nil
	}, func(s generate.Strength, _ error) {
		m.bits[field] = s.Bits
		m.changed()
	})
}

// of is the meter of a field; it is not shown while nothing is known.
func (m *meters) of(field string) Meter {
	bits, ok := m.bits[field]
	if !ok {
		return Meter{}
	}
	return meterOf(m.env.Words, bits)
}

// weak reports whether the field is known to be weak.
func (m *meters) weak(field string) bool {
	bits, ok := m.bits[field]
	return ok && generate.ScoreOf(bits) <= weakScore
}
