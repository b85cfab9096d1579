// Package seal is the one ciphertext format of Coffer, the envelope:
//
//	header     "CFE1" | suite u8 = 1 | purpose u8 | epoch u32 BE | key_id 16 | nonce 24
//	envelope   header | commitment 32 | XChaCha20-Poly1305 ciphertext and tag
//
// A bare AEAD has ciphertexts that open under two keys, which lets a server test
// guesses of a key. The commitment, derived with the encryption key from key,
// nonce, header and context, ties an envelope to one key in one context. Lengths
// are hidden in steps. There is one suite, no negotiation and one error.
package seal

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"errors"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// Sizes in bytes.
const (
	KeySize     = 32
	MaxEnvelope = 1 << 20
	// MaxPlaintext is what fits an envelope: the largest padded size less the length before the content.
	MaxPlaintext = (MaxEnvelope-overhead)/paddingStep*paddingStep - lengthSize

	nonceSize      = chacha20poly1305.NonceSizeX
	headerSize     = len(magic) + 1 + 1 + 4 + id.Size + nonceSize
	commitmentSize = 32
	bodyOffset     = headerSize + commitmentSize
	overhead       = bodyOffset + chacha20poly1305.Overhead
)

const (
	magic = "CFE1"
	suite = 1
)

// Purpose is the kind of thing inside an envelope.
type Purpose uint8

// The purposes of protocol version 1.
const (
	SealedKey Purpose = 1
	Object    Purpose = 2
	Chunk     Purpose = 3
	Local     Purpose = 4
)

// Header is the part of an envelope's header that its reader knows beforehand.
type Header struct {
	Purpose Purpose
	Epoch   uint32
	KeyID   id.ID // whose key it is: an account, a vault or an attachment
}

var (
	// ErrOpen is returned for every envelope that does not open, whatever the reason.
	ErrOpen = errors.New("seal: envelope does not open")
	// ErrTooLarge is returned for more than MaxPlaintext bytes.
	ErrTooLarge = errors.New("seal: too large")
	// ErrKey is returned for a key that is not 32 bytes: one that is missing or
	// was wiped. It says nothing about the envelope.
	ErrKey = errors.New("seal: no key")
)

// Seal encrypts plaintext under key, bound to header and context. The context is
// built with canonical.Concat and is not part of the envelope.
func Seal(key secret.Bytes, h Header, context, plaintext []byte) ([]byte, error) {
	var nonce [nonceSize]byte
	rand.Read(nonce[:])
	return sealWith(nonce, key, h, context, plaintext)
}

func sealWith(nonce [nonceSize]byte, key secret.Bytes, h Header, context, plaintext []byte) ([]byte, error) {
	if key.Len() != KeySize {
		return nil, ErrKey
	}
	if len(plaintext) > MaxPlaintext {
		return nil, ErrTooLarge
	}
	padded := paddedSize(len(plaintext))
	out := make([]byte, 0, overhead+padded)
	out = append(h.append(out), nonce[:]...)
	keys := derive(key, out, context)
	defer keys.wipe()
	out = append(out, keys.commitment()...)
	out = appendPadded(out, plaintext, padded)
	// In place, so that no copy of the plaintext stays behind.
	return keys.aead().Seal(out[:bodyOffset], nonce[:], out[bodyOffset:], additional(nil, out[:headerSize], context)), nil
}

// Open decrypts an envelope that Seal made with the same key, header and
// context. Every failure but a missing key is ErrOpen.
func Open(key secret.Bytes, want Header, context, envelope []byte) ([]byte, error) {
	if key.Len() != KeySize {
		return nil, ErrKey
	}
	if len(envelope) < overhead || len(envelope) > MaxEnvelope || !want.matches(envelope) {
		return nil, ErrOpen
	}
	keys := derive(key, envelope[:headerSize], context)
	defer keys.wipe()
	if subtle.ConstantTimeCompare(keys.commitment(), envelope[headerSize:bodyOffset]) != 1 {
		return nil, ErrOpen
	}
	return keys.open(envelope, context)
}

// append writes the header up to the nonce.
func (h Header) append(dst []byte) []byte {
	dst = append(append(dst, magic...), suite, byte(h.Purpose))
	dst = binary.BigEndian.AppendUint32(dst, h.Epoch)
	return append(dst, h.KeyID[:]...)
}

// matches compares all of an envelope's header but its nonce.
func (h Header) matches(envelope []byte) bool {
	var buffer [headerSize]byte
	want := h.append(buffer[:0])
	return string(want) == string(envelope[:len(want)])
}

// additional appends the AEAD's additional data to dst.
func additional(dst, header, context []byte) []byte {
	return canonical.Append(dst, header, context)
}
