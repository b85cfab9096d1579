package enrol

import (
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

// Opened is an account as one of its devices has it: what a change starts from. Account must stand at the head of the log that the
// server has; else the server answers a conflict.
type Opened struct {
	Account   *Account
	Bundle    Bundle
	SecretKey keys.SecretKey
	Device    Device
	Heads     []chain.VaultHead // the verified head of every vault, seq 0 for an empty one
	Now       time.Time
}

// Change is a change of the account before it is sent: the batch of log entries, every sealed key that it names, and what this
// device needs to go on afterwards. Nothing of it is in force before the server has it.
type Change struct {
	Account    id.ID
	Entries    []chain.SignedEntry
	Generation uint32 // in force afterwards
	Profile    string // in force afterwards

	// Each is empty where the change leaves it as it is.
	SealedAccount  []byte
	SealedRecovery []byte
	SealedIdentity []byte
	Vaults         []SealedVault
	Wraps          []DeviceWrap

	SecretKey    keys.SecretKey     // in force afterwards; zero where the change brings no credentials
	Master       keys.AccountMaster // opens the account afterwards; zero where the change brings no credentials
	RecoveryCode keys.RecoveryCode  // zero where the one on the kit stays

	approves *Request // by an approval, which never rests: who asked is gone after ten minutes
}

// DeviceWrap is the Secret Key for one device.
type DeviceWrap struct {
	Device id.ID
	chain.SignedWrap
}

// Errors of a change that cannot be made.
var (
	// ErrOwnDevice says that a device cannot revoke itself: somebody has to make the keys that it shall not have.
	ErrOwnDevice = errors.New("a device cannot revoke itself")
	// ErrNotLive says that a change names a device that the account log does not list as live.
	ErrNotLive = errors.New("the device is not live")
)

// ChangePassword seals the account key under another password. Secret Key and recovery code stay; so does everything else.
func (o Opened) ChangePassword(ctx context.Context, password secret.Bytes, profile kdf.Profile) (*Change, error) {
	b := o.begin()
	if err := b.credentials(ctx, password, o.SecretKey, profile); err != nil {
		return nil, fmt.Errorf("change password: %w", err)
	}
	return b.change, nil
}

// NewSecretKey puts another Secret Key and another recovery code into force: a new kit, since the old one may have been seen. The
// other devices get wraps. password is the master password, which may be another one too.
func (o Opened) NewSecretKey(ctx context.Context, password secret.Bytes, profile kdf.Profile) (*Change, error) {
	b := o.begin()
	b.newRecoveryCode()
	if err := b.credentials(ctx, password, keys.NewSecretKey(), profile); err != nil {
		return nil, fmt.Errorf("new Secret Key: %w", err)
	}
	if err := b.wraps(); err != nil {
		return nil, fmt.Errorf("new Secret Key: %w", err)
	}
	return b.change, nil
}

// Rotate makes every key of the account anew, kit included, and ends the devices to revoke. password is the master password, which
// may be another one too. Errors: ErrOwnDevice, ErrNotLive.
func (o Opened) Rotate(ctx context.Context, password secret.Bytes, profile kdf.Profile, revoke ...id.ID) (*Change, error) {
	b := o.begin()
	if err := b.rotate(ctx, password, profile, revoke); err != nil {
		return nil, fmt.Errorf("rotate keys: %w", err)
	}
	return b.change, nil
}

// Recover is Rotate by a device that has opened the account with the recovery code: it lists itself first.
func (o Opened) Recover(ctx context.Context, password secret.Bytes, profile kdf.Profile, revoke ...id.ID) (*Change, error) {
	b := o.begin()
	b.enter(o.Device.Entry())
	if err := b.rotate(ctx, password, profile, revoke); err != nil {
		return nil, fmt.Errorf("recover account: %w", err)
	}
	return b.change, nil
}

// Rename gives a live device another name. It needs no fresh proof. Error: ErrNotLive.
func (o Opened) Rename(device id.ID, name string) (*Change, error) {
	b := o.begin()
	if !b.live(device) {
		return nil, fmt.Errorf("rename device: %w", ErrNotLive)
	}
	b.enter(chain.DeviceRename{Device: device, Name: name})
	return b.done("rename device")
}

// ChangeEmail enters another address, normalised: trimmed and in lower case. Its one entry travels with the codes from both
// mailboxes and not as a batch.
func (o Opened) ChangeEmail(email string) (*Change, error) {
	b := o.begin()
	b.enter(chain.EmailChange{Email: chain.EmailHash(o.Account.ID, email)})
	return b.done("change e-mail")
}

// batch collects a change. The log is a copy that runs ahead of the account's.
type batch struct {
	Opened
	log      *chain.Log
	identity signing.PrivateKey // in force where the batch stands
	ak       secret.Bytes       // in force where the batch stands
	change   *Change
	err      error // of the first entry that could not be made
}

func (o Opened) begin() *batch {
	return &batch{
		Opened: o, log: o.Account.Log.Clone(), identity: o.Account.Identity.Sign, ak: o.Account.Key,
		change: &Change{Account: o.Account.ID, Generation: o.Bundle.Generation, Profile: o.Bundle.Profile},
	}
}

// enter appends an entry. After an error nothing more is entered.
func (b *batch) enter(body chain.Body) {
	if b.err != nil {
		return
	}
	entry, err := b.log.Next(b.identity, b.Now.UnixMilli(), body)
	if err == nil {
		err = b.log.Append(entry)
	}
	if b.err = err; err == nil {
		b.change.Entries = append(b.change.Entries, entry)
	}
}

func (b *batch) done(what string) (*Change, error) {
	if b.err != nil {
		return nil, fmt.Errorf("%s: %w", what, b.err)
	}
	return b.change, nil
}

func (b *batch) live(device id.ID) bool {
	head, _ := b.log.Head()
	_, live := b.log.LiveDevice(device, head)
	return live
}

func (b *batch) newRecoveryCode() { b.change.RecoveryCode = keys.NewRecoveryCode() }

// credentials seals the account key in force under the password and sk, and under the recovery code if there is a new one. An old
// recovery sealing stays in force as it is.
func (b *batch) credentials(ctx context.Context, password secret.Bytes, sk keys.SecretKey, profile kdf.Profile) (err error) {
	c := b.change
	c.Generation, c.Profile, c.SecretKey = b.Bundle.Generation+1, profile.Name, sk
	if c.Master, err = keys.DeriveAccountMaster(ctx, password, sk, c.Account, profile, c.Generation); err != nil {
		return err
	}
	if c.SealedAccount, err = keys.SealAccountKey(c.Master.KEK(), b.ak, c.Account, c.Generation, keys.ByPassword); err != nil {
		return fmt.Errorf("seal account key: %w", err)
	}
	entry := chain.Credentials{
		Generation: uint64(c.Generation), Profile: c.Profile, Login: c.Master.LoginKey().Public(),
		Sealings: []chain.Sealing{{Type: chain.SealingPassword, Hash: chain.SealedKeyHash(c.SealedAccount)}},
	}
	if err := b.recovery(&entry); err != nil {
		return fmt.Errorf("seal account key for the recovery code: %w", err)
	}
	b.enter(entry)
	return b.err
}

// recovery adds the recovery sealing to credentials.
func (b *batch) recovery(entry *chain.Credentials) (err error) {
	c := b.change
	if c.RecoveryCode.IsZero() {
		before := b.log.Credentials()
		if hash, ok := before.Sealing(chain.SealingRecovery); ok {
			entry.Recovery = before.Recovery
			entry.Sealings = append(entry.Sealings, chain.Sealing{Type: chain.SealingRecovery, Hash: hash})
		}
		return nil
	}
	master := keys.DeriveRecoveryMaster(c.RecoveryCode, c.Account)
	defer master.Wipe()
	if c.SealedRecovery, err = keys.SealAccountKey(master.KEK(), b.ak, c.Account, c.Generation, keys.ByRecovery); err != nil {
		return err
	}
	entry.Recovery = master.LoginKey().Public()
	entry.Sealings = append(entry.Sealings, chain.Sealing{Type: chain.SealingRecovery, Hash: chain.SealedKeyHash(c.SealedRecovery)})
	return nil
}

// rotate revokes, and follows with another identity, account key, password sealing, Secret Key, recovery code and vault keys.
func (b *batch) rotate(ctx context.Context, password secret.Bytes, profile kdf.Profile, revoke []id.ID) error {
	for _, device := range revoke {
		if err := b.revoke(device); err != nil {
			return err
		}
	}
	b.ak = secret.Random(keys.Size)
	defer b.ak.Wipe()
	defer func() { b.identity.Wipe() }()
	b.newRecoveryCode()
	if err := b.newIdentity(); err != nil {
		return err
	}
	if err := b.credentials(ctx, password, keys.NewSecretKey(), profile); err != nil {
		return err
	}
	if err := b.newEpoch(); err != nil {
		return err
	}
	return b.wraps()
}

func (b *batch) revoke(device id.ID) error {
	switch {
	case device == b.Device.ID:
		return ErrOwnDevice
	case !b.live(device):
		return ErrNotLive
	}
	b.enter(chain.DeviceRevoke{Device: device, Last: sortedHeads(b.Heads)})
	return b.err
}

func (b *batch) newIdentity() (err error) {
	identity := keys.NewIdentity()
	defer identity.Receive.Wipe()
	number := b.log.Identity().Number + 1
	if b.change.SealedIdentity, err = keys.SealIdentity(b.ak, identity, b.change.Account, number); err != nil {
		return fmt.Errorf("seal identity: %w", err)
	}
	b.enter(b.log.NewIdentity(identity.Sign, chain.ReceiveKey(identity.Receive.Public()), chain.SealedKeyHash(b.change.SealedIdentity)))
	b.identity = identity.Sign
	return b.err
}

// newEpoch makes another key of the vault, under the account key in force, and hangs the one before on it.
func (b *batch) newEpoch() (err error) {
	old, key := b.Account.Vault, secret.Random(keys.Size)
	defer key.Wipe()
	v := SealedVault{Vault: old.ID, Epoch: old.Epoch + 1}
	if v.Key, err = keys.SealVaultKey(b.ak, key, b.change.Account, v.Vault, v.Epoch); err != nil {
		return fmt.Errorf("seal vault key: %w", err)
	}
	if v.Previous, err = keys.SealPreviousVaultKey(key, old.Key, b.change.Account, v.Vault, v.Epoch); err != nil {
		return fmt.Errorf("seal vault key: %w", err)
	}
	b.change.Vaults = append(b.change.Vaults, v)
	b.enter(chain.VaultEpoch{Vault: v.Vault, Epoch: v.Epoch, SealedKey: chain.SealedKeyHash(v.Key), Previous: chain.SealedKeyHash(v.Previous)})
	return b.err
}

// wraps hands the new Secret Key to every other live device, at the end of the batch.
func (b *batch) wraps() error {
	for _, device := range b.log.Devices() {
		if device.Revoked != 0 || device.Device == b.Device.ID {
			continue
		}
		signed, err := b.wrapFor(b.log, device.DeviceAdd, chain.WrapChange, b.change.SecretKey, b.change.Generation)
		if err != nil {
			return fmt.Errorf("wrap for device %s: %w", device.Device, err)
		}
		b.change.Wraps = append(b.change.Wraps, DeviceWrap{Device: device.Device, SignedWrap: signed})
	}
	return nil
}
