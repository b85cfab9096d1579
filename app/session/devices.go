package session

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
	"github.com/coffer-vault/coffer/vault"
)

// Device is an installation of the account, as the account log has it. The server adds when it was last seen, and nothing else.
type Device struct {
	ID       id.ID
	Name     string
	Platform string
	Added    time.Time // by the clock of the device that entered it
	LastSeen time.Time // zero where the server was not asked or does not say
	Approver string    // name of the device whose user let it in; empty where it came with the emergency kit
	This     bool      // the one at which the user sits
}

// roster is what the account log said of the devices when it was last read. The log itself belongs to the sync.
type roster struct {
	mu      sync.Mutex
	devices []chain.DeviceState
	log     *chain.Log // a copy, for who asks about the account outside of a sync
	head    uint64     // seq of the log's last entry
	seen    uint64     // seq up to which the user knows of new devices
}

func (r *roster) note(log *chain.Log) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.log != nil && r.log.Len() == log.Len() {
		return
	}
	r.devices, r.log = log.Devices(), log.Clone()
	r.head, _ = log.Head()
}

// read returns the log as it was noted last, for the caller to extend.
func (r *roster) read() *chain.Log {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Clone()
}

// live returns the devices that are not revoked, and what the user has seen of the log.
func (r *roster) live() (devices []chain.DeviceState, seen uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.devices), func(d chain.DeviceState) bool { return d.Revoked != 0 }), r.seen
}

// names are those of all devices that there ever were.
func (r *roster) names() map[id.ID]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := map[id.ID]string{}
	for _, d := range r.devices {
		names[d.Device] = d.Name
	}
	return names
}

// DeviceNames are the names of all devices that the account ever had, as of the last sync.
func (u *Unlocked) DeviceNames() map[id.ID]string { return u.roster.names() }

// DeviceID is this PC, as one of the account's devices.
func (u *Unlocked) DeviceID() id.ID { return u.current().device.ID }

// Devices lists the live devices of the account, the last added first. The list is the account log's; without the server it is that
// of the last sync, without times, and the error wraps ErrOffline.
func (u *Unlocked) Devices(ctx context.Context) ([]Device, error) {
	if !u.begin() {
		return nil, ErrLocked
	}
	defer u.work.Done()
	me, err := u.session.Me(ctx)
	states, _ := u.roster.live()
	devices := u.describe(states, me.Devices)
	slices.Reverse(devices)
	return devices, fromServer(err)
}

func (u *Unlocked) describe(states []chain.DeviceState, infos []wire.DeviceInfo) []Device {
	names, seen := u.roster.names(), map[string]int64{}
	for _, info := range infos {
		seen[info.ID] = info.LastSeen
	}
	var devices []Device
	for _, s := range states {
		d := Device{ID: s.Device, Name: s.Name, Platform: s.Platform, Added: time.UnixMilli(s.Time), Approver: names[s.Approver], This: s.Device == u.own.device.ID}
		if at := seen[s.Device.String()]; at != 0 {
			d.LastSeen = time.UnixMilli(at)
		}
		devices = append(devices, d)
	}
	return devices
}

// NewDevices lists the devices that came into the account since the user said on this one that the others are his. It asks nobody.
func (u *Unlocked) NewDevices() []Device {
	states, seen := u.roster.live()
	states = slices.DeleteFunc(states, func(d chain.DeviceState) bool { return d.Added <= seen || d.Device == u.own.device.ID })
	return u.describe(states, nil)
}

// KnowDevices says that the user knows all devices that there are now.
func (u *Unlocked) KnowDevices(ctx context.Context) error {
	if !u.begin() {
		return ErrLocked
	}
	defer u.work.Done()
	u.roster.mu.Lock()
	head := u.roster.head
	u.roster.mu.Unlock()
	if err := u.keepSeen(ctx, head); err != nil {
		return err
	}
	u.board.change(func(*Status) {})
	return nil
}

// keepSeen writes how far the user knows the log. Nobody but this device is told.
func (u *Unlocked) keepSeen(ctx context.Context, seq uint64) error {
	sealed, err := u.own.seal(localSeen, binary.BigEndian.AppendUint64(nil, seq))
	if err == nil {
		err = u.store.SetLocal(ctx, localSeen, sealed)
	}
	if err != nil {
		return fmt.Errorf("keep known devices: %w", err)
	}
	u.roster.mu.Lock()
	defer u.roster.mu.Unlock()
	u.roster.seen = seq
	return nil
}

// loadSeen reads it back. On a device that has just been enrolled all others are known: its user has seen them.
func (u *Unlocked) loadSeen(ctx context.Context) error {
	u.roster.note(u.own.account.Log)
	sealed, found, err := u.store.Local(ctx, localSeen)
	if err != nil {
		return fmt.Errorf("read known devices: %w", err)
	}
	if !found {
		return u.keepSeen(ctx, u.roster.head)
	}
	plain, err := u.own.unseal(localSeen, sealed)
	if err == nil && plain.Len() != 8 {
		err = errors.New("not a place in the log")
	}
	if err != nil {
		return fmt.Errorf("%w: known devices: %w", vault.ErrTampered, err)
	}
	u.roster.mu.Lock()
	defer u.roster.mu.Unlock()
	u.roster.seen = binary.BigEndian.Uint64(plain.Reveal())
	return nil
}
