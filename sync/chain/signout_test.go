package chain

import (
	"errors"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
)

// A sign-out is for the devices that were there, and not for the one at which it was asked for.
func TestSignOut(t *testing.T) {
	w := newWorld(t)
	phone := w.addThief(t)
	w.enter(t, SignOut{Device: w.device})
	at, _ := w.log.Head()
	later := w.addThief(t)
	for device, want := range map[id.ID]uint64{w.device: 0, phone.id: at, later.id: 0, id.New(): 0} {
		if got := w.log.SignedOut(device); got != want {
			t.Errorf("device %s is signed out at %d, want %d", device, got, want)
		}
	}
	before := w.log.Clone()
	w.enter(t, SignOut{Device: phone.id})
	if next, _ := w.log.Head(); w.log.SignedOut(w.device) != next || w.log.SignedOut(later.id) != next || w.log.SignedOut(phone.id) != at {
		t.Error("the newest sign-out by another device does not count")
	}
	if before.SignedOut(w.device) != 0 {
		t.Error("a copy of the log has what was entered later")
	}
}

func TestSignOutRefused(t *testing.T) {
	w := newWorld(t)
	thief := w.addThief(t)
	w.revoke(t, thief.id)
	w.rotate(t)
	for name, device := range map[string]id.ID{"revoked": thief.id, "unknown": id.New()} {
		if err := w.log.Append(w.entry(t, SignOut{Device: device})); !errors.Is(err, ErrEntryBody) {
			t.Errorf("by a device that is %s: %v", name, err)
		}
	}
}
