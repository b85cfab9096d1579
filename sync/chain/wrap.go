package chain

import (
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
)

const maxWrap = 16 << 10

// The kinds of wrap.
const (
	WrapChange   = "change"   // for a device of the account, after a change of the Secret Key
	WrapApproval = "approval" // for a new device, by the one that lists it
)

// Wrap carries a Secret Key from one device of an account to another: sealed by HPKE for the recipient, bound to both devices and
// to a place in the account log. Package enrol seals and opens it; here is what client and server can both check.
type Wrap struct {
	Version    uint   `cbor:"1,keyasint"`
	Account    id.ID  `cbor:"2,keyasint"`
	Sender     id.ID  `cbor:"3,keyasint"`
	Recipient  id.ID  `cbor:"4,keyasint"`
	Keys       Hash   `cbor:"5,keyasint"` // DeviceKeysHash of the recipient
	LogSeq     uint64 `cbor:"6,keyasint"` // the last entry of the batch, or the one that lists the recipient
	LogHash    Hash   `cbor:"7,keyasint"`
	Kind       string `cbor:"8,keyasint"`
	Enc        []byte `cbor:"9,keyasint"`
	Ciphertext []byte `cbor:"10,keyasint"`
}

// SignedWrap is a wrap as it travels.
type SignedWrap struct {
	Wrap      []byte
	Signature []byte // by the sender's device key
}

// ErrWrap says that a wrap contradicts the account log.
var ErrWrap = errors.New("wrap contradicts the account log")

// DeviceKeysHash names the keys of a device in a wrap.
func DeviceKeysHash(key signing.PublicKey, receive ReceiveKey) Hash {
	return canonical.Hash("coffer/v1/device-keys", key[:], receive[:])
}

// Info is HPKE's info: it ties the ciphertext to everything else in the wrap.
func (w Wrap) Info() []byte {
	return canonical.Concat("coffer/v1/wrap", w.Account, w.Sender, w.Recipient, w.Keys[:], w.LogSeq, w.LogHash[:], w.Kind)
}

// Sign encodes the wrap and signs it with the sender's device key. It fills in Version.
func (w Wrap) Sign(key signing.PrivateKey) (SignedWrap, error) {
	w.Version = version
	b, err := canonical.Marshal(w)
	if err != nil {
		return SignedWrap{}, fmt.Errorf("encode wrap: %w", err)
	}
	return SignedWrap{Wrap: b, Signature: key.Sign(signing.Wrap, b)}, nil
}

// Verify checks the signature of the sender, whose key the caller knows, and decodes. The error wraps signing.ErrSignature or
// ErrMalformed.
func (s SignedWrap) Verify(sender signing.PublicKey) (Wrap, error) {
	if err := sender.Verify(signing.Wrap, s.Wrap, s.Signature); err != nil {
		return Wrap{}, fmt.Errorf("wrap: %w", err)
	}
	return s.parse()
}

func (s SignedWrap) parse() (Wrap, error) {
	var w Wrap
	if err := unmarshal("wrap", s.Wrap, maxWrap, &w); err != nil {
		return Wrap{}, err
	}
	if w.Version != version || w.Kind != WrapChange && w.Kind != WrapApproval {
		return Wrap{}, fmt.Errorf("wrap version %d, kind %.16q: %w", w.Version, w.Kind, ErrMalformed)
	}
	return w, nil
}

// VerifyIn checks a wrap against the account log: its place is in the log, the sender is live there and has signed, and the
// recipient is live there under the very keys that it is for. The error wraps ErrWrap, signing.ErrSignature or ErrMalformed.
func (s SignedWrap) VerifyIn(log *Log) (Wrap, error) {
	w, err := s.parse()
	if err != nil {
		return Wrap{}, err
	}
	if hash, ok := log.HashAt(w.LogSeq); !ok || hash != w.LogHash || w.Account != log.account {
		return Wrap{}, fmt.Errorf("another account or place: %w", ErrWrap)
	}
	sender, live := log.LiveDevice(w.Sender, w.LogSeq)
	if !live {
		return Wrap{}, fmt.Errorf("sender is not live: %w", ErrWrap)
	}
	if _, live := log.LiveDevice(w.Recipient, w.LogSeq); !live || log.devices[w.Recipient].keysHash() != w.Keys {
		return Wrap{}, fmt.Errorf("recipient is not live or has other keys: %w", ErrWrap)
	}
	return s.Verify(sender)
}

func (d DeviceAdd) keysHash() Hash { return DeviceKeysHash(d.Key, d.Receive) }
