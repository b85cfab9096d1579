// Package enrol makes an account's keys and proves a key bundle (docs/protocol.md §3 and §5). It does no I/O.
//
//	password + Secret Key → KEK -(opens)-> AK -(opens)-> identity -(equals)-> genesis -(signs)-> the account log
//	                                         AK -(opens)-> vault keys, named by hash in the log
//
// A device that has opened the chain from the left believes the right end, wherever the bytes came from: the same code reads a
// server's answer and the local file.
package enrol

import (
	"bytes"
	"context"
	"errors"
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
	SealedAccount  []byte
	SealedIdentity []byte
	Vaults         []SealedVault
	Log            []chain.SignedEntry
}

// SealedVault is the key of one vault at one epoch.
type SealedVault struct {
	Vault id.ID
	Epoch uint32
	Key   []byte
}

// Account is an opened account: the keys, and the log that lists everything they may be used for.
type Account struct {
	ID       id.ID
	Key      secret.Bytes // AK
	Identity keys.Identity
	Vault    VaultKey // the personal vault
	Log      *chain.Log
}

// VaultKey is an opened vault key.
type VaultKey struct {
	ID    id.ID
	Epoch uint32
	Key   secret.Bytes
}

// Wipe clears the account's keys.
func (a *Account) Wipe() {
	a.Key.Wipe()
	a.Identity.Wipe()
	a.Vault.Key.Wipe()
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
	return chain.DeviceAdd{Device: d.ID, Key: d.Key.Public(), Name: d.Name, Platform: d.Platform}
}

// New is a new account with everything that its first device knows of it.
type New struct {
	Account   *Account
	Bundle    Bundle
	Master    keys.AccountMaster
	SecretKey keys.SecretKey
}

// firstGeneration and firstEpoch number the first credentials and the first key of a vault.
const firstGeneration, firstEpoch = 1, 1

// Create makes an account with one device and one personal vault. It takes as long as the KDF profile demands.
func Create(ctx context.Context, password secret.Bytes, profile kdf.Profile, device Device, now time.Time) (*New, error) {
	n := &New{SecretKey: keys.NewSecretKey()}
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
	account, err := keys.SealAccountKey(n.Master.KEK(), a.Key, a.ID, firstGeneration)
	if err != nil {
		return fmt.Errorf("seal account key: %w", err)
	}
	identity, err := keys.SealIdentity(a.Key, a.Identity, a.ID)
	if err != nil {
		return fmt.Errorf("seal identity: %w", err)
	}
	vault, err := keys.SealVaultKey(a.Key, a.Vault.Key, a.ID, a.Vault.ID, firstEpoch)
	if err != nil {
		return fmt.Errorf("seal vault key: %w", err)
	}
	n.Bundle = Bundle{
		Account: a.ID, Generation: firstGeneration, Profile: profile.Name, SealedAccount: account, SealedIdentity: identity,
		Vaults: []SealedVault{{Vault: a.Vault.ID, Epoch: firstEpoch, Key: vault}},
	}
	return nil
}

// enterAll begins the account log with its four entries.
func (n *New) enterAll(device Device, now time.Time) error {
	a := n.Account
	a.Log = chain.NewLog(a.ID)
	sealing := chain.Sealing{Type: chain.SealingPassword, Hash: chain.SealedKeyHash(n.Bundle.SealedAccount)}
	for _, body := range []chain.Body{
		chain.Genesis{Identity: a.Identity.Sign.Public(), Receive: a.Identity.Receive.Public(), SealedIdentity: chain.SealedKeyHash(n.Bundle.SealedIdentity)},
		chain.Credentials{Generation: firstGeneration, Profile: n.Bundle.Profile, Login: n.Master.LoginKey().Public(), Sealings: []chain.Sealing{sealing}},
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

var (
	// ErrKey says that the sealed account key does not open: a wrong password or Secret Key, or a changed file. From a server that
	// has accepted the proof it means that the server sent something else.
	ErrKey = errors.New("the account key does not open")
	// ErrBundle says that the bundle contradicts itself: someone changed it.
	ErrBundle = errors.New("the account's keys and its log contradict each other")
)

// Open proves a bundle with the keys derived from password and Secret Key, and opens it. It fails with ErrKey or ErrBundle; what is
// missing from the bundle is an error and never made anew.
func Open(b Bundle, master keys.AccountMaster) (*Account, error) {
	ak, err := keys.OpenAccountKey(master.KEK(), b.SealedAccount, b.Account, b.Generation)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	a := &Account{ID: b.Account, Key: ak}
	if err := a.prove(b, master); err != nil {
		a.Wipe()
		return nil, fmt.Errorf("%w: %w", ErrBundle, err)
	}
	return a, nil
}

func (a *Account) prove(b Bundle, master keys.AccountMaster) (err error) {
	if a.Identity, err = keys.OpenIdentity(a.Key, b.SealedIdentity, b.Account); err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	if a.Log, err = chain.ReadLog(b.Account, b.Log); err != nil {
		return err
	}
	if err := a.proveGenesis(b); err != nil {
		return err
	}
	if err := a.proveCredentials(b, master); err != nil {
		return err
	}
	return a.openVault(b)
}

func (a *Account) proveGenesis(b Bundle) error {
	g := a.Log.Genesis()
	if g.Identity != a.Identity.Sign.Public() || !bytes.Equal(g.Receive, a.Identity.Receive.Public()) {
		return errors.New("genesis of another identity")
	}
	if g.SealedIdentity != chain.SealedKeyHash(b.SealedIdentity) {
		return errors.New("genesis names another sealed identity")
	}
	return nil
}

func (a *Account) proveCredentials(b Bundle, master keys.AccountMaster) error {
	c := a.Log.Credentials()
	if c.Generation != uint64(b.Generation) || c.Profile != b.Profile || c.Login != master.LoginKey().Public() {
		return errors.New("log has other credentials")
	}
	want := chain.Sealing{Type: chain.SealingPassword, Hash: chain.SealedKeyHash(b.SealedAccount)}
	for _, s := range c.Sealings {
		if s == want {
			return nil
		}
	}
	return errors.New("log does not list this sealing of the account key")
}

// openVault opens the personal vault's key: in version 1 an account has exactly one vault.
func (a *Account) openVault(b Bundle) error {
	if len(b.Vaults) != 1 || len(a.Log.Vaults()) != 1 {
		return fmt.Errorf("%d vault keys, the log has %d", len(b.Vaults), len(a.Log.Vaults()))
	}
	v := b.Vaults[0]
	listed, ok := a.Log.Epoch(v.Vault)
	if !ok || listed.Epoch != v.Epoch || listed.SealedKey != chain.SealedKeyHash(v.Key) {
		return errors.New("log does not list this vault key")
	}
	key, err := keys.OpenVaultKey(a.Key, v.Key, b.Account, v.Vault, v.Epoch)
	if err != nil {
		return fmt.Errorf("vault key: %w", err)
	}
	a.Vault = VaultKey{ID: v.Vault, Epoch: v.Epoch, Key: key}
	return nil
}
