package cloud

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

// DeviceStatus is how far a device has come.
type DeviceStatus int

// The statuses of a device. A verified device has proved password, Secret Key and mailbox, and may read; a listed one is live in
// the account log, and may write; a revoked one may do nothing, for ever. A recovering one has proved recovery code and mailbox and
// has waited: it may read, and change the account once. It is no device of the account yet, so that its row is a Recovery.
const (
	DeviceVerified   DeviceStatus = 1
	DeviceListed     DeviceStatus = 2
	DeviceRevoked    DeviceStatus = 3
	DeviceRecovering DeviceStatus = 4
)

// Device is one installation of one account. It is keyed by both: a device id means nothing outside its account.
type Device struct {
	Account  id.ID
	ID       id.ID
	Key      signing.PublicKey
	Receive  chain.ReceiveKey
	Name     string
	Platform string
	Status   DeviceStatus
	Created  int64
	LastSeen int64
}

type deviceRows interface {
	InsertDevice(Device) error
	Device(account, device id.ID) (Device, error)
	Devices(account id.ID) ([]Device, error) // in order of creation
	SetDeviceStatus(account, device id.ID, status DeviceStatus) error
	TouchDevice(account, device id.ID, seen int64) error
	RenameDevice(account, device id.ID, name string) error
	DeleteDevice(account, device id.ID) error
}

// NewDevice is a device as it introduces itself.
type NewDevice struct {
	ID       id.ID
	Key      signing.PublicKey
	Receive  chain.ReceiveKey
	Name     string
	Platform string
}

// row is the device from now on.
func (d NewDevice) row(account id.ID, status DeviceStatus, now int64) Device {
	return Device{
		Account: account, ID: d.ID, Key: d.Key, Receive: d.Receive, Name: d.Name, Platform: d.Platform, Status: status, Created: now, LastSeen: now,
	}
}

// entry is the account log's line for the device.
func (d NewDevice) entry() chain.DeviceAdd {
	return chain.DeviceAdd{Device: d.ID, Key: d.Key, Receive: d.Receive, Name: d.Name, Platform: d.Platform}
}

func (d Device) entry() chain.DeviceAdd {
	return chain.DeviceAdd{Device: d.ID, Key: d.Key, Receive: d.Receive, Name: d.Name, Platform: d.Platform}
}

// ownListed returns the caller's device, if it is in the account log now and not only when its request was signed.
func ownListed(tx Tx, c Caller) (Device, error) {
	d, err := tx.Device(c.Account, c.Device)
	switch {
	case errors.Is(err, ErrNone):
		return Device{}, ErrDeviceUnlisted
	case err != nil:
		return Device{}, err
	case d.Status == DeviceRevoked:
		return Device{}, ErrDeviceRevoked
	case d.Status != DeviceListed:
		return Device{}, ErrDeviceUnlisted
	}
	return d, nil
}

// check refuses names that could break a line of a mail or pass for its text, keys under which anybody can sign, and keys to which
// nobody can seal.
func (d NewDevice) check() error {
	if _, err := signing.ParsePublicKey(d.Key[:]); err != nil {
		return invalid("device key")
	}
	if !canReceive(d.Receive) {
		return invalid("device's receive key")
	}
	if d.ID.IsZero() || !printableName(d.Name) || !printable(d.Platform, 16) {
		return invalid("device id, name or platform")
	}
	return nil
}

func printableName(name string) bool { return printable(name, wire.MaxDeviceName) }

func printable(text string, maxRunes int) bool {
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	return strings.TrimSpace(text) != "" && utf8.ValidString(text) && utf8.RuneCountInString(text) <= maxRunes && !strings.ContainsFunc(text, unprintable)
}
