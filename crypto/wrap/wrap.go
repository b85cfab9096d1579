// Package wrap holds the key pair with which an identity or a device receives
// keys from others: HPKE (RFC 9180) with the hybrid KEM MLKEM768X25519, so that what is
// recorded today stays closed to a quantum computer.
package wrap

import (
	"crypto/hpke"
	"errors"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// Sizes in bytes. The private key is the seed that both halves are made from.
const (
	SeedSize      = 32
	PublicKeySize = 1216
)

var (
	// ErrSeed is returned for a seed that is not 32 bytes, for example one that was wiped.
	ErrSeed = errors.New("wrap: seed is not 32 bytes")
	// ErrPublicKey is returned for a public key that nothing can be sealed to.
	ErrPublicKey = errors.New("wrap: invalid public key")
	// ErrOpen is returned for everything that does not open, whatever the reason.
	ErrOpen = errors.New("wrap: does not open")
)

// PrivateKey receives. It keeps the seed alone: the expanded key of crypto/hpke
// cannot be wiped.
type PrivateKey struct {
	seed   secret.Bytes
	public []byte
}

// Generate makes a key from the system's random source.
func Generate() PrivateKey {
	key, err := FromSeed(secret.Random(SeedSize))
	if err != nil {
		panic(err) // a random seed is always a key
	}
	return key
}

// FromSeed makes the key of a seed of 32 bytes, which it copies.
func FromSeed(seed secret.Bytes) (PrivateKey, error) {
	if seed.Len() != SeedSize {
		return PrivateKey{}, ErrSeed
	}
	key, err := hpke.MLKEM768X25519().NewPrivateKey(seed.Reveal())
	if err != nil {
		return PrivateKey{}, err
	}
	return PrivateKey{seed: seed.Clone(), public: key.PublicKey().Bytes()}, nil
}

// Seed is a copy of the seed; empty for a wiped key.
func (k PrivateKey) Seed() secret.Bytes { return k.seed.Clone() }

// Public is a copy of the public key: 1184 bytes of ML-KEM-768, 32 of X25519.
func (k PrivateKey) Public() []byte { return append([]byte(nil), k.public...) }

// Wipe clears the private key, in all its copies.
func (k PrivateKey) Wipe() { k.seed.Wipe() }

// Seal encrypts plaintext to a public key, in base mode of HPKE with HKDF-SHA-256
// and ChaCha20-Poly1305. info is context that Open must be given again; it does
// not travel. The error is ErrPublicKey. Who sealed is for a signature to say.
func Seal(recipient, info, plaintext []byte) (enc, ciphertext []byte, err error) {
	public, err := hpke.MLKEM768X25519().NewPublicKey(recipient)
	if err != nil {
		return nil, nil, ErrPublicKey
	}
	enc, sender, err := hpke.NewSender(public, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), info)
	if err != nil {
		return nil, nil, ErrPublicKey
	}
	ciphertext, err = sender.Seal(nil, plaintext)
	return enc, ciphertext, err
}

// Open decrypts what Seal made for this key with the same info, or ErrOpen; ErrSeed for a wiped key.
func (k PrivateKey) Open(enc, info, ciphertext []byte) (secret.Bytes, error) {
	if k.seed.Len() != SeedSize {
		return secret.Bytes{}, ErrSeed
	}
	private, err := hpke.MLKEM768X25519().NewPrivateKey(k.seed.Reveal())
	if err != nil {
		return secret.Bytes{}, err
	}
	recipient, err := hpke.NewRecipient(enc, private, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), info)
	if err != nil {
		return secret.Bytes{}, ErrOpen
	}
	plaintext, err := recipient.Open(nil, ciphertext)
	if err != nil {
		return secret.Bytes{}, ErrOpen
	}
	return secret.New(plaintext), nil
}
