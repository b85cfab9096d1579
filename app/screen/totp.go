package screen

import (
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/otp"
)

// oneTimeCode is the code of a moment, how long it lasts yet, and how long each of them does.
type oneTimeCode struct {
	text         string
	left, period time.Duration
}

// The countdown goes by the second only at its end, and by steps before: every step draws the window again, which without a graphics
// card takes a twentieth of a second of a processor, and somebody who leaves a code in sight has that all day.
const (
	countStep = 10 * time.Second
	countLast = 5 * time.Second
)

// shownLeft is how long a code lasts yet, as it is shown: never more than is true, but for the rest of a second at the end.
func (c oneTimeCode) shownLeft() time.Duration {
	switch {
	case c.left < countLast:
		return time.Duration(seconds(c.left)) * time.Second
	case c.left < countStep:
		return countLast
	}
	return c.left.Truncate(countStep)
}

// untilNext is how long a code is shown as it is now. It ends a little after the step, where rounding has no say in which side that is.
func (c oneTimeCode) untilNext() time.Duration {
	const after = time.Millisecond
	switch {
	case c.left <= countLast:
		return c.left - (c.left - after).Truncate(time.Second) + after
	case c.left < countStep:
		return c.left - countLast + after
	}
	return c.left - c.left.Truncate(countStep) + after
}

// codeAt computes the code of a key as it is kept. The error is otp.ErrMalformed.
func codeAt(kept secret.Bytes, now time.Time) (oneTimeCode, error) {
	key, err := otp.Parse(kept)
	if err != nil {
		return oneTimeCode{}, err
	}
	defer key.Wipe()
	text, left := key.Code(now)
	return oneTimeCode{text, left, time.Duration(key.Period) * time.Second}, nil
}

// usableTOTP reports whether a key gives codes. No key at all is fine.
func usableTOTP(kept secret.Bytes) bool {
	if kept.IsZero() {
		return true
	}
	key, err := otp.Parse(kept)
	key.Wipe()
	return err == nil
}
