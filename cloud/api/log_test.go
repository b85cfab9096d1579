package api_test

import (
	"bytes"
	"sync"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

func (d *device) sendEntry(e chain.SignedEntry, sealedAccount, sealedVault []byte) reply {
	d.t.Helper()
	return d.call("POST", "/v1/account/log", wire.LogAppend{
		SignedEntry: wire.SignedEntry{Entry: e.Entry, Signature: e.Signature}, SealedAccount: sealedAccount, SealedVault: sealedVault,
	}, nil)
}

func TestLogAppend(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone := u.verified("Phone")
	e := u.next(phone.entry())
	phone.sendEntry(e, nil, nil).ok(t)
	phone.sendEntry(e, nil, nil).ok(t) // the answer was lost
	var page wire.LogPage
	u.first.call("GET", "/v1/account/log?since=3", nil, &page).ok(t)
	if page.HeadSeq != 4 || len(page.Entries) != 1 || !bytes.Equal(page.Entries[0].Entry, e.Entry) {
		t.Errorf("page %+v", page)
	}
	u.first.call("GET", "/v1/account/log", nil, &page).ok(t)
	if len(page.Entries) != 5 {
		t.Errorf("whole log has %d entries, want 5", len(page.Entries))
	}
	u.first.call("GET", "/v1/account/log?since=4", nil, &page).ok(t)
	if len(page.Entries) != 0 || page.HeadSeq != 4 {
		t.Errorf("after the head: %+v", page)
	}
	// u.log does not have the phone yet, so what it signs is stale.
	stale := phone.sendEntry(u.next(chain.DeviceRevoke{Device: u.first.id}), nil, nil)
	stale.want(t, 409, wire.CodeConflict)
	if stale.err.LogSeq == nil || *stale.err.LogSeq != 4 {
		t.Errorf("conflict names log seq %v", stale.err.LogSeq)
	}
}

func TestLogRefuses(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	other := signUp(t, s, "bob@example.org")
	phone := u.verified("Phone")
	sealed := randomBytes(100)
	hash := chain.SealedKeyHash(sealed)
	tablet := u.newDevice("Tablet")
	imposter := signing.Generate()
	foreign, err := u.log.Next(imposter, 0, phone.entry())
	if err != nil {
		t.Fatal(err)
	}
	rekeyed := u.newDevice("Phone")
	rekeyed.id = phone.id
	renamed := *phone
	renamed.name = "Another name"
	for name, c := range map[string]struct {
		by             *device
		entry          chain.SignedEntry
		account, vault []byte
		status         int
		code           wire.Code
	}{
		"signed by another key":                       {phone, foreign, nil, nil, 422, wire.CodeBadEntry},
		"not CBOR":                                    {phone, chain.SignedEntry{Entry: []byte("nonsense"), Signature: randomBytes(64)}, nil, nil, 422, wire.CodeBadEntry},
		"a second genesis":                            {u.first, u.next(chain.Genesis{Identity: u.identity.Public(), Receive: []byte{1}}), nil, nil, 422, wire.CodeBadEntry},
		"another device than the caller":              {phone, u.next(tablet.entry()), nil, nil, 422, wire.CodeBadEntry},
		"another name than it introduced itself with": {phone, u.next(renamed.entry()), nil, nil, 422, wire.CodeBadEntry},
		"another key than the caller's":               {phone, u.next(rekeyed.entry()), nil, nil, 422, wire.CodeBadEntry},
		"a device that was never verified":            {u.first, u.next(tablet.entry()), nil, nil, 422, wire.CodeBadEntry},
		"revoking a device that is not there":         {u.first, u.next(chain.DeviceRevoke{Device: id.New()}), nil, nil, 422, wire.CodeBadEntry},
		"credentials without their key":               {u.first, u.next(u.credentials(2)), nil, nil, 400, wire.CodeInvalid},
		"credentials with another key":                {u.first, u.next(u.credentials(2)), sealed, nil, 422, wire.CodeBadEntry},
		"credentials out of order":                    {u.first, u.next(u.credentials(3)), u.sealed.account, nil, 422, wire.CodeBadEntry},
		"epoch without its key":                       {u.first, u.next(chain.VaultEpoch{Vault: u.vault, Epoch: 2, SealedKey: hash}), nil, nil, 400, wire.CodeInvalid},
		"epoch with another key":                      {u.first, u.next(chain.VaultEpoch{Vault: u.vault, Epoch: 2}), nil, sealed, 422, wire.CodeBadEntry},
		"epoch out of order":                          {u.first, u.next(chain.VaultEpoch{Vault: u.vault, Epoch: 3, SealedKey: hash}), nil, sealed, 422, wire.CodeBadEntry},
		"another user's vault":                        {u.first, u.next(chain.VaultEpoch{Vault: other.vault, Epoch: 1, SealedKey: hash}), nil, sealed, 409, wire.CodeConflict},
		"epoch by an unlisted device":                 {phone, u.next(chain.VaultEpoch{Vault: u.vault, Epoch: 2, SealedKey: hash}), nil, sealed, 403, wire.CodeDeviceUnlisted},
	} {
		t.Run(name, func(t *testing.T) {
			c.by.sendEntry(c.entry, c.account, c.vault).want(t, c.status, c.code)
		})
	}
	// None of them is in the server's log, nor in its memory of it.
	phone.appendLog(phone.entry()).ok(t)
}

// A change of password: the old login key is worth nothing from then on, the new one signs in.
func TestNewCredentials(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	old := u.login
	u.login, u.sealed.account = signing.Generate(), randomBytes(200)
	u.first.sendEntry(u.next(u.credentials(2)), u.sealed.account, nil).ok(t)
	u.first.proved()
	var found wire.LookedUp
	u.post("/v1/signin/lookup", wire.Lookup{Tag: u.tag}, &found).ok(t)
	var bundle wire.KeyBundle
	u.first.call("GET", "/v1/account/keys", nil, &bundle).ok(t)
	if found.Generation != 2 || bundle.Generation != 2 || !bytes.Equal(bundle.SealedAccount, u.sealed.account) {
		t.Errorf("generation %d and %d", found.Generation, bundle.Generation)
	}
	u.login = old
	u.first.wantProof(t, 401, wire.CodeProofFailed)
}

func TestMoreVaultsAndEpochs(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	first, second := randomBytes(100), randomBytes(100)
	e := u.append(chain.VaultEpoch{Vault: u.vault, Epoch: 2, SealedKey: chain.SealedKeyHash(second)})
	u.first.sendEntry(e, nil, second).ok(t)
	another := id.New()
	e = u.append(chain.VaultEpoch{Vault: another, Epoch: 1, SealedKey: chain.SealedKeyHash(first)})
	u.first.sendEntry(e, nil, first).ok(t)
	var bundle wire.KeyBundle
	u.first.call("GET", "/v1/account/keys", nil, &bundle).ok(t)
	var vaults wire.Vaults
	u.first.call("GET", "/v1/vaults", nil, &vaults).ok(t)
	if len(bundle.Vaults) != 3 || len(vaults.Vaults) != 2 {
		t.Errorf("%d vault keys and %d vaults, want 3 and 2", len(bundle.Vaults), len(vaults.Vaults))
	}
	// Objects under the old epoch and the new one both go in.
	for _, epoch := range []uint32{1, 2} {
		c := u.first.put(64, id.New())
		c.Epoch = epoch
		u.first.push(c).ok(t)
	}
}

// Two devices append at once: one wins, the other is told where the head is and does it again.
func TestConcurrentAppends(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	devices := []*device{u.verified("A"), u.verified("B"), u.verified("C")}
	replies := make([]reply, len(devices))
	entries := make([]chain.SignedEntry, len(devices))
	for i, d := range devices {
		entries[i] = u.next(d.entry())
	}
	var wait sync.WaitGroup
	for i, d := range devices {
		wait.Go(func() { replies[i] = d.sendEntry(entries[i], nil, nil) })
	}
	wait.Wait()
	winners := 0
	for i, r := range replies {
		if r.status/100 == 2 {
			winners++
			if err := u.log.Append(entries[i]); err != nil {
				t.Fatal(err)
			}
		} else if r.want(t, 409, wire.CodeConflict); *r.err.LogSeq != 4 {
			t.Errorf("conflict names log seq %d", *r.err.LogSeq)
		}
	}
	if winners != 1 {
		t.Fatalf("%d winners", winners)
	}
}
