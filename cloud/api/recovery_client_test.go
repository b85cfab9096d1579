package api_test

import (
	"time"

	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/proof"
	"github.com/coffer-vault/coffer/sync/wire"
)

func (d *device) recoveryChallenge() (out wire.Challenged) {
	d.t.Helper()
	d.post("/v1/recovery/challenge", wire.Challenge{AccountID: d.account.String()}, &out).ok(d.t)
	return out
}

func (d *device) recoveryProof(c wire.Challenged) wire.RecoveryStart {
	message := proof.Recovery{
		Origin: d.server.Origin, Account: d.account, Email: d.email, Device: d.id, DeviceKey: d.key.Public(), Nonce: c.Nonce, Expires: c.Expires,
	}.Message()
	return wire.RecoveryStart{
		AccountID: d.account.String(), Email: d.email, Device: d.wire(), Nonce: c.Nonce, Expires: c.Expires,
		RecoverySignature: d.recovery.Sign(signing.Recovery, message), DeviceSignature: d.key.Sign(signing.DeviceProof, message),
	}
}

func (d *device) startRecovery() (out wire.RecoveryStarted) {
	d.t.Helper()
	d.post("/v1/recovery/start", d.recoveryProof(d.recoveryChallenge()), &out).ok(d.t)
	return out
}

// begunRecovery is a new device whose recovery waits for its time.
func (u *user) begunRecovery(name string) (*device, wire.RecoveryVerified) {
	u.t.Helper()
	d := u.newDevice(name)
	d.startRecovery()
	var out wire.RecoveryVerified
	d.callWithoutToken("/v1/recovery/verify", wire.RecoveryVerify{Code: u.server.LastCode(u.t, u.email)}, &out).ok(u.t)
	return d, out
}

// openRecovery opens the session after the delay, which it lets pass. Sessions of other devices outlive their access tokens.
func (d *device) openRecovery() reply {
	d.t.Helper()
	var out wire.RecoveryOpened
	r := d.callWithoutToken("/v1/recovery/open", map[string]any{}, &out)
	d.session = out.Session
	return r
}

func (u *user) recovering() *device {
	u.t.Helper()
	d, _ := u.begunRecovery("Found laptop")
	// Short, so that the sessions that tests hold live on.
	if u.server.RecoveryDelay > time.Minute {
		u.server.Clock.Advance(u.server.RecoveryDelay)
	}
	d.openRecovery().ok(u.t)
	return d
}

// recover is the batch that ends a recovery.
func (c *changing) recover(revoke ...*device) *changing {
	c.t.Helper()
	return c.enter(c.entry()).rotate(revoke...)
}

func (c *changing) provenByRecovery() *changing { return c.prove(c.user.recovery) }
