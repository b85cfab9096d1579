package sim

import (
	"errors"
	"fmt"
	"slices"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
)

// changeKeys has a person change the keys of the account on a device: another password, another Secret Key, all keys, a device less.
func (w *world) changeKeys(d *device, what string, c session.Change) {
	c.Password = typed(d.password())
	w.note("  %s: %s", d.name, what)
	err := d.u.Change(w.ctx, c)
	if errors.Is(err, session.ErrDeviceRevoked) && d.removed {
		return
	}
	w.expect(d, what, err, session.ErrKeysChanged, session.ErrChangeLost, session.ErrSignedOut)
}

func (w *world) newPassword(d *device) {
	w.passwords = append(w.passwords, w.newValue("master"))
	w.changeKeys(d, "another password", session.Change{NewPassword: typed(w.passwords[len(w.passwords)-1])})
}

func (w *world) newSecretKey(d *device) {
	w.changeKeys(d, "another Secret Key", session.Change{NewSecretKey: true})
}

func (w *world) rotate(d *device) {
	w.changeKeys(d, "all keys anew", session.Change{Rotate: true})
}

// revoke ends another device; the last one that nobody ended stays.
func (w *world) revoke(d *device) {
	var others []*device
	for _, other := range w.devices {
		if other != d && !other.removed && !other.account.IsZero() {
			others = append(others, other)
		}
	}
	if len(others) == 0 || d.removed {
		return
	}
	target := others[w.random.IntN(len(others))]
	listed, err := d.u.Devices(w.ctx)
	w.expect(d, "lists devices", err, session.ErrKeysChanged, session.ErrSignedOut, session.ErrDeviceRevoked)
	var remove []id.ID
	for _, l := range listed {
		if l.Name == target.name {
			remove = append(remove, l.ID)
		}
	}
	if len(remove) == 0 || d.dead != nil {
		return
	}
	target.removed = true
	w.changeKeys(d, "ends device "+target.name, session.Change{Remove: remove})
}

// comeBack has a person sign a device in again that was ended, with what it has: half of them do. He reads password and Secret Key off
// another device, which may not have the newest.
func (w *world) comeBack(d *device) {
	if w.random.IntN(2) == 0 {
		return
	}
	var others []*device
	for _, other := range w.devices {
		if other != d && other.u != nil && other.dead == nil && !w.busy[other] && !errors.Is(other.u.Status().Err, session.ErrDeviceRevoked) {
			others = append(others, other)
		}
	}
	if len(others) == 0 {
		return
	}
	from := others[w.random.IntN(len(others))]
	if !from.focus() {
		return
	}
	if !w.busy[d] { // a person who answers questions types nothing else
		w.busy[d] = true
		defer func() { w.busy[d] = false }()
	}
	r, err := d.u.BeginRejoin(w.ctx, typed(from.password()), from.u.SecretKey(), "")
	if err != nil {
		w.expect(d, "begins to come back", err, session.ErrProofFailed)
		return
	}
	defer r.Leave()
	if r.CodeNeeded() && !w.typeCode(d, r.Verify) {
		return
	}
	seen, err := r.Compare(w.ctx)
	if err != nil {
		w.expect(d, "compares", err, session.ErrProofFailed, session.ErrSignedOut)
		return
	}
	if seen.Decides() {
		w.fail("come back", fmt.Errorf("%s would undo %+v", d.name, seen))
	}
	u, _, err := r.Finish(w.ctx, seen, nil)
	w.note("  %s comes back: %v", d.name, err)
	if d.dead != nil {
		return // what it is now, the file knows
	}
	w.expect(d, "comes back", err, session.ErrSignedOut, session.ErrKeysChanged)
	if u != nil {
		d.u, d.editor, d.removed = u, nil, false
	}
}

// adopt has a person type the new password where another device has changed the keys. He tries all that he knows.
func (w *world) adopt(d *device) {
	if d.u == nil || !d.u.Status().Notices.KeysChanged {
		return
	}
	for _, kit := range append([]string{""}, w.kits(d)...) {
		for _, password := range slices.Backward(w.passwords) {
			err := d.u.AdoptKeys(w.ctx, typed(password), kit)
			if errors.Is(err, session.ErrSecretKeyNeeded) {
				break
			}
			if errors.Is(err, session.ErrWrongPassword) {
				continue
			}
			w.expect(d, "adopts keys", err, session.ErrDeviceRevoked, session.ErrSignedOut, session.ErrKeysChanged)
			return
		}
	}
}

// kits are the Secret Keys that other devices show.
func (w *world) kits(besides *device) []string {
	var kits []string
	for _, d := range w.devices {
		if d != besides && d.u != nil && d.dead == nil && !slices.Contains(kits, d.u.SecretKey()) {
			kits = append(kits, d.u.SecretKey())
		}
	}
	return kits
}

// enrol lets a new computer in.
func (w *world) enrol(from *device) {
	for _, d := range w.devices {
		if d.account.IsZero() && !w.busy[d] {
			if w.random.IntN(4) == 0 {
				d.fuse = 1 + w.random.IntN(40)
			}
			w.join(d, from)
			return
		}
	}
}
