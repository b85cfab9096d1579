package session

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/sync/remote"
	"github.com/coffer-vault/coffer/sync/wire"
	"github.com/coffer-vault/coffer/vault"
)

// A server can say at any time that a session is over, and nothing shows why. So its word alone never locks anything: the device reads
// the account log, with its key alone, and the log decides.
//
//	a sign-out of another device   lock, once
//	other keys are in force        AdoptKeys; no proof is sent under the old ones, which would count as a wrong one
//	neither                        prove again, without a word to the user
//
// What a server gains by ending sessions is that this device proves again, and that it does not sync.

// prove opens a new session, where the server has ended the one before. A device that the server does not know any more gets none this
// way. What was refused once is not asked again before the next unlock: refusals count against the account.
func (u *Unlocked) prove(ctx context.Context) (wire.Session, error) {
	if kept, renewed, err := u.renewedElsewhere(ctx); renewed || err != nil {
		return kept, err
	}
	if u.denied != nil && u.entering.Load() == nil {
		return wire.Session{}, u.denied
	}
	master, err := u.masterInForce(ctx)
	if err != nil {
		return wire.Session{}, err
	}
	own, login := u.current(), master.LoginKey()
	defer login.Wipe()
	proved, err := u.session.Client().Prove(ctx, signer(own.bundle.Account, own.device), login, own.email, u.m.Settings().Language, own.device.Wire())
	switch {
	case remote.IsCode(err, wire.CodeProofFailed):
		// What another device has changed since the log was read is in the log by now, and is why.
		if _, why := u.masterInForce(ctx); why != nil {
			return wire.Session{}, why
		}
		u.denied = err
	case err == nil && proved.Session == nil:
		err = fmt.Errorf("server does not list this device: %w", engine.ErrLogBehind)
		u.denied = err
	}
	if err != nil {
		return wire.Session{}, err
	}
	u.denied = nil
	return *proved.Session, nil
}

// renewedElsewhere looks for tokens of another process of this user, which may have renewed the session meanwhile.
func (u *Unlocked) renewedElsewhere(ctx context.Context) (kept wire.Session, renewed bool, err error) {
	u.keys.RLock()
	tokens, err := u.keptTokens(ctx)
	u.keys.RUnlock()
	if err != nil || len(tokens.RefreshToken) == 0 || bytes.Equal(tokens.RefreshToken, *u.refresh.Load()) {
		return kept, false, err
	}
	u.refresh.Store(&tokens.RefreshToken)
	return *tokens, true, nil
}

// masterInForce is what opens a session now. Errors: ErrSignedOut, ErrKeysChanged, and those of the request.
func (u *Unlocked) masterInForce(ctx context.Context) (keys.AccountMaster, error) {
	if entering := u.entering.Load(); entering != nil {
		return *entering, nil
	}
	log, err := u.logByKey(ctx)
	if err != nil {
		return keys.AccountMaster{}, err
	}
	if err := u.heedSignOut(log); err != nil {
		return keys.AccountMaster{}, err
	}
	u.keys.RLock()
	masters := []keys.AccountMaster{u.own.master, u.nextMaster}
	u.keys.RUnlock()
	for _, master := range masters {
		if opens(master, log) {
			return master, nil
		}
	}
	u.notice(func(n *Notices) { n.KeysChanged = true })
	return keys.AccountMaster{}, ErrKeysChanged
}

// opens tells whether the login key in force is this one's.
func opens(master keys.AccountMaster, log *chain.Log) bool {
	login := master.LoginKey()
	defer login.Wipe()
	return login.Public() == log.Credentials().Login
}

// logByKey is the account log as far as the server shows it to the device's key. Where it does not go on from what is known here, that
// is for the next sync to judge, which keeps the evidence. The same holds for a server that does not know this device.
func (u *Unlocked) logByKey(ctx context.Context) (*chain.Log, error) {
	own, log := u.current(), u.roster.read()
	for {
		head, _ := log.Head()
		page, err := u.session.Client().LogByKey(ctx, signer(own.bundle.Account, own.device), head)
		if remote.IsCode(err, wire.CodeSessionEnded) {
			return log, nil
		}
		if err != nil {
			return nil, fmt.Errorf("account log: %w", err)
		}
		for _, e := range page.Entries {
			if log.Append(chain.SignedEntry{Entry: e.Entry, Signature: e.Signature}) != nil {
				return log, nil
			}
		}
		if len(page.Entries) == 0 {
			return log, nil
		}
	}
}

// heedSignOut locks this device where another one has signed it out since. The place in the log is kept first, so that the same entry
// locks once.
func (u *Unlocked) heedSignOut(log *chain.Log) error {
	if u.Status().Notices.SignedOut {
		return ErrSignedOut
	}
	at := log.SignedOut(u.own.device.ID)
	if at <= u.signedOut.Load() {
		return nil
	}
	u.keys.RLock()
	defer u.keys.RUnlock()
	sealed, err := u.own.seal(localSignedOut, binary.BigEndian.AppendUint64(nil, at))
	if err == nil {
		err = u.store.SetLocal(context.Background(), localSignedOut, sealed)
	}
	if err != nil {
		return fmt.Errorf("keep sign-out: %w", err)
	}
	u.signedOut.Store(at)
	u.notice(func(n *Notices) { n.SignedOut = true })
	return ErrSignedOut
}

// loadSignedOut reads which sign-out was the last to lock this device.
func (u *Unlocked) loadSignedOut(ctx context.Context) error {
	sealed, found, err := u.store.Local(ctx, localSignedOut)
	if err != nil || !found {
		return err
	}
	plain, err := u.own.unseal(localSignedOut, sealed)
	if err == nil && plain.Len() != 8 {
		err = errors.New("not a place in the log")
	}
	if err != nil {
		return fmt.Errorf("%w: sign-out: %w", vault.ErrTampered, err)
	}
	u.signedOut.Store(binary.BigEndian.Uint64(plain.Reveal()))
	return nil
}

// enterWith has sessions opened with keys that another device has changed and that are not adopted yet, until leaveEntry. Nothing is
// sent unless they are those of the account log.
func (u *Unlocked) enterWith(ctx context.Context, password secret.Bytes, secretKey string) error {
	log, err := u.logByKey(ctx)
	if err != nil {
		return err
	}
	own, in := u.current(), log.Credentials()
	profile, err := kdf.Check(own.bundle.Profile, kdf.P1)
	if err == nil {
		profile, err = kdf.Check(in.Profile, profile)
	}
	sk := own.secretKey
	if err == nil && secretKey != "" {
		sk, err = keys.ParseSecretKey(secretKey)
	}
	if err != nil {
		return fromKeys(err)
	}
	master, err := keys.DeriveAccountMaster(ctx, password, sk, own.bundle.Account, profile, uint32(in.Generation))
	if err != nil {
		return err
	}
	if opens(master, log) {
		u.entering.Store(&master)
		return nil
	}
	master.Wipe()
	if secretKey == "" {
		return fmt.Errorf("%w: %w", ErrSecretKeyNeeded, ErrWrongPassword)
	}
	return ErrWrongPassword
}

// leaveEntry ends what enterWith began.
func (u *Unlocked) leaveEntry() {
	if entering := u.entering.Swap(nil); entering != nil {
		entering.Wipe()
	}
}
