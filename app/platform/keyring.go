package platform

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// The errors of a Keyring.
var (
	// ErrNotFound: the keyring works and has no entry. A new login of the system, or a keyring that was reset: the Secret Key
	// must be typed.
	ErrNotFound = errors.New("no keyring entry")
	// ErrDamaged: there is an entry that this version cannot read. What to do is the same as without one.
	ErrDamaged = errors.New("keyring entry is damaged")
	// ErrUnavailable: no keyring answers: none is installed, it is locked, or its question to the user stayed unanswered. Later
	// it may answer, so nothing must be concluded about the entry.
	ErrUnavailable = errors.New("keyring is not available")
)

// keyringPatience bounds a call whose context has no earlier end: the keyring may ask the user for its password, and a
// prompter that has died never answers.
const keyringPatience = 2 * time.Minute

// Lengths of the three secrets (docs/protocol.md §3), in bytes.
const (
	secretKeySize  = 16
	deviceSeedSize = 32
	anchorSize     = 32
)

// DeviceSecrets is what this computer keeps of an account while it is locked.
type DeviceSecrets struct {
	SecretKey  secret.Bytes // 16 bytes
	DeviceSeed secret.Bytes // 32 bytes, Ed25519 seed
	Anchor     secret.Bytes // 32 bytes, authenticates the local database
	Generation uint64       // of the local database when this was written
	Pin        Pin          // of the personal vault at that time

	KeyGeneration uint32 // of the credentials that SecretKey belongs to; 0: not known, any
	Next          NextKey
}

// NextKey is the Secret Key of later credentials while they are being changed: the keyring is written before the local file and
// after it, so whichever generation the file has, its Secret Key is here. Zero: none.
type NextKey struct {
	Generation uint32
	SecretKey  secret.Bytes
}

// KeyOf is the Secret Key of a generation of credentials; false if there is none.
func (d DeviceSecrets) KeyOf(generation uint32) (secret.Bytes, bool) {
	switch {
	case d.KeyGeneration == 0 || d.KeyGeneration == generation:
		return d.SecretKey, true
	case d.Next.Generation == generation:
		return d.Next.SecretKey, true
	}
	return secret.Bytes{}, false
}

// Pin names a commit: how far this computer had verified the vault. Zero: not known, or an empty vault.
type Pin struct {
	Seq  uint64
	Hash [32]byte
}

// Keyring keeps DeviceSecrets in the system's keyring: Secret Service on Linux, Keychain on macOS, Credential Manager on
// Windows. It is safe for concurrent use.
type Keyring struct {
	service string
	store   store
}

// store is go-keyring; tests put a keyring in its place that has gone wrong.
type store interface {
	Get(service, user string) (string, error)
	Set(service, user, value string) error
	Delete(service, user string) error
}

// NewKeyring is the keyring of a profile. It sees no other profile's entries.
func NewKeyring(p Paths) *Keyring {
	service := "Coffer"
	if p.Profile() != "" {
		service += " " + p.Profile()
	}
	return &Keyring{service: service, store: systemStore{}}
}

// Load reads the entry of an account at a server. Errors wrap ErrNotFound, ErrDamaged, ErrUnavailable or the context's.
func (k *Keyring) Load(ctx context.Context, origin string, account id.ID) (DeviceSecrets, error) {
	var text string
	err := k.call(ctx, func() (err error) {
		text, err = k.store.Get(k.service, user(origin, account))
		return err
	})
	if err != nil {
		return DeviceSecrets{}, fmt.Errorf("load from keyring: %w", err)
	}
	d, err := decodeSecrets(text)
	if err != nil {
		return DeviceSecrets{}, fmt.Errorf("load from keyring: %w", err)
	}
	return d, nil
}

// Save writes the entry, or replaces it. When it returns nil the entry has been read back. Errors wrap ErrUnavailable or the
// context's.
func (k *Keyring) Save(ctx context.Context, origin string, account id.ID, d DeviceSecrets) error {
	text, err := d.encode()
	if err != nil {
		return fmt.Errorf("save to keyring: %w", err)
	}
	err = k.call(ctx, func() error {
		if err := k.store.Set(k.service, user(origin, account), text); err != nil {
			return err
		}
		// A prompt that the user dismisses looks like success on Linux, and the Keychain's tool does not tell either.
		if kept, err := k.store.Get(k.service, user(origin, account)); err != nil || kept != text {
			return errors.New("the entry was not kept")
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("save to keyring: %w", err)
	}
	return nil
}

// Delete removes the entry; that there is none is fine.
func (k *Keyring) Delete(ctx context.Context, origin string, account id.ID) error {
	err := k.call(ctx, func() error {
		return k.store.Delete(k.service, user(origin, account))
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("delete from keyring: %w", err)
	}
	return nil
}

// call waits for do no longer than the context and keyringPatience allow. go-keyring cannot be interrupted: a call that hangs
// stays behind in its goroutine, and what it returns in the end is dropped.
func (k *Keyring) call(ctx context.Context, do func() error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, keyringPatience, ErrUnavailable)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return keyringError(err)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func keyringError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, keyring.ErrNotFound):
		return ErrNotFound
	default:
		return fmt.Errorf("%w: %v", ErrUnavailable, err)
	}
}

// user names an entry. The origin is part of it: the same account restored to another server is another enrolment.
func user(origin string, account id.ID) string {
	return account.String() + "@" + origin
}

// secretsVersion 3: version u8 | generation u64 big-endian | Secret Key 16 | device seed 32 | anchor 32 | pin's seq u64 big-endian |
// pin's hash 32 | generation of the Secret Key u32 big-endian | next generation u32 | next Secret Key 16, in base64: 204 characters.
// Version 1 ends before the pin, version 2 after it. Windows allows 2,560 bytes and the Keychain's tool some 3,000.
const (
	secretsVersion = 3
	pinHashSize    = 32
	size1          = 1 + 8 + secretKeySize + deviceSeedSize + anchorSize
	size2          = size1 + 8 + pinHashSize
	size3          = size2 + 4 + 4 + secretKeySize
)

// secretsSizes are the lengths by version.
var secretsSizes = map[byte]int{1: size1, 2: size2, secretsVersion: size3}

func (d DeviceSecrets) encode() (string, error) {
	next := d.Next.SecretKey
	if d.Next.Generation == 0 {
		next = secret.New(make([]byte, secretKeySize))
	}
	if d.SecretKey.Len() != secretKeySize || d.DeviceSeed.Len() != deviceSeedSize || d.Anchor.Len() != anchorSize || next.Len() != secretKeySize {
		return "", errors.New("a device secret has the wrong length")
	}
	b := []byte{secretsVersion}
	b = binary.BigEndian.AppendUint64(b, d.Generation)
	b = append(b, d.SecretKey.Reveal()...)
	b = append(b, d.DeviceSeed.Reveal()...)
	b = append(b, d.Anchor.Reveal()...)
	b = binary.BigEndian.AppendUint64(b, d.Pin.Seq)
	b = append(b, d.Pin.Hash[:]...)
	b = binary.BigEndian.AppendUint32(b, d.KeyGeneration)
	b = binary.BigEndian.AppendUint32(b, d.Next.Generation)
	b = append(b, next.Reveal()...)
	return base64.RawStdEncoding.EncodeToString(b), nil
}

func decodeSecrets(text string) (DeviceSecrets, error) {
	b, err := base64.RawStdEncoding.Strict().DecodeString(text)
	if err != nil || len(b) == 0 || len(b) != secretsSizes[b[0]] {
		return DeviceSecrets{}, ErrDamaged // without the cause: it would quote the text
	}
	b = append(b[1:], make([]byte, size3-len(b))...) // what an earlier version lacks is zero
	take := func(n int) []byte {
		field := b[:n:n]
		b = b[n:]
		return field
	}
	d := DeviceSecrets{
		Generation: binary.BigEndian.Uint64(take(8)),
		SecretKey:  secret.New(take(secretKeySize)),
		DeviceSeed: secret.New(take(deviceSeedSize)),
		Anchor:     secret.New(take(anchorSize)),
	}
	d.Pin = Pin{Seq: binary.BigEndian.Uint64(take(8)), Hash: [pinHashSize]byte(take(pinHashSize))}
	d.KeyGeneration = binary.BigEndian.Uint32(take(4))
	d.Next = NextKey{Generation: binary.BigEndian.Uint32(take(4)), SecretKey: secret.New(take(secretKeySize))}
	if d.Next.Generation == 0 {
		if !d.Next.SecretKey.Equal(secret.New(make([]byte, secretKeySize))) {
			return DeviceSecrets{}, ErrDamaged
		}
		d.Next = NextKey{}
	}
	return d, nil
}

// systemStore is the keyring of the operating system.
type systemStore struct{}

func (systemStore) Get(service, user string) (string, error) { return keyring.Get(service, user) }
func (systemStore) Set(service, user, value string) error    { return keyring.Set(service, user, value) }
func (systemStore) Delete(service, user string) error        { return keyring.Delete(service, user) }
