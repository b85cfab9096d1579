package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/remote"
	"github.com/coffer-vault/coffer/sync/wire"
)

// A device whose session has ended while another device changed the keys cannot read in the log that they changed: the server refuses
// the login key that it has. Without a way back its edits would never leave it. So a refused proof counts as changed keys: the user
// types the master password, the device proves that, and adopts the keys like any other.

// errOutdated is ErrKeysChanged, found out by a refused proof.
var errOutdated = fmt.Errorf("%w: %w", ErrKeysChanged, ErrProofFailed)

// noteOutdated remembers a refused proof. It is not made again: wrong proofs are counted, and would keep the user's other devices out.
func (u *Unlocked) noteOutdated(err error) error {
	if !remote.IsCode(err, wire.CodeProofFailed) {
		return err
	}
	u.outdated.Store(true)
	u.notice(func(n *Notices) { n.KeysChanged = true })
	return errOutdated
}

// proveWith opens a session with a login key, which it wipes.
func (u *Unlocked) proveWith(ctx context.Context, login signing.PrivateKey) (wire.Proved, error) {
	defer login.Wipe()
	own := u.current()
	return u.session.Client().Prove(ctx, signer(own.bundle.Account, own.device), login, own.email, u.m.Settings().Language, own.device.Wire())
}

// loginOfChange is the login key of the own change that may be in force already, its answer lost; nil without one.
func (u *Unlocked) loginOfChange() *signing.PrivateKey {
	u.keys.RLock()
	defer u.keys.RUnlock()
	if u.nextLogin == nil {
		return nil
	}
	copied, err := signing.FromSeed(u.nextLogin.Seed())
	if err != nil {
		return nil
	}
	return &copied
}

// signInAgain opens a session with what the user has typed, where the server has refused what this device has. syncMu is held.
func (u *Unlocked) signInAgain(ctx context.Context, password secret.Bytes, secretKey string) error {
	if !u.outdated.Load() {
		return nil
	}
	s, err := u.again(secretKey)
	if err != nil {
		return err
	}
	defer s.secretKey.Wipe()
	pinned, err := kdf.Check(u.own.bundle.Profile, kdf.P1)
	if err != nil {
		return fromKeys(err)
	}
	if err := s.deriveKnown(ctx, password, pinned); err != nil {
		return refusedAgain(err, secretKey)
	}
	defer s.master.Wipe()
	if err := s.prove(ctx); err != nil {
		return refusedAgain(err, secretKey)
	}
	if s.CodeNeeded() {
		return fmt.Errorf("server does not list this device: %w", ErrDeviceRevoked)
	}
	if err := u.session.Use(*s.session); err != nil {
		return err
	}
	u.outdated.Store(false)
	return nil
}

// again is a sign-in of this device with the Secret Key that was typed, else its own.
func (u *Unlocked) again(secretKey string) (s *SignIn, err error) {
	own := u.current()
	s = &SignIn{m: u.m, client: u.session.Client(), email: own.email, account: own.bundle.Account, device: own.device}
	if secretKey == "" {
		s.secretKey, err = keys.SecretKeyFromBytes(own.secretKey.Bytes())
		return s, err
	}
	if s.secretKey, err = keys.ParseSecretKey(secretKey); err != nil {
		return nil, fromKeys(err)
	}
	return s, nil
}

// refusedAgain names a refused proof: the server does not say what is wrong, and without a session it gives no new Secret Key.
func refusedAgain(err error, secretKey string) error {
	switch {
	case !errors.Is(err, ErrProofFailed):
		return err
	case secretKey == "":
		return fmt.Errorf("%w: %w: %w", ErrSecretKeyNeeded, ErrWrongPassword, err)
	}
	return fmt.Errorf("%w: %w", ErrWrongPassword, err)
}
