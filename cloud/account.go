package cloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

// Account is what the server knows of a user. Generation, Profile and LoginKey repeat the last credentials of the account log.
type Account struct {
	ID             id.ID
	Email          string // normalised
	LookupTag      []byte
	Generation     uint64
	Profile        string
	LoginKey       signing.PublicKey
	SealedAccount  []byte
	SealedIdentity []byte
	Created        int64
}

// SealedVault is a vault key under the account key.
type SealedVault struct {
	Vault  id.ID
	Epoch  uint32
	Sealed []byte
}

type accountRows interface {
	InsertAccount(Account) error
	Account(account id.ID) (Account, error)
	AccountByEmail(email string) (Account, error)
	AccountByTag(tag []byte) (Account, error)
	// SetCredentials stores Generation, Profile, LoginKey and SealedAccount.
	SetCredentials(Account) error
	InsertSealedVault(account id.ID, s SealedVault) error
	SealedVaults(account id.ID) ([]SealedVault, error)
	InsertLogEntry(account id.ID, seq uint64, hash chain.Hash, e chain.SignedEntry) error
	// LogHead returns the number of entries and the last one's hash.
	LogHead(account id.ID) (length uint64, hash chain.Hash, err error)
	// LogEntries returns the entries after seq (-1: all), as many as maxBytes hold and at least one if there is one.
	LogEntries(account id.ID, after int64, maxBytes int) ([]chain.SignedEntry, error)
}

// Accounts serves the key bundle and the account log.
type Accounts struct {
	*base
	logs   *logCache
	events *Events
}

// KeyBundle is what a new device needs to open the account. It is served to verified devices only.
type KeyBundle struct {
	Account Account
	Vaults  []SealedVault
	Log     []chain.SignedEntry // from genesis; as much as fits, Log continues
}

// Keys returns the caller's key bundle.
func (a *Accounts) Keys(ctx context.Context, c Caller) (out KeyBundle, err error) {
	err = a.store.View(ctx, func(tx Tx) (err error) {
		if out.Account, err = tx.Account(c.Account); err != nil {
			return err
		}
		if out.Vaults, err = tx.SealedVaults(c.Account); err != nil {
			return err
		}
		out.Log, err = tx.LogEntries(c.Account, -1, wire.PageEnvelopeBytes)
		return err
	})
	return out, err
}

// Log returns the head of the account log and a page of entries after seq; -1 begins with genesis.
func (a *Accounts) Log(ctx context.Context, c Caller, after int64) (head uint64, entries []chain.SignedEntry, err error) {
	err = a.store.View(ctx, func(tx Tx) error {
		length, _, err := tx.LogHead(c.Account)
		if err != nil {
			return err
		}
		head = length - 1
		entries, err = tx.LogEntries(c.Account, after, wire.PageEnvelopeBytes)
		return err
	})
	return head, entries, err
}

// Me returns the caller's account and its devices.
func (a *Accounts) Me(ctx context.Context, c Caller) (account Account, devices []Device, err error) {
	err = a.store.View(ctx, func(tx Tx) (err error) {
		if account, err = tx.Account(c.Account); err != nil {
			return err
		}
		devices, err = tx.Devices(c.Account)
		return err
	})
	return account, devices, err
}

// LogAppend is an entry with the sealed key that it names, if it names one.
type LogAppend struct {
	chain.SignedEntry
	SealedAccount []byte // with credentials
	SealedVault   []byte // with vault-epoch
}

// Append adds an entry to the caller's account log and does what it says. An entry that is the head already is done already: its
// answer was lost. Errors: ErrBadEntry, *LogMoved, ErrDeviceUnlisted, ErrTaken.
func (a *Accounts) Append(ctx context.Context, c Caller, in LogAppend) error {
	body, err := entryBody(in.Entry)
	if err != nil {
		return badEntry(err)
	}
	var seq uint64
	err = a.store.Update(ctx, func(tx Tx) error {
		return a.logs.with(tx, c.Account, func(log *chain.Log) (err error) {
			seq, err = appendEntry(tx, c, log, in, body)
			return err
		})
	})
	if errors.Is(err, ErrExists) {
		return ErrTaken
	} else if err != nil {
		return err
	}
	if revoked, ok := body.(*chain.DeviceRevoke); ok {
		a.events.drop(c.Account, revoked.Device)
	}
	a.events.publish(c.Account, Event{Seq: seq})
	return nil
}

func appendEntry(tx Tx, c Caller, log *chain.Log, in LogAppend, body any) (seq uint64, err error) {
	head, _ := log.Head()
	if last := log.Entries(int64(head) - 1)[0]; bytes.Equal(last.Entry, in.Entry) && bytes.Equal(last.Signature, in.Signature) {
		return head, nil
	}
	if err := log.Append(in.SignedEntry); errors.Is(err, chain.ErrEntryOrder) {
		return 0, &LogMoved{Seq: head}
	} else if err != nil {
		return 0, badEntry(err)
	}
	if err := applyEntry(tx, c, in, body); err != nil {
		return 0, err
	}
	seq, hash := log.Head()
	return seq, tx.InsertLogEntry(c.Account, seq, hash, in.SignedEntry)
}

// applyEntry does what an entry says that the log has accepted. The caller must be listed, but for the entry that lists it.
func applyEntry(tx Tx, c Caller, in LogAppend, body any) error {
	if add, ok := body.(*chain.DeviceAdd); ok {
		return listDevice(tx, c, *add)
	}
	if device, err := tx.Device(c.Account, c.Device); err != nil {
		return err
	} else if device.Status != DeviceListed {
		return ErrDeviceUnlisted
	}
	switch b := body.(type) {
	case *chain.DeviceRevoke:
		return tx.SetDeviceStatus(c.Account, b.Device, DeviceRevoked)
	case *chain.Credentials:
		return setCredentials(tx, c.Account, *b, in.SealedAccount)
	case *chain.VaultEpoch:
		return setEpoch(tx, c.Account, *b, in.SealedVault)
	case *chain.ServerRestore:
		return ownRestore(c, *b)
	}
	return badEntry(fmt.Errorf("entry of type %T", body))
}

// listDevice accepts a device-add of the caller's own device alone, as it introduced itself: its key has proved the mailbox and no
// other has, and the account's owner was told this name.
func listDevice(tx Tx, c Caller, add chain.DeviceAdd) error {
	d, err := tx.Device(c.Account, c.Device)
	if err != nil {
		return err
	}
	if add != (chain.DeviceAdd{Device: d.ID, Key: d.Key, Name: d.Name, Platform: d.Platform}) {
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

// setCredentials and setEpoch demand the sealed key that the entry names: a log that names what nobody has locks the user out.
func setCredentials(tx Tx, account id.ID, c chain.Credentials, sealed []byte) error {
	if err := checkSealedKey(sealed); err != nil {
		return err
	}
	if err := checkCredentials(c); err != nil {
		return err
	}
	if !sealingListed(c, sealed) {
		return badEntry(errors.New("credentials name another sealed account key"))
	}
	return tx.SetCredentials(Account{ID: account, Generation: c.Generation, Profile: c.Profile, LoginKey: c.Login, SealedAccount: sealed})
}

func setEpoch(tx Tx, account id.ID, v chain.VaultEpoch, sealed []byte) error {
	if err := checkSealedKey(sealed); err != nil {
		return err
	}
	if v.SealedKey != chain.SealedKeyHash(sealed) {
		return badEntry(errors.New("vault-epoch names another sealed vault key"))
	}
	if v.Epoch == 1 {
		if err := tx.InsertVault(Vault{ID: v.Vault, Account: account}); err != nil {
			return err
		}
	}
	return tx.InsertSealedVault(account, SealedVault{Vault: v.Vault, Epoch: v.Epoch, Sealed: sealed})
}

// entryBody decodes the body of an entry. Only package chain decides whether the entry is valid.
func entryBody(raw []byte) (any, error) {
	var e struct {
		Type chain.EntryType      `cbor:"6,keyasint"`
		Body canonical.RawMessage `cbor:"7,keyasint"`
	}
	if _, err := canonical.UnmarshalKeeping(raw, &e); err != nil {
		return nil, err
	}
	bodies := map[chain.EntryType]any{
		chain.EntryCredentials: new(chain.Credentials), chain.EntryDeviceAdd: new(chain.DeviceAdd),
		chain.EntryDeviceRevoke: new(chain.DeviceRevoke), chain.EntryVaultEpoch: new(chain.VaultEpoch),
		chain.EntryServerRestore: new(chain.ServerRestore),
	}
	body, ok := bodies[e.Type]
	if !ok {
		return nil, fmt.Errorf("entry of type %d", e.Type)
	}
	return body, canonical.Unmarshal(e.Body, body)
}

func badEntry(cause error) error { return fmt.Errorf("%w: %w", ErrBadEntry, cause) }
