package proof_test

import (
	"bytes"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/docs/vectors"
	"github.com/coffer-vault/coffer/sync/proof"
)

type messageVector struct {
	Name, Origin, Email, Method, Path, Query string
	Account, Device                          id.ID
	DevicePublic                             vectors.Hex `json:"device_public"`
	Challenge, Batch, Body, Token, Nonce     vectors.Hex
	Pairing                                  id.ID
	Commitment                               vectors.Hex
	Expires, Time                            int64
	Message                                  vectors.Hex
	Signatures                               []struct {
		Seed, Signature vectors.Hex
		Purpose         signing.Purpose
	}
}

// build makes the message that the vector describes.
func (v messageVector) build(t *testing.T) []byte {
	t.Helper()
	switch v.Name {
	case "sign-in":
		return proof.SignIn{
			Origin: v.Origin, Account: v.Account, Email: v.Email, Device: v.Device,
			DeviceKey: v.DevicePublic.Hash32(t), Nonce: v.Challenge, Expires: v.Expires,
		}.Message()
	case "recovery":
		return proof.Recovery{
			Origin: v.Origin, Account: v.Account, Email: v.Email, Device: v.Device,
			DeviceKey: v.DevicePublic.Hash32(t), Nonce: v.Challenge, Expires: v.Expires,
		}.Message()
	case "account-change":
		return proof.AccountChange{Origin: v.Origin, Account: v.Account, Device: v.Device, Nonce: v.Challenge, Expires: v.Expires, Batch: v.Batch.Hash32(t)}.Message()
	case "approval":
		return proof.Approval{
			Origin: v.Origin, Account: v.Account, Device: v.Device, Nonce: v.Challenge, Expires: v.Expires,
			Pairing: v.Pairing, Commitment: v.Commitment, Batch: v.Batch.Hash32(t),
		}.Message()
	case "email-change":
		return proof.EmailChange{Origin: v.Origin, Account: v.Account, Device: v.Device, Nonce: v.Challenge, Expires: v.Expires, Email: v.Email}.Message()
	case "account-delete":
		return proof.AccountDelete{Origin: v.Origin, Account: v.Account, Device: v.Device, Nonce: v.Challenge, Expires: v.Expires}.Message()
	case "request":
		return proof.Request{
			Origin: v.Origin, Method: v.Method, Path: v.Path, Query: v.Query, Body: v.Body, Token: v.Token,
			Account: v.Account, Device: v.Device, Time: v.Time, Nonce: [16]byte(v.Nonce),
		}.Message()
	}
	t.Fatalf("unknown message %q", v.Name)
	return nil
}

// The vectors come from docs/vectors/account.py, which shares no code with this.
func TestVectors(t *testing.T) {
	var cases []messageVector
	vectors.Load(t, "message.json", &cases)
	for _, v := range cases {
		message := v.build(t)
		if !bytes.Equal(message, v.Message) {
			t.Errorf("%s: %x", v.Name, message)
		}
		for _, s := range v.Signatures {
			key, err := signing.FromSeed(secret.New(bytes.Clone(s.Seed)))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(key.Sign(s.Purpose, message), s.Signature) || key.Public().Verify(s.Purpose, v.Message, s.Signature) != nil {
				t.Errorf("%s: signature for %s differs", v.Name, s.Purpose)
			}
		}
	}
}
