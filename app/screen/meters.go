package screen

import (
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// levels part the bits of entropy into words. Below weakBits a password can be guessed by whoever has a copy of its hash.
const (
	weakBits = 50
	fairBits = 70
	goodBits = 90
	fullBits = 128 // fills the bar
)

// meterOf shows bits of entropy.
func meterOf(words *assets.Catalog, bits float64) Meter {
	m := Meter{Shown: true, Fraction: min(1, bits/fullBits)}
	switch {
	case bits < weakBits:
		m.Tone, m.Text = ToneError, words.Text("screen.strength.weak")
	case bits < fairBits:
		m.Tone, m.Text = ToneWarning, words.Text("screen.strength.fair")
	case bits < goodBits:
		m.Tone, m.Text = ToneGood, words.Text("screen.strength.good")
	default:
		m.Tone, m.Text = ToneGood, words.Text("screen.strength.excellent")
	}
	return m
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

// measure borrows the value of a field and tells the model when its strength is known.
func (m *meters) measure(field string, value secret.Bytes) {
	if cancel := m.cancel[field]; cancel != nil {
		cancel()
	}
	delete(m.bits, field)
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
	return ok && bits < weakBits
}
