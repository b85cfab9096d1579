package enrol

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/crypto/wrap"
	"github.com/coffer-vault/coffer/sync/chain"
)

// Received is what a wrap carries.
type Received struct {
	chain.Wrap // where it comes from, and its place in the log
	SecretKey  keys.SecretKey
	Generation uint32            // of the credentials that the Secret Key belongs to
	Heads      []chain.VaultHead // the sender's verified heads: no older state of a vault is true
}

// received is the plaintext of a wrap.
type received struct {
	SecretKey  []byte            `cbor:"1,keyasint"`
	Generation uint32            `cbor:"2,keyasint"`
	Heads      []chain.VaultHead `cbor:"3,keyasint"`
}

// wrapFor seals a Secret Key for a device at the head of a log, and signs it with the own device's key.
func (o Opened) wrapFor(log *chain.Log, to chain.DeviceAdd, kind string, sk keys.SecretKey, generation uint32) (chain.SignedWrap, error) {
	raw := sk.Bytes()
	defer raw.Wipe()
	plaintext, err := canonical.Marshal(received{SecretKey: raw.Reveal(), Generation: generation, Heads: sortedHeads(o.Heads)})
	if err != nil {
		return chain.SignedWrap{}, err
	}
	defer clear(plaintext)
	w := chain.Wrap{
		Account: o.Account.ID, Sender: o.Device.ID, Recipient: to.Device, Keys: chain.DeviceKeysHash(to.Key, to.Receive), Kind: kind,
	}
	w.LogSeq, w.LogHash = log.Head()
	if w.Enc, w.Ciphertext, err = wrap.Seal(to.Receive[:], w.Info(), plaintext); err != nil {
		return chain.SignedWrap{}, err
	}
	return w.Sign(o.Device.Key)
}

// Request is a new device that asks to be let in, as the user has compared it.
type Request struct {
	Pairing    id.ID
	Commitment [32]byte // over the pairing id, the device's keys and its r
	Device     chain.DeviceAdd
}

// Approve lets a new device in: it is listed, and handed the Secret Key.
func (o Opened) Approve(r Request) (*Change, error) {
	b := o.begin()
	r.Device.Approver = o.Device.ID
	b.enter(r.Device)
	c, err := b.done("approve device")
	if err != nil {
		return nil, err
	}
	signed, err := o.wrapFor(b.log, r.Device, chain.WrapApproval, o.SecretKey, o.Bundle.Generation)
	if err != nil {
		return nil, fmt.Errorf("approve device: %w", err)
	}
	c.Wraps, c.approves = []DeviceWrap{{Device: r.Device.Device, SignedWrap: signed}}, &r
	return c, nil
}

// OpenApproval opens the wrap that a new device got, under the approver's key that the user has compared. Whoever calls checks
// Received against the log once that is proved: CheckIn. The error wraps chain.ErrWrap, chain.ErrMalformed, signing.ErrSignature or
// wrap.ErrOpen.
func OpenApproval(signed chain.SignedWrap, device Device, account, approver id.ID, key signing.PublicKey) (*Received, error) {
	w, err := signed.Verify(key)
	if err != nil {
		return nil, err
	}
	if w.Kind != chain.WrapApproval || w.Account != account || w.Sender != approver {
		return nil, fmt.Errorf("wrap of another kind, account or device: %w", chain.ErrWrap)
	}
	return openWrap(w, device)
}

// openChange opens a wrap that came with a change of the account; log has the change.
func openChange(signed chain.SignedWrap, device Device, log *chain.Log) (*Received, error) {
	w, err := signed.VerifyIn(log)
	if err != nil {
		return nil, err
	}
	if w.Kind != chain.WrapChange {
		return nil, fmt.Errorf("wrap of another kind: %w", chain.ErrWrap)
	}
	return openWrap(w, device)
}

// openWrap opens a wrap whose signature is right.
func openWrap(w chain.Wrap, device Device) (*Received, error) {
	if own := device.Entry(); w.Recipient != own.Device || w.Keys != chain.DeviceKeysHash(own.Key, own.Receive) {
		return nil, fmt.Errorf("wrap for another device: %w", chain.ErrWrap)
	}
	receive, err := keys.DeviceReceiveKey(device.Key)
	if err != nil {
		return nil, err
	}
	defer receive.Wipe()
	plaintext, err := receive.Open(w.Enc, w.Info(), w.Ciphertext)
	if err != nil {
		return nil, err
	}
	defer plaintext.Wipe()
	var r received
	if err := canonical.Unmarshal(plaintext.Reveal(), &r); err != nil {
		return nil, fmt.Errorf("wrap: %w", chain.ErrMalformed)
	}
	sk, err := keys.SecretKeyFromBytes(secret.New(r.SecretKey))
	if err != nil || r.Generation == 0 {
		return nil, fmt.Errorf("wrap: %w", chain.ErrMalformed)
	}
	return &Received{Wrap: w, SecretKey: sk, Generation: r.Generation, Heads: r.Heads}, nil
}

// sortedHeads orders heads by vault, as the account log has them.
func sortedHeads(heads []chain.VaultHead) []chain.VaultHead {
	return slices.SortedFunc(slices.Values(heads), func(a, b chain.VaultHead) int { return bytes.Compare(a.Vault[:], b.Vault[:]) })
}

// CheckIn proves the place of an approval in the account's log, once that has proved itself: the approver is live there and its
// key, which the user has compared, is the one listed. It returns chain.ErrWrap.
func (r *Received) CheckIn(log *chain.Log, approver signing.PublicKey) error {
	if hash, ok := log.HashAt(r.LogSeq); !ok || hash != r.LogHash {
		return fmt.Errorf("a log without the approval: %w", chain.ErrWrap)
	}
	if key, live := log.LiveDevice(r.Sender, r.LogSeq); !live || key != approver {
		return fmt.Errorf("approver is not live: %w", chain.ErrWrap)
	}
	return nil
}
