// Package enrol makes an account's keys and proves a key bundle (docs/protocol.md §3 and §5). It does no I/O.
//
//	password + Secret Key → KEK -(opens)-> AK -(opens)-> identity -(equals)-> genesis -(signs)-> the account log
//	                                         AK -(opens)-> vault keys, named by hash in the log
//
// A device that has opened the chain from the left believes the right end, wherever the bytes came from: the same code reads a
// server's answer and the local file.
package enrol

import (
	"context"
	"fmt"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
)

// Bundle is what an account keeps outside the heads of its people: sealed keys and the public log. It travels from the server and
// rests in the local file.
type Bundle struct {
	Account        id.ID
	Generation     uint32
	Profile        string
	SealedAccount  []byte // by the password; missing in the bundle of a recovery
	SealedRecovery []byte // by the recovery code; only in the bundle of a sign-up and of a recovery
	SealedIdentity []byte
	Vaults         []SealedVault // every epoch, oldest first
	Log            []chain.SignedEntry
}

// SealedVault is the key of one vault at one epoch.
type SealedVault struct {
	Vault    id.ID  `cbor:"1,keyasint"`
	Epoch    uint32 `cbor:"2,keyasint"`
	Key      []byte `cbor:"3,keyasint"` // under the account key of its time
	Previous []byte `cbor:"4,keyasint"` // the key of the epoch before, under this one; missing in the first epoch
}

// Account is an opened account: the keys, and the log that lists everything they may be used for.
type Account struct {
	ID       id.ID
	Key      secret.Bytes // AK
	Identity keys.Identity
	Vault    VaultKey // the personal vault
	Log      *chain.Log
}

// VaultKey is an opened vault key, with those of the epochs before.
type VaultKey struct {
	ID    id.ID
	Epoch uint32
	Key   secret.Bytes
	Older []secret.Bytes // of epoch 1 to Epoch-1
}

// At returns the key of an epoch, for the objects that are not sealed again since.
func (v VaultKey) At(epoch uint32) (secret.Bytes, bool) {
	switch {
	case epoch == v.Epoch:
		return v.Key, true
	case epoch == 0 || epoch > v.Epoch:
		return secret.Bytes{}, false
	}
	return v.Older[epoch-1], true
}

// Wipe clears the account's keys.
func (a *Account) Wipe() {
	a.Key.Wipe()
	a.Identity.Wipe()
	a.Vault.Key.Wipe()
	for _, older := range a.Vault.Older {
		older.Wipe()
	}
}

// Device is an installation of the account: its key is in the account log.
type Device struct {
	ID       id.ID
	Key      signing.PrivateKey
	Name     string
	Platform string
}

// NewDevice makes a device key.
func NewDevice(name, platform string) Device {
	return Device{ID: id.New(), Key: signing.Generate(), Name: name, Platform: platform}
}

// Entry is the log entry that lists the device.
func (d Device) Entry() chain.DeviceAdd {
	return chain.DeviceAdd{Device: d.ID, Key: d.Key.Public(), Name: d.Name, Platform: d.Platform, Receive: d.receiveKey()}
}

// receiveKey is zero, to which nothing can be sealed, for a device whose key is missing.
func (d Device) receiveKey() chain.ReceiveKey {
	receive, err := keys.DeviceReceiveKey(d.Key)
	if err != nil {
		return chain.ReceiveKey{}
	}
	defer receive.Wipe()
	return chain.ReceiveKey(receive.Public())
}

// New is a new account with everything that its first device knows of it.
type New struct {
	Account   *Account
	Bundle    Bundle
	Master    keys.AccountMaster
	SecretKey keys.SecretKey

	RecoveryCode keys.RecoveryCode
}

// firstGeneration and firstEpoch number the first credentials and the first key of a vault.
const firstGeneration, firstEpoch = 1, 1

// Create makes an account with one device and one personal vault. It takes as long as the KDF profile demands.
func Create(ctx context.Context, password secret.Bytes, profile kdf.Profile, device Device, now time.Time) (*New, error) {
	n := &New{SecretKey: keys.NewSecretKey(), RecoveryCode: keys.NewRecoveryCode()}
	n.Account = &Account{
		ID: id.New(), Key: secret.Random(32), Identity: keys.NewIdentity(),
		Vault: VaultKey{ID: id.New(), Epoch: firstEpoch, Key: secret.Random(32)},
	}
	var err error
	if n.Master, err = keys.DeriveAccountMaster(ctx, password, n.SecretKey, n.Account.ID, profile, firstGeneration); err != nil {
		return nil, err
	}
	if err := n.seal(profile); err != nil {
		return nil, err
	}
	if err := n.enterAll(device, now); err != nil {
		return nil, err
	}
	n.Bundle.Log = n.Account.Log.Entries(-1)
	return n, nil
}

func (n *New) seal(profile kdf.Profile) error {
	a := n.Account
	account, err := keys.SealAccountKey(n.Master.KEK(), a.Key, a.ID, firstGeneration, keys.ByPassword)
	if err != nil {
		return fmt.Errorf("seal account key: %w", err)
	}
	recovery, err := keys.SealAccountKey(keys.DeriveRecoveryMaster(n.RecoveryCode, a.ID).KEK(), a.Key, a.ID, firstGeneration, keys.ByRecovery)
	if err != nil {
		return fmt.Errorf("seal account key for the recovery code: %w", err)
	}
	identity, err := keys.SealIdentity(a.Key, a.Identity, a.ID, 0)
	if err != nil {
		return fmt.Errorf("seal identity: %w", err)
	}
	vault, err := keys.SealVaultKey(a.Key, a.Vault.Key, a.ID, a.Vault.ID, firstEpoch)
	if err != nil {
		return fmt.Errorf("seal vault key: %w", err)
	}
	n.Bundle = Bundle{
		Account: a.ID, Generation: firstGeneration, Profile: profile.Name, SealedAccount: account, SealedRecovery: recovery, SealedIdentity: identity,
		Vaults: []SealedVault{{Vault: a.Vault.ID, Epoch: firstEpoch, Key: vault}},
	}
	return nil
}

// enterAll begins the account log with its four entries.
func (n *New) enterAll(device Device, now time.Time) error {
	a := n.Account
	a.Log = chain.NewLog(a.ID)
	sealings := []chain.Sealing{
		{Type: chain.SealingPassword, Hash: chain.SealedKeyHash(n.Bundle.SealedAccount)},
		{Type: chain.SealingRecovery, Hash: chain.SealedKeyHash(n.Bundle.SealedRecovery)},
	}
	recovery := keys.DeriveRecoveryMaster(n.RecoveryCode, a.ID).LoginKey().Public()
	for _, body := range []chain.Body{
		chain.Genesis{
			Identity: a.Identity.Sign.Public(), Receive: chain.ReceiveKey(a.Identity.Receive.Public()),
			SealedIdentity: chain.SealedKeyHash(n.Bundle.SealedIdentity),
		},
		chain.Credentials{
			Generation: firstGeneration, Profile: n.Bundle.Profile, Login: n.Master.LoginKey().Public(), Sealings: sealings, Recovery: recovery,
		},
		device.Entry(),
		chain.VaultEpoch{Vault: a.Vault.ID, Epoch: firstEpoch, SealedKey: chain.SealedKeyHash(n.Bundle.Vaults[0].Key)},
	} {
		entry, err := a.Log.Next(a.Identity.Sign, now.UnixMilli(), body)
		if err != nil {
			return err
		}
		if err := a.Log.Append(entry); err != nil {
			return fmt.Errorf("begin account log: %w", err)
		}
	}
	return nil
}
