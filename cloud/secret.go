package cloud

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/internal/atomicfile"
)

// Secret is the server's own key. It protects no user data: it keys the hashes of mailed codes, seals mails that wait to be sent,
// and makes up the answers for unknown accounts. It lies beside the database and not in it, so that a copy of the database alone
// does not give away a code.
type Secret struct{ key [32]byte }

// NewSecret returns a random Secret.
func NewSecret() Secret {
	var s Secret
	rand.Read(s.key[:])
	return s
}

// String hides the key from logs.
func (Secret) String() string { return "[redacted]" }

// GoString hides the key from %#v.
func (Secret) GoString() string { return "[redacted]" }

// OpenSecret reads the secret at path. With create, a missing file is made; without, it is an error: a database without its
// secret must not get another one silently.
func OpenSecret(path string, create bool) (Secret, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && create {
		s := NewSecret()
		return s, atomicfile.WriteFile(path, s.key[:], 0o600)
	}
	if err != nil {
		return Secret{}, fmt.Errorf("read server secret: %w", err)
	}
	if len(data) != len(Secret{}.key) {
		return Secret{}, fmt.Errorf("server secret has %d bytes, want %d", len(data), len(Secret{}.key))
	}
	return Secret{[32]byte(data)}, nil
}

// mac is HMAC-SHA-256 over a label and fields: it names a value that only this server can compute.
func (s Secret) mac(label string, fields ...any) []byte {
	h := hmac.New(sha256.New, s.key[:])
	h.Write(canonical.Append(canonical.Concat(label), fields...))
	return h.Sum(nil)
}

// seal encrypts what lies in the database for a while, under a fresh nonce from random bytes.
func (s Secret) seal(label string, nonce, plain []byte) []byte {
	return s.aead(label).Seal(nonce, nonce, plain, []byte(label))
}

func (s Secret) open(label string, sealed []byte) ([]byte, error) {
	aead := s.aead(label)
	if len(sealed) < aead.NonceSize() {
		return nil, errors.New("sealed value is too short")
	}
	return aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(label))
}

const sealNonceSize = 12

func (s Secret) aead(label string) cipher.AEAD {
	block, err := aes.NewCipher(s.mac("coffer/v1/server-seal", label))
	if err != nil {
		panic(err) // the key has the right size by construction
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}
