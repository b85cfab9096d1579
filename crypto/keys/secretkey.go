package keys

import (
	"errors"

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

var secretKeyText = textForm{prefix: "C1", size: SecretKeySize, group: 5, checksumLabel: "coffer/v1/sk-checksum"}

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
	raw, form, sum := secretKeyText.parse(text)
	switch {
	case !form:
		return SecretKey{}, ErrSecretKeyMalformed
	case !sum:
		return SecretKey{}, ErrSecretKeyChecksum
	}
	return SecretKey{secret.New(raw)}, nil
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
func (k SecretKey) Text() string { return secretKeyText.format(k.raw.Reveal()) }

// String is redacted; Text is the explicit way.
func (k SecretKey) String() string { return secret.Redacted }

// IsZero reports whether there is no key: never set, or wiped.
func (k SecretKey) IsZero() bool { return k.raw.IsZero() }

// Equal compares in constant time.
func (k SecretKey) Equal(other SecretKey) bool { return k.raw.Equal(other.raw) }

// Wipe clears the key, in all its copies.
func (k SecretKey) Wipe() { k.raw.Wipe() }
