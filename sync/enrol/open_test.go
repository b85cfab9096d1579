package enrol

import (
	"errors"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
)

// rotated is an account after a rotation, as its maker has it.
func rotated(t *testing.T) (*pair, *Change, Bundle, *Account) {
	t.Helper()
	p := newPair(t)
	c := builders[2].change(p)
	bundle := c.Apply(p.a.Bundle)
	opened, err := Open(bundle, c.Master)
	if err != nil {
		t.Fatal(err)
	}
	return p, c, bundle, opened
}

// A right key is not enough: the log names the very envelope. Each of these seals the right thing again, under the right key, as a
// device that was removed could with what it knew, or a thief with an unlocked one.
func TestOpenTakesListedEnvelopesOnly(t *testing.T) {
	_, c, bundle, a := rotated(t)
	vault := a.Vault
	for name, again := range map[string]func(*Bundle) ([]byte, error){
		"account key": func(b *Bundle) (sealed []byte, err error) {
			b.SealedAccount, err = keys.SealAccountKey(c.Master.KEK(), a.Key, b.Account, b.Generation, keys.ByPassword)
			return b.SealedAccount, err
		},
		"identity": func(b *Bundle) (sealed []byte, err error) {
			b.SealedIdentity, err = keys.SealIdentity(a.Key, a.Identity, b.Account, 1)
			return b.SealedIdentity, err
		},
		"vault key": func(b *Bundle) (sealed []byte, err error) {
			b.Vaults[1].Key, err = keys.SealVaultKey(a.Key, vault.Key, b.Account, vault.ID, 2)
			return b.Vaults[1].Key, err
		},
		"previous vault key": func(b *Bundle) (sealed []byte, err error) {
			b.Vaults[1].Previous, err = keys.SealPreviousVaultKey(vault.Key, vault.Older[0], b.Account, vault.ID, 2)
			return b.Vaults[1].Previous, err
		},
		"a previous key of the first epoch": func(b *Bundle) (sealed []byte, err error) {
			b.Vaults[0].Previous, err = keys.SealPreviousVaultKey(vault.Older[0], vault.Key, b.Account, vault.ID, 1)
			return b.Vaults[0].Previous, err
		},
	} {
		b := bundle
		b.Vaults = append([]SealedVault(nil), b.Vaults...)
		if _, err := again(&b); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(b, c.Master); !errors.Is(err, ErrBundle) {
			t.Errorf("%s sealed again: %v", name, err)
		}
	}
	master := keys.DeriveRecoveryMaster(c.RecoveryCode, bundle.Account)
	var err error
	if bundle.SealedRecovery, err = keys.SealAccountKey(master.KEK(), a.Key, bundle.Account, bundle.Generation, keys.ByRecovery); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenRecovery(bundle, master); !errors.Is(err, ErrBundle) {
		t.Errorf("recovery sealing sealed again: %v", err)
	}
}

// The attack that the identity stops: the server writes a log of its own, with its identity and its device, around the account's real
// sealed keys. Everything in it is true but who signed.
func TestOpenRefusesALogOfAnotherIdentity(t *testing.T) {
	n, _ := create(t)
	stranger := signing.Generate()
	forge := func(bodies ...chain.Body) []chain.SignedEntry {
		log := chain.NewLog(n.Bundle.Account)
		for _, body := range bodies {
			entry, err := log.Next(stranger, 1, body)
			if err == nil {
				err = log.Append(entry)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		return log.Entries(-1)
	}
	real := n.Account.Log
	genesis := real.Genesis()
	genesis.Identity = stranger.Public()
	epoch, _ := real.Epoch(n.Account.Vault.ID)
	b := n.Bundle
	b.Log = forge(genesis, real.Credentials(), chain.DeviceAdd{Device: id.New(), Key: signing.Generate().Public()}, epoch)
	if _, err := Open(b, n.Master); !errors.Is(err, ErrBundle) {
		t.Fatalf("a forged log opened: %v", err)
	}
	genesis = real.Genesis()
	genesis.Receive = chain.ReceiveKey{1}
	own, err := chain.NewLog(b.Account).Next(n.Account.Identity.Sign, 1, genesis)
	if err != nil {
		t.Fatal(err)
	}
	if b.Log, err = resign(n.Account, own, real); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(b, n.Master); !errors.Is(err, ErrBundle) {
		t.Fatalf("another HPKE key opened: %v", err)
	}
}

// resign makes a log that begins with another genesis and goes on like the real one.
func resign(a *Account, genesis chain.SignedEntry, real *chain.Log) ([]chain.SignedEntry, error) {
	log := chain.NewLog(a.ID)
	if err := log.Append(genesis); err != nil {
		return nil, err
	}
	for _, e := range real.Entries(0) {
		body, err := chain.ParseBody(e)
		if err != nil {
			return nil, err
		}
		entry, err := log.Next(a.Identity.Sign, 1, body)
		if err == nil {
			err = log.Append(entry)
		}
		if err != nil {
			return nil, err
		}
	}
	return log.Entries(-1), nil
}

// An identity of before does not open in the place of the one in force, though AK should be the same.
func TestIdentityOpensUnderItsNumberOnly(t *testing.T) {
	n, _ := create(t)
	sealed, err := keys.SealIdentity(n.Account.Key, n.Account.Identity, n.Account.ID, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.OpenIdentity(n.Account.Key, sealed, n.Account.ID, 0); err == nil {
		t.Fatal("identity 1 opened as identity 0")
	}
}
