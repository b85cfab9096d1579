package cloud_test

import (
	"errors"
	"testing"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
)

// decided tells errors that are decisions from failures.
func decided(err error) bool {
	var head *cloud.HeadMoved
	var log *cloud.LogMoved
	for _, decision := range []error{
		cloud.ErrBadCommit, cloud.ErrBadEntry, cloud.ErrProofFailed, cloud.ErrDeviceUnlisted, cloud.ErrInvalid, cloud.ErrOpReused, cloud.ErrRootMismatch, cloud.ErrTaken, cloud.ErrTooLarge,
	} {
		if errors.Is(err, decision) {
			return true
		}
	}
	var slow *cloud.SlowDown
	return err == nil || errors.As(err, &head) || errors.As(err, &log) || errors.As(err, &slow)
}

// caller is the person's device as package api knows it after the request's signature.
func (p *person) caller() cloud.Caller {
	return cloud.Caller{Account: p.account, Device: p.device.ID, Key: p.device.Key, Status: cloud.DeviceListed}
}

// commit signs a first commit over an empty vault.
func (p *person) commit(t testing.TB, log *chain.Log, vault id.ID, logSeq uint64, change chain.Change) chain.Signed {
	t.Helper()
	tree := chain.NewTree(vault)
	tree.Set(change.Row())
	hash, _ := log.HashAt(logSeq)
	list, err := chain.EncodeChanges([]chain.Change{change})
	if err != nil {
		t.Fatal(err)
	}
	s, err := chain.Commit{Vault: vault, Seq: 1, Root: tree.Root(), Epoch: 1, LogSeq: logSeq, LogHash: hash, Op: id.New(), Device: p.device.ID}.Sign(p.key, list)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A device that was revoked cannot go back to where it was live, even if its request got in before the revocation.
func TestRevokedDeviceCannotNameAnOlderLog(t *testing.T) {
	w, p := newWorld(t), newPerson("ada@example.org")
	w.signUp(p)
	before := p.log.Len() - 1
	// An account change would demand a rotation; here the entry alone matters.
	revocation, err := p.log.Next(p.identity, 0, chain.DeviceRevoke{Device: p.device.ID, Last: []chain.VaultHead{{Vault: p.vault}}})
	if err != nil {
		t.Fatal(err)
	}
	after := p.log.Clone()
	if err := after.Append(revocation); err != nil {
		t.Fatal(err)
	}
	seq, hash := after.Head()
	if err := w.store.Update(t.Context(), func(tx cloud.Tx) error { return tx.InsertLogEntry(p.account, seq, hash, revocation) }); err != nil {
		t.Fatal(err)
	}
	object, sealed := id.New(), []byte("CFE1\x01\x02\x00\x00\x00\x01envelope")
	change := chain.Change{Object: object, New: 1, Action: chain.Put, EnvHash: chain.EnvelopeHash(sealed)}
	signed := p.commit(t, p.log, p.vault, uint64(before), change)
	_, err = w.Vaults.Push(t.Context(), p.caller(), p.vault, cloud.Push{Signed: signed, Envelopes: []cloud.Envelope{{Object: object, Revision: 1, Sealed: sealed}}})
	if !errors.Is(err, cloud.ErrDeviceUnlisted) {
		t.Errorf("push: %v, want ErrDeviceUnlisted", err)
	}
}

// The signature is right whatever the commit says, so that what is behind it is reached.
func FuzzPushedCommit(f *testing.F) {
	w, p := newWorld(f), newPerson("ada@example.org")
	w.signUp(p)
	put := chain.Change{Object: id.New(), New: 1, Action: chain.Put, EnvHash: chain.EnvelopeHash([]byte("CFE1\x01\x02\x00\x00\x00\x01envelope"))}
	tombstone := chain.Change{Object: id.New(), New: 1, Action: chain.Tombstone}
	for _, change := range []chain.Change{put, tombstone} {
		s := p.commit(f, p.log, p.vault, 3, change)
		f.Add(s.Commit, s.Changes, []byte("CFE1\x01\x02\x00\x00\x00\x01envelope"))
		f.Add(s.Commit, s.Changes[:len(s.Changes)-1], []byte{})
		f.Add(append([]byte{0xbf}, s.Commit...), []byte{0x9f, 0xff}, []byte{})
	}
	f.Fuzz(func(t *testing.T, commit, changes, envelope []byte) {
		push := cloud.Push{Signed: chain.Signed{Commit: commit, Changes: changes, Signature: p.key.Sign(signing.Commit, commit)}}
		if list, err := chain.ParseChanges(changes); err == nil && len(envelope) > 0 {
			push.Envelopes = []cloud.Envelope{{Object: list[0].Object, Revision: list[0].New, Sealed: envelope}}
		}
		if _, err := w.Vaults.Push(t.Context(), p.caller(), p.vault, push); !decided(err) {
			t.Error(err)
		}
	})
}

// The signatures are right whatever a batch says, so that what is behind them is reached.
func FuzzAccountChange(f *testing.F) {
	w, p := newWorld(f), newPerson("ada@example.org")
	w.signUp(p)
	sealing := chain.Sealing{Type: chain.SealingPassword, Hash: chain.SealedKeyHash([]byte("sealed"))}
	identity := signing.Generate()
	for _, body := range []chain.Body{
		chain.DeviceRevoke{Device: p.device.ID, Last: []chain.VaultHead{{Vault: p.vault}}},
		chain.DeviceAdd{Device: id.New(), Key: signing.Generate().Public(), Name: "Tablet", Platform: "linux"},
		chain.Credentials{Generation: 2, Profile: "P3", Login: signing.Generate().Public(), Sealings: []chain.Sealing{sealing}},
		chain.VaultEpoch{Vault: p.vault, Epoch: 2, SealedKey: chain.SealedKeyHash([]byte("sealed"))},
		chain.DeviceRename{Device: p.device.ID, Name: "Tablet"},
		chain.EmailChange{Email: chain.EmailHash(p.account, "eve@example.org")},
		p.log.NewIdentity(identity, chain.ReceiveKey{1}, chain.SealedKeyHash([]byte("sealed"))),
	} {
		e, err := p.log.Next(p.identity, 0, body)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(e.Entry, e.Entry, []byte("sealed"))
	}
	f.Fuzz(func(t *testing.T, first, second, sealed []byte) {
		w.t = t
		sign := func(entry []byte) chain.SignedEntry {
			return chain.SignedEntry{Entry: entry, Signature: p.identity.Sign(signing.AccountLog, entry)}
		}
		tag := make([]byte, 32)
		for _, entries := range [][]chain.SignedEntry{{sign(first)}, {sign(first), sign(second)}} {
			in := cloud.Change{
				Entries: entries, SealedAccount: sealed, SealedIdentity: sealed, LookupTag: tag,
				Vaults: []cloud.SealedVault{{Vault: p.vault, Epoch: 2, Sealed: sealed, Previous: sealed}},
			}
			in.Proof = w.fresh(p, p.caller(), chain.BatchHash(entries))
			if err := w.Accounts.Change(t.Context(), p.caller(), in); !decided(err) {
				t.Error(err)
			}
		}
		if err := w.Accounts.Append(t.Context(), p.caller(), sign(first)); !decided(err) {
			t.Error(err)
		}
	})
}
