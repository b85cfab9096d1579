// Package kdf stretches the master password with Argon2id (RFC 9106).
//
// The parameters are named and compiled in. A server can at most name one, and
// a name that is unknown, below the floor, or below what this device used
// before is refused before anything is derived from the password.
package kdf

import (
	"context"
	"errors"
	"runtime"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/coffer-vault/coffer/crypto/secret"
)

const (
	// KeySize is the length of a derived key in bytes.
	KeySize = 32
	// MaxPassword is the longest password in bytes, before normalisation.
	MaxPassword = 1024
)

var (
	// ErrUnknownProfile is returned for a name or parameters that are not compiled in.
	ErrUnknownProfile = errors.New("kdf: unknown profile")
	// ErrBelowFloor is returned for parameters weaker than P1.
	ErrBelowFloor = errors.New("kdf: profile below the floor")
	// ErrWeakerThanPinned is returned for a profile weaker than the one this device used before.
	ErrWeakerThanPinned = errors.New("kdf: profile weaker than before")
	// ErrPasswordTooLong is returned for more than MaxPassword bytes.
	ErrPasswordTooLong = errors.New("kdf: password too long")
	// ErrPasswordEmpty is returned for no password.
	ErrPasswordEmpty = errors.New("kdf: password empty")
)

// turn is held while Argon2id runs: two unlocks at once would take twice the
// memory, which a small machine may not have.
var turn = make(chan struct{}, 1)

// DerivePassword returns 32 bytes: Argon2id(NFKC(password), salt) at the cost of
// p, which must be a compiled profile. It waits for its turn, during which ctx
// ends it; once begun it runs to its end.
func DerivePassword(ctx context.Context, password secret.Bytes, salt [16]byte, p Profile) (secret.Bytes, error) {
	if err := p.validate(); err != nil {
		return secret.Bytes{}, err
	}
	if password.IsZero() {
		return secret.Bytes{}, ErrPasswordEmpty
	}
	if password.Len() > MaxPassword {
		return secret.Bytes{}, ErrPasswordTooLong
	}
	if err := ctx.Err(); err != nil {
		return secret.Bytes{}, err
	}
	select {
	case turn <- struct{}{}:
	case <-ctx.Done():
		return secret.Bytes{}, ctx.Err()
	}
	defer func() { <-turn }()
	return derive(password, salt, cost(p)), nil
}

// worthCollecting is how much memory a derivation has to leave, in KiB, to be worth a collection of all garbage. Every compiled profile
// leaves more; the lowered cost of tests, of which there are thousands, does not.
const worthCollecting = 8 << 10

// derive does the work. The same password typed on two keyboards may come in
// different code points, so it is normalised first.
func derive(password secret.Bytes, salt [16]byte, p Profile) secret.Bytes {
	normal := secret.New(norm.NFKC.Append(nil, password.Reveal()...))
	defer normal.Wipe()
	if p.MemoryKiB >= worthCollecting {
		// At once, Argon2id's memory serves what follows; else an unlock piles its own on top of it.
		defer runtime.GC()
	}
	defer secret.ClearStack()
	return secret.New(argon2.IDKey(normal.Reveal(), salt[:], p.Time, p.MemoryKiB, p.Threads, KeySize))
}
