package cloud

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/internal/atomicfile"
)

// Secret is the server's own key. It protects no user data: it keys the hashes of mailed codes, seals mails that wait to be sent,
// and makes up the answers for unknown accounts. It lies beside the database and not in it, so that a copy of the database alone
// does not give away a code.
type Secret struct {
	key func() [32]byte // behind a func, since fmt looks into unexported fields and through pointers
}

// NewSecret returns a random Secret.
func NewSecret() Secret {
	var key [32]byte
	rand.Read(key[:])
	return secretOf(key)
}

func secretOf(key [32]byte) Secret { return Secret{func() [32]byte { return key }} }

// Format hides the key from every verb.
func (Secret) Format(f fmt.State, _ rune) { io.WriteString(f, "[redacted]") }

// OpenSecret reads the secret at path. With create, a missing file is made; without, it is an error: a database without its
// secret must not get another one silently.
func OpenSecret(path string, create bool) (Secret, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && create {
		s := NewSecret()
		key := s.key()
		return s, atomicfile.WriteFile(path, key[:], 0o600)
	}
	if err != nil {
		return Secret{}, fmt.Errorf("read server secret: %w", err)
	}
	if len(data) != 32 {
		return Secret{}, fmt.Errorf("server secret has %d bytes, want 32", len(data))
	}
	return secretOf([32]byte(data)), nil
}

// Fingerprint tells this secret from another and says nothing else about it.
func (s Secret) Fingerprint() []byte { return s.mac("coffer/v1/secret-fingerprint") }

// mac is HMAC-SHA-256 over a label and fields: it names a value that only this server can compute.
func (s Secret) mac(label string, fields ...any) []byte {
	key := s.key()
	h := hmac.New(sha256.New, key[:])
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
