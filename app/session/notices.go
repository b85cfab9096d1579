package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coffer-vault/coffer/sync/wire"
)

// Notices are what the user of an account has to be told or asked, beside the state of the sync.
type Notices struct {
	KeysChanged bool              // another device has changed the keys: AdoptKeys; until then nothing is synced
	Changing    bool              // a change of the account waits for the server
	ChangeLost  bool              // another device was quicker, and the change that waited is dropped
	KitDue      bool              // a new emergency kit is not in a safe place yet
	SignedOut   bool              // another device has signed this one out, as the account log proves: it has to lock
	Confirm     bool              // enrolled from a kit: ConfirmEnrolment, until then nothing is written
	Recovery    *RecoveryUnderWay // somebody has used the recovery code
	Pairings    int               // new devices that wait to be approved
}

// RecoveryUnderWay is a recovery of the account with its recovery code, from a device that is not in the account.
type RecoveryUnderWay struct {
	Device, Platform string
	Started, Ready   time.Time
}

// notice changes what there is to be told.
func (u *Unlocked) notice(edit func(*Notices)) {
	u.board.change(func(s *Status) { edit(&s.Notices) })
}

// look asks for what events would have told meanwhile. It follows the opening of the stream: what happened between a look and the
// opening would be seen by neither.
func (u *Unlocked) look(ctx context.Context) error {
	u.wake()
	return errors.Join(u.lookAtAccount(ctx), u.lookForPairings(ctx))
}

// noticeEvent hears an event of the server: a hint to look. One event may say several things.
func (u *Unlocked) noticeEvent(e wire.Event) (err error) {
	if e != (wire.Event{Pairing: true}) {
		u.wake()
	}
	if e.Devices {
		err = u.lookAtAccount(u.ctx)
	}
	if e.Pairing {
		err = errors.Join(err, u.lookForPairings(u.ctx))
	}
	return err
}

// lookAtAccount asks the server what only it knows: a recovery under way, and the text of a changed address.
func (u *Unlocked) lookAtAccount(ctx context.Context) error {
	email, err := u.lookForRecovery(ctx)
	if err != nil {
		return fmt.Errorf("look at account: %w", err)
	}
	u.syncMu.Lock()
	err = u.adoptEmail(ctx, email)
	u.syncMu.Unlock()
	if err != nil {
		u.m.cfg.Log.Warn("e-mail address not taken over", "error", err)
	}
	u.notice(func(*Notices) {}) // who shows the address looks at it
	return nil
}

// lookForRecovery never waits for a sync: it is an alarm. One asks at a time, so that the newest answer is the last to be believed.
func (u *Unlocked) lookForRecovery(ctx context.Context) (email string, err error) {
	u.lookMu.Lock()
	defer u.lookMu.Unlock()
	me, err := u.session.Me(ctx)
	if err == nil {
		u.notice(func(n *Notices) { n.Recovery = recoveryOf(me.Recovery) })
	}
	return me.Email, err
}

func recoveryOf(r *wire.Recovery) *RecoveryUnderWay {
	if r == nil {
		return nil
	}
	return &RecoveryUnderWay{Device: r.DeviceName, Platform: r.Platform, Started: time.UnixMilli(r.Started), Ready: time.UnixMilli(r.ReadyAt)}
}

func (u *Unlocked) lookForPairings(ctx context.Context) error {
	waiting, err := u.session.Pairings(ctx)
	if err != nil {
		return fmt.Errorf("look for pairings: %w", err)
	}
	u.notice(func(n *Notices) { n.Pairings = len(waiting.Pairings) })
	return nil
}
