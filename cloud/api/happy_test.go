package api_test

import (
	"bytes"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

// The whole way: an account, a push, a second device, its pull, its own push, and back.
func TestTwoDevicesShareAVault(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	laptop := u.first
	objects := []id.ID{id.New(), id.New(), id.New()}
	first := laptop.put(1000, objects...)
	laptop.push(first).ok(t)

	phone := u.enrol("Phone of Ada")
	var bundle wire.KeyBundle
	phone.call("GET", "/v1/account/keys", nil, &bundle).ok(t)
	if !bytes.Equal(bundle.SealedAccount, u.sealed.account) || !bytes.Equal(bundle.SealedIdentity, u.sealed.identity) || bundle.Generation != 1 ||
		bundle.Profile != "P2" || bundle.Email != u.email || len(bundle.Vaults) != 1 || !bytes.Equal(bundle.Vaults[0].SealedVault, u.sealed.vault) {
		t.Fatalf("key bundle %+v", bundle)
	}
	entries := make([]chain.SignedEntry, len(bundle.Log))
	for i, e := range bundle.Log {
		entries[i] = chain.SignedEntry{Entry: e.Entry, Signature: e.Signature}
	}
	if log, err := chain.ReadLog(u.account, entries); err != nil || log.Len() != 5 {
		t.Fatalf("log of the key bundle: %v", err)
	}

	got := phone.pull()
	for i, e := range first.envelopes {
		if !bytes.Equal(got[objects[i]], e.Envelope) {
			t.Errorf("envelope %d differs", i)
		}
	}
	phone.push(phone.put(500, objects[0], id.New())).ok(t)
	phone.push(phone.tombstone(objects[1])).ok(t)
	if got := laptop.pull(); len(got) != 2 || laptop.at.Seq != 3 {
		t.Errorf("pulled %d envelopes up to %d, want 2 up to 3", len(got), laptop.at.Seq)
	}
}
