package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/enrol"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// Unlock opens an account with the Secret Key from the keyring; no server is needed. Errors: ErrWrongPassword, ErrKeyringLost,
// ErrNoKeyring, ErrUnknownAccount, and of the file vault.ErrTampered, vault.ErrOlderCopy, vault.ErrCorrupt, vault.ErrNewerSchema,
// vault.ErrBusy.
func (m *Manager) Unlock(ctx context.Context, account id.ID, password secret.Bytes) (*Unlocked, error) {
	store, header, err := m.openFile(ctx, account)
	if err != nil {
		return nil, err
	}
	u, err := m.unlock(ctx, store, header, password)
	if err != nil {
		store.Close()
		return nil, err
	}
	return u, nil
}

func (m *Manager) unlock(ctx context.Context, store *sqlite.Store, header vault.Account, password secret.Bytes) (*Unlocked, error) {
	kept, err := m.cfg.Keyring.Load(ctx, header.Origin, header.ID)
	if err != nil {
		return nil, fromKeyring(err)
	}
	// The file proves itself before the password is asked for anything: a thief must not choose what the password is tried on.
	if err := store.Anchor(ctx, MAC(kept.Anchor), kept.Generation); err != nil {
		return nil, err
	}
	raw, _ := kept.KeyOf(header.Generation)
	sk, err := keys.SecretKeyFromBytes(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyringLost, err)
	}
	own, err := deriveLocal(ctx, store, header, password, sk)
	if err != nil {
		return nil, whileChanging(ctx, store, err)
	}
	own.anchor = kept.Anchor
	if err := own.takeDevice(header); err != nil {
		return nil, err
	}
	return m.openTidy(ctx, own, store)
}

// takeDevice opens the device's key in the file, which is the device that the file names: the keyring may have that of before, where a
// removed PC has come back and the keyring was not written any more.
func (o *ownAccount) takeDevice(header vault.Account) error {
	seed, err := o.unseal(localDeviceSeed, header.SealedDeviceSeed)
	if err == nil {
		o.device.Key, err = takeSeed(seed)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", vault.ErrTampered, err)
	}
	return nil
}

// openTidy is open for a file that is as it was left: what it does not name, nobody does.
func (m *Manager) openTidy(ctx context.Context, own ownAccount, store *sqlite.Store) (*Unlocked, error) {
	return m.openAnd(ctx, own, store, nil, func(u *Unlocked) error {
		u.tidyFiles(ctx)
		return nil
	})
}

// UnlockWithSecretKey opens an account whose keyring entry is lost: the Secret Key is typed, the rest comes from the file, and the
// device is anchored again. Errors as of Unlock, and ErrSecretKeyMalformed.
func (m *Manager) UnlockWithSecretKey(ctx context.Context, account id.ID, password secret.Bytes, secretKey string) (*Unlocked, error) {
	sk, err := keys.ParseSecretKey(secretKey)
	if err != nil {
		return nil, fromKeys(err)
	}
	store, header, err := m.openFile(ctx, account)
	if err != nil {
		return nil, err
	}
	u, err := m.unlockTyped(ctx, store, header, password, sk)
	if err != nil {
		store.Close()
		return nil, err
	}
	return u, nil
}

func (m *Manager) unlockTyped(ctx context.Context, store *sqlite.Store, header vault.Account, password secret.Bytes, sk keys.SecretKey) (*Unlocked, error) {
	own, err := deriveLocal(ctx, store, header, password, sk)
	if err != nil {
		return nil, whileChanging(ctx, store, err)
	}
	if own.anchor, err = own.unseal(localAnchor, header.SealedAnchor); err != nil {
		return nil, fmt.Errorf("%w: %w", vault.ErrTampered, err)
	}
	if err := own.takeDevice(header); err != nil {
		return nil, err
	}
	if err := store.Anchor(ctx, own.mac, 0); err != nil {
		return nil, err
	}
	if err := m.remember(ctx, own, store); err != nil && !errors.Is(err, platform.ErrUnavailable) {
		return nil, err
	}
	return m.openTidy(ctx, own, store)
}

// whileChanging tells a wrong password from the new one of a change that is not finished here.
func whileChanging(ctx context.Context, store *sqlite.Store, err error) error {
	if _, changing, lookErr := store.Local(ctx, localChange); lookErr == nil && changing && errors.Is(err, ErrWrongPassword) {
		return fmt.Errorf("%w: %w", ErrOldPassword, err)
	}
	return err
}

func (m *Manager) openFile(ctx context.Context, account id.ID) (*sqlite.Store, vault.Account, error) {
	if m.isOpen(account) {
		return nil, vault.Account{}, errors.New("unlock: the account is unlocked")
	}
	return m.openFileAt(ctx, account, m.cfg.Paths.Account(account))
}

// openFileAt is openFile for a file that is to take the account's place.
func (m *Manager) openFileAt(ctx context.Context, account id.ID, path string) (*sqlite.Store, vault.Account, error) {
	store, err := sqlite.Open(ctx, path)
	gone := errors.Is(err, fs.ErrNotExist) || errors.Is(err, sqlite.ErrNoAccount)
	if all, listErr := m.backups(account); gone && listErr == nil && (len(all) > 0 || m.newestDamaged(account) != "") {
		return nil, vault.Account{}, fmt.Errorf("%w: %w", vault.ErrCorrupt, err)
	}
	if gone {
		return nil, vault.Account{}, fmt.Errorf("%w: %w", ErrUnknownAccount, err)
	}
	if err != nil {
		return nil, vault.Account{}, err
	}
	header, err := store.Account(ctx)
	if err == nil && header.ID != account {
		err = fmt.Errorf("unlock: %w", vault.ErrOtherAccount)
	}
	if err != nil {
		store.Close()
		return nil, vault.Account{}, err
	}
	return store, header, nil
}

// deriveLocal derives the keys from what was typed and proves the file's own bundle with them, as it would a server's.
func deriveLocal(ctx context.Context, store *sqlite.Store, header vault.Account, password secret.Bytes, sk keys.SecretKey) (ownAccount, error) {
	profile, err := kdf.Check(header.Profile, kdf.P1)
	if err != nil {
		return ownAccount{}, fmt.Errorf("%w: %w", vault.ErrTampered, err)
	}
	own := ownAccount{origin: header.Origin, email: header.Email, secretKey: sk, device: enrol.Device{ID: header.Device, Name: header.DeviceName}}
	if own.bundle, err = localBundle(ctx, store, header); err != nil {
		return ownAccount{}, err
	}
	if own.master, err = keys.DeriveAccountMaster(ctx, password, sk, header.ID, profile, header.Generation); err != nil {
		return ownAccount{}, fmt.Errorf("unlock: %w", err)
	}
	own.account, err = enrol.Open(own.bundle, own.master)
	switch {
	case errors.Is(err, enrol.ErrKey):
		return ownAccount{}, fmt.Errorf("%w: %w", ErrWrongPassword, err)
	case err != nil:
		return ownAccount{}, fmt.Errorf("%w: %w", vault.ErrTampered, err)
	}
	return own, nil
}

func localBundle(ctx context.Context, store *sqlite.Store, header vault.Account) (enrol.Bundle, error) {
	b := enrol.Bundle{
		Account: header.ID, Generation: header.Generation, Profile: header.Profile,
		SealedAccount: header.SealedAccountKey, SealedIdentity: header.SealedIdentity,
	}
	vaults, err := store.Vaults(ctx)
	if err != nil {
		return b, err
	}
	for _, v := range vaults {
		b.Vaults = append(b.Vaults, enrol.SealedVault{Vault: v.Vault, Epoch: v.Epoch, Key: v.Sealed, Previous: v.Previous})
	}
	entries, err := store.Log(ctx)
	if err != nil {
		return b, err
	}
	for _, e := range entries {
		b.Log = append(b.Log, chain.SignedEntry{Entry: e.Entry, Signature: e.Signature})
	}
	return b, nil
}

func fromKeyring(err error) error {
	switch {
	case errors.Is(err, platform.ErrNotFound), errors.Is(err, platform.ErrDamaged):
		return fmt.Errorf("%w: %w", ErrKeyringLost, err)
	case errors.Is(err, platform.ErrUnavailable):
		return fmt.Errorf("%w: %w", ErrNoKeyring, err)
	}
	return err
}
