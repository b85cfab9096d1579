package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/sync/remote"
	"github.com/coffer-vault/coffer/sync/wire"
)

// The errors that a screen decides by. Those of the local file are the vault package's own (vault.ErrFull, vault.ErrTampered, …),
// those of the keyring platform's.
var (
	// ErrWrongPassword: the password does not open the vault on this PC.
	ErrWrongPassword = errors.New("wrong master password")
	// ErrProofFailed: the server does not accept password, Secret Key and e-mail together; it does not say which is wrong.
	ErrProofFailed = errors.New("sign-in refused")
	// ErrSecretKeyMalformed: the text is no Secret Key, by its form or its checksum.
	ErrSecretKeyMalformed = errors.New("not a Secret Key")
	// ErrKeyringLost: the keyring works and has nothing for this account: the Secret Key must be typed.
	ErrKeyringLost = errors.New("no Secret Key in the keyring")
	// ErrNoKeyring: no keyring answers; the Secret Key can be typed instead.
	ErrNoKeyring = errors.New("no keyring")
	// ErrOffline: the server does not answer. Nothing is wrong with the vault.
	ErrOffline = errors.New("server not reachable")
	// ErrClock: the server's certificate is not valid at this PC's time. It wraps ErrOffline.
	ErrClock = errors.New("the server's certificate is not valid at the time of this PC")
	// ErrNotCoffer: something answers at the address, but no Coffer server.
	ErrNotCoffer = errors.New("no Coffer server at this address")
	// ErrCodeExpired: the mailed code is too old; ask for another.
	ErrCodeExpired = errors.New("code expired")
	// ErrDeviceRevoked: this device was removed from the account.
	ErrDeviceRevoked = errors.New("device was removed from the account")
	// ErrWeakServer: the server asked for a key derivation below what this program or this PC accepts.
	ErrWeakServer = errors.New("server asked for a weaker key derivation")
	// ErrDishonestServer: what the server sent contradicts itself or the account log.
	ErrDishonestServer = errors.New("server sent contradicting keys")
	// ErrLocked: the vault was locked meanwhile.
	ErrLocked = errors.New("vault is locked")
	// ErrAlreadyHere: the account is on this PC; it wants to be unlocked.
	ErrAlreadyHere = errors.New("account is already on this PC")
	// ErrKeysChanged: another device has changed the keys of the account: AdoptKeys.
	ErrKeysChanged = errors.New("the keys of the account were changed on another device")
	// ErrSecretKeyNeeded: the password alone does not open the changed keys: perhaps the Secret Key is another one too.
	ErrSecretKeyNeeded = errors.New("the Secret Key of the new emergency kit is needed")
	// ErrChangeWaits: the server has not confirmed the change; it is kept and goes on by itself.
	ErrChangeWaits = errors.New("the change waits for the server")
	// ErrChangeLost: another device changed the account at the same time, and was first. Nothing of this change is in force.
	ErrChangeLost = errors.New("another device changed the account first")
	// ErrOldPassword: a change of the password is not finished on this PC: the one before opens it.
	ErrOldPassword = errors.New("the old master password is still in force on this PC")
	// ErrSignedOut: another device has signed this one out, as the account log proves.
	ErrSignedOut = errors.New("signed out by another device")
	// ErrPolicy: the administrator of this PC has switched it off.
	ErrPolicy = errors.New("switched off by the administrator of this PC")
	// ErrUnknownAccount: no such account on this PC.
	ErrUnknownAccount = errors.New("account is not on this PC")
)

// CodeError is a wrong code.
type CodeError struct{ TriesLeft int }

func (e *CodeError) Error() string { return fmt.Sprintf("wrong code, %d tries left", e.TriesLeft) }

// SlowDownError asks to wait after too many tries.
type SlowDownError struct{ RetryAfter time.Duration }

func (e *SlowDownError) Error() string { return fmt.Sprintf("too many tries, wait %s", e.RetryAfter) }

// QuotaError says that the account has no room left at the server, in bytes; zeros where the server does not say how many.
type QuotaError struct{ Used, Limit int64 }

func (e *QuotaError) Error() string { return fmt.Sprintf("%d of %d bytes are used", e.Used, e.Limit) }

// fromServer gives an answer of the server, or the lack of one, the name that screens know. Errors of other origin stay as they are.
func fromServer(err error) error {
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, remote.ErrCertificateTime):
		return fmt.Errorf("%w: %w: %w", ErrClock, ErrOffline, err)
	case errors.Is(err, remote.ErrUnreachable):
		return fmt.Errorf("%w: %w", ErrOffline, err)
	case errors.Is(err, remote.ErrStrangeAnswer):
		return fmt.Errorf("%w: %w", ErrNotCoffer, err)
	}
	var answer *wire.Error
	if !errors.As(err, &answer) {
		return err
	}
	return fmt.Errorf("%w: %w", fromAnswer(answer), err)
}

func fromAnswer(e *wire.Error) error {
	switch e.Code {
	case wire.CodeProofFailed:
		return ErrProofFailed
	case wire.CodeCodeExpired:
		return ErrCodeExpired
	case wire.CodeCodeWrong:
		left := 0
		if e.TriesLeft != nil {
			left = *e.TriesLeft
		}
		return &CodeError{TriesLeft: left}
	case wire.CodeSlowDown:
		return &SlowDownError{RetryAfter: time.Duration(max(e.RetryAfter, 1)) * time.Second}
	case wire.CodeDeviceRevoked:
		return ErrDeviceRevoked
	case wire.CodeQuotaExceeded:
		return &QuotaError{Used: e.Used, Limit: e.Limit}
	case wire.CodeConflict:
		return ErrChangeLost
	case wire.CodeUnavailable, wire.CodeClockSkew: // the next try has the server's time
		return ErrOffline
	}
	return ErrNotCoffer
}

// fromKeys names the errors of typed keys and of a server's choice of KDF profile.
func fromKeys(err error) error {
	switch {
	case errors.Is(err, keys.ErrSecretKeyMalformed), errors.Is(err, keys.ErrSecretKeyChecksum):
		return fmt.Errorf("%w: %w", ErrSecretKeyMalformed, err)
	case errors.Is(err, kdf.ErrUnknownProfile), errors.Is(err, kdf.ErrBelowFloor), errors.Is(err, kdf.ErrWeakerThanPinned):
		return fmt.Errorf("%w: %w", ErrWeakServer, err)
	}
	return err
}
