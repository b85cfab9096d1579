package screen

import (
	"context"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/app/session"
)

// Sheet is the model of PageSheet.
func (w *Welcome) Sheet() SheetModel { return w.sheet }

func (w *Welcome) openSheet(sheet SheetModel) {
	w.closeSheet()
	w.leaveCode() // it may have been opened from there
	w.sheet = sheet
	w.show(PageSheet)
}

func (w *Welcome) closeSheet() {
	if w.sheet != nil {
		w.sheet.Leave()
		w.sheet = nil
	}
}

func (w *Welcome) backToSignIn() {
	w.closeSheet()
	w.show(PageSignIn)
}

// Pair asks another device of the account to let this one in: it needs the address alone.
func (w *Welcome) Pair() {
	origin, known := w.origin()
	switch {
	case w.busy:
		return
	case !plausibleEmail(w.email):
		w.problem = Message{Tone: ToneError, What: w.text("screen.welcome.badEmail")}
	case !known:
		w.problem = Message{Tone: ToneError, What: w.text("screen.welcome.badServer")}
	default:
		w.openSheet(NewNewDevice(w.env, NewDeviceConfig{
			Manager: w.config.Manager, Origin: origin, Email: w.email, Close: w.backToSignIn, Opened: func(u *session.Unlocked) {
				w.unlocked = u
				w.confirmState()
			},
		}))
		return
	}
	w.changed()
}

// Recover begins a recovery with the recovery code, or goes on with the one of the address that was typed, or of any without one.
func (w *Welcome) Recover() {
	origin, known := w.origin()
	var pending session.PendingRecovery
	all, email := w.config.Manager.PendingRecoveries(), strings.TrimSpace(w.email)
	if i := slices.IndexFunc(all, func(p session.PendingRecovery) bool { return email == "" || strings.EqualFold(email, p.Email) }); i >= 0 {
		pending = all[i]
	}
	if !w.busy && (known || !pending.Account.IsZero()) {
		w.recover(origin, pending, w.backToSignIn)
	}
}

// GoOn goes on with one of State.Recoveries.
func (w *Welcome) GoOn(o RecoveryOffer) {
	if w.busy || w.page != PageChoose {
		return
	}
	w.recover(o.pending.Origin, o.pending, func() {
		w.closeSheet()
		w.show(PageChoose)
	})
}

// recover leads through a recovery; a pending one goes on.
func (w *Welcome) recover(origin string, pending session.PendingRecovery, back func()) {
	email := w.email
	if !pending.Account.IsZero() {
		origin, email = pending.Origin, pending.Email
	}
	w.openSheet(NewRecover(w.env, RecoverConfig{
		Manager: w.config.Manager, Origin: origin, Email: email, Pending: pending, Close: back,
		Opened: func(u *session.Unlocked) {
			w.unlocked = u
			w.closeSheet()
			w.show(PageKit)
		},
	}))
}

// recover opens an account of this PC with its recovery code. The way back is the card that asks for the password.
func (s *Shell) recover(account session.Account) {
	s.showWelcome()
	w := s.welcome
	w.email = account.Email
	w.recover(account.Origin, w.config.Manager.PendingRecovery(account.ID), func() { s.showUnlock(account.ID) })
}

// kitSaved goes on once the kit is in a safe place: this PC forgets the recovery code.
func (w *Welcome) kitSaved() {
	u := w.unlocked
	work(w, func(ctx context.Context) (struct{}, error) { return struct{}{}, u.KitSaved(ctx) }, func(struct{}) { w.confirmState() }, drop)
}

// confirmState asks whether what the server showed is the newest, where no other device vouches for it.
func (w *Welcome) confirmState() {
	u := w.unlocked
	w.closeSheet()
	if !u.Status().Notices.Confirm {
		w.openImport()
		return
	}
	w.openSheet(NewConfirm(w.env, u, func() {
		w.closeSheet()
		w.openImport()
	}, w.rejectState))
}

// rejectState takes the account off this PC again.
func (w *Welcome) rejectState() {
	u := w.unlocked
	w.unlocked = nil
	w.closeSheet()
	w.show(PageChoose)
	work(w, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, w.config.Manager.Forget(ctx, u.Account())
	}, func(struct{}) { w.changed() }, drop)
}
