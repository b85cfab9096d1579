package generate

import (
	"crypto/rand"
	"io"
	"math"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// PINOptions choose what PIN makes.
type PINOptions struct {
	Digits     int  // MinDigits to MaxDigits
	AvoidDates bool // leave out what can be read as a year or a day
}

// DefaultPIN is what a new generator shows.
func DefaultPIN() PINOptions { return PINOptions{Digits: 6, AvoidDates: true} }

// PIN makes a number that is none of those that are tried first: 0000, 1234, 2468, 4321, 1212 and the like. Errors: ErrOptions.
func PIN(o PINOptions) (secret.Bytes, error) { return pin(rand.Reader, o) }

func pin(random io.Reader, o PINOptions) (secret.Bytes, error) {
	if o.Digits < MinDigits || o.Digits > MaxDigits {
		return secret.Bytes{}, ErrOptions
	}
	made := make([]byte, o.Digits)
	for { // of the shortest fewer than one in eight are refused
		for i := range made {
			made[i] = digits[uniform(random, len(digits))]
		}
		if !o.refused(made) {
			return secret.New(made), nil
		}
	}
}

func (o PINOptions) refused(pin []byte) bool { return obvious(pin) || o.AvoidDates && dated(pin) }

// obvious tells whether digits go on at one step, repeat a block, or run down the middle of a keypad.
func obvious(pin []byte) bool {
	return atOneStep(pin) || periodic(pin) || string(pin) == "2580" || string(pin) == "0852"
}

// atOneStep is 0000, 1234, 8901, 9876, 1357 and 8642; after 9 comes 0.
func atOneStep(pin []byte) bool {
	step := (pin[1] - pin[0] + 10) % 10
	if step > 2 && step < 8 {
		return false
	}
	for i := 2; i < len(pin); i++ {
		if (pin[i]-pin[i-1]+10)%10 != step {
			return false
		}
	}
	return true
}

// periodic is 1212 and 123123.
func periodic(pin []byte) bool {
	for size := 1; size <= len(pin)/2; size++ {
		if len(pin)%size == 0 && repeats(pin, size) {
			return true
		}
	}
	return false
}

// dated tells whether digits can be read as a year, as day and month, or as a date with the year of two or four digits.
func dated(pin []byte) bool {
	switch text := string(pin); len(text) {
	case 4:
		return text[:2] == "19" || text[:2] == "20" || dayAndMonth(text)
	case 6, 8:
		return plausibleDate(text)
	}
	return false
}

// refusedPINs are how many are left out, by length and whether dates are. Of longer ones it is less than one in a hundred.
var refusedPINs = map[PINOptions]int{
	{4, false}: 142, {4, true}: 900, {5, false}: 50, {5, true}: 50, {6, false}: 1130, {6, true}: 106719,
}

// Bits is the entropy of what PIN makes.
func (o PINOptions) Bits() float64 {
	return math.Log2(math.Pow(10, float64(o.Digits)) - float64(refusedPINs[o]))
}
