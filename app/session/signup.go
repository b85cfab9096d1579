package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/sync/enrol"
	"github.com/coffer-vault/coffer/sync/remote"
	"github.com/coffer-vault/coffer/sync/wire"
)

// SignUp is a new account on its way: the address is proved by a mailed code, then the keys are made.
type SignUp struct {
	m      *Manager
	client *remote.Client
	email  string
	lang   string

	id       string
	expires  time.Time
	token    []byte
	made     *enrol.New // once made, a second Finish sends the same keys again
	password secret.Bytes
	own      ownAccount
	unsure   bool // a request may have created the account
}

// BeginSignUp asks the server at origin to mail a code. It answers the same whether the address has an account or not.
func (m *Manager) BeginSignUp(ctx context.Context, origin, email string) (*SignUp, error) {
	client, err := m.client(origin)
	if err != nil {
		return nil, err
	}
	s := &SignUp{m: m, client: client, email: normalizeEmail(email), lang: m.Settings().Language}
	return s, s.Resend(ctx)
}

// Resend asks for another code; the one before is void.
func (s *SignUp) Resend(ctx context.Context) error {
	started, err := s.client.SignupStart(ctx, wire.SignupStart{Email: s.email, Language: s.lang})
	if err != nil {
		return fromServer(err)
	}
	s.id, s.expires = started.SignupID, s.client.Local(started.Expires)
	return nil
}

// Expires is when the code is void.
func (s *SignUp) Expires() time.Time { return s.expires }

// Verify proves the address. Errors: *CodeError, ErrCodeExpired, *SlowDownError, ErrOffline.
func (s *SignUp) Verify(ctx context.Context, code string) error {
	verified, err := s.client.SignupVerify(ctx, wire.SignupVerify{SignupID: s.id, Code: code})
	if err != nil {
		return fromServer(err)
	}
	s.token = verified.Token
	return nil
}

// Finish makes the keys, keeps them on this PC, and then creates the account at the server. If that fails with ErrOffline nobody
// knows whether the server has it: Finish may be called again and sends the same, unless the password is another one.
func (s *SignUp) Finish(ctx context.Context, password secret.Bytes) (*Unlocked, error) {
	if s.made == nil || !s.password.Equal(password) {
		if err := s.make(ctx, password); err != nil {
			return nil, fmt.Errorf("make account: %w", err)
		}
	}
	store, err := s.m.keep(ctx, s.own, nil)
	if err != nil {
		return nil, err
	}
	if err := s.own.keepCode(ctx, store, s.made.RecoveryCode); err != nil {
		store.Close()
		return nil, err
	}
	request := s.made.Finish(s.own.device)
	request.Token = s.token
	finished, err := s.client.SignupFinish(ctx, signer(s.own.bundle.Account, s.own.device), request)
	if err != nil {
		finished.Session, err = s.arrived(ctx, fromServer(err))
	}
	if err != nil {
		store.Close()
		return nil, s.giveUp(ctx, err)
	}
	return s.m.open(ctx, s.own, store, &finished.Session)
}

// arrived signs in if an earlier request, whose answer was lost, has created the account: the server then refuses the repetition,
// since its token is spent. Otherwise it returns refused.
func (s *SignUp) arrived(ctx context.Context, refused error) (wire.Session, error) {
	if errors.Is(refused, ErrOffline) || ctx.Err() != nil {
		s.unsure = true
		return wire.Session{}, refused
	}
	if !s.unsure {
		return wire.Session{}, refused
	}
	login := s.own.master.LoginKey()
	defer login.Wipe()
	proved, err := s.client.Prove(ctx, signer(s.own.bundle.Account, s.own.device), login, s.email, s.lang, s.own.device.Wire())
	switch err = fromServer(err); {
	case errors.Is(err, ErrProofFailed):
		return wire.Session{}, refused
	case err != nil:
		return wire.Session{}, err
	case proved.Session == nil:
		return wire.Session{}, refused
	}
	return *proved.Session, nil
}

func (s *SignUp) make(ctx context.Context, password secret.Bytes) error {
	if s.made != nil {
		if err := s.forget(ctx); err != nil {
			return err
		}
	}
	device := enrol.NewDevice(s.m.cfg.DeviceName, s.m.cfg.Platform)
	made, err := enrol.Create(ctx, password, kdf.Default, device, s.m.cfg.Now())
	if err != nil {
		return err
	}
	s.made, s.password, s.unsure = made, password.Clone(), false
	s.own = ownAccount{
		origin: s.client.Origin(), email: s.email, bundle: made.Bundle, account: made.Account,
		master: made.Master, secretKey: made.SecretKey, device: device, anchor: secret.Random(anchorSize),
	}
	return nil
}

// giveUp removes what was kept for an account that the server has refused for good. Where the answer is only missing, everything
// stays: the server may have created the account.
func (s *SignUp) giveUp(ctx context.Context, err error) error {
	if errors.Is(err, ErrOffline) || ctx.Err() != nil {
		return err
	}
	return errors.Join(err, s.forget(context.WithoutCancel(ctx)))
}

func (s *SignUp) forget(ctx context.Context) error {
	return s.m.Forget(ctx, Account{ID: s.made.Bundle.Account, Origin: s.client.Origin()})
}
