package signing

import (
	"crypto/ed25519"
	"encoding/hex"
	"slices"
)

// PublicKey is a compressed point of RFC 8032 §5.1.5.
type PublicKey [PublicKeySize]byte

// ParsePublicKey copies and checks 32 raw bytes; otherwise ErrPublicKey.
func ParsePublicKey(b []byte) (PublicKey, error) {
	if len(b) != PublicKeySize {
		return PublicKey{}, ErrPublicKey
	}
	key := PublicKey(b)
	if !key.acceptable() {
		return PublicKey{}, ErrPublicKey
	}
	return key, nil
}

// Verify returns nil if sig is this key's signature of msg for that purpose, else ErrSignature.
func (k PublicKey) Verify(purpose Purpose, msg, sig []byte) error {
	if !k.acceptable() || !ed25519.Verify(k[:], signed(purpose, msg), sig) {
		return ErrSignature
	}
	return nil
}

// String is 64 hexadecimal digits.
func (k PublicKey) String() string { return hex.EncodeToString(k[:]) }

// acceptable refuses the keys under which crypto/ed25519 verifies signatures
// that nobody made: points of small order, for which the message hardly counts.
// It also refuses second spellings of one key, since keys are compared as bytes.
//
// Keys with a small-order part beside a proper one are accepted: to make one
// takes the private key, and it gives its owner nothing that signing does not.
func (k PublicKey) acceptable() bool {
	y := k
	y[31] &= 0x7f // without the sign of x
	return isReduced(y) && !slices.Contains(smallOrder[:], y)
}

// isReduced reports whether the little-endian y is below p = 2^255 - 19.
func isReduced(y PublicKey) bool {
	if y[31] != 0x7f {
		return true
	}
	for _, b := range y[1:31] {
		if b != 0xff {
			return true
		}
	}
	return y[0] < 0xed
}

// smallOrder is the y of the eight points whose order divides the cofactor 8.
// Of y = 1 and y = -1 the spelling with a negative x = 0 is covered as well.
var smallOrder = [...]PublicKey{
	{},  // order 4
	{1}, // order 1
	point("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"), // order 2
	point("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), // order 8
	point("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), // order 8
}

func point(digits string) PublicKey {
	b, err := hex.DecodeString(digits)
	if err != nil {
		panic(err)
	}
	return PublicKey(b)
}
