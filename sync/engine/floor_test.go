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
