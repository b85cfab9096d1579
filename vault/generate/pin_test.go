package generate

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
)

func TestPIN(t *testing.T) {
	for n := MinDigits; n <= MaxDigits; n++ {
		o := PINOptions{Digits: n, AvoidDates: n%2 == 0}
		made, err := PIN(o)
		if err != nil || made.Len() != n || strings.Trim(string(made.Reveal()), digits) != "" {
			t.Errorf("%q, %v", made.Reveal(), err)
		}
	}
	for _, n := range []int{-1, 0, 3, 13} {
		if _, err := PIN(PINOptions{Digits: n}); !errors.Is(err, ErrOptions) {
			t.Errorf("%d digits: %v", n, err)
		}
	}
}

// A source whose first numbers are trivial: they are thrown away.
func TestTrivialPINsAreNotMade(t *testing.T) {
	var drawn strings.Builder
	for _, pin := range []string{"0000", "1234", "1985", "3112", "7351"} {
		for _, digit := range pin {
			drawn.WriteString("\x00\x00\x00" + string(digit-'0'))
		}
	}
	for avoid, want := range map[bool]string{true: "7351", false: "1985"} {
		made, err := pin(strings.NewReader(drawn.String()), PINOptions{Digits: 4, AvoidDates: avoid})
		if err != nil || string(made.Reveal()) != want {
			t.Errorf("%q, %v, want %s", made.Reveal(), err, want)
		}
	}
}

func TestRefusedPINs(t *testing.T) {
	for pin, want := range map[string][2]bool{ // refused in any case, refused as a date
		"0000": {true, true}, "1234": {true, true}, "8901": {true, true}, "4321": {true, true}, "2468": {true, true}, "1212": {true, true},
		"2580": {true, true}, "123123": {true, true}, "987654": {true, true}, "111111111111": {true, true},
		"1987": {false, true}, "2031": {false, true}, "3112": {false, true}, "1231": {false, true},
		"311299": {false, true}, "991231": {false, true}, "31121999": {false, true}, "19991231": {false, true},
		"7351": {false, false}, "3699": {false, false}, "990099": {false, false}, "48151": {false, false}, "77777778": {false, false},
	} {
		for avoid, refused := range map[bool]bool{false: want[0], true: want[1]} {
			if got := (PINOptions{Digits: len(pin), AvoidDates: avoid}).refused([]byte(pin)); got != refused {
				t.Errorf("%s, dates avoided %v: refused %v", pin, avoid, got)
			}
		}
	}
}

// countUp makes the next number of as many digits.
func countUp(pin []byte) {
	for i := len(pin) - 1; i >= 0; i-- {
		if pin[i]++; pin[i] <= '9' {
			return
		}
		pin[i] = '0'
	}
}

func TestPINBits(t *testing.T) {
	for o, want := range refusedPINs {
		got, pin := 0, bytes.Repeat([]byte{'0'}, o.Digits)
		for range int(math.Pow10(o.Digits)) {
			if o.refused(pin) {
				got++
			}
			countUp(pin)
		}
		if got != want {
			t.Errorf("%+v: %d are refused, not %d", o, got, want)
		}
	}
	if bits := (PINOptions{Digits: 4}).Bits(); bits > 13.29 || bits < 13.2 {
		t.Errorf("%f bits", bits)
	}
}
