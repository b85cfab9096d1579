package cloud

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

// Account is what the server knows of a user. Generation, Profile, LoginKey and RecoveryKey repeat the last credentials of the
// account log, SealedIdentity is that of the identity in force.
type Account struct {
	ID             id.ID
	Email          string // normalised
	LookupTag      []byte
	RecoveryTag    []byte // empty without a recovery code, like the two below
	Generation     uint64
	Profile        string
	LoginKey       signing.PublicKey
	RecoveryKey    signing.PublicKey
	SealedAccount  []byte
	SealedRecovery []byte
	SealedIdentity []byte
	Created        int64
	Language       string // of the mails to its owner: that of the last client that signed in; BCP 47, may be empty
}

// language is what a mail to the owner is written in. Who signs in has a language too, and may be a thief who chose one that the owner
// does not read: it counts only where the account has none.
func (a Account) language(asked string) string { return cmp.Or(a.Language, knownLanguage(asked)) }

// speaks keeps the language of a client that has signed in, for the mails to come.
func speaks(tx Tx, a Account, language string) error {
	if language = knownLanguage(language); language == "" || language == a.Language {
		return nil
	}
	a.Language = language
	return tx.UpdateAccount(a)
}

// SealedVault is a vault key under the account key.
type SealedVault struct {
	Vault    id.ID
	Epoch    uint32
	Sealed   []byte
	Previous []byte // the key of the epoch before, under this one; empty for the first
}

type accountRows interface {
	InsertAccount(Account) error
	Account(account id.ID) (Account, error)
	// AccountsAfter returns at most limit accounts after one, in the order of their ids; zero begins.
	AccountsAfter(account id.ID, limit int) ([]id.ID, error)
	AccountByEmail(email string) (Account, error)
	AccountByTag(tag []byte) (Account, error)
	AccountByRecoveryTag(tag []byte) (Account, error)
	// UpdateAccount stores everything but ID and Created.
	UpdateAccount(Account) error
	// DeleteAccount removes the account and every row that names it.
	DeleteAccount(account id.ID) error
	InsertSealedVault(account id.ID, s SealedVault) error
	SealedVaults(account id.ID) ([]SealedVault, error)
	InsertLogEntry(account id.ID, seq uint64, hash chain.Hash, e chain.SignedEntry) error
	// LogHead returns the number of entries and the last one's hash.
	LogHead(account id.ID) (length uint64, hash chain.Hash, err error)
	// LogEntries returns the entries after seq (-1: all), as many as maxBytes hold and at least one if there is one.
	LogEntries(account id.ID, after int64, maxBytes int) ([]chain.SignedEntry, error)
	// PutWrap keeps the newest wrap for a device.
	PutWrap(account, device id.ID, w chain.SignedWrap) error
	Wrap(account, device id.ID) (chain.SignedWrap, error)
}

// Accounts serves the key bundle and the account log, and changes them.
type Accounts struct {
	*prover
	logs   *logCache
	events *Events
	outbox *Outbox
}

// KeyBundle is what a new device needs to open the account. It is served to verified devices only.
type KeyBundle struct {
	Account Account
	Vaults  []SealedVault
	Log     []chain.SignedEntry // from genesis; as much as fits, Log continues
	Wrap    *chain.SignedWrap   // the newest for the caller's device
}

// Keys returns the caller's key bundle. Of the account key's sealings it has the one that the caller can open. Errors: ErrSessionEnded.
func (a *Accounts) Keys(ctx context.Context, c Caller) (out KeyBundle, err error) {
	err = a.store.View(ctx, func(tx Tx) (err error) {
		out = KeyBundle{}
		if out.Account, err = ownAccount(tx, c); err != nil {
			return err
		}
		if out.Vaults, err = tx.SealedVaults(c.Account); err != nil {
			return err
		}
		wrap, err := tx.Wrap(c.Account, c.Device)
		if err == nil {
			out.Wrap = &wrap
		} else if !errors.Is(err, ErrNone) {
			return err
		}
		out.Log, err = tx.LogEntries(c.Account, -1, wire.PageEnvelopeBytes)
		return err
	})
	if c.Status == DeviceRecovering {
		out.Account.SealedAccount = nil
	} else {
		out.Account.SealedRecovery = nil
	}
	return out, err
}

// ownAccount finds the caller's account, which may be deleted since the request was let in. Errors: ErrSessionEnded.
func ownAccount(tx Tx, c Caller) (Account, error) {
	a, err := tx.Account(c.Account)
	if errors.Is(err, ErrNone) {
		return Account{}, ErrSessionEnded
	}
	return a, err
}

// Log returns the head of the account log and a page of entries after seq; -1 begins with genesis.
func (a *Accounts) Log(ctx context.Context, c Caller, after int64) (head chain.Head, entries []chain.SignedEntry, err error) {
	err = a.store.View(ctx, func(tx Tx) error {
		if _, err := ownAccount(tx, c); err != nil {
			return err
		}
		if head, err = logHead(tx, c.Account); err != nil {
			return err
		}
		entries, err = tx.LogEntries(c.Account, after, wire.PageEnvelopeBytes)
		return err
	})
	return head, entries, err
}

func logHead(tx Tx, account id.ID) (chain.Head, error) {
	length, hash, err := tx.LogHead(account)
	return chain.Head{Seq: length - 1, Hash: hash}, err
}

// SignOutOthers ends the sessions of all other devices of the account, with the entry by which they know that its user wants it. Their
// streams are told. Errors as of Append.
func (a *Accounts) SignOutOthers(ctx context.Context, c Caller, in chain.SignedEntry) error {
	body, err := chain.ParseBody(in)
	if out, ok := body.(*chain.SignOut); err != nil || !ok || out.Device != c.Device {
		return badEntry(errors.Join(errors.New("no sign-out by the caller's device"), err))
	}
	err = a.store.Update(ctx, func(tx Tx) error {
		return a.logs.with(tx, c.Account, func(log *chain.Log) error {
			if _, err := ownListed(tx, c); err != nil {
				return err
			}
			if !isHead(log, in) {
				if err := extend(tx, log, in); err != nil {
					return err
				}
			}
			return tx.DeleteOtherSessions(c.Account, c.Device)
		})
	})
	if err == nil {
		a.events.signOut(c.Account, c.Device)
	}
	return err
}

// Me is an account as its devices see it.
type Me struct {
	Account  Account
	Devices  []Device
	Recovery *Recovery // under way
}

// Me returns the caller's account, its devices, and what they have to know of.
func (a *Accounts) Me(ctx context.Context, c Caller) (out Me, err error) {
	err = a.store.View(ctx, func(tx Tx) (err error) {
		out = Me{}
		if out.Account, err = ownAccount(tx, c); err != nil {
			return err
		}
		if out.Devices, err = tx.Devices(c.Account); err != nil {
			return err
		}
		r, err := tx.RecoveryUnderWay(c.Account)
		if errors.Is(err, ErrNone) {
			return nil
		}
		out.Recovery = &r
		return err
	})
	return out, err
}

// Append adds an entry to the caller's account log that names no sealed key: its own device, or what it went on from. An entry that
// is the head already is done already: its answer was lost. Errors: ErrBadEntry, *LogMoved, ErrDeviceUnlisted, ErrTaken.
func (a *Accounts) Append(ctx context.Context, c Caller, in chain.SignedEntry) error {
	body, err := chain.ParseBody(in)
	if err != nil {
		return badEntry(err)
	}
	var head uint64
	err = a.store.Update(ctx, func(tx Tx) error {
		return a.logs.with(tx, c.Account, func(log *chain.Log) error {
			if isHead(log, in) {
				return nil
			}
			if err := extend(tx, log, in); err != nil {
				return err
			}
			head, _ = log.Head()
			return applyEntry(tx, c, body)
		})
	})
	if err != nil || head == 0 {
		return err
	}
	a.events.publish(c.Account, Event{Seq: head, Notice: Notice{Devices: true}})
	return nil
}

// isHead tells whether the log ends with these very entries.
func isHead(log *chain.Log, entries ...chain.SignedEntry) bool {
	end := log.Entries(int64(log.Len()-len(entries)) - 1)
	return slices.EqualFunc(end, entries, func(x, y chain.SignedEntry) bool {
		return bytes.Equal(x.Entry, y.Entry) && bytes.Equal(x.Signature, y.Signature)
	})
}

// extend appends entries to the log and stores them. Errors: *LogMoved if the first does not follow the head, ErrBadEntry.
func extend(tx Tx, log *chain.Log, entries ...chain.SignedEntry) error {
	head, _ := log.Head()
	for i, e := range entries {
		if err := log.Append(e); i == 0 && errors.Is(err, chain.ErrEntryOrder) {
			return &LogMoved{Seq: head}
		} else if err != nil {
			return badEntry(err)
		}
		seq, hash := log.Head()
		if err := tx.InsertLogEntry(log.Account(), seq, hash, e); err != nil {
			return err
		}
	}
	return nil
}

// applyEntry does what an entry says that the log has accepted.
func applyEntry(tx Tx, c Caller, body chain.Body) error {
	switch b := body.(type) {
	case *chain.DeviceAdd:
		return listSelf(tx, c, *b)
	case *chain.ServerRestore:
		if _, err := ownListed(tx, c); err != nil {
			return err
		}
		return ownRestore(c, *b)
	}
	return badEntry(fmt.Errorf("entry of type %T", body))
}

// listSelf accepts a device-add of the caller's own device alone, as it introduced itself: its key has proved the mailbox and no
// other has, and the account's owner was told this name.
func listSelf(tx Tx, c Caller, add chain.DeviceAdd) error {
	d, err := tx.Device(c.Account, c.Device)
	if errors.Is(err, ErrNone) {
		return ErrDeviceUnlisted
	} else if err != nil {
		return err
	}
	if add != d.entry() {
		return badEntry(errors.New("a device lists itself, as it was introduced"))
	}
	return tx.SetDeviceStatus(c.Account, c.Device, DeviceListed)
}

// ownRestore accepts what the caller's own user confirmed: nobody confirms for another device.
func ownRestore(c Caller, r chain.ServerRestore) error {
	if r.Device != c.Device {
		return badEntry(errors.New("server-restore of another device"))
	}
	return nil
}

func badEntry(cause error) error { return fmt.Errorf("%w: %w", ErrBadEntry, cause) }
