// Package signing is Ed25519 (RFC 8032) with a purpose in every signature: what
// was signed for one use never verifies for another.
package signing

import (
	"crypto/ed25519"
	"errors"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// Purpose says what a signature is for.
type Purpose string

// The purposes of protocol version 1.
const (
	AccountLog  Purpose = "account-log"  // entries of the account log, by the identity key
	Commit      Purpose = "commit"       // commits of a vault, by a device key
	SignIn      Purpose = "sign-in"      // proof of password and Secret Key, by the login key
	DeviceProof Purpose = "device-proof" // the same message, by a device key
	Request     Purpose = "request"      // HTTP requests, by a device key

	IdentityRotate Purpose = "identity-rotate" // its place in the account log, by the new identity key
	Wrap           Purpose = "wrap"            // a key wrapped for another device, by a device key
	AccountChange  Purpose = "account-change"  // a change of the account, by the login key
	Recovery       Purpose = "recovery"        // proof of the recovery code, by the recovery login key

	EnrolToken Purpose = "enrol-token" // tokens that enrol computers, by the server's enrolment key
)

// Sizes in bytes.
const (
	SeedSize      = ed25519.SeedSize
	PublicKeySize = ed25519.PublicKeySize
)

var (
	// ErrSignature is returned for every signature that does not verify, also for those under a refused key.
	ErrSignature = errors.New("signing: signature does not verify")
	// ErrSeed is returned for a seed that is not 32 bytes, for example one that was wiped.
	ErrSeed = errors.New("signing: seed is not 32 bytes")
	// ErrPublicKey is returned for public keys that are not 32 bytes, not canonical, or of small order.
	ErrPublicKey = errors.New("signing: invalid public key")
)

// PrivateKey signs. The zero value and a wiped key sign nothing.
type PrivateKey struct {
	expanded secret.Bytes // seed and public key, as crypto/ed25519 has it
}

// Generate makes a key from the system's random source.
func Generate() PrivateKey {
	key, _ := FromSeed(secret.Random(SeedSize))
	return key
}

// FromSeed makes the key of a seed of 32 bytes, which it copies.
func FromSeed(seed secret.Bytes) (PrivateKey, error) {
	if seed.Len() != SeedSize {
		return PrivateKey{}, ErrSeed
	}
	return PrivateKey{secret.New(ed25519.NewKeyFromSeed(seed.Reveal()))}, nil
}

// FromOwn makes the key of a seed that a server derives from a secret of its own, which it does not keep in secret.Bytes.
func FromOwn(seed [SeedSize]byte) PrivateKey {
	return PrivateKey{secret.New(ed25519.NewKeyFromSeed(seed[:]))}
}

// Seed is a copy of the 32 bytes that the key is made from; empty for a wiped key.
func (k PrivateKey) Seed() secret.Bytes {
	if k.IsZero() {
		return secret.Bytes{}
	}
	return secret.New(append([]byte(nil), k.expanded.Reveal()[:SeedSize]...))
}

// Public is the public key; zero, which verifies nothing, for a wiped key.
func (k PrivateKey) Public() PublicKey {
	if k.IsZero() {
		return PublicKey{}
	}
	return PublicKey(k.expanded.Reveal()[SeedSize:])
}

// Sign signs Concat("coffer/v1/sig/" + purpose, msg) and returns 64 bytes. A
// wiped key gives nil, which never verifies: work that a lock has overtaken.
func (k PrivateKey) Sign(purpose Purpose, msg []byte) []byte {
	expanded := k.expanded.Reveal()
	if len(expanded) != ed25519.PrivateKeySize {
		return nil
	}
	return ed25519.Sign(expanded, signed(purpose, msg))
}

// IsZero reports whether the key was never set, or was wiped.
func (k PrivateKey) IsZero() bool { return k.expanded.IsZero() }

// Wipe clears the key, in all its copies.
func (k PrivateKey) Wipe() { k.expanded.Wipe() }

func signed(purpose Purpose, msg []byte) []byte {
	return canonical.Concat("coffer/v1/sig/"+string(purpose), msg)
}
