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

func (d *device) sendEntry(e chain.SignedEntry) reply {
	d.t.Helper()
	return d.call("POST", "/v1/account/log", wire.LogAppend{SignedEntry: wire.SignedEntry{Entry: e.Entry, Signature: e.Signature}}, nil)
}

func TestLogAppend(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone := u.verified("Phone")
	e := u.next(phone.entry())
	phone.sendEntry(e).ok(t)
	phone.sendEntry(e).ok(t) // the answer was lost
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
	stale := phone.sendEntry(u.next(u.newDevice("Tablet").entry()))
	stale.want(t, 409, wire.CodeConflict)
	if stale.err.LogSeq == nil || *stale.err.LogSeq != 4 {
		t.Errorf("conflict names log seq %v", stale.err.LogSeq)
	}
}

func TestLogRefuses(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	tablet, phone := u.enrol("Tablet"), u.verified("Phone")
	stranger := u.newDevice("Stranger")
	imposter := signing.Generate()
	foreign, err := u.log.Next(imposter, 0, phone.entry())
	if err != nil {
		t.Fatal(err)
	}
	rekeyed, received := u.newDevice("Phone"), *phone
	rekeyed.id, received.receive = phone.id, newReceiveKey()
	renamed := *phone
	renamed.name = "Another name"
	fresh := u.userKeys
	fresh.sealed.account = randomBytes(200)
	restore := chain.ServerRestore{Vault: u.vault, Device: u.first.id, GivenUp: 2, GivenUpHash: chain.Hash{1}, Adopted: 1, AdoptedHash: chain.Hash{2}}
	for name, c := range map[string]struct {
		by    *device
		entry chain.SignedEntry
	}{
		"signed by another key":                       {phone, foreign},
		"not CBOR":                                    {phone, chain.SignedEntry{Entry: []byte("nonsense"), Signature: randomBytes(64)}},
		"a second genesis":                            {u.first, u.next(chain.Genesis{Identity: u.identity.Public(), Receive: newReceiveKey()})},
		"another device than the caller":              {phone, u.next(stranger.entry())},
		"another name than it introduced itself with": {phone, u.next(renamed.entry())},
		"another key than the caller's":               {phone, u.next(rekeyed.entry())},
		"another receive key than the caller's":       {phone, u.next(received.entry())},
		"a device that was never verified":            {u.first, u.next(stranger.entry())},
		"revoking a device that is not there":         {u.first, u.next(chain.DeviceRevoke{Device: id.New()})},
		"restore of another device":                   {tablet, u.next(restore)},
		// What names sealed keys, or changes what others rely on, goes by account/change.
		"a revocation":     {u.first, u.next(chain.DeviceRevoke{Device: u.first.id, Last: []chain.VaultHead{{Vault: u.vault}}})},
		"credentials":      {u.first, u.next(fresh.credentials(2))},
		"a vault key":      {u.first, u.next(chain.VaultEpoch{Vault: u.vault, Epoch: 2, Previous: chain.Hash{1}})},
		"another vault":    {u.first, u.next(chain.VaultEpoch{Vault: id.New(), Epoch: 1})},
		"a rename":         {u.first, u.next(chain.DeviceRename{Device: u.first.id, Name: "Mine"})},
		"another address":  {u.first, u.next(chain.EmailChange{Email: chain.Hash{1}})},
		"another identity": {u.first, u.next(u.log.NewIdentity(imposter, newReceiveKey(), chain.Hash{1}))},
	} {
		t.Run(name, func(t *testing.T) { c.by.sendEntry(c.entry).want(t, 422, wire.CodeBadEntry) })
	}
	u.first.sendEntry(u.append(restore)).ok(t)
	// None of the others is in the server's log, nor in its memory of it.
	phone.appendLog(phone.entry()).ok(t)
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
		wait.Go(func() { replies[i] = d.sendEntry(entries[i]) })
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
