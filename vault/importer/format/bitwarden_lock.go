package format

import (
	"crypto/aes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
	"github.com/coffer-vault/coffer/vault/importer/internal/cbc"
)

// bitwardenLock is how an export is encrypted under a password of its own.
type bitwardenLock struct {
	PasswordProtected bool   `json:"passwordProtected"`
	Salt              string `json:"salt"` // the text is the salt, its base64 is not decoded
	KDFType           int    `json:"kdfType"`
	KDFIterations     int    `json:"kdfIterations"`
	KDFMemory         int    `json:"kdfMemory"` // MiB
	KDFParallelism    int    `json:"kdfParallelism"`
	Validation        string `json:"encKeyValidation_DO_NOT_EDIT"`
	Data              string `json:"data"`
}

const (
	bitwardenPBKDF2 = 0
	bitwardenArgon2 = 1

	// The most that Bitwarden lets its users choose. More would keep us busy for a file's sake.
	maxPBKDF2Iterations  = 2_000_000
	maxArgon2Iterations  = 10
	maxArgon2Memory      = 1024 // MiB
	maxArgon2Parallelism = 16

	bitwardenKeySize = 32
)

// open decrypts the data. Errors: importer.ErrPrimaryPasswordNeeded, importer.ErrWrongPrimaryPassword, importer.ErrMalformed.
func (l *bitwardenLock) open(password secret.Bytes) ([]byte, error) {
	if password.IsZero() {
		return nil, importer.ErrPrimaryPasswordNeeded
	}
	key, err := l.deriveKey(password)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	encryption, err := hkdf.Expand(sha256.New, key, "enc", bitwardenKeySize)
	if err != nil {
		return nil, err
	}
	defer clear(encryption)
	authentication, err := hkdf.Expand(sha256.New, key, "mac", bitwardenKeySize)
	if err != nil {
		return nil, err
	}
	defer clear(authentication)
	if _, err := openEncString(l.Validation, encryption, authentication); errors.Is(err, errWrongMAC) {
		return nil, importer.ErrWrongPrimaryPassword
	}
	plain, err := openEncString(l.Data, encryption, authentication)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", importer.ErrMalformed, err)
	}
	return plain, nil
}

func (l *bitwardenLock) deriveKey(password secret.Bytes) ([]byte, error) {
	switch {
	case l.KDFType == bitwardenPBKDF2 && within(l.KDFIterations, maxPBKDF2Iterations):
		return pbkdf2.Key(sha256.New, string(password.Reveal()), []byte(l.Salt), l.KDFIterations, bitwardenKeySize)
	case l.KDFType == bitwardenArgon2 && within(l.KDFIterations, maxArgon2Iterations) &&
		within(l.KDFMemory, maxArgon2Memory) && within(l.KDFParallelism, maxArgon2Parallelism):
		salt := sha256.Sum256([]byte(l.Salt))
		return argon2.IDKey(password.Reveal(), salt[:], uint32(l.KDFIterations), uint32(l.KDFMemory)*1024, uint8(l.KDFParallelism), bitwardenKeySize), nil
	}
	return nil, fmt.Errorf("%w: key derivation", importer.ErrMalformed)
}

var (
	errBadText  = errors.New("not an encrypted text")
	errWrongMAC = errors.New("changed, or another key")
)

func within(n, limit int) bool { return 1 <= n && n <= limit }

// openEncString decrypts "2.<iv>|<ciphertext>|<mac>": AES-256-CBC, then HMAC-SHA-256 over IV and ciphertext.
func openEncString(text string, encryption, authentication []byte) ([]byte, error) {
	encoded, found := strings.CutPrefix(text, "2.")
	parts := strings.Split(encoded, "|")
	if !found || len(parts) != 3 {
		return nil, errBadText
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.StdEncoding.DecodeString(part); err != nil {
			return nil, errBadText
		}
	}
	iv, sealed, mac := decoded[0], decoded[1], decoded[2]
	expected := hmac.New(sha256.New, authentication)
	expected.Write(slices.Concat(iv, sealed))
	if !hmac.Equal(mac, expected.Sum(nil)) {
		return nil, errWrongMAC
	}
	block, err := aes.NewCipher(encryption)
	if err != nil {
		return nil, err
	}
	plain, ok := cbc.Open(block, iv, sealed)
	if !ok {
		return nil, errBadText
	}
	return plain, nil
}
