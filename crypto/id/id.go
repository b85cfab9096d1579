// Package id is the 16-byte random identifier of accounts, vaults, objects and devices.
package id

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
)

// Size is the length of an ID in bytes.
const Size = 16

// ErrMalformed is returned for what is not the one spelling of an id.
var ErrMalformed = errors.New("id: malformed")

// ID is 16 bytes from the system's random source. It carries no time: ordered
// ids would leak when things were made and unbalance the state tree.
type ID [Size]byte

// New makes a random id.
func New() ID {
	var i ID
	rand.Read(i[:]) // never fails: it crashes the program instead
	return i
}

// Parse reads 32 lower-case hexadecimal digits; anything else is ErrMalformed.
func Parse(text string) (ID, error) {
	var i ID
	if len(text) != 2*Size {
		return ID{}, ErrMalformed
	}
	if _, err := hex.Decode(i[:], []byte(text)); err != nil {
		return ID{}, ErrMalformed
	}
	// One spelling only: an id in a signed path or header must not have two.
	if i.String() != text {
		return ID{}, ErrMalformed
	}
	return i, nil
}

// FromBytes copies 16 raw bytes; any other length is ErrMalformed.
func FromBytes(b []byte) (ID, error) {
	if len(b) != Size {
		return ID{}, ErrMalformed
	}
	return ID(b), nil
}

// String is 32 lower-case hexadecimal digits.
func (i ID) String() string { return hex.EncodeToString(i[:]) }

// IsZero reports whether no id was set.
func (i ID) IsZero() bool { return i == ID{} }

// MarshalText is String.
func (i ID) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText is Parse.
func (i *ID) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*i = parsed
	return nil
}

// cborHead starts a CBOR byte string of 16 bytes.
const cborHead = 0x40 | Size

// MarshalCBOR is a byte string of 16 bytes.
func (i ID) MarshalCBOR() ([]byte, error) {
	return append([]byte{cborHead}, i[:]...), nil
}

// UnmarshalCBOR accepts that very encoding. The codec's own arrays would
// silently cut or fill a string of another length.
func (i *ID) UnmarshalCBOR(data []byte) error {
	if len(data) != 1+Size || data[0] != cborHead {
		return ErrMalformed
	}
	*i = ID(data[1:])
	return nil
}
