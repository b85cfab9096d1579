package engine

import (
	"context"
	"errors"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

// emptyServer shows an empty vault.
type emptyServer struct{ Remote }

func (emptyServer) Head(context.Context, id.ID) (wire.HeadCommit, error) {
	return wire.HeadCommit{}, nil
}

// revokedAt is an account log in which a device was revoked when the vault stood at seq.
func revokedAt(t *testing.T, vault id.ID, seq uint64) *chain.Log {
	t.Helper()
	identity, device := signing.Generate(), id.New()
	last := chain.VaultHead{Vault: vault, Seq: seq}
	if seq > 0 {
		last.Hash = chain.Hash{1}
	}
	log := chain.NewLog(id.New())
	for _, body := range []chain.Body{
		chain.Genesis{Identity: identity.Public()},
		chain.VaultEpoch{Vault: vault, Epoch: 1},
		chain.DeviceAdd{Device: device, Key: signing.Generate().Public()},
		chain.DeviceRevoke{Device: device, Last: []chain.VaultHead{last}},
	} {
		entry, err := log.Next(identity, 1, body)
		if err == nil {
			err = log.Append(entry)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return log
}

// A device without a pin is shown the vault as it was before what a revocation names.
func TestFirstSyncKnowsWhatRevocationsName(t *testing.T) {
	for seq, want := range map[uint64]error{0: nil, 2: ErrRolledBack} {
		vault := id.New()
		e := &Engine{remote: emptyServer{}, id: vault, log: revokedAt(t, vault, seq), tree: chain.NewTree(vault)}
		err := e.gather(t.Context(), newIncoming(), nil)
		var violation *Violation
		if !errors.Is(err, want) || errors.As(err, &violation) != (want != nil) {
			t.Errorf("named at %d: %v", seq, err)
		}
	}
}

// accomplice is a server that shows a device which lags behind what a revoked device writes now, and nothing of the true history.
type accomplice struct {
	Remote
	pin, head wire.Head
	forged    []wire.SignedCommit
}

func (a accomplice) Changes(_ context.Context, _ id.ID, since uint64) (wire.Changes, error) {
	if since == a.pin.Seq {
		return wire.Changes{Head: a.head, Commits: a.forged}, nil
	}
	return wire.Changes{Head: a.head}, nil
}

// The vault stood at 3 when the device was revoked, and this device is at 1: what the revoked device writes as commit 2, claiming its
// old place in the log, is below what the revocation names, and must not be believed before that is reached.
func TestALaggingDeviceBelievesNothingBelowARevocation(t *testing.T) {
	for name, forge := range map[string]bool{"a forged commit": true, "an old head": false} {
		t.Run(name, func(t *testing.T) {
			vault, device, identity, key := id.New(), id.New(), signing.Generate(), signing.Generate()
			log := chain.NewLog(id.New())
			for _, body := range []chain.Body{
				chain.Genesis{Identity: identity.Public()},
				chain.VaultEpoch{Vault: vault, Epoch: 1},
				chain.DeviceAdd{Device: device, Key: key.Public()},
				chain.DeviceRevoke{Device: device, Last: []chain.VaultHead{{Vault: vault, Seq: 3, Hash: chain.Hash{3}}}},
			} {
				entry, err := log.Next(identity, 1, body)
				if err == nil {
					err = log.Append(entry)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			at := chain.Position{Head: chain.Head{Seq: 1, Hash: chain.Hash{1}}, LogSeq: 2}
			server := accomplice{pin: wire.Head{Seq: 1, Hash: at.Hash[:]}}
			server.head = server.pin
			if forge {
				server.forge(t, vault, device, key, log, at)
			}
			e := &Engine{remote: server, id: vault, log: log, tree: chain.NewTree(vault), at: at}
			var violation *Violation
			page, _ := server.Changes(t.Context(), vault, at.Seq)
			if err := e.gather(t.Context(), newIncoming(), &page); !errors.Is(err, ErrRolledBack) || !errors.As(err, &violation) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func (a *accomplice) forge(t *testing.T, vault, device id.ID, key signing.PrivateKey, log *chain.Log, at chain.Position) {
	t.Helper()
	changes := []chain.Change{{Object: id.New(), New: 1, Action: chain.Put, EnvHash: chain.Hash{9}}}
	list, err := chain.EncodeChanges(changes)
	if err != nil {
		t.Fatal(err)
	}
	tree := chain.NewTree(vault)
	if _, err := tree.Apply(changes); err != nil {
		t.Fatal(err)
	}
	c := chain.Commit{Vault: vault, Seq: at.Seq + 1, Parent: at.Hash, Root: tree.Root(), Epoch: 1, LogSeq: 2, Op: id.New(), Device: device}
	c.LogHash, _ = log.HashAt(2)
	signed, err := c.Sign(key, list)
	if err != nil {
		t.Fatal(err)
	}
	hash := signed.Hash()
	a.head = wire.Head{Seq: c.Seq, Hash: hash[:]}
	a.forged = []wire.SignedCommit{{Commit: signed.Commit, Changes: signed.Changes, Signature: signed.Signature}}
}

// A live device writes a commit with the op id that another has on its way: that one's edit is not sent by it.
func TestAnotherDevicesOperationIsNotOwn(t *testing.T) {
	own, theirs := id.New(), id.New()
	e, in := Engine{writer: Writer{Device: id.New()}}, newIncoming()
	e.note(in, chain.Verified{Commit: chain.Commit{Device: id.New(), Op: theirs}}, wire.SignedCommit{})
	e.note(in, chain.Verified{Commit: chain.Commit{Device: e.writer.Device, Op: own}}, wire.SignedCommit{})
	if in.ops[theirs] || !in.ops[own] {
		t.Error("an op id counts for whoever has used it")
	}
}
