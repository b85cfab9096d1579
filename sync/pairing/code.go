package pairing

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
)

// SecretSize is the length in bytes of the secret in a QR code.
const SecretSize = 16

const (
	codePrefix  = "coffer:pair?"
	codeVersion = "v1"
)

var (
	// ErrCode says that text is not the QR code of a new device.
	ErrCode = errors.New("not the code of a new device")
	// ErrTag says that an approval was not made by someone who has seen the QR code.
	ErrTag = errors.New("the approval was not made with the code of this device")
)

// Code is what a new device shows as a QR code: it names the device's keys, and carries a secret that goes from screen to eye alone.
type Code struct {
	Pairing id.ID
	Device  [32]byte
	Secret  [SecretSize]byte
}

// NewCode makes the code of an offer.
func NewCode(o Offer) Code {
	c := Code{Pairing: o.ID, Device: deviceHash(o.Device)}
	rand.Read(c.Secret[:])
	return c
}

func deviceHash(d chain.DeviceAdd) [32]byte {
	return canonical.Hash("coffer/v1/pairing-device", encode(d))
}

// Text is the content of the QR code.
func (c Code) Text() string {
	return codePrefix + base64.RawURLEncoding.EncodeToString(canonical.Concat(codeVersion, c.Pairing, c.Device, c.Secret[:]))
}

// ParseCode reads the content of a QR code, or ErrCode.
func ParseCode(text string) (Code, error) {
	encoded, ok := strings.CutPrefix(strings.TrimSpace(text), codePrefix)
	if !ok || len(encoded) > 256 {
		return Code{}, ErrCode
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return Code{}, ErrCode
	}
	var c Code
	for _, field := range [][]byte{[]byte(codeVersion), c.Pairing[:], c.Device[:], c.Secret[:]} {
		if len(raw) < 4+len(field) || binary.BigEndian.Uint32(raw) != uint32(len(field)) {
			return Code{}, ErrCode
		}
		copy(field, raw[4:])
		raw = raw[4+len(field):]
	}
	// One spelling only, and the version is compared with it.
	if c.Text() != codePrefix+encoded {
		return Code{}, ErrCode
	}
	return c, nil
}

// Names tells whether an offer is the one of the code: the approver then needs no digits.
func (c Code) Names(pairing id.ID, device chain.DeviceAdd) bool {
	return c.Pairing == pairing && c.Device == deviceHash(device)
}

// Tag is the approver's: it shows the new device that whoever approved has seen the code.
func (c Code) Tag(approval chain.SignedWrap, approver signing.PublicKey) []byte {
	mac := hmac.New(sha256.New, c.Secret[:])
	mac.Write(canonical.Concat("coffer/v1/pairing-qr", approval.Wrap, approval.Signature, approver[:]))
	return mac.Sum(nil)
}

// Check is the new device's, which then asks for no digits. It returns ErrTag.
func (c Code) Check(got []byte, approval chain.SignedWrap, approver signing.PublicKey) error {
	if !hmac.Equal(got, c.Tag(approval, approver)) {
		return ErrTag
	}
	return nil
}
