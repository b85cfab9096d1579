package pairing

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/chain"
)

const (
	codePrefix  = "coffer:pair?"
	codeVersion = "v1"
)

// ErrCode says that text is not the QR code of a new device.
var ErrCode = errors.New("not the code of a new device")

// Code is what a new device shows as a QR code: it names the device's keys, so that the approver needs no digits to know them. Nothing
// in it is secret. The new device asks for the approver's digits all the same: who has seen the code is not yet the approver.
type Code struct {
	Pairing id.ID
	Device  [32]byte
}

// NewCode makes the code of an offer.
func NewCode(o Offer) Code { return Code{Pairing: o.ID, Device: deviceHash(o.Device)} }

func deviceHash(d chain.DeviceAdd) [32]byte {
	return canonical.Hash("coffer/v1/pairing-device", encode(d))
}

// Text is the content of the QR code.
func (c Code) Text() string {
	return codePrefix + base64.RawURLEncoding.EncodeToString(canonical.Concat(codeVersion, c.Pairing, c.Device))
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
	for _, field := range [][]byte{[]byte(codeVersion), c.Pairing[:], c.Device[:]} {
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

// Names tells whether an offer is the one of the code.
func (c Code) Names(pairing id.ID, device chain.DeviceAdd) bool {
	return c.Pairing == pairing && c.Device == deviceHash(device)
}
