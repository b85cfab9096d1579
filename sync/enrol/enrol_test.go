package enrol

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

func TestMain(m *testing.M) {
	kdf.LowerCostForTests()
	m.Run()
}

func create(t testing.TB) (*New, Device) {
	t.Helper()
	device := NewDevice("PC A", "linux")
	n, err := Create(context.Background(), secret.FromString("correct horse"), kdf.Default, device, time.UnixMilli(1_700_000_000_000))
	if err != nil {
		t.Fatal(err)
	}
	return n, device
}

func TestASecondDeviceOpensWhatTheFirstMade(t *testing.T) {
	n, device := create(t)
	f := n.Finish(device)
	received := wire.KeyBundle{
		AccountID: f.AccountID, Generation: 1, Profile: "P2", SealedAccount: f.SealedAccount, SealedIdentity: f.SealedIdentity,
		Vaults: []wire.SealedVault{{VaultID: f.VaultID, Epoch: 1, SealedVault: f.SealedVault}}, Log: f.Log,
	}
	b, err := FromWire(received, n.Account.ID, 1, "P2")
	if err != nil {
		t.Fatal(err)
	}
	sk, err := keys.ParseSecretKey(n.SecretKey.Text())
	if err != nil {
		t.Fatal(err)
	}
	master, err := keys.DeriveAccountMaster(context.Background(), secret.FromString("correct horse"), sk, n.Account.ID, kdf.Default, 1)
	if err != nil {
		t.Fatal(err)
	}
	a, err := Open(b, master)
	if err != nil {
		t.Fatal(err)
	}
	if !a.Vault.Key.Equal(n.Account.Vault.Key) || a.Vault.ID != n.Account.Vault.ID || a.Log.Len() != 4 {
		t.Fatal("the second device opened something else")
	}
}

// Each of these is a server (or a thief with the file) that changes one thing: attacks 3, 5, 6, 11, 16 and 20b of the threat model.
func TestOpenRefusesEveryChangedBundle(t *testing.T) {
	n, _ := create(t)
	other, _ := create(t)
	resealed, err := keys.SealAccountKey(n.Master.KEK(), n.Account.Key, n.Account.ID, 1, keys.ByPassword)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(*Bundle)
		want   error
	}{
		{"account key of another account", func(b *Bundle) { b.SealedAccount = other.Bundle.SealedAccount }, ErrKey},
		{"no account key", func(b *Bundle) { b.SealedAccount = nil }, ErrKey},
		{"another account id", func(b *Bundle) { b.Account = id.New() }, ErrKey},
		{"another generation", func(b *Bundle) { b.Generation = 2 }, ErrKey},
		{"a sealing that the log does not list", func(b *Bundle) { b.SealedAccount = resealed }, ErrBundle},
		{"identity of another account", func(b *Bundle) { b.SealedIdentity = other.Bundle.SealedIdentity }, ErrBundle},
		{"no identity", func(b *Bundle) { b.SealedIdentity = nil }, ErrBundle},
		{"no log", func(b *Bundle) { b.Log = nil }, ErrBundle},
		{"log of another account", func(b *Bundle) { b.Log = other.Bundle.Log }, ErrBundle},
		{"log cut before the vault key", func(b *Bundle) { b.Log = b.Log[:3] }, ErrBundle},
		{"log cut before the credentials", func(b *Bundle) { b.Log = b.Log[:1] }, ErrBundle},
		{"log out of order", func(b *Bundle) { b.Log = []chain.SignedEntry{b.Log[0], b.Log[2], b.Log[1], b.Log[3]} }, ErrBundle},
		{"weaker profile named", func(b *Bundle) { b.Profile = "P1" }, ErrBundle},
		{"no vault key", func(b *Bundle) { b.Vaults = nil }, ErrBundle},
		{"empty vault key", func(b *Bundle) { b.Vaults[0].Key = nil }, ErrBundle},
		{"vault key of another account", func(b *Bundle) { b.Vaults = other.Bundle.Vaults }, ErrBundle},
		{"another vault id", func(b *Bundle) { b.Vaults[0].Vault = id.New() }, ErrBundle},
		{"another epoch", func(b *Bundle) { b.Vaults[0].Epoch = 2 }, ErrBundle},
		{"a vault injected", func(b *Bundle) { b.Vaults = append(b.Vaults, other.Bundle.Vaults...) }, ErrBundle},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := n.Bundle
			b.Vaults = append([]SealedVault(nil), b.Vaults...)
			c.change(&b)
			if reflect.DeepEqual(b, n.Bundle) {
				t.Fatal("the case changes nothing")
			}
			if _, err := Open(b, n.Master); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestFromWireRefusesAnotherAccount(t *testing.T) {
	n, _ := create(t)
	for name, w := range map[string]wire.KeyBundle{
		"account":    {AccountID: id.New().String(), Generation: 1, Profile: "P2"},
		"generation": {AccountID: n.Account.ID.String(), Generation: 1 << 32, Profile: "P2"},
		"profile":    {AccountID: n.Account.ID.String(), Generation: 1, Profile: "P1"},
		"vault id":   {AccountID: n.Account.ID.String(), Generation: 1, Profile: "P2", Vaults: []wire.SealedVault{{VaultID: "no id"}}},
	} {
		if _, err := FromWire(w, n.Account.ID, 1, "P2"); !errors.Is(err, ErrBundle) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheServerGetsNoKey(t *testing.T) {
	n, device := create(t)
	f := n.Finish(device)
	sent := bytes.Join([][]byte{f.LookupTag, f.SealedAccount, f.SealedIdentity, f.SealedVault, f.Device.PublicKey, []byte(f.Device.Name)}, nil)
	for _, e := range f.Log {
		sent = append(append(sent, e.Entry...), e.Signature...)
	}
	for name, key := range map[string]secret.Bytes{
		"AK": n.Account.Key, "VK": n.Account.Vault.Key, "KEK": n.Master.KEK(), "login seed": n.Master.LoginKey().Seed(),
		"identity seed": n.Account.Identity.Sign.Seed(), "device seed": device.Key.Seed(),
	} {
		if bytes.Contains(sent, key.Reveal()) {
			t.Errorf("%s is in what the server is sent", name)
		}
	}
}
