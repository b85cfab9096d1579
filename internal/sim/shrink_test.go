package sim

import (
	"errors"
	"testing"
)

// maxTries bounds how often a failing history is played to make it shorter.
const maxTries = 300

// shrink leaves out steps as long as what is left fails in the same way, first many at a time, then each.
func (p *place) shrink(t *testing.T, h history, trace []string, err error) (history, []string, error) {
	tries := 0
	for size := len(h.steps) / 2; size > 0; size /= 2 {
		for from := 0; from < len(h.steps) && tries < maxTries; {
			shorter := h
			shorter.steps = append(append([]step(nil), h.steps[:from]...), h.steps[min(from+size, len(h.steps)):]...)
			tries++
			if what, again := p.play(t, shorter); sameFailure(err, again) {
				h, trace, err = shorter, what, again
			} else {
				from += size
			}
		}
	}
	return h, trace, err
}

func sameFailure(a, b error) bool {
	var one, other *failure
	return errors.As(a, &one) && errors.As(b, &other) && one.kind == other.kind
}

// A history that fails for one step is shrunk to it.
func TestShrinking(t *testing.T) {
	p := newPlace(t)
	h := script(3)
	broken := step{index: 1000, verb: "break", device: 0, seed: 1}
	h.steps = append(h.steps[:len(h.steps)/2:len(h.steps)/2], append([]step{broken}, h.steps[len(h.steps)/2:]...)...)
	actions = append(actions, action{verb: "break", do: func(w *world, _ *device) { w.fail("broken", errors.New("on purpose")) }})
	defer func() { actions = actions[:len(actions)-1] }()
	trace, err := p.play(t, h)
	h, _, err = p.shrink(t, h, trace, err)
	if len(h.steps) != 1 || h.steps[0] != broken || err == nil {
		t.Errorf("%v is left, %v", h.steps, err)
	}
}
