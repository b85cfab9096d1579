// Package proof builds the messages that a client signs and the server checks: the sign-in proof and the signed request
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
