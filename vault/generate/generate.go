// Package generate makes passwords, passphrases and PINs from the system's random source, without bias, and estimates how strong
// a password is that a person made.
package generate

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
)

// Limits of the options.
const (
	MinLength, MaxLength = 4, 128
	MinWords, MaxWords   = 3, 20
	MinDigits, MaxDigits = 4, 12
	maxSeparator         = 8
)

// ErrOptions is returned for options outside the limits, or a password without any class of characters.
var ErrOptions = errors.New("generate: options out of range")

// uniform returns a number from 0 to n-1, each as likely: what is left over above the largest multiple of n is drawn again.
func uniform(random io.Reader, n int) int {
	limit := math.MaxUint32 - math.MaxUint32%uint32(n)
	var buffer [4]byte
	for {
		if _, err := io.ReadFull(random, buffer[:]); err != nil {
			panic("generate: no randomness: " + err.Error()) // crypto/rand never fails
		}
		if drawn := binary.BigEndian.Uint32(buffer[:]); drawn < limit {
			return int(drawn % uint32(n))
		}
	}
}
