package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/enrol"
	"github.com/coffer-vault/coffer/sync/wire"
)

// watchLog is asked whenever the account log was read: keys that another device has changed stop the sync until they are adopted.
// What is here stays usable under the old ones.
func (u *Unlocked) watchLog(log *chain.Log) error {
	if err := u.heedSignOut(log); err != nil {
		return err
	}
	if !u.keysDiffer(log) {
		return nil
	}
	u.notice(func(n *Notices) { n.KeysChanged = true })
	return ErrKeysChanged
}

// keysDiffer tells whether the log names other keys than those in use.
func (u *Unlocked) keysDiffer(log *chain.Log) bool {
	vaultEpoch, _ := log.Epoch(u.own.account.Vault.ID)
	return log.Credentials().Generation != uint64(u.own.bundle.Generation) ||
		log.Identity().Key != u.own.account.Identity.Sign.Public() ||
		vaultEpoch.Epoch != u.own.account.Vault.Epoch
}

// AdoptKeys takes over keys that another device has changed: password is the master password now in force. A new Secret Key comes from
// that device; where it did not, the error wraps ErrSecretKeyNeeded and secretKey is the text from the new emergency kit, otherwise it
// is empty.
//
// Errors: ErrWrongPassword, ErrSecretKeyNeeded, ErrSecretKeyMalformed, ErrWeakServer, ErrDishonestServer, ErrOffline, ErrLocked, and
// those of the file. After an error the old keys are in use as before.
func (u *Unlocked) AdoptKeys(ctx context.Context, password secret.Bytes, secretKey string) error {
	return u.withSync(ctx, func(ctx context.Context) error {
		err := u.engine.CatchUpLog(ctx)
		if errors.Is(err, ErrKeysChanged) { // there is no session either
			if err = u.enterWith(ctx, password, secretKey); err == nil {
				defer u.leaveEntry()
				err = u.engine.CatchUpLog(ctx)
			}
		}
		if err != nil {
			return err
		}
		if !u.keysDiffer(u.own.account.Log) {
			u.notice(func(n *Notices) { n.KeysChanged = false })
			return nil
		}
		return u.adoptKeys(ctx, password, secretKey)
	})
}

func (u *Unlocked) adoptKeys(ctx context.Context, password secret.Bytes, secretKey string) error {
	own := u.current()
	in := enrol.Adoption{
		Log: own.account.Log.Clone(), Device: own.device, Password: password, Kept: own.secretKey, KeptAt: own.bundle.Generation,
	}
	var err error
	if secretKey != "" {
		if in.Typed, err = keys.ParseSecretKey(secretKey); err != nil {
			return fromKeys(err)
		}
	}
	if in.Pinned, err = kdf.Check(own.bundle.Profile, kdf.P1); err != nil {
		return fromKeys(err)
	}
	if in.Received, err = u.session.Keys(ctx); err != nil {
		return err
	}
	adopted, err := enrol.Adopt(ctx, in)
	if err != nil {
		return fromAdoption(err, in)
	}
	waiting, next := u.changing, own
	next.bundle, next.account, next.master, next.secretKey = adopted.Bundle, adopted.Account, adopted.Master, adopted.SecretKey
	if err := u.install(ctx, next, keys.RecoveryCode{}, false); err != nil {
		return err
	}
	u.overtaken(waiting)
	u.board.change(func(s *Status) { s.State, s.Err = Syncing, nil })
	u.wake()
	return nil
}

// overtaken ends a change of this device, if one was waiting, that went with the keys under which it was made. Unless the log has it, its
// user is told: a device that was to be removed is still there.
func (u *Unlocked) overtaken(waiting *enrol.Change) {
	if waiting == nil {
		return
	}
	lost := waiting.Fate(u.own.account.Log) != enrol.Landed
	waiting.Wipe()
	u.notice(func(n *Notices) { n.Changing, n.ChangeLost = false, n.ChangeLost || lost })
}

// fromAdoption names why keys were not adopted. The log that this device has verified names the sealed account key, so one that does not
// open was not opened with the right password or Secret Key.
func fromAdoption(err error, in enrol.Adoption) error {
	sealed := chain.SealedKeyHash(in.Received.SealedAccount)
	listed, _ := in.Log.Credentials().Sealing(chain.SealingPassword)
	switch {
	case errors.Is(err, enrol.ErrKey) && sealed != listed, errors.Is(err, enrol.ErrBundle):
		return fmt.Errorf("%w: %w", ErrDishonestServer, err)
	case errors.Is(err, enrol.ErrKey) && in.Received.Wrap == nil && in.Typed.IsZero():
		return fmt.Errorf("%w: %w: %w", ErrSecretKeyNeeded, ErrWrongPassword, err)
	case errors.Is(err, enrol.ErrKey):
		return fmt.Errorf("%w: %w", ErrWrongPassword, err)
	}
	return fromKeys(err)
}

// adoptEmail takes over the address that another device has changed: the log has its hash, and the server says the text.
func (u *Unlocked) adoptEmail(ctx context.Context, told string) error {
	listed := u.own.account.Log.Email()
	if listed == (chain.Hash{}) || listed == chain.EmailHash(u.own.bundle.Account, u.own.email) {
		return nil
	}
	if listed != chain.EmailHash(u.own.bundle.Account, told) {
		return fmt.Errorf("another e-mail address than the log has: %w", ErrDishonestServer)
	}
	return u.keepEmail(ctx, told)
}

// checkPassword is CheckPassword where work is under way already.
func (u *Unlocked) checkPassword(ctx context.Context, password secret.Bytes) error {
	return u.current().checkPassword(ctx, password)
}

func (o ownAccount) prove(challenge wire.Challenged, message []byte) wire.FreshProof {
	login := o.master.LoginKey()
	defer login.Wipe()
	return wire.FreshProof{Nonce: challenge.Nonce, Expires: challenge.Expires, Signature: login.Sign(signing.AccountChange, message)}
}

// freshProof shows the server that the user has typed the master password now. message is what is signed for a challenge.
func (u *Unlocked) freshProof(ctx context.Context, password secret.Bytes, message func(wire.Challenged) []byte) (wire.FreshProof, error) {
	if err := u.checkPassword(ctx, password); err != nil {
		return wire.FreshProof{}, err
	}
	if err := u.catchUp(ctx); err != nil {
		return wire.FreshProof{}, err
	}
	challenge, err := u.session.AccountChallenge(ctx)
	if err != nil {
		return wire.FreshProof{}, err
	}
	return u.current().prove(challenge, message(challenge)), nil
}
