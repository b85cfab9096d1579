package api_test

import (
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/proof"
	"github.com/coffer-vault/coffer/sync/wire"
)

// changing is an account change as an honest client builds it, on copies; tests break it before they send it.
type changing struct {
	*device
	userKeys
	log *chain.Log
	wire.AccountChange
}

func (d *device) change() *changing {
	return &changing{device: d, userKeys: d.userKeys, log: d.log.Clone()}
}

// enter signs an entry and appends it to the batch.
func (c *changing) enter(body chain.Body) *changing {
	c.t.Helper()
	e, err := c.log.Next(c.identity, 1700000000000, body)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.log.Append(e); err != nil {
		c.t.Fatal(err)
	}
	c.Entries = append(c.Entries, wire.SignedEntry{Entry: e.Entry, Signature: e.Signature})
	return c
}

// password makes new credentials; the recovery sealing stays.
func (c *changing) password() *changing {
	c.t.Helper()
	c.login, c.sealed.account = signing.Generate(), randomBytes(200)
	c.SealedAccount, c.LookupTag = c.sealed.account, c.tag
	return c.enter(c.credentials(c.log.Credentials().Generation + 1))
}

// withoutCode makes credentials that have no recovery sealing.
func (c *changing) withoutCode() *changing {
	c.t.Helper()
	c.sealed.account = randomBytes(200)
	c.SealedAccount, c.LookupTag = c.sealed.account, c.tag
	entry := c.credentials(c.log.Credentials().Generation + 1)
	entry.Sealings, entry.Recovery = entry.Sealings[:1], signing.PublicKey{}
	return c.enter(entry)
}

// secretKey makes new credentials under a new tag, with wraps.
func (c *changing) secretKey() *changing {
	c.t.Helper()
	c.tag = randomBytes(32)
	return c.password().wraps()
}

func (c *changing) wraps() *changing {
	c.t.Helper()
	for _, to := range c.log.Devices() {
		if to.Revoked == 0 && to.Device != c.id {
			c.Wraps = append(c.Wraps, wire.DeviceWrap{DeviceID: to.Device.String(), Wrap: c.wrapFor(to.DeviceAdd, chain.WrapChange)})
		}
	}
	return c
}

// wrapFor wraps nothing, at the head of the change's log.
func (c *changing) wrapFor(to chain.DeviceAdd, kind string) wire.Wrap {
	c.t.Helper()
	seq, hash := c.log.Head()
	signed, err := chain.Wrap{
		Account: c.account, Sender: c.id, Recipient: to.Device, Keys: chain.DeviceKeysHash(to.Key, to.Receive), LogSeq: seq, LogHash: hash, Kind: kind,
		Enc: randomBytes(1120), Ciphertext: randomBytes(100),
	}.Sign(c.key)
	if err != nil {
		c.t.Fatal(err)
	}
	return wire.Wrap{Wrap: signed.Wrap, Signature: signed.Signature}
}

// rotate makes every key new, after ending devices at what this device has of the vault.
func (c *changing) rotate(revoke ...*device) *changing {
	c.t.Helper()
	for _, r := range revoke {
		c.enter(chain.DeviceRevoke{Device: r.id, Last: []chain.VaultHead{{Vault: c.vault, Seq: c.at.Seq, Hash: c.at.Hash}}})
	}
	return c.newIdentity().newCode().secretKeyWithoutWraps().newEpoch().wraps()
}

func (c *changing) newIdentity() *changing {
	c.t.Helper()
	identity := signing.Generate()
	c.sealed.identity = randomBytes(300)
	c.SealedIdentity = c.sealed.identity
	c.enter(c.log.NewIdentity(identity, newReceiveKey(), chain.SealedKeyHash(c.SealedIdentity)))
	c.identity = identity
	return c
}

func (c *changing) newCode() *changing {
	c.recovery, c.recoveryTag, c.sealed.recovery = signing.Generate(), randomBytes(32), randomBytes(200)
	c.RecoveryTag, c.SealedRecovery = c.recoveryTag, c.sealed.recovery
	return c
}

func (c *changing) secretKeyWithoutWraps() *changing {
	c.tag = randomBytes(32)
	return c.password()
}

func (c *changing) newEpoch() *changing {
	c.t.Helper()
	epoch, _ := c.log.Epoch(c.vault)
	c.sealed.vault = randomBytes(200)
	v := wire.SealedVault{VaultID: c.vault.String(), Epoch: epoch.Epoch + 1, SealedVault: c.sealed.vault, SealedPrevious: randomBytes(150)}
	c.Vaults = append(c.Vaults, v)
	return c.enter(chain.VaultEpoch{
		Vault: c.vault, Epoch: v.Epoch, SealedKey: chain.SealedKeyHash(v.SealedVault), Previous: chain.SealedKeyHash(v.SealedPrevious),
	})
}

func (d *device) accountChallenge() (out wire.Challenged) {
	d.t.Helper()
	d.call("POST", "/v1/account/challenge", map[string]any{}, &out).ok(d.t)
	return out
}

// prove signs the batch with the login key in force; changing it afterwards breaks the proof.
func (c *changing) prove(login signing.PrivateKey) *changing {
	c.t.Helper()
	return c.proveWith(login, c.accountChallenge())
}

func (c *changing) proveWith(login signing.PrivateKey, challenge wire.Challenged) *changing {
	message := proof.AccountChange{
		Origin: c.server.Origin, Account: c.account, Device: c.id, Nonce: challenge.Nonce, Expires: challenge.Expires, Batch: c.batchHash(),
	}.Message()
	c.Proof = &wire.FreshProof{Nonce: challenge.Nonce, Expires: challenge.Expires, Signature: login.Sign(signing.AccountChange, message)}
	return c
}

// proveApproval signs the batch and the pairing that it ends.
func (c *changing) proveApproval(login signing.PrivateKey, asked *newcomer) *changing {
	c.t.Helper()
	challenge := c.accountChallenge()
	message := proof.Approval{
		Origin: c.server.Origin, Account: c.account, Device: c.id, Nonce: challenge.Nonce, Expires: challenge.Expires,
		Pairing: asked.pairing, Commitment: asked.commitment, Batch: c.batchHash(),
	}.Message()
	c.Proof = &wire.FreshProof{Nonce: challenge.Nonce, Expires: challenge.Expires, Signature: login.Sign(signing.AccountChange, message)}
	return c
}

func (c *changing) batchHash() [32]byte {
	entries := make([]chain.SignedEntry, len(c.Entries))
	for i, e := range c.Entries {
		entries[i] = chain.SignedEntry{Entry: e.Entry, Signature: e.Signature}
	}
	return chain.BatchHash(entries)
}

// post sends the change as it is.
func (c *changing) post() reply {
	c.t.Helper()
	return c.call("POST", "/v1/account/change", c.AccountChange, nil)
}

// send proves, sends, and makes the change the user's own if the server accepts.
func (c *changing) send() reply {
	c.t.Helper()
	r := c.prove(c.user.login).post()
	if r.status/100 == 2 {
		c.adopt()
	}
	return r
}

func (c *changing) adopt() { *c.user.log, c.user.userKeys = *c.log, c.userKeys }

// revoke ends a device, after pulling what it has written.
func (d *device) revoke(other *device) {
	d.t.Helper()
	d.pull()
	d.change().rotate(other).send().ok(d.t)
}
