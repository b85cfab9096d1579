package enrol

import (
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/seal"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
)

var (
	// ErrKey says that the sealed account key does not open: a wrong password, Secret Key or recovery code, or a changed file. From
	// a server that has accepted the proof it means that the server sent something else.
	ErrKey = errors.New("the account key does not open")
	// ErrBundle says that the bundle contradicts itself: someone changed it.
	ErrBundle = errors.New("the account's keys and its log contradict each other")
)

// Open proves a bundle with the keys derived from password and Secret Key, and opens it. It fails with ErrKey or ErrBundle; what is
// missing from the bundle is an error and never made anew.
func Open(b Bundle, master keys.AccountMaster) (*Account, error) {
	ak, err := keys.OpenAccountKey(master.KEK(), b.SealedAccount, b.Account, b.Generation, keys.ByPassword)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return openWith(ak, b, func(c chain.Credentials) bool {
		return c.Login == master.LoginKey().Public() && lists(c, chain.SealingPassword, b.SealedAccount)
	})
}

// OpenRecovery is Open with the recovery code. Its sealing may be older than the password, so it says itself of which generation
// it is; the log decides whether it is in force.
func OpenRecovery(b Bundle, master keys.RecoveryMaster) (*Account, error) {
	generation := seal.Epoch(b.SealedRecovery)
	if generation == 0 || generation > b.Generation {
		return nil, fmt.Errorf("%w: recovery sealing of another generation", ErrKey)
	}
	ak, err := keys.OpenAccountKey(master.KEK(), b.SealedRecovery, b.Account, generation, keys.ByRecovery)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return openWith(ak, b, func(c chain.Credentials) bool {
		return c.Recovery == master.LoginKey().Public() && c.Recovery != signing.PublicKey{} && lists(c, chain.SealingRecovery, b.SealedRecovery)
	})
}

// lists tells whether the credentials name this very sealing of the account key.
func lists(c chain.Credentials, kind string, sealed []byte) bool {
	hash, ok := c.Sealing(kind)
	return ok && hash == chain.SealedKeyHash(sealed)
}

// openWith proves everything else with an account key that has opened; ours tells whether credentials are those that opened it.
func openWith(ak secret.Bytes, b Bundle, ours func(chain.Credentials) bool) (*Account, error) {
	a := &Account{ID: b.Account, Key: ak}
	if err := a.prove(b, ours); err != nil {
		a.Wipe()
		return nil, fmt.Errorf("%w: %w", ErrBundle, err)
	}
	return a, nil
}

func (a *Account) prove(b Bundle, ours func(chain.Credentials) bool) (err error) {
	if a.Log, err = chain.ReadLog(b.Account, b.Log); err != nil {
		return err
	}
	if err := a.openIdentity(b); err != nil {
		return err
	}
	if c := a.Log.Credentials(); c.Generation != uint64(b.Generation) || c.Profile != b.Profile || !ours(c) {
		return errors.New("log has other credentials")
	}
	return a.openVault(b)
}

// openIdentity ties the log to the account key. Up to here the log has only proved that it is one chain; since the identity in
// force signed its own place in it, nobody else can have made what leads there.
func (a *Account) openIdentity(b Bundle) (err error) {
	inForce := a.Log.Identity()
	if inForce.Sealed != chain.SealedKeyHash(b.SealedIdentity) {
		return errors.New("log names another sealed identity")
	}
	if a.Identity, err = keys.OpenIdentity(a.Key, b.SealedIdentity, b.Account, inForce.Number); err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	if inForce.Key != a.Identity.Sign.Public() || inForce.Receive != chain.ReceiveKey(a.Identity.Receive.Public()) {
		return errors.New("log of another identity")
	}
	return nil
}

// openVault opens the personal vault's keys: in version 1 an account has exactly one vault. The newest is under the account key,
// and each opens the one before.
func (a *Account) openVault(b Bundle) error {
	if len(a.Log.Vaults()) != 1 {
		return fmt.Errorf("%d vaults in the log", len(a.Log.Vaults()))
	}
	vault := a.Log.Vaults()[0]
	epochs := a.Log.Epochs(vault)
	if len(b.Vaults) != len(epochs) {
		return fmt.Errorf("%d vault keys, the log has %d", len(b.Vaults), len(epochs))
	}
	for i, listed := range epochs {
		v := b.Vaults[i]
		if v.Vault != vault || v.Epoch != listed.Epoch || listed.SealedKey != chain.SealedKeyHash(v.Key) || listed.Previous != previousHash(v) {
			return errors.New("log does not list this vault key")
		}
	}
	newest := b.Vaults[len(epochs)-1]
	key, err := keys.OpenVaultKey(a.Key, newest.Key, b.Account, vault, newest.Epoch)
	if err != nil {
		return fmt.Errorf("vault key: %w", err)
	}
	a.Vault = VaultKey{ID: vault, Epoch: newest.Epoch, Key: key, Older: make([]secret.Bytes, len(epochs)-1)}
	return a.openOlder(b)
}

func (a *Account) openOlder(b Bundle) (err error) {
	key := a.Vault.Key
	for i := len(a.Vault.Older) - 1; i >= 0; i-- {
		v := b.Vaults[i+1]
		if key, err = keys.OpenPreviousVaultKey(key, v.Previous, b.Account, v.Vault, v.Epoch); err != nil {
			return fmt.Errorf("vault key of epoch %d: %w", i+1, err)
		}
		a.Vault.Older[i] = key
	}
	return nil
}

// previousHash is what the log says of the key of the epoch before.
func previousHash(v SealedVault) chain.Hash {
	if len(v.Previous) == 0 {
		return chain.Hash{}
	}
	return chain.SealedKeyHash(v.Previous)
}
