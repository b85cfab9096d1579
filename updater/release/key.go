package release

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/secure-systems-lab/go-securesystemslib/encrypted"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// ErrPassphrase means that a key file is encrypted and the passphrase is missing or wrong.
var ErrPassphrase = errors.New("key file: missing or wrong passphrase")

// Key is an Ed25519 private key of one role. It prints as its id.
type Key struct {
	Role   string // role it was made for: root, targets, snapshot or timestamp
	ID     string // TUF key id, SHA-256 in hex
	public *metadata.Key
	signer signature.Signer
	seed   func() []byte // behind a function, so that no way of printing reaches it
}

// GenerateKey makes a new key.
func GenerateKey(role string) (Key, error) {
	seed := make([]byte, ed25519.SeedSize)
	rand.Read(seed)
	return newKey(role, seed)
}

func newKey(role string, seed []byte) (Key, error) {
	private := ed25519.NewKeyFromSeed(seed)
	signer, err := signature.LoadED25519Signer(private)
	if err != nil {
		return Key{}, fmt.Errorf("load key: %w", err)
	}
	public, err := metadata.KeyFromPublicKey(private.Public())
	if err != nil {
		return Key{}, fmt.Errorf("load key: %w", err)
	}
	id, err := public.ID()
	if err != nil {
		return Key{}, fmt.Errorf("load key: %w", err)
	}
	return Key{Role: role, ID: id, public: public, signer: signer, seed: func() []byte { return seed }}, nil
}

// Format prints the id for every verb.
func (k Key) Format(f fmt.State, _ rune) { io.WriteString(f, "key "+k.ID) }

// keyFile is the JSON of a key on disk: Seed, or Encrypted with scrypt and NaCl secretbox.
type keyFile struct {
	Role      string          `json:"role"`
	ID        string          `json:"id"`
	Seed      []byte          `json:"seed,omitempty"`
	Encrypted json.RawMessage `json:"encrypted,omitempty"`
}

// Save writes the key with permissions 0600, encrypted unless the passphrase is empty. It never replaces a file.
func (k Key) Save(path string, passphrase []byte) error {
	file := keyFile{Role: k.Role, ID: k.ID}
	if len(passphrase) == 0 {
		file.Seed = k.seed()
	} else {
		sealed, err := encrypted.Encrypt(k.seed(), passphrase)
		if err != nil {
			return fmt.Errorf("encrypt key: %w", err)
		}
		file.Encrypted = sealed
	}
	data, err := json.MarshalIndent(file, "", "\t")
	if err != nil {
		return fmt.Errorf("save key: %w", err)
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("save key: %w: %s", os.ErrExist, path)
	}
	return atomicfile.WriteFile(path, data, 0o600)
}

// LoadKey reads what Save wrote. The passphrase is ignored for a file that is not encrypted.
func LoadKey(path string, passphrase []byte) (Key, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Key{}, fmt.Errorf("load key: %w", err)
	}
	var file keyFile
	if err := json.Unmarshal(data, &file); err != nil {
		return Key{}, fmt.Errorf("load key %s: %w", path, err)
	}
	if len(bytes.TrimSpace(file.Encrypted)) > 0 {
		if file.Seed, err = encrypted.Decrypt(file.Encrypted, passphrase); err != nil {
			return Key{}, fmt.Errorf("load key %s: %w", path, ErrPassphrase)
		}
	}
	if len(file.Seed) != ed25519.SeedSize {
		return Key{}, fmt.Errorf("load key %s: seed of %d bytes", path, len(file.Seed))
	}
	key, err := newKey(file.Role, file.Seed)
	if err == nil && key.ID != file.ID {
		return Key{}, fmt.Errorf("load key %s: its id does not fit", path)
	}
	return key, err
}
