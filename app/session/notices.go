package session

import (
	"context"
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

// noticeEvent hears an event of the server: a hint to look.
func (u *Unlocked) noticeEvent(e wire.Event) {
	switch {
	case e.Pairing:
		u.lookForPairings(u.ctx)
	case e.Devices:
		u.wake()
		u.lookAtAccount(u.ctx)
	default:
		u.wake()
	}
}

// lookAtAccount asks the server what only it knows: a recovery under way, and the text of a changed address.
func (u *Unlocked) lookAtAccount(ctx context.Context) {
	me, err := u.session.Me(ctx)
	if err != nil {
		u.m.cfg.Log.Debug("account not looked at", "error", err)
		return
	}
	u.syncMu.Lock()
	err = u.adoptEmail(ctx, me.Email)
	u.syncMu.Unlock()
	if err != nil {
		u.m.cfg.Log.Warn("e-mail address not taken over", "error", err)
	}
	u.notice(func(n *Notices) { n.Recovery = recoveryOf(me.Recovery) })
}

// look asks the server for what its events would have told meanwhile.
func (u *Unlocked) look(ctx context.Context) {
	u.lookAtAccount(ctx)
	u.lookForPairings(ctx)
}

func recoveryOf(r *wire.Recovery) *RecoveryUnderWay {
	if r == nil {
		return nil
	}
	return &RecoveryUnderWay{Device: r.DeviceName, Platform: r.Platform, Started: time.UnixMilli(r.Started), Ready: time.UnixMilli(r.ReadyAt)}
}

func (u *Unlocked) lookForPairings(ctx context.Context) {
	waiting, err := u.session.Pairings(ctx)
	if err != nil {
		u.m.cfg.Log.Debug("pairings not looked at", "error", err)
		return
	}
	u.notice(func(n *Notices) { n.Pairings = len(waiting.Pairings) })
}
