// Package proof builds the messages that a client signs and the server checks: sign-in, signed requests, fresh proofs, recovery
// (docs/protocol.md §8). It holds no keys and makes no decision.
package proof

import (
	"crypto/sha256"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
)

// SignIn proves the knowledge of password and Secret Key to one server, for one device, once.
type SignIn struct {
	Origin    string
	Account   id.ID
	Email     string
	Device    id.ID
	DeviceKey signing.PublicKey
	Nonce     []byte
	Expires   int64 // Unix ms, as the server said
}

// Message is what the login key and the device key sign.
func (s SignIn) Message() []byte {
	return canonical.Concat("coffer/v1/sign-in", s.Origin, s.Account, s.Email, s.Device, s.DeviceKey[:], s.Nonce, uint64(s.Expires))
}

// Request binds an HTTP request to a device, a session and a moment. Token is empty before there is a session.
type Request struct {
	Origin, Method, Path, Query string
	Body, Token                 []byte
	Account, Device             id.ID
	Time                        int64 // Unix ms
	Nonce                       [16]byte
}

// Message is what the device key signs.
func (r Request) Message() []byte {
	body, token := sha256.Sum256(r.Body), sha256.Sum256(r.Token)
	return canonical.Concat("coffer/v1/request", r.Origin, r.Method, r.Path, r.Query, body[:], r.Account, r.Device, token[:], uint64(r.Time), r.Nonce[:])
}

// AccountChange is the fresh proof of a batch of log entries: whoever sends it knows the master password now.
type AccountChange struct {
	Origin          string
	Account, Device id.ID
	Nonce           []byte
	Expires         int64    // Unix ms, as the server said
	Batch           [32]byte // chain.BatchHash
}

// Message is what the login key in force before the batch signs; during a recovery the recovery login key.
func (a AccountChange) Message() []byte {
	return canonical.Concat("coffer/v1/account-change", a.Origin, a.Account, a.Device, a.Nonce, uint64(a.Expires), a.Batch)
}

// Approval is the fresh proof of the batch that lets a new device in: whoever sends it knows the master password now, and means this
// very request.
type Approval struct {
	Origin          string
	Account, Device id.ID // the approver
	Nonce           []byte
	Expires         int64 // Unix ms, as the server said
	Pairing         id.ID
	Commitment      []byte   // of the new device, over the pairing id, its keys and its r
	Batch           [32]byte // chain.BatchHash of its device-add
}

// Message is what the login key in force signs, purpose account-change.
func (a Approval) Message() []byte {
	return canonical.Concat("coffer/v1/approval", a.Origin, a.Account, a.Device, a.Nonce, uint64(a.Expires), a.Pairing, a.Commitment, a.Batch)
}

// EmailChange is the fresh proof that begins a change of the e-mail address.
type EmailChange struct {
	Origin          string
	Account, Device id.ID
	Nonce           []byte
	Expires         int64 // Unix ms, as the server said
	Email           string
}

// Message is what the login key signs, purpose account-change.
func (e EmailChange) Message() []byte {
	return canonical.Concat("coffer/v1/email-change", e.Origin, e.Account, e.Device, e.Nonce, uint64(e.Expires), e.Email)
}

// AccountDelete is the fresh proof that ends an account.
type AccountDelete struct {
	Origin          string
	Account, Device id.ID
	Nonce           []byte
	Expires         int64 // Unix ms, as the server said
}

// Message is what the login key signs, purpose account-change.
func (d AccountDelete) Message() []byte {
	return canonical.Concat("coffer/v1/account-delete", d.Origin, d.Account, d.Device, d.Nonce, uint64(d.Expires))
}

// Recovery proves the knowledge of the recovery code to one server, for one device, once.
type Recovery struct {
	Origin    string
	Account   id.ID
	Email     string
	Device    id.ID
	DeviceKey signing.PublicKey
	Nonce     []byte
	Expires   int64 // Unix ms, as the server said
}

// Message is what the recovery login key (purpose recovery) and the device key (purpose device-proof) sign.
func (r Recovery) Message() []byte {
	return canonical.Concat("coffer/v1/recovery", r.Origin, r.Account, r.Email, r.Device, r.DeviceKey[:], r.Nonce, uint64(r.Expires))
}
