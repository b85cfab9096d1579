// Package chain holds what client and server both compute: the account log, commits with their change lists, and the state tree
// (docs/protocol.md §5 and §6).
//
//	identity key -(signs)-> account log -(lists)-> device keys -(sign)-> commits -(carry)-> state root -(covers)-> every object
//
// The server uses it to refuse nonsense early. The client uses it to believe nothing that the server says. Nothing here decrypts,
// and nothing here does I/O.
package chain

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
)

// Hash is a SHA-256 value; the zero Hash stands for "none": the parent of the first commit, the envelope of a tombstone.
type Hash [32]byte

// String returns the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// IsZero tells whether h stands for "none".
func (h Hash) IsZero() bool { return h == Hash{} }

// HashFrom copies a 32-byte slice.
func HashFrom(b []byte) (Hash, error) {
	if len(b) != len(Hash{}) {
		return Hash{}, fmt.Errorf("hash of %d bytes: %w", len(b), ErrMalformed)
	}
	return Hash(b), nil
}

// ErrMalformed says that bytes are not a canonical encoding of what they should be, or break a limit.
var ErrMalformed = errors.New("malformed")

// EnvelopeHash names an object's envelope in change lists and in the state table.
func EnvelopeHash(envelope []byte) Hash { return canonical.Hash("coffer/v1/env", envelope) }

// SealedKeyHash names a sealed key in the account log.
func SealedKeyHash(envelope []byte) Hash { return canonical.Hash("coffer/v1/sealed-key", envelope) }

// Head names a commit of one vault; the zero Head is the empty vault.
type Head struct {
	Seq  uint64
	Hash Hash
}

// VaultHead is a writer's pinned head of another of its vaults.
type VaultHead struct {
	Vault id.ID  `cbor:"1,keyasint"`
	Seq   uint64 `cbor:"2,keyasint"`
	Hash  Hash   `cbor:"3,keyasint"`
}

// unmarshal decodes canonical CBOR of at most limit bytes and maps every failure to ErrMalformed.
func unmarshal(what string, data []byte, limit int, v any) error {
	if len(data) == 0 || len(data) > limit {
		return fmt.Errorf("%s of %d bytes: %w", what, len(data), ErrMalformed)
	}
	if err := canonical.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", what, errors.Join(ErrMalformed, err))
	}
	return nil
}
