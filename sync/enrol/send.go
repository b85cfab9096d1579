package enrol

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/proof"
	"github.com/coffer-vault/coffer/sync/wire"
)

// Wire is the request without its fresh proof. The same change always gives the same request.
func (c *Change) Wire() wire.AccountChange {
	w := wire.AccountChange{
		Entries: EntriesToWire(c.Entries), SealedAccount: c.SealedAccount, SealedRecovery: c.SealedRecovery, SealedIdentity: c.SealedIdentity,
	}
	if len(c.SealedAccount) > 0 {
		tag := keys.LookupTag(c.SecretKey)
		w.LookupTag = tag[:]
	}
	if len(c.SealedRecovery) > 0 {
		tag := keys.RecoveryTag(c.RecoveryCode)
		w.RecoveryTag = tag[:]
	}
	for _, v := range c.Vaults {
		w.Vaults = append(w.Vaults, wire.SealedVault{VaultID: v.Vault.String(), Epoch: v.Epoch, SealedVault: v.Key, SealedPrevious: v.Previous})
	}
	for _, d := range c.Wraps {
		w.Wraps = append(w.Wraps, wire.DeviceWrap{DeviceID: d.Device.String(), Wrap: wire.Wrap{Wrap: d.Wrap, Signature: d.Signature}})
	}
	if c.approves != nil {
		w.PairingID = c.approves.Pairing.String()
	}
	return w
}

// Prove makes the fresh proof of the change for one server and one nonce. login is the login key in force before it; during a
// recovery the recovery login key.
func (c *Change) Prove(login signing.PrivateKey, origin string, device id.ID, challenge wire.Challenged) *wire.FreshProof {
	batch := chain.BatchHash(c.Entries)
	message := proof.AccountChange{
		Origin: origin, Account: c.Account, Device: device, Nonce: challenge.Nonce, Expires: challenge.Expires, Batch: batch,
	}.Message()
	if r := c.approves; r != nil {
		message = proof.Approval{
			Origin: origin, Account: c.Account, Device: device, Nonce: challenge.Nonce, Expires: challenge.Expires,
			Pairing: r.Pairing, Commitment: r.Commitment[:], Batch: batch,
		}.Message()
	}
	return &wire.FreshProof{Nonce: challenge.Nonce, Expires: challenge.Expires, Signature: login.Sign(signing.AccountChange, message)}
}

// Fate is what became of a change whose answer is not known.
type Fate int

// The fates of a change.
const (
	Unsent Fate = iota // the log stands where the change starts: send the same bytes again
	Landed             // the log has the change: it is in force
	Lost               // the log went on without it: drop the change, and say so
)

// Fate looks a change up in the log as far as the server's goes.
func (c *Change) Fate(log *chain.Log) Fate {
	if log.Clone().AppendAll(c.Entries) == nil {
		return Unsent
	}
	if hasEntry(log.Entries(-1), c.Entries[len(c.Entries)-1]) {
		return Landed
	}
	return Lost
}

// Apply returns the bundle as it is with the change in force: what Open proves with Master, and what the device keeps from then on.
// b is the bundle that the change was made from, with the log at the place where it starts or beyond it.
func (c *Change) Apply(b Bundle) Bundle {
	b.Generation, b.Profile = c.Generation, c.Profile
	for _, replaced := range []struct {
		old *[]byte
		new []byte
	}{{&b.SealedAccount, c.SealedAccount}, {&b.SealedRecovery, c.SealedRecovery}, {&b.SealedIdentity, c.SealedIdentity}} {
		if len(replaced.new) > 0 {
			*replaced.old = replaced.new
		}
	}
	b.Vaults = append(b.Vaults[:len(b.Vaults):len(b.Vaults)], c.Vaults...)
	if last := c.Entries[len(c.Entries)-1]; !hasEntry(b.Log, last) {
		b.Log = append(b.Log[:len(b.Log):len(b.Log)], c.Entries...)
	}
	return b
}

func hasEntry(log []chain.SignedEntry, entry chain.SignedEntry) bool {
	for _, e := range log {
		if bytes.Equal(e.Entry, entry.Entry) {
			return true
		}
	}
	return false
}

// Wipe clears the secrets of the change, and so those of every copy: clone what is in use from then on.
func (c *Change) Wipe() {
	c.SecretKey.Wipe()
	c.Master.Wipe()
	c.RecoveryCode.Wipe()
}

// keptChange is a Change at rest.
type keptChange struct {
	Version        uint          `cbor:"1,keyasint"`
	Account        id.ID         `cbor:"2,keyasint"`
	Entries        []keptSigned  `cbor:"3,keyasint"`
	Generation     uint32        `cbor:"4,keyasint"`
	Profile        string        `cbor:"5,keyasint"`
	SealedAccount  []byte        `cbor:"6,keyasint"`
	SealedRecovery []byte        `cbor:"7,keyasint"`
	SealedIdentity []byte        `cbor:"8,keyasint"`
	Vaults         []SealedVault `cbor:"9,keyasint"`
	Wraps          []keptWrap    `cbor:"10,keyasint"`
	SecretKey      []byte        `cbor:"11,keyasint"`
	Master         []byte        `cbor:"12,keyasint"`
	RecoveryCode   []byte        `cbor:"13,keyasint"`
}

type keptSigned struct {
	Bytes     []byte `cbor:"1,keyasint"`
	Signature []byte `cbor:"2,keyasint"`
}

type keptWrap struct {
	Device id.ID      `cbor:"1,keyasint"`
	Wrap   keptSigned `cbor:"2,keyasint"`
}

const keptVersion = 1

// ErrKept says that the bytes are no change that Marshal wrote.
var ErrKept = errors.New("no kept change of the account")

// Marshal returns the change as canonical CBOR, secrets included: the caller seals it before it rests anywhere.
func (c *Change) Marshal() (secret.Bytes, error) {
	sk, master, code := c.SecretKey.Bytes(), c.Master.Bytes(), c.RecoveryCode.Bytes()
	defer sk.Wipe()
	defer master.Wipe()
	defer code.Wipe()
	kept := keptChange{
		Version: keptVersion, Account: c.Account, Generation: c.Generation, Profile: c.Profile,
		SealedAccount: c.SealedAccount, SealedRecovery: c.SealedRecovery, SealedIdentity: c.SealedIdentity, Vaults: c.Vaults,
		SecretKey: sk.Reveal(), Master: master.Reveal(), RecoveryCode: code.Reveal(),
	}
	for _, e := range c.Entries {
		kept.Entries = append(kept.Entries, keptSigned{e.Entry, e.Signature})
	}
	for _, w := range c.Wraps {
		kept.Wraps = append(kept.Wraps, keptWrap{w.Device, keptSigned{w.Wrap, w.Signature}})
	}
	data, err := canonical.Marshal(kept)
	return secret.New(data), err
}

// UnmarshalChange reads what Marshal wrote, or ErrKept.
func UnmarshalChange(data secret.Bytes) (*Change, error) {
	var kept keptChange
	if err := canonical.Unmarshal(data.Reveal(), &kept); err != nil || kept.Version != keptVersion || len(kept.Entries) == 0 {
		return nil, ErrKept
	}
	c := &Change{
		Account: kept.Account, Generation: kept.Generation, Profile: kept.Profile,
		SealedAccount: kept.SealedAccount, SealedRecovery: kept.SealedRecovery, SealedIdentity: kept.SealedIdentity, Vaults: kept.Vaults,
	}
	for _, e := range kept.Entries {
		c.Entries = append(c.Entries, chain.SignedEntry{Entry: e.Bytes, Signature: e.Signature})
	}
	for _, w := range kept.Wraps {
		c.Wraps = append(c.Wraps, DeviceWrap{Device: w.Device, SignedWrap: chain.SignedWrap{Wrap: w.Wrap.Bytes, Signature: w.Wrap.Signature}})
	}
	if err := c.keepSecrets(secret.New(kept.SecretKey), secret.New(kept.Master), secret.New(kept.RecoveryCode)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKept, err)
	}
	return c, nil
}

// keepSecrets takes what is there: a change without credentials brings none.
func (c *Change) keepSecrets(sk, master, code secret.Bytes) (err error) {
	if !sk.IsZero() {
		c.SecretKey, err = keys.SecretKeyFromBytes(sk)
	}
	if err == nil && !master.IsZero() {
		c.Master, err = keys.AccountMasterFromBytes(master)
	}
	if err == nil && !code.IsZero() {
		c.RecoveryCode, err = keys.RecoveryCodeFromBytes(code)
	}
	return err
}
