// Package session is the app without a window: the accounts on this PC, enrolment, unlocking, saving, sync and import. The window,
// cofferctl and the tests drive the same code.
//
//	SignUp, SignIn ──▶ keys made or proved ──▶ kept on this PC ──▶ Unlocked ◀── Unlock (no server needed)
//
// What a reviewer can check:
//
//   - The Secret Key and the sealed keys are on disk and in the keyring before the server hears of the account.
//   - What a server says about key derivation is checked before the password is used.
//   - Lock wipes the keys and returns only when nothing works with them any more.
package session

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/internal/enrolment"
	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/sync/enrol"
	"github.com/coffer-vault/coffer/sync/remote"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/importer"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// Keyring keeps the device's secrets while the vault is locked; platform.Keyring implements it. Errors wrap platform.ErrNotFound,
// platform.ErrDamaged or platform.ErrUnavailable.
type Keyring interface {
	Load(ctx context.Context, origin string, account id.ID) (platform.DeviceSecrets, error)
	Save(ctx context.Context, origin string, account id.ID, d platform.DeviceSecrets) error
	Delete(ctx context.Context, origin string, account id.ID) error
}

// Config is what a Manager works with.
type Config struct {
	Paths      platform.Paths
	Keyring    Keyring
	Transport  http.RoundTripper                       // nil: the default
	Browsers   func(context.Context) []importer.Source // the browser profiles on this PC
	Policy     policy.Policy                           // of this PC's administrator
	Enrolment  enrolment.Token                         // of the organization that this PC belongs to; zero: none
	DeviceName string
	Platform   string                               // "linux", "macos", "windows"
	Now        func() time.Time                     // nil: time.Now
	After      func(time.Duration) <-chan time.Time // nil: time.After
	Log        *slog.Logger
	// Driven leaves the sync to whoever calls Sync: no loop runs and no events are heard. A simulation has one goroutine.
	Driven bool
}

// Manager knows the accounts of this OS user and opens them.
type Manager struct {
	cfg Config

	mu       sync.Mutex
	unlocked map[id.ID]*Unlocked
	saved    *Settings // the last that were saved

	onStep func(string) error // tests: see Manager.step
}

// New returns a Manager. It makes no folders and opens nothing yet.
func New(cfg Config) *Manager {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.After == nil {
		cfg.After = time.After
	}
	if cfg.Browsers == nil {
		cfg.Browsers = func(context.Context) []importer.Source { return nil }
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Manager{cfg: cfg, unlocked: map[id.ID]*Unlocked{}}
}

// Account is an account on this PC.
type Account struct {
	ID       id.ID
	Email    string
	Origin   string
	LastUsed time.Time
}

// Accounts lists the accounts on this PC, the last used first. Of an account whose file cannot be read the newest backup says who it is, or
// what can still be read of the file; else it is left out and logged: it must not keep the others from their owners.
func (m *Manager) Accounts() []Account {
	var accounts []Account
	for _, account := range m.accountIDs() {
		path := m.cfg.Paths.Account(account)
		found, err := m.readAccount(context.Background(), account, path)
		if err != nil {
			m.cfg.Log.Warn("account file not readable", "file", filepath.Base(path), "error", err)
			if found, err = m.readRemains(context.Background(), account, err); err != nil {
				continue
			}
		}
		accounts = append(accounts, found)
	}
	sort.SliceStable(accounts, func(i, j int) bool { return accounts[i].LastUsed.After(accounts[j].LastUsed) })
	return accounts
}

// readAccount reads who an account is. Errors: vault.ErrOtherAccount for the file of another one, and those of opening it.
func (m *Manager) readAccount(ctx context.Context, account id.ID, path string) (Account, error) {
	found, err := readHeader(ctx, path)
	if err == nil && found.ID != account {
		err = fmt.Errorf("read account: %w", vault.ErrOtherAccount)
	}
	return found, err
}

func readHeader(ctx context.Context, path string) (Account, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Account{}, err
	}
	store, err := sqlite.Open(ctx, path)
	if err != nil {
		return Account{}, err
	}
	defer store.Close()
	a, err := store.Account(ctx)
	return Account{ID: a.ID, Email: a.Email, Origin: a.Origin, LastUsed: info.ModTime()}, err
}

// has tells whether an account can be unlocked here. A file that cannot be read, and of which nothing is left that says whose it
// is, is no account: keep sets it aside.
func (m *Manager) has(ctx context.Context, account id.ID) bool {
	_, err := m.readAccount(ctx, account, m.cfg.Paths.Account(account))
	if errors.Is(err, vault.ErrCorrupt) || errors.Is(err, sqlite.ErrNoAccount) {
		_, err = m.readRemains(ctx, account, err)
		return err == nil
	}
	return !errors.Is(err, fs.ErrNotExist)
}

// isOpen tells whether an account is unlocked in this program.
func (m *Manager) isOpen(account id.ID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.unlocked[account] != nil
}

// Forget removes an account from this PC: its file with what belongs to it, and its keyring entry. What was not synced is lost; the caller
// has asked.
func (m *Manager) Forget(ctx context.Context, account Account) error {
	m.mu.Lock()
	u := m.unlocked[account.ID]
	m.mu.Unlock()
	if u != nil {
		u.Lock()
	}
	errs := []error{m.cfg.Keyring.Delete(ctx, account.Origin, account.ID)}
	if errors.Is(errs[0], platform.ErrUnavailable) {
		errs = nil // what is not there cannot be removed, and the file is what matters
	}
	// First what the account would be found by again.
	errs = append(errs, m.forgetCopies(account.ID), m.files(account.ID).Erase(), m.ForgetRecovery(account.ID))
	path := m.cfg.Paths.Account(account.ID)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("forget account: %w", err))
		}
	}
	return errors.Join(errs...)
}

// Drive makes the Manager as Config.Driven does, before the first account is unlocked: who looks at a file does not want it to change
// meanwhile.
func (m *Manager) Drive() { m.cfg.Driven = true }

// Close locks everything.
func (m *Manager) Close() {
	m.mu.Lock()
	var all []*Unlocked
	for _, u := range m.unlocked {
		all = append(all, u)
	}
	m.mu.Unlock()
	for _, u := range all {
		u.Lock()
	}
}

func (m *Manager) client(origin string) (*remote.Client, error) {
	return remote.NewClient(origin, m.cfg.Transport, m.cfg.Now)
}

// normalizeEmail is the form in which the server compares addresses, and in which the account log has their hashes.
func normalizeEmail(email string) string {
	return norm.NFC.String(strings.ToLower(strings.TrimSpace(email)))
}

func signer(account id.ID, device enrol.Device) remote.Signer {
	return remote.Signer{Account: account, Device: device.ID, Key: device.Key}
}

// ownAccount is an account with everything that this device knows of it while it is unlocked.
type ownAccount struct {
	origin, email string
	bundle        enrol.Bundle
	account       *enrol.Account
	master        keys.AccountMaster
	secretKey     keys.SecretKey
	device        enrol.Device
	anchor        secret.Bytes
}

// mac authenticates the local file under the anchor key.
func (o ownAccount) mac(data []byte) [32]byte { return MAC(o.anchor)(data) }

// MAC returns the function that authenticates a vault file under an anchor key: HMAC-SHA-256.
func MAC(anchor secret.Bytes) sqlite.MAC {
	return func(data []byte) [32]byte {
		h := hmac.New(sha256.New, anchor.Reveal())
		h.Write(data)
		return [32]byte(h.Sum(nil))
	}
}

const anchorSize = 32

// The names of what a device seals for itself.
const (
	localDeviceSeed = "device-seed"
	localAnchor     = "anchor"
	localSession    = "session"
	localSeen       = "known-devices"
	localChange     = "account-change"
	localKit        = "kit"
	localConfirm    = "unconfirmed"
	localVouched    = "vouched"
	localSignedOut  = "signed-out"
)

func (o ownAccount) seal(name string, value []byte) ([]byte, error) {
	dsk := o.master.DeviceSealKey()
	defer dsk.Wipe()
	sealed, err := keys.SealLocal(dsk, o.localRef(name), value)
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", name, err)
	}
	return sealed, nil
}

func (o ownAccount) unseal(name string, sealed []byte) (secret.Bytes, error) {
	dsk := o.master.DeviceSealKey()
	defer dsk.Wipe()
	value, err := keys.OpenLocal(dsk, o.localRef(name), sealed)
	if err != nil {
		return secret.Bytes{}, fmt.Errorf("open %s: %w", name, err)
	}
	return value, nil
}

func (o ownAccount) localRef(name string) keys.LocalRef {
	return keys.LocalRef{Account: o.bundle.Account, Device: o.device.ID, Generation: o.bundle.Generation, Name: name}
}

// wipe clears every key.
func (o ownAccount) wipe() {
	if o.account != nil {
		o.account.Wipe()
	}
	o.master.Wipe()
	o.secretKey.Wipe()
	o.device.Key.Wipe()
	o.anchor.Wipe()
}

// keep writes the account's file and its keyring entry. A keyring that does not answer is not an error: the Secret Key will be asked
// for at the next unlock. Keeping the same account twice is fine. locals are sealed values that the file has from its first moment on.
func (m *Manager) keep(ctx context.Context, own ownAccount, locals map[string][]byte) (*sqlite.Store, error) {
	if err := m.cfg.Paths.Create(); err != nil {
		return nil, fmt.Errorf("keep account: %w", err)
	}
	contents, err := own.contents()
	if err != nil {
		return nil, fmt.Errorf("keep account: %w", err)
	}
	contents.Locals = locals
	path := m.cfg.Paths.Account(own.bundle.Account)
	store, err := sqlite.Create(ctx, path, contents, own.mac)
	if errors.Is(err, vault.ErrCorrupt) { // without a backup nothing leads on from it, and it must not be in the way for ever
		if err = m.setDamagedAside(own.bundle.Account); err == nil {
			store, err = sqlite.Create(ctx, path, contents, own.mac)
		}
	}
	if errors.Is(err, sqlite.ErrExists) {
		store, err = m.reopen(ctx, path, own, locals)
	}
	if err != nil {
		return nil, fmt.Errorf("keep account: %w", err)
	}
	if err := m.remember(ctx, own, store); err != nil && !errors.Is(err, platform.ErrUnavailable) {
		store.Close()
		return nil, err
	}
	return store, nil
}

func (m *Manager) reopen(ctx context.Context, path string, own ownAccount, locals map[string][]byte) (*sqlite.Store, error) {
	store, err := sqlite.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	err = store.Anchor(ctx, own.mac, 0)
	for name, sealed := range locals {
		if err == nil {
			err = store.SetLocal(ctx, name, sealed)
		}
	}
	if err != nil {
		store.Close()
		return nil, err
	}
	return store, nil
}

// takeSeed makes the key of a seed that nobody needs any more.
func takeSeed(seed secret.Bytes) (signing.PrivateKey, error) {
	defer seed.Wipe()
	return signing.FromSeed(seed)
}

// contents is what the account's file begins with.
func (o ownAccount) contents() (c sqlite.Contents, err error) {
	b := o.bundle
	c.Account = vault.Account{
		ID: b.Account, Email: o.email, Origin: o.origin, Generation: b.Generation, Profile: b.Profile,
		SealedAccountKey: b.SealedAccount, SealedIdentity: b.SealedIdentity, Device: o.device.ID, DeviceName: o.device.Name,
	}
	seed := o.device.Key.Seed()
	defer seed.Wipe()
	if c.Account.SealedDeviceSeed, err = o.seal(localDeviceSeed, seed.Reveal()); err != nil {
		return c, err
	}
	if c.Account.SealedAnchor, err = o.seal(localAnchor, o.anchor.Reveal()); err != nil {
		return c, err
	}
	for _, v := range b.Vaults {
		c.Vaults = append(c.Vaults, vault.SealedVaultKey{Vault: v.Vault, Epoch: v.Epoch, Sealed: v.Key, Previous: v.Previous})
	}
	for i, e := range b.Log {
		c.Log = append(c.Log, vault.LogEntry{Seq: uint64(i), Entry: e.Entry, Signature: e.Signature})
	}
	return c, nil
}

// remember writes the keyring entry, with the generation that the file has reached.
func (m *Manager) remember(ctx context.Context, own ownAccount, store *sqlite.Store) error {
	return m.rememberNext(ctx, own, store, platform.NextKey{})
}

// rememberNext is remember while the Secret Key is being changed.
func (m *Manager) rememberNext(ctx context.Context, own ownAccount, store *sqlite.Store, next platform.NextKey) error {
	generation, err := store.Generation(ctx)
	if err != nil {
		return fmt.Errorf("remember account: %w", err)
	}
	seed := own.device.Key.Seed()
	defer seed.Wipe()
	sk := own.secretKey.Bytes()
	defer sk.Wipe()
	pin, err := verifiedUpTo(ctx, own, store)
	if err != nil {
		return fmt.Errorf("remember account: %w", err)
	}
	entry := platform.DeviceSecrets{
		SecretKey: sk, DeviceSeed: seed, Anchor: own.anchor, Generation: generation, Pin: pin,
		KeyGeneration: own.bundle.Generation, Next: next,
	}
	if err := m.cfg.Keyring.Save(ctx, own.origin, own.bundle.Account, entry); err != nil {
		return fmt.Errorf("remember account: %w", err)
	}
	return nil
}

// verifiedUpTo is how far this PC has verified the vault.
func verifiedUpTo(ctx context.Context, own ownAccount, store *sqlite.Store) (p platform.Pin, err error) {
	err = store.View(ctx, func(r vault.Reader) error {
		pin, err := r.Pin(own.account.Vault.ID)
		p = platform.Pin{Seq: pin.Seq, Hash: pin.Hash}
		return err
	})
	return p, err
}
