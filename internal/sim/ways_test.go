package sim

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/keys"
)

// The other ways into an account: another device lets a new one in, and the recovery code of the emergency kit.

// timer is one of the world: what waits for it lets the time go by.
func (w *world) timer(d time.Duration) <-chan time.Time {
	w.pass(d)
	over := make(chan time.Time, 1)
	over <- w.now
	return over
}

// pair lets a new computer in by another, whose user compares what both show.
func (w *world) pair(from *device) {
	at := slices.IndexFunc(w.devices, func(d *device) bool { return d.account.IsZero() && !w.busy[d] })
	if at < 0 {
		return
	}
	d := w.devices[at]
	if w.random.IntN(4) == 0 {
		d.fuse = 1 + w.random.IntN(40)
	}
	p := w.approved(d, from)
	if p == nil {
		return
	}
	d.kit, d.fresh = from.u.SecretKey(), false
	err := error(nil)
	for range 3 {
		if d.u, err = p.Finish(w.ctx, typed(from.password()), nil); err == nil || d.dead != nil || from.dead != nil {
			break
		}
		w.expect(d, "finishes the pairing", err, session.ErrKeysChanged, session.ErrSignedOut, session.ErrProofFailed)
	}
	w.note("  %s joins by %s: %v", d.name, from.name, err)
	if d.dead == nil {
		d.find()
	}
	if err == nil && d.dead == nil {
		d.confirm()
	}
}

// approved is the pairing of a new device that another has said yes to; nil where something came between.
func (w *world) approved(d, from *device) *session.Pairing {
	over := func(err error) bool {
		if !errors.Is(err, session.ErrDeviceRevoked) || !from.removed {
			w.expect(from, "pairs", err, session.ErrPairingRefused, session.ErrPairingExpired, session.ErrKeysChanged, session.ErrChangeLost, session.ErrSignedOut, session.ErrOffline)
		}
		return err != nil || d.dead != nil || from.dead != nil
	}
	p, err := d.manager.BeginPairing(w.ctx, origin, address)
	if over(err) {
		return nil
	}
	waiting, err := from.u.Pairings(w.ctx)
	if over(err) {
		return nil
	}
	at := slices.IndexFunc(waiting, func(r session.PairingRequest) bool { return r.Name == d.name })
	if at < 0 {
		return nil
	}
	a, err := from.u.Answer(w.ctx, waiting[at].ID)
	if over(err) || over(p.Answered(w.ctx)) || over(a.Revealed(w.ctx)) {
		return nil
	}
	if err := a.Check(w.ctx, p.Digits()); err != nil {
		w.fail("digits", err)
		return nil
	}
	if over(a.Approve(w.ctx, typed(from.password()))) || over(p.Approved(w.ctx)) {
		return nil
	}
	if err := p.Confirm(a.Digits()); err != nil {
		w.fail("digits", err)
		return nil
	}
	return p
}

// keepKits has people put away the second half of every emergency kit that an open device shows.
func (w *world) keepKits() {
	for _, d := range w.devices {
		if d.u == nil || d.dead != nil || w.busy[d] {
			continue
		}
		code, err := d.u.RecoveryCode(w.ctx)
		if err != nil {
			w.fail("kit", fmt.Errorf("%s: %w", d.name, err))
		}
		if code != "" && !slices.Contains(w.codes, code) {
			w.codes = append(w.codes, code)
		}
	}
}

// lose has a person forget password and Secret Key, and come back with the recovery code: on a PC that has the account, or on a new one.
func (w *world) lose(d *device) {
	if at := len(w.devices) - 1; w.devices[at].account.IsZero() && !w.busy[w.devices[at]] && w.random.IntN(3) == 0 {
		d = w.devices[at]
	}
	w.keepKits()
	d.both(d.lock)
	if !w.busy[d] { // nobody else is at it
		w.busy[d] = true
		defer func() { w.busy[d] = false }()
	}
	for _, code := range slices.Backward(w.codes) {
		r, err := d.manager.BeginRecovery(w.ctx, origin, address, code)
		if errors.Is(err, session.ErrProofFailed) {
			continue // the code of another kit
		}
		w.expect(d, "begins a recovery", err)
		if err != nil || d.dead != nil || !w.typeCode(d, r.Verify) || d.dead != nil {
			return
		}
		w.aDay(d)
		if d.dead == nil {
			w.goOn(d)
		}
		return
	}
}

// aDay passes, in which the other devices go on, and one may stop the recovery.
func (w *world) aDay(d *device) {
	w.pass(25 * time.Hour)
	for _, other := range w.devices {
		if other == d || other.u == nil || other.dead != nil || w.busy[other] || w.random.IntN(3) > 0 || !other.focus() {
			continue
		}
		if w.random.IntN(4) == 0 {
			err := other.u.CancelRecovery(w.ctx)
			w.expect(other, "stops the recovery", err, session.ErrSignedOut, session.ErrDeviceRevoked, session.ErrKeysChanged)
			w.note("  %s stops the recovery: %v", other.name, err)
			continue
		}
		w.edit(other)
		w.sync(other)
	}
}

// goOn finishes the recovery that rests on a device, with a new password. It tells whether there was one, and the account is open.
func (w *world) goOn(d *device) bool {
	pending := d.manager.PendingRecoveries()
	if len(pending) == 0 {
		return false
	}
	for _, code := range slices.Backward(w.codes) {
		r, err := d.manager.ResumeRecovery(pending[0], code)
		if errors.Is(err, session.ErrProofFailed) || errors.Is(err, keys.ErrRecoveryCodeChecksum) {
			continue
		}
		w.expect(d, "goes on with a recovery", err)
		if err != nil || d.dead != nil {
			return false
		}
		return w.recovered(d, r)
	}
	w.fail("recovery", fmt.Errorf("no code opens the recovery that rests on %s", d.name))
	return false
}

func (w *world) recovered(d *device, r *session.Recovery) bool {
	err := r.Open(w.ctx)
	var waits *session.RecoveryWaitsError
	if errors.As(err, &waits) || errors.Is(err, session.ErrRecoveryEnded) {
		w.note("  %s may not recover: %v", d.name, err)
		return false
	}
	w.expect(d, "opens the account", err, session.ErrSignedOut)
	if err != nil || d.dead != nil {
		return false
	}
	w.passwords = append(w.passwords, w.newValue("master"))
	if d.account.IsZero() {
		d.fresh = true
	}
	for range 3 {
		var u *session.Unlocked
		u, err = r.Finish(w.ctx, typed(w.passwords[len(w.passwords)-1]), nil)
		if d.dead != nil {
			return false // what it is now, the file knows
		}
		if err == nil {
			d.u, d.editor, d.removed, d.kit = u, nil, false, u.SecretKey()
			break
		}
		w.expect(d, "recovers", err, session.ErrRecoveryEnded, session.ErrChangeLost, session.ErrKeysChanged, session.ErrProofFailed, session.ErrSignedOut)
	}
	w.note("  %s recovers: %v", d.name, err)
	d.find()
	if err != nil {
		return false
	}
	w.keepKits()
	d.confirm()
	w.model.checkOwn(d)
	return d.dead == nil
}
