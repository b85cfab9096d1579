package session

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/enrol"
	"github.com/coffer-vault/coffer/sync/remote"
	"github.com/coffer-vault/coffer/sync/wire"
)

// SignIn is a new device on its way into an account. The proof has succeeded; until the mailed code is right the server gives
// nothing that is encrypted.
type SignIn struct {
	m         *Manager
	client    *remote.Client
	email     string
	account   id.ID
	gen       uint32
	profile   kdf.Profile
	master    keys.AccountMaster
	secretKey keys.SecretKey
	device    enrol.Device
	anchor    secret.Bytes // the same for every Finish: a file may be there already

	approval *enrol.Received   // of the device that let this one in; nil for an enrolment with the kit
	approver signing.PublicKey // that device's

	session *wire.Session
	expires time.Time
}

// BeginSignIn derives the keys and proves them to the server at origin. Errors: ErrSecretKeyMalformed, ErrProofFailed,
// ErrWeakServer, ErrAlreadyHere, *SlowDownError, ErrOffline, ErrNotCoffer.
func (m *Manager) BeginSignIn(ctx context.Context, origin, email string, password secret.Bytes, secretKey string) (*SignIn, error) {
	client, err := m.client(origin)
	if err != nil {
		return nil, err
	}
	sk, err := keys.ParseSecretKey(secretKey)
	if err != nil {
		return nil, fromKeys(err)
	}
	s := &SignIn{
		m: m, client: client, email: normalizeEmail(email), secretKey: sk,
		device: enrol.NewDevice(m.cfg.DeviceName, m.cfg.Platform),
	}
	if err := s.derive(ctx, password); err != nil {
		return nil, err
	}
	return s, s.prove(ctx)
}

// derive asks which account the Secret Key belongs to. What the server says of the key derivation is checked before anything that
// depends on the password leaves the machine.
func (s *SignIn) derive(ctx context.Context, password secret.Bytes) error {
	profile, err := s.lookUp(ctx)
	if err != nil {
		return err
	}
	if s.m.has(ctx, s.account) {
		return ErrAlreadyHere
	}
	return s.deriveAt(ctx, password, profile, kdf.P1)
}

// deriveKnown is derive for an account that is on this PC, whose profile is at least least.
func (s *SignIn) deriveKnown(ctx context.Context, password secret.Bytes, least kdf.Profile) error {
	account := s.account
	profile, err := s.lookUp(ctx)
	if err != nil {
		return err
	}
	if s.account != account {
		return fmt.Errorf("the Secret Key belongs to another account: %w", ErrProofFailed)
	}
	return s.deriveAt(ctx, password, profile, least)
}

func (s *SignIn) lookUp(ctx context.Context) (profile string, err error) {
	found, err := s.client.Lookup(ctx, keys.LookupTag(s.secretKey))
	if err != nil {
		return "", fromServer(err)
	}
	if s.account, err = id.Parse(found.AccountID); err != nil || found.Generation == 0 || found.Generation > math.MaxUint32 {
		return "", fmt.Errorf("look up account: %w", ErrNotCoffer)
	}
	s.gen = uint32(found.Generation)
	return found.Profile, nil
}

func (s *SignIn) deriveAt(ctx context.Context, password secret.Bytes, profile string, least kdf.Profile) (err error) {
	if s.profile, err = kdf.Check(profile, least); err != nil {
		return fromKeys(err)
	}
	s.master, err = keys.DeriveAccountMaster(ctx, password, s.secretKey, s.account, s.profile, s.gen)
	return err
}

func (s *SignIn) prove(ctx context.Context) error {
	proved, err := s.client.Prove(ctx, signer(s.account, s.device), s.master.LoginKey(), s.email, s.m.Settings().Language, s.device.Wire())
	if err != nil {
		return fromServer(err)
	}
	s.session, s.expires = proved.Session, s.client.Local(proved.CodeExpires)
	return nil
}

// CodeNeeded tells whether the server waits for the mailed code.
func (s *SignIn) CodeNeeded() bool { return s.session == nil }

// Expires is when the code is void.
func (s *SignIn) Expires() time.Time { return s.expires }

// Resend asks for another code; the one before is void.
func (s *SignIn) Resend(ctx context.Context) error {
	resent, err := s.client.Resend(ctx, signer(s.account, s.device))
	if remote.IsCode(err, wire.CodeSessionEnded) {
		return s.prove(ctx)
	}
	if err != nil {
		return fromServer(err)
	}
	s.expires = s.client.Local(resent.CodeExpires)
	return nil
}

// Verify trades the code for a session. Errors: *CodeError, ErrCodeExpired, *SlowDownError, ErrOffline; ErrProofFailed where the account's
// keys were changed since the sign-in began.
func (s *SignIn) Verify(ctx context.Context, code string) error {
	verified, err := s.client.VerifyDevice(ctx, signer(s.account, s.device), code)
	if remote.IsCode(err, wire.CodeSessionEnded) {
		return s.proveAgain(ctx)
	}
	if err != nil {
		return fromServer(err)
	}
	s.session = &verified.Session
	return nil
}

// proveAgain goes on where the server waits for no code of this device: the answer to the right one was lost, and then proving gives
// a session; or the code is too old, and then proving has another one mailed.
func (s *SignIn) proveAgain(ctx context.Context) error {
	if err := s.prove(ctx); err != nil {
		return err
	}
	if s.CodeNeeded() {
		return ErrCodeExpired
	}
	return nil
}

// Finish proves the key bundle, enters the device into the account log, keeps everything on this PC and loads the vault; progress
// counts objects. It may be called again after an error. Where the account's keys were changed since the sign-in began, the error is
// ErrProofFailed, or ErrCodeExpired if another code was mailed.
func (s *SignIn) Finish(ctx context.Context, progress func(done, total int)) (*Unlocked, error) {
	if s.session == nil {
		return nil, errors.New("finish sign-in: no code was given yet")
	}
	bundle, account, err := s.bundle(ctx, s.remote())
	if remote.IsCode(err, wire.CodeSessionEnded) { // as when the keys were changed meanwhile: the server ends what was begun before
		if err = s.proveAgain(ctx); err == nil {
			bundle, account, err = s.bundle(ctx, s.remote())
		}
	}
	if err != nil {
		return nil, err
	}
	own, err := s.ownAccount(bundle, account)
	if err != nil {
		return nil, err
	}
	note, err := s.note(own)
	if err != nil {
		return nil, err
	}
	store, err := s.m.keep(ctx, own, note)
	if err != nil {
		return nil, err
	}
	u, err := s.m.open(ctx, own, store, s.session)
	if err != nil {
		return nil, err
	}
	if err := u.firstSync(ctx, progress); err != nil {
		u.Lock()
		if isOlderState(err) {
			err = errors.Join(err, s.m.Forget(context.WithoutCancel(ctx), u.Account()))
		}
		return nil, err
	}
	s.wipe()
	return u, nil
}

// wipe clears the keys of an attempt that is over.
func (s *SignIn) wipe() {
	s.master.Wipe()
	s.secretKey.Wipe()
	s.device.Key.Wipe()
	s.anchor.Wipe()
}

// ownAccount gets keys of its own: to lock it wipes them, and Finish may come again.
func (s *SignIn) ownAccount(bundle enrol.Bundle, account *enrol.Account) (own ownAccount, err error) {
	if s.anchor.IsZero() {
		s.anchor = secret.Random(anchorSize)
	}
	own = ownAccount{
		origin: s.client.Origin(), email: s.email, bundle: bundle, account: account,
		device: s.device, anchor: s.anchor.Clone(),
	}
	if own.master, err = keys.AccountMasterFromBytes(s.master.Bytes()); err != nil {
		return own, fmt.Errorf("keep account: %w", err)
	}
	if own.secretKey, err = keys.SecretKeyFromBytes(s.secretKey.Bytes()); err != nil {
		return own, fmt.Errorf("keep account: %w", err)
	}
	if own.device.Key, err = takeSeed(s.device.Key.Seed()); err != nil {
		return own, fmt.Errorf("keep account: %w", err)
	}
	return own, nil
}

// remote is the session of this device while its tokens are kept nowhere yet.
func (s *SignIn) remote() *remote.Session {
	return s.client.Session(signer(s.account, s.device), *s.session, remote.Hooks{Keep: func(t wire.Session) error {
		s.session = &t
		return nil
	}})
}

// bundle fetches and proves the keys, and enters this device into the log if it is not there yet; again where another device was quicker
// with an entry of its own.
func (s *SignIn) bundle(ctx context.Context, session *remote.Session) (bundle enrol.Bundle, account *enrol.Account, err error) {
	for range maxEntryTries {
		if bundle, account, err = s.tryBundle(ctx, session); !remote.IsCode(err, wire.CodeConflict) {
			break
		}
	}
	return bundle, account, err
}

func (s *SignIn) tryBundle(ctx context.Context, session *remote.Session) (enrol.Bundle, *enrol.Account, error) {
	bundle, account, err := s.openBundle(ctx, session)
	if err != nil {
		return enrol.Bundle{}, nil, err
	}
	if err := s.enterDevice(ctx, session, account); err != nil {
		account.Wipe()
		return enrol.Bundle{}, nil, err
	}
	bundle.Log = account.Log.Entries(-1)
	return bundle, account, nil
}

// openBundle fetches and proves the keys.
func (s *SignIn) openBundle(ctx context.Context, session *remote.Session) (enrol.Bundle, *enrol.Account, error) {
	received, err := session.Keys(ctx)
	if err != nil {
		return enrol.Bundle{}, nil, fromServer(err)
	}
	bundle, err := enrol.FromWire(received, s.account, s.gen, s.profile.Name)
	if err != nil {
		return enrol.Bundle{}, nil, fmt.Errorf("%w: %w", ErrDishonestServer, err)
	}
	account, err := enrol.Open(bundle, s.master)
	if err != nil {
		return enrol.Bundle{}, nil, fmt.Errorf("%w: %w", ErrDishonestServer, err)
	}
	if s.approval != nil {
		if err := s.approval.CheckIn(account.Log, s.approver); err != nil {
			account.Wipe()
			return enrol.Bundle{}, nil, fmt.Errorf("%w: %w", ErrDishonestServer, err)
		}
	}
	return bundle, account, nil
}

func (s *SignIn) enterDevice(ctx context.Context, session *remote.Session, account *enrol.Account) error {
	head, _ := account.Log.Head()
	if _, listed := account.Log.LiveDevice(s.device.ID, head); listed {
		return nil
	}
	entry, err := account.Log.Next(account.Identity.Sign, s.m.cfg.Now().UnixMilli(), s.device.Entry())
	if err != nil {
		return err
	}
	if err := session.AppendLog(ctx, wire.SignedEntry{Entry: entry.Entry, Signature: entry.Signature}); err != nil {
		return fromServer(err)
	}
	return account.Log.Append(entry)
}
