package keys

import (
	"encoding/base32"
	"errors"
	"strings"
	"unicode"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// SecretKeySize is the length of a Secret Key in bytes.
const SecretKeySize = 16

var (
	// ErrSecretKeyMalformed is returned for text that has not the form of a Secret Key.
	ErrSecretKeyMalformed = errors.New("keys: malformed Secret Key")
	// ErrSecretKeyChecksum is returned for text of the right form with a wrong
	// checksum: a typing error.
	ErrSecretKeyChecksum = errors.New("keys: wrong checksum in the Secret Key")
	// ErrSecretKeyMissing is returned where the zero or a wiped SecretKey is used.
	ErrSecretKeyMissing = errors.New("keys: no Secret Key")
)

const (
	textPrefix     = "C1"
	keyDigits      = 26 // 128 bits and two zero bits
	checksumDigits = 4  // 20 bits
	groupDigits    = 5
	maxText        = 256 // bytes; more than any spelling of a Secret Key needs
)

// crockford is the alphabet without I, L, O and U.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// SecretKey is 128 random bits that are mixed into every derivation from the
// password: without it a stolen server database cannot be searched.
type SecretKey struct {
	raw secret.Bytes
}

// NewSecretKey makes one from the system's random source.
func NewSecretKey() SecretKey {
	return SecretKey{secret.Random(SecretKeySize)}
}

// ParseSecretKey reads the text that people type or paste: upper or lower case,
// any spaces and dashes, O for 0, I and L for 1. Errors are
// ErrSecretKeyMalformed and ErrSecretKeyChecksum.
func ParseSecretKey(text string) (SecretKey, error) {
	digits, ok := strings.CutPrefix(normalise(text), textPrefix)
	if !ok || len(digits) != keyDigits+checksumDigits {
		return SecretKey{}, ErrSecretKeyMalformed
	}
	// Every digit is checked first, so that a letter outside the alphabet in the
	// checksum is malformed too.
	if _, err := crockford.DecodeString(digits + "00"); err != nil {
		return SecretKey{}, ErrSecretKeyMalformed
	}
	raw, err := crockford.DecodeString(digits[:keyDigits])
	if err != nil {
		return SecretKey{}, ErrSecretKeyMalformed
	}
	// The decoder drops the two padding bits: they have to be zero.
	if crockford.EncodeToString(raw) != digits[:keyDigits] {
		return SecretKey{}, ErrSecretKeyMalformed
	}
	if checksum(raw) != digits[keyDigits:] {
		return SecretKey{}, ErrSecretKeyChecksum
	}
	return SecretKey{secret.New(raw)}, nil
}

// normalise drops spaces and dashes and maps what people confuse. It gives ""
// for text that is too long to be meant.
func normalise(text string) string {
	if len(text) > maxText {
		return ""
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.Is(unicode.Dash, r):
			return -1
		case r >= 'a' && r <= 'z': // ASCII only: some other letters have ASCII capitals
			r += 'A' - 'a'
		}
		switch r {
		case 'O':
			return '0'
		case 'I', 'L':
			return '1'
		}
		return r
	}, text)
}

// checksum is the first 20 bits of the hash, in base32.
func checksum(raw []byte) string {
	sum := canonical.Hash("coffer/v1/sk-checksum", raw)
	return crockford.EncodeToString(sum[:5])[:checksumDigits]
}

// SecretKeyFromBytes takes ownership of the 16 bytes that Bytes returned; ErrSecretKeyMalformed for another length.
func SecretKeyFromBytes(raw secret.Bytes) (SecretKey, error) {
	if raw.Len() != SecretKeySize {
		return SecretKey{}, ErrSecretKeyMalformed
	}
	return SecretKey{raw}, nil
}

// Bytes returns a copy of the 16 bytes, for the operating system's keyring.
func (k SecretKey) Bytes() secret.Bytes { return k.raw.Clone() }

// Text is the Secret Key as shown, printed and kept in the keyring:
// C1-XXXXX-XXXXX-XXXXX-XXXXX-XXXXX-XXXXX. Empty for a missing key.
func (k SecretKey) Text() string {
	if k.IsZero() {
		return ""
	}
	digits := crockford.EncodeToString(k.raw.Reveal()) + checksum(k.raw.Reveal())
	text := textPrefix
	for start := 0; start < len(digits); start += groupDigits {
		text += "-" + digits[start:start+groupDigits]
	}
	return text
}

// String is redacted; Text is the explicit way.
func (k SecretKey) String() string { return secret.Redacted }

// IsZero reports whether there is no key: never set, or wiped.
func (k SecretKey) IsZero() bool { return k.raw.IsZero() }

// Equal compares in constant time.
func (k SecretKey) Equal(other SecretKey) bool { return k.raw.Equal(other.raw) }

// Wipe clears the key, in all its copies.
func (k SecretKey) Wipe() { k.raw.Wipe() }
