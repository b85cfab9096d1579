// Package wrap holds the key pair with which an identity receives keys from
// others: HPKE (RFC 9180) with the hybrid KEM MLKEM768X25519, so that what is
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

// ErrSeed is returned for a seed that is not 32 bytes, for example one that was wiped.
var ErrSeed = errors.New("wrap: seed is not 32 bytes")

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
