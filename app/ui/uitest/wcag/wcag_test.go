package wcag

import (
	"image/color"
	"math"
	"testing"
)

func gray(v uint8) color.NRGBA { return color.NRGBA{v, v, v, 255} }

// The formula agrees with the examples of the standard.
func TestRatio(t *testing.T) {
	for _, test := range []struct {
		a, b color.NRGBA
		want float64
	}{{gray(0), gray(255), 21}, {gray(0x77), gray(255), 4.48}, {gray(255), gray(255), 1}} {
		if got := Ratio(test.a, test.b); math.Abs(got-test.want) > .01 {
			t.Errorf("%v on %v: %.2f, want %.2f", test.a, test.b, got, test.want)
		}
	}
}

func TestOver(t *testing.T) {
	for _, test := range []struct {
		alpha, want uint8
	}{{0, 0}, {255, 200}, {51, 40}} {
		if got := Over(color.NRGBA{200, 200, 200, test.alpha}, gray(0)); got != gray(test.want) {
			t.Errorf("alpha %d: %v", test.alpha, got)
		}
	}
}
