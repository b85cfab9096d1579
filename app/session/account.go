package session

import (
	"cmp"
	"context"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/enrol"
	"github.com/coffer-vault/coffer/sync/proof"
	"github.com/coffer-vault/coffer/sync/remote"
	"github.com/coffer-vault/coffer/sync/wire"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// Change is a change of the account's keys, as the user asks for it. All of them need the master password, typed.
type Change struct {
	Password     secret.Bytes // the master password in force
	NewPassword  secret.Bytes // zero: it stays
	NewSecretKey bool         // and with it another recovery code: the emergency kit becomes void
	Rotate       bool         // every key of the account, the kit included; whoever has an old one is locked out of what follows
	Remove       []id.ID      // devices to end; it rotates
}

// Change changes the account's keys, here and at the server, all or nothing. It is kept in the local file before it is sent, so that it
// goes on after a kill (rotate.go). The other devices will ask for the master password.
//
// Errors: ErrWrongPassword; ErrKeysChanged if another device was first and its change has to be adopted; ErrChangeLost if another
// device was quicker; ErrChangeWaits if the server did not answer: it may have the change, which goes on by itself; ErrNoKeyring if a
// new Secret Key could not be kept; ErrDeviceRevoked, ErrLocked, and those of the file.
func (u *Unlocked) Change(ctx context.Context, c Change) error {
	return u.withSync(ctx, func(ctx context.Context) error { return u.change(ctx, c) })
}

func (u *Unlocked) change(ctx context.Context, c Change) error {
	if err := u.checkPassword(ctx, c.Password); err != nil {
		return err
	}
	if err := u.goOnWithChange(ctx); err != nil {
		return err
	}
	if err := u.catchUp(ctx); err != nil {
		return err
	}
	opened, err := u.opened(ctx)
	if err != nil {
		return err
	}
	made, err := c.make(ctx, opened)
	if err != nil {
		return err
	}
	return u.begunChange(ctx, made)
}

// make builds what was asked for.
func (c Change) make(ctx context.Context, o enrol.Opened) (*enrol.Change, error) {
	profile, err := kdf.Check(o.Bundle.Profile, kdf.P1)
	if err != nil {
		return nil, err
	}
	password := c.NewPassword
	if password.IsZero() {
		password = c.Password
	}
	switch {
	case c.Rotate || len(c.Remove) > 0:
		return o.Rotate(ctx, password, profile, c.Remove...)
	case c.NewSecretKey:
		return o.NewSecretKey(ctx, password, profile)
	}
	return o.ChangePassword(ctx, password, profile)
}

// opened is the account as a change starts from it: at the head of the log, with the verified head of the vault.
func (u *Unlocked) opened(ctx context.Context) (enrol.Opened, error) {
	pin, err := u.vault.Pin(ctx)
	if err != nil {
		return enrol.Opened{}, err
	}
	own := u.current()
	own.bundle.Log = own.account.Log.Entries(-1)
	sk, err := keys.SecretKeyFromBytes(own.secretKey.Bytes()) // a copy: a change that is dropped wipes its own
	if err != nil {
		return enrol.Opened{}, err
	}
	return enrol.Opened{
		Account: own.account, Bundle: own.bundle, SecretKey: sk, Device: own.device,
		Heads: []chain.VaultHead{{Vault: u.vault.ID(), Seq: pin.Seq, Hash: pin.Hash}}, Now: u.m.cfg.Now(),
	}, nil
}

// catchUp brings the account log to the server's head. Keys that another device changed are adopted first.
func (u *Unlocked) catchUp(ctx context.Context) error {
	if err := u.engine.CatchUpLog(ctx); err != nil {
		return err
	}
	return u.watchLog(u.own.account.Log)
}

// RenameDevice gives a device another name. Errors: ErrKeysChanged, ErrChangeLost, ErrOffline, ErrLocked.
func (u *Unlocked) RenameDevice(ctx context.Context, device id.ID, name string) error {
	return u.withSync(ctx, func(ctx context.Context) error {
		if err := u.catchUp(ctx); err != nil {
			return err
		}
		opened, err := u.opened(ctx)
		if err != nil {
			return err
		}
		renamed, err := opened.Rename(device, name)
		if err != nil {
			return err
		}
		if err := u.session.ChangeAccount(ctx, renamed.Wire()); err != nil {
			return err
		}
		err = u.engine.CatchUpLog(ctx)
		u.roster.note(u.own.account.Log)
		return err
	})
}

// RecoveryCode is the text of the recovery code, for the second half of the emergency kit; empty once the user has said that the kit
// is in a safe place: after that nobody has it but the paper.
func (u *Unlocked) RecoveryCode(ctx context.Context) (string, error) {
	if !u.begin() {
		return "", ErrLocked
	}
	defer u.work.Done()
	own := u.current()
	sealed, found, err := u.store.Local(ctx, localKit)
	if err != nil || !found {
		return "", err
	}
	raw, err := own.unseal(localKit, sealed)
	if err != nil {
		return "", fmt.Errorf("%w: %w", vault.ErrTampered, err)
	}
	code, err := keys.RecoveryCodeFromBytes(raw)
	if err != nil {
		return "", fmt.Errorf("%w: %w", vault.ErrTampered, err)
	}
	defer code.Wipe()
	return code.Text(), nil
}

// KitSaved says that the emergency kit is in a safe place: the recovery code is forgotten here.
func (u *Unlocked) KitSaved(ctx context.Context) error {
	if !u.begin() {
		return ErrLocked
	}
	defer u.work.Done()
	if err := u.store.SetLocal(ctx, localKit, nil); err != nil {
		return fmt.Errorf("forget recovery code: %w", err)
	}
	u.notice(func(n *Notices) { n.KitDue = false })
	return nil
}

// keepCode keeps the recovery code of a new account until its kit is saved.
func (o ownAccount) keepCode(ctx context.Context, store *sqlite.Store, code keys.RecoveryCode) error {
	raw := code.Bytes()
	defer raw.Wipe()
	sealed, err := o.seal(localKit, raw.Reveal())
	if err == nil {
		err = store.SetLocal(ctx, localKit, sealed)
	}
	if err != nil {
		return fmt.Errorf("keep recovery code: %w", err)
	}
	return nil
}

// EmailChange is a change of the account's address on its way: one code goes to the old mailbox and one to the new.
type EmailChange struct {
	u     *Unlocked
	email string
}

// BeginEmailChange has the codes mailed. Errors: ErrWrongPassword, ErrKeysChanged, *SlowDownError, ErrOffline, ErrLocked.
func (u *Unlocked) BeginEmailChange(ctx context.Context, password secret.Bytes, email string) (*EmailChange, error) {
	e := &EmailChange{u: u, email: normalizeEmail(email)}
	err := u.withSync(ctx, func(ctx context.Context) error {
		own := u.current()
		fresh, err := u.freshProof(ctx, password, func(c wire.Challenged) []byte {
			return proof.EmailChange{
				Origin: own.origin, Account: own.bundle.Account, Device: own.device.ID, Nonce: c.Nonce, Expires: c.Expires, Email: e.email,
			}.Message()
		})
		if err != nil {
			return err
		}
		_, err = u.session.EmailStart(ctx, wire.EmailStart{Email: e.email, Proof: fresh})
		return err
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// Resend has two other codes mailed; those before are void. Errors: ErrCodeExpired where the change is to be begun anew, *SlowDownError,
// ErrOffline, ErrLocked.
func (e *EmailChange) Resend(ctx context.Context) error {
	return e.u.withSync(ctx, func(ctx context.Context) error {
		_, err := e.u.session.EmailResend(ctx)
		return err
	})
}

// Finish changes the address. Errors: *CodeError, ErrCodeExpired, ErrChangeLost, ErrOffline, ErrLocked. After ErrOffline it may be
// called again.
func (e *EmailChange) Finish(ctx context.Context, codeOld, codeNew string) error {
	u := e.u
	return u.withSync(ctx, func(ctx context.Context) error {
		if err := u.catchUp(ctx); err != nil {
			return err
		}
		if !e.landed() {
			sent := e.send(ctx, codeOld, codeNew)
			// The answer may be a lie either way: the log decides, as it does for every change.
			if err := u.engine.CatchUpLog(ctx); err != nil {
				return cmp.Or(sent, err)
			}
			if !e.landed() {
				return cmp.Or(sent, fmt.Errorf("change e-mail: the log does not have it: %w", ErrDishonestServer))
			}
		}
		return u.keepEmail(ctx, e.email)
	})
}

// landed tells whether the account log has the new address.
func (e *EmailChange) landed() bool {
	return e.u.own.account.Log.Email() == chain.EmailHash(e.u.own.bundle.Account, e.email)
}

func (e *EmailChange) send(ctx context.Context, codeOld, codeNew string) error {
	opened, err := e.u.opened(ctx)
	if err != nil {
		return err
	}
	changed, err := opened.ChangeEmail(e.email)
	if err != nil {
		return err
	}
	entry := enrol.EntriesToWire(changed.Entries)[0]
	return e.u.session.EmailFinish(ctx, wire.EmailFinish{CodeOld: codeOld, CodeNew: codeNew, Entry: entry})
}

// keepEmail notes the address that the account has now.
func (u *Unlocked) keepEmail(ctx context.Context, email string) error {
	if err := u.store.UpdateAccount(ctx, func(a *vault.Account) { a.Email = email }); err != nil {
		return err
	}
	u.keys.Lock()
	u.own.email = email
	u.keys.Unlock()
	u.board.change(func(*Status) {})
	return nil
}

// SignOutOthers ends the sessions of all other devices; they lock and ask for the master password. It is entered in the account log:
// no device believes a server that says so by itself. Errors: ErrKeysChanged, ErrOffline, ErrLocked.
func (u *Unlocked) SignOutOthers(ctx context.Context) error {
	return u.withSync(ctx, func(ctx context.Context) error {
		err := u.enterNext(ctx, chain.SignOut{Device: u.own.device.ID}, u.session.EndOtherSessions)
		if err != nil {
			return err
		}
		return u.catchUp(ctx)
	})
}

// maxEntryTries bounds how often another device may be quicker with an entry of its own.
const maxEntryTries = 5

// enterNext signs an entry for the place after the log's head, and sends it; again where another device was quicker.
func (u *Unlocked) enterNext(ctx context.Context, body chain.Body, send func(context.Context, wire.SignedEntry) error) error {
	var err error
	for range maxEntryTries {
		if err = u.engine.CatchUpLog(ctx); err != nil {
			return err
		}
		var entry chain.SignedEntry
		entry, err = u.own.account.Log.Next(u.own.account.Identity.Sign, u.m.cfg.Now().UnixMilli(), body)
		if err != nil {
			return err
		}
		err = send(ctx, wire.SignedEntry{Entry: entry.Entry, Signature: entry.Signature})
		if !remote.IsCode(err, wire.CodeConflict) {
			return err
		}
	}
	return err
}

// DeleteAccount removes the account from the server, for every device. What is on this PC stays until Forget. After ErrOffline it may be
// called again. Errors: ErrWrongPassword, ErrKeysChanged, ErrOffline, ErrLocked.
func (u *Unlocked) DeleteAccount(ctx context.Context, password secret.Bytes) error {
	return u.withSync(ctx, func(ctx context.Context) error {
		own := u.current()
		fresh, err := u.freshProof(ctx, password, func(c wire.Challenged) []byte {
			return proof.AccountDelete{
				Origin: own.origin, Account: own.bundle.Account, Device: own.device.ID, Nonce: c.Nonce, Expires: c.Expires,
			}.Message()
		})
		if u.deleting && remote.IsCode(err, wire.CodeProofFailed) {
			return nil // there is no account any more that could be proved
		}
		if err != nil {
			return err
		}
		err = u.session.DeleteAccount(ctx, wire.AccountDelete{Proof: fresh})
		u.deleting = u.deleting || isNoAnswer(err)
		return err
	})
}

// CancelRecovery stops a recovery of the account that was begun with the recovery code.
func (u *Unlocked) CancelRecovery(ctx context.Context) error {
	if !u.begin() {
		return ErrLocked
	}
	defer u.work.Done()
	// There may be none any more: the answer to an earlier try was lost, or another device was quicker.
	if err := u.session.CancelRecovery(ctx); err != nil && !remote.IsCode(err, wire.CodeNotFound) {
		return fromServer(err)
	}
	// Not simply none: by now there may be another. Where the answer is lost, the event of the end makes this PC look.
	if _, err := u.lookForRecovery(ctx); err != nil {
		u.m.cfg.Log.Debug("recovery stopped, and not looked", "error", err)
	}
	return nil
}
