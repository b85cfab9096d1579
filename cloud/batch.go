package cloud

import (
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/chain"
)

// maxBatch bounds the entries of one change: every device revoked, every vault rotated, and room.
const maxBatch = 256

// batch is what an account change says, sorted out. Its entries come in the order of the fields.
type batch struct {
	rename      *chain.DeviceRename
	add         *chain.DeviceAdd
	revoked     []*chain.DeviceRevoke
	identity    *chain.IdentityRotate
	credentials *chain.Credentials
	epochs      []*chain.VaultEpoch
}

// readBatch accepts the changes of the table in docs/protocol.md §8 and no others: an entry in the wrong company leaves an account
// that is half changed. Errors: ErrInvalid, ErrBadEntry.
func readBatch(entries []chain.SignedEntry) (batch, error) {
	var b batch
	if len(entries) == 0 || len(entries) > maxBatch {
		return b, invalid("batch of %d entries", len(entries))
	}
	last := 0
	for i, e := range entries {
		body, err := chain.ParseBody(e)
		if err != nil {
			return b, badEntry(err)
		}
		place, many := b.take(body)
		if place == 0 || place < last || (place == last && !many) {
			return b, badEntry(fmt.Errorf("%T at place %d of the batch", body, i))
		}
		last = place
	}
	return b, b.checkCompany(len(entries))
}

// take keeps a body and returns its place in the order; 0 for one that no batch has. many tells whether it may come more than once.
func (b *batch) take(body chain.Body) (place int, many bool) {
	switch e := body.(type) {
	case *chain.DeviceRename:
		b.rename = e
		return 1, false
	case *chain.DeviceAdd:
		b.add = e
		return 2, false
	case *chain.DeviceRevoke:
		b.revoked = append(b.revoked, e)
		return 3, true
	case *chain.IdentityRotate:
		b.identity = e
		return 4, false
	case *chain.Credentials:
		b.credentials = e
		return 5, false
	case *chain.VaultEpoch:
		b.epochs = append(b.epochs, e)
		return 6, true
	}
	return 0, false
}

// approves tells whether the batch does nothing but let a new device in.
func (b batch) approves() bool { return b.add != nil && b.credentials == nil }

// rotates tells whether every key of the account is new after the batch.
func (b batch) rotates() bool { return b.identity != nil }

func (b batch) checkCompany(entries int) error {
	switch {
	case b.rename != nil:
		if entries > 1 {
			return badEntry(errors.New("a rename comes alone"))
		}
		if !printableName(b.rename.Name) {
			return invalid("device name")
		}
	case b.approves():
		if entries > 1 {
			return badEntry(errors.New("an approval comes alone"))
		}
	case b.credentials == nil:
		return badEntry(errors.New("a change without credentials"))
	case b.rotates() != (len(b.epochs) > 0):
		return badEntry(errors.New("a new identity and new vault keys come together"))
	case !b.rotates() && (len(b.revoked) > 0 || b.add != nil):
		// A device that is revoked knows every key there is.
		return badEntry(errors.New("a revocation or recovery comes with a rotation"))
	}
	return nil
}

// checkCaller: a device that recovers enters itself and does nothing else here; nobody revokes himself.
func (b batch) checkCaller(c Caller, self chain.DeviceAdd) error {
	recovers := c.Status == DeviceRecovering
	if recovers != (b.add != nil && !b.approves()) || (recovers && *b.add != self) {
		return badEntry(errors.New("a recovery enters the device that recovers, as it was introduced"))
	}
	for _, r := range b.revoked {
		if r.Device == c.Device {
			return badEntry(errors.New("a device revokes itself"))
		}
	}
	return nil
}

// checkRotation demands a new key of every vault, once. log is the one after the batch.
func (b batch) checkRotation(log *chain.Log) error {
	if !b.rotates() {
		return nil
	}
	seen := map[id.ID]bool{}
	for _, e := range b.epochs {
		if e.Epoch == 1 || seen[e.Vault] {
			return badEntry(fmt.Errorf("epoch %d of vault %s", e.Epoch, e.Vault))
		}
		seen[e.Vault] = true
	}
	if len(seen) != len(log.Vaults()) {
		return badEntry(errors.New("a rotation leaves a vault out"))
	}
	return nil
}

// checkRevocations demands that what a revocation accepts of a device is what the vaults have of it. A later commit of the device
// would stay in the chain and stop every client, so the revoking device has to see it first. Errors: ErrBadEntry, *HeadMoved.
func (b batch) checkRevocations(tx Tx, account id.ID) error {
	for _, r := range b.revoked {
		for _, last := range r.Last {
			v, err := tx.Vault(account, last.Vault)
			if err != nil {
				return err
			}
			if err := checkAccepted(tx, v, r.Device, last); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkAccepted(tx Tx, v Vault, device id.ID, last chain.VaultHead) error {
	newest, err := tx.LastCommitOf(v.ID, device)
	if err != nil {
		return err
	}
	if newest > last.Seq {
		return &HeadMoved{Head: v.At.Head}
	}
	if last.Seq == 0 {
		return nil
	}
	commit, err := tx.Commit(v.ID, last.Seq)
	if errors.Is(err, ErrNone) || (err == nil && commit.Hash() != last.Hash) {
		return badEntry(errors.New("a revocation names a commit that is not in the vault"))
	}
	return err
}
