// Package pairing is how a new device and one of the account make sure that they talk to each other, through a server that neither
// believes (docs/protocol.md §8). It does no I/O.
//
//	new device -(commitment)-> approver -(nonce)-> new device -(r)-> approver; then both show six digits of one transcript
//
// The server has to choose the keys that it would put between the two before it has seen both r and the nonce, and so cannot search
// for keys that give the same digits. Each side's digits are typed into the other: that proves the new device to the approver and
// the approver to the new device. A QR code proves the new device in place of its digits; the approver's are always asked for.
package pairing

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
)

// ValueSize is the length in bytes of r and of the nonce.
const ValueSize = 32

// ErrCommitment says that what was revealed is not what was committed to: someone changed the request on its way.
var ErrCommitment = errors.New("the new device's request was changed")

// Offer is a new device's request to be let into an account.
type Offer struct {
	ID     id.ID
	Device chain.DeviceAdd // the keys, name and platform of the new device
	R      [ValueSize]byte // hidden until the approver has answered
}

// NewOffer makes a request for a device.
func NewOffer(device chain.DeviceAdd) Offer {
	o := Offer{ID: id.New(), Device: device}
	rand.Read(o.R[:])
	return o
}

// Commitment binds the request before the approver's nonce is known.
func (o Offer) Commitment() [32]byte {
	return canonical.Hash("coffer/v1/pairing-commitment", o.ID, encode(o.Device), o.R[:])
}

// encode is the new device in a commitment, in the transcript and in the QR code.
func encode(d chain.DeviceAdd) []byte {
	return canonical.Concat(d.Device, d.Key[:], d.Receive[:], d.Name, d.Platform)
}

// NewNonce makes the approver's nonce. It is sent once, after the commitment has come.
func NewNonce() (n [ValueSize]byte) {
	rand.Read(n[:])
	return n
}

// Answer is what the approver has put against an offer.
type Answer struct {
	Account  id.ID
	Approver id.ID
	Key      signing.PublicKey // of the approver's device
	Nonce    [ValueSize]byte
}

// Check is for the approver, once r is revealed: it returns ErrCommitment where the offer is not the one that was committed to.
func (o Offer) Check(commitment []byte) error {
	want := o.Commitment()
	if subtle.ConstantTimeCompare(want[:], commitment) != 1 {
		return ErrCommitment
	}
	return nil
}

// Digits is a number of six digits for people to compare.
type Digits uint32

const digitsBelow = 1_000_000

// String is "123 456".
func (d Digits) String() string { return fmt.Sprintf("%03d %03d", d/1000, d%1000) }

// Match tells whether typed text is these digits; spaces and dashes do not count.
func (d Digits) Match(typed string) bool {
	var digits []byte
	for _, c := range []byte(typed) {
		switch {
		case c >= '0' && c <= '9':
			digits = append(digits, c)
		case c != ' ' && c != '-':
			return false
		}
	}
	want := fmt.Sprintf("%06d", d)
	return subtle.ConstantTimeCompare(digits, []byte(want)) == 1
}

// Compare returns the digits of both directions: what the new device shows, to be typed into the approver, and what the approver
// shows, to be typed into the new device.
func Compare(o Offer, a Answer) (shownByNew, shownByApprover Digits) {
	info := canonical.Concat("coffer/v1/pairing", o.ID, encode(o.Device), a.Account, a.Approver, a.Key[:])
	out, err := hkdf.Key(sha256.New, o.R[:], a.Nonce[:], string(info), 16)
	if err != nil {
		panic(err) // the lengths are constants below HKDF's limit
	}
	return Digits(binary.BigEndian.Uint64(out[:8]) % digitsBelow), Digits(binary.BigEndian.Uint64(out[8:]) % digitsBelow)
}
