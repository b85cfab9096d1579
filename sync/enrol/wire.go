package enrol

import (
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

// Finish is the last request of a sign-up; the caller adds the token.
func (n *New) Finish(device Device) wire.SignupFinish {
	tag, recoveryTag := keys.LookupTag(n.SecretKey), keys.RecoveryTag(n.RecoveryCode)
	return wire.SignupFinish{
		AccountID: n.Account.ID.String(), LookupTag: tag[:], RecoveryTag: recoveryTag[:],
		SealedAccount: n.Bundle.SealedAccount, SealedRecovery: n.Bundle.SealedRecovery, SealedIdentity: n.Bundle.SealedIdentity,
		VaultID: n.Account.Vault.ID.String(), SealedVault: n.Bundle.Vaults[0].Key,
		Device: device.Wire(), Log: EntriesToWire(n.Bundle.Log),
	}
}

// Wire describes the device to the server.
func (d Device) Wire() wire.Device {
	public, receive := d.Key.Public(), d.receiveKey()
	return wire.Device{ID: d.ID.String(), PublicKey: public[:], ReceiveKey: receive[:], Name: d.Name, Platform: d.Platform}
}

// FromWire reads a server's key bundle without believing it; account, generation and profile are the ones that the client derived
// its keys with, and the bundle must agree.
func FromWire(w wire.KeyBundle, account id.ID, generation uint32, profile string) (Bundle, error) {
	if w.AccountID != account.String() || w.Generation != uint64(generation) || w.Profile != profile {
		return Bundle{}, fmt.Errorf("bundle of another account, generation or profile: %w", ErrBundle)
	}
	b := Bundle{
		Account: account, Generation: generation, Profile: profile,
		SealedAccount: w.SealedAccount, SealedRecovery: w.SealedRecovery, SealedIdentity: w.SealedIdentity, Log: EntriesFromWire(w.Log),
	}
	for _, v := range w.Vaults {
		vault, err := id.Parse(v.VaultID)
		if err != nil {
			return Bundle{}, fmt.Errorf("vault id: %w", ErrBundle)
		}
		b.Vaults = append(b.Vaults, SealedVault{Vault: vault, Epoch: v.Epoch, Key: v.SealedVault, Previous: v.SealedPrevious})
	}
	return b, nil
}

// EntriesToWire turns log entries into their JSON form.
func EntriesToWire(entries []chain.SignedEntry) []wire.SignedEntry {
	out := make([]wire.SignedEntry, len(entries))
	for i, e := range entries {
		out[i] = wire.SignedEntry{Entry: e.Entry, Signature: e.Signature}
	}
	return out
}

// EntriesFromWire is the way back.
func EntriesFromWire(entries []wire.SignedEntry) []chain.SignedEntry {
	out := make([]chain.SignedEntry, len(entries))
	for i, e := range entries {
		out[i] = chain.SignedEntry{Entry: e.Entry, Signature: e.Signature}
	}
	return out
}
