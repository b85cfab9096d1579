// Package generate makes passwords, passphrases and PINs from the system's random source, without bias, and estimates how strong
// a password is that a person made.
package generate

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"
	"sync"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// Limits of the options.
const (
	MinLength, MaxLength = 4, 128
	MinWords, MaxWords   = 3, 20
	MinDigits, MaxDigits = 3, 32
	maxSeparator         = 8
)

// ErrOptions is returned for options outside the limits, or a password without any class of characters.
var ErrOptions = errors.New("generate: options out of range")

// The classes of characters. The symbols are those that nearly every site takes.
const (
	lower     = "abcdefghijklmnopqrstuvwxyz"
	upper     = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits    = "0123456789"
	symbols   = "!#$%&*+-.:;=?@^_~"
	lookAlike = "0Oo1Il"
)

// PasswordOptions choose what Password makes.
type PasswordOptions struct {
	Length                        int // MinLength to MaxLength
	Lower, Upper, Digits, Symbols bool
	AvoidLookAlikes               bool // leave out characters that are easily taken for another
}

// DefaultPassword is what a new generator shows.
func DefaultPassword() PasswordOptions {
	return PasswordOptions{Length: 20, Lower: true, Upper: true, Digits: true, Symbols: true}
}

// classes are the characters to choose from, by class.
func (o PasswordOptions) classes() []string {
	var chosen []string
	for _, class := range []struct {
		wanted bool
		of     string
	}{{o.Lower, lower}, {o.Upper, upper}, {o.Digits, digits}, {o.Symbols, symbols}} {
		if class.wanted {
			chosen = append(chosen, o.allowed(class.of))
		}
	}
	return chosen
}

func (o PasswordOptions) allowed(class string) string {
	return strings.Map(func(r rune) rune {
		if o.AvoidLookAlikes && strings.ContainsRune(lookAlike, r) {
			return -1
		}
		return r
	}, class)
}

// Password makes a password with at least one character of each class. Every such password is as likely as any other: one that
// lacks a class is thrown away as a whole. Errors: ErrOptions.
func Password(o PasswordOptions) (secret.Bytes, error) {
	return password(rand.Reader, o)
}

func password(random io.Reader, o PasswordOptions) (secret.Bytes, error) {
	classes := o.classes()
	if len(classes) == 0 || o.Length < MinLength || o.Length > MaxLength {
		return secret.Bytes{}, ErrOptions
	}
	all := strings.Join(classes, "")
	made := make([]byte, o.Length)
	for {
		for i := range made {
			made[i] = all[uniform(random, len(all))]
		}
		if hasEach(made, classes) {
			return secret.New(made), nil
		}
	}
}

func hasEach(made []byte, classes []string) bool {
	for _, class := range classes {
		if !bytes.ContainsAny(made, class) {
			return false
		}
	}
	return true
}

// Bits is the entropy of what Password makes, without the little that the demand for each class takes.
func (o PasswordOptions) Bits() float64 {
	return float64(o.Length) * math.Log2(float64(len(strings.Join(o.classes(), ""))))
}

// PassphraseOptions choose what Passphrase makes.
type PassphraseOptions struct {
	Words      int    // MinWords to MaxWords
	Separator  string // at most 8 bytes
	Capitalize bool   // the first letter of each word
	Number     bool   // a digit after one of the words
}

// DefaultPassphrase is what a new generator shows.
func DefaultPassphrase() PassphraseOptions { return PassphraseOptions{Words: 6, Separator: "-"} }

//go:embed data/eff_large_wordlist.txt
var effWords string

// words are the 7,776 words of the EFF's large list: 12.9 bits each.
var words = sync.OnceValue(func() []string { return strings.Fields(effWords) })

// Passphrase makes random words. Errors: ErrOptions.
func Passphrase(o PassphraseOptions) (secret.Bytes, error) {
	return passphrase(rand.Reader, o)
}

func passphrase(random io.Reader, o PassphraseOptions) (secret.Bytes, error) {
	if o.Words < MinWords || o.Words > MaxWords || len(o.Separator) > maxSeparator {
		return secret.Bytes{}, ErrOptions
	}
	withNumber := -1
	if o.Number {
		withNumber = uniform(random, o.Words)
	}
	var made []byte
	for i := range o.Words {
		if i > 0 {
			made = append(made, o.Separator...)
		}
		start := len(made)
		made = append(made, words()[uniform(random, len(words()))]...)
		if o.Capitalize {
			made[start] -= 'a' - 'A'
		}
		if i == withNumber {
			made = append(made, digits[uniform(random, len(digits))])
		}
	}
	return secret.New(made), nil
}

// Bits is the entropy of what Passphrase makes.
func (o PassphraseOptions) Bits() float64 {
	bits := float64(o.Words) * math.Log2(float64(len(words())))
	if o.Number {
		bits += math.Log2(float64(len(digits) * o.Words))
	}
	return bits
}

// PIN makes a number of so many digits. Errors: ErrOptions.
func PIN(length int) (secret.Bytes, error) {
	if length < MinDigits || length > MaxDigits {
		return secret.Bytes{}, ErrOptions
	}
	made := make([]byte, length)
	for i := range made {
		made[i] = digits[uniform(rand.Reader, len(digits))]
	}
	return secret.New(made), nil
}

// PINBits is the entropy of what PIN makes.
func PINBits(length int) float64 { return float64(length) * math.Log2(float64(len(digits))) }

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
