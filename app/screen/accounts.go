package screen

import (
	"context"
	"slices"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// Several accounts can be open at once, and one is shown. The others rest: they sync, and no screen holds anything of them, so that no
// search, undo, notice or half-typed item of one account can come up in another. Each has an idle time of its own, which begins when the
// person turns to another account.

// resting is an account that is open and not shown.
type resting struct {
	unlocked *session.Unlocked
	since    time.Time
	release  func() // ends listening to it
}

// rest lets the account rest that is shown.
func (s *Shell) rest() {
	u := s.unlocked
	s.unlocked = nil
	r := &resting{unlocked: u, since: s.env.Clock.Now()}
	r.release = u.OnStatus(func() { s.env.Post(func() { s.restingChanged(u) }) })
	s.resting[u.Account().ID] = r
	s.restingChanged(u)
}

// restingChanged locks a resting account that another device has signed out.
func (s *Shell) restingChanged(u *session.Unlocked) {
	account := u.Account().ID
	if r := s.resting[account]; r != nil && r.unlocked == u && u.Status().Notices.SignedOut {
		s.lockResting(account)
		s.notices[account] = explain(s.env.Words, session.ErrSignedOut)
		s.changed()
	}
}

// switchTo shows another account: at once where it is open, else by way of its master password. The zero id is one that is not on this
// PC. The one that was shown stays open.
func (s *Shell) switchTo(account id.ID) {
	s.saveAnd("screen.shell.savedOnSwitch", func() {
		s.rest()
		if account.IsZero() {
			s.showWelcome()
			return
		}
		s.showUnlock(account)
	})
}

// isOpen tells whether an account rests, for the menus that switch.
func (s *Shell) isOpen(account id.ID) bool { return s.resting[account] != nil }

// wake shows an account that rests.
func (s *Shell) wake(account id.ID) {
	r := s.resting[account]
	delete(s.resting, account)
	r.release()
	s.opened(r.unlocked)
}

// lockResting locks an account that is not shown. The others stay as they are.
func (s *Shell) lockResting(account id.ID) {
	r := s.resting[account]
	if r == nil {
		return
	}
	delete(s.resting, account)
	r.release()
	s.copier.clearOf(account, s.clipboardCleared)
	s.shut(r.unlocked, func() error { return nil }, func(error) {})
	s.accountsChanged()
}

// lockOthers locks all accounts that rest.
func (s *Shell) lockOthers() {
	for account := range s.resting {
		s.lockResting(account)
	}
}

// LockAll locks the account that is shown, and all others.
func (s *Shell) LockAll() {
	s.lockOthers()
	s.Lock()
}

// accountsChanged has the screen that lists the accounts say anew which are open.
func (s *Shell) accountsChanged() {
	if s.unlock != nil {
		s.unlock.changed()
	}
	if s.vault != nil {
		s.vault.changed()
	}
	s.changed()
}

// lockUnused locks the resting accounts that nobody has turned to for as long as the settings say; idle is how long nobody has touched
// the computer.
func (s *Shell) lockUnused(idle time.Duration) {
	for account, r := range s.resting {
		if max(idle, s.env.Clock.Now().Sub(r.since)) >= s.settings.LockAfter {
			s.lockResting(account)
		}
	}
}

// shut locks an account that no screen has any more, after first. s.closed is closed when nothing that was ever open is open.
func (s *Shell) shut(u *session.Unlocked, first func() error, done func(error)) {
	before, closed := s.closed, make(chan struct{})
	s.closed = closed
	// Not cancelled by anything: a vault must not stay open because the program is in a hurry.
	Run(s.run, func(context.Context) (struct{}, error) {
		defer close(closed)
		if before != nil {
			defer func() { <-before }()
		}
		defer u.Lock()
		return struct{}{}, first()
	}, func(_ struct{}, err error) {
		if s.config.Locked != nil {
			s.config.Locked()
		}
		done(err)
	})
}

// removeLocked removes an account from this PC that is not open: its master password may be forgotten.
func (s *Shell) removeLocked(account id.ID) {
	i := slices.IndexFunc(s.accounts, func(a session.Account) bool { return a.ID == account })
	if i < 0 {
		return
	}
	s.remove(s.accounts[i], removedHere)
}

// removedHere is the key of what is said of an account that is no longer on this PC, and lives on elsewhere.
const removedHere = "screen.unlock.removed"

// remove removes an account from this PC, when what was open of it is locked, and says so on the screen that follows.
func (s *Shell) remove(account session.Account, said string) {
	closed := s.closed
	Run(s.run, func(ctx context.Context) (struct{}, error) {
		if closed != nil {
			<-closed
		}
		return struct{}{}, s.config.Manager.Forget(ctx, account)
	}, func(_ struct{}, err error) {
		s.notice = explain(s.env.Words, err)
		delete(s.notices, account.ID)
		delete(s.news, account.ID)
		delete(s.drafts, account.ID)
		s.lookUp(func() {
			s.showUnlock(id.ID{})
			if err == nil {
				s.remark(Message{Tone: ToneGood, What: s.text(said, "email", account.Email)})
			}
		})
	})
}

// lockNow leaves at once what is shown; what is being typed is saved on the way, or kept sealed where that fails, and the keys are wiped
// behind it. Accounts that rest stay open.
func (s *Shell) lockNow(next id.ID) {
	unlocked := s.open()
	account := unlocked.Account().ID
	item, dirty := s.handOver()
	s.clear()
	s.unlocked = nil
	s.copier.clearOf(account, s.clipboardCleared)
	var draft vault.Draft
	var lost error
	s.shut(unlocked, func() (err error) {
		if !dirty {
			return nil
		}
		defer item.Wipe()
		if err = saveWiping(context.Background(), unlocked.Vault(), item.Clone()); err != nil {
			draft, lost = unlocked.Vault().SealDraft(item)
		}
		return err
	}, func(err error) {
		switch {
		case err == nil && dirty:
			s.tell(account, s.text("screen.shell.savedOnLock"))
		case err != nil:
			notice := explain(s.env.Words, err)
			notice.Safe = s.text("screen.shell.notSaved")
			if lost == nil {
				notice.Safe = s.text("screen.shell.draft")
				s.keepDraft(account, draft)
			}
			s.notices[account] = notice
		}
		s.changed()
	})
	s.showUnlock(next)
}

// keepDraft keeps what could not be saved on locking until the account is shown again, which it may be by now.
func (s *Shell) keepDraft(account id.ID, draft vault.Draft) {
	s.learn(account, s.text("screen.shell.draftBack"))
	s.drafts[account] = append(s.drafts[account], draft)
	if s.vault != nil && s.unlocked.Account().ID == account {
		s.resume()
	}
}

// resume opens the oldest draft of the account that is shown. Until an editor has it, it is kept: the vault may be locked before.
func (s *Shell) resume() {
	account := s.unlocked.Account().ID
	if len(s.drafts[account]) == 0 {
		return
	}
	s.vault.resume(s.drafts[account][0], func() {
		if rest := s.drafts[account]; len(rest) > 0 {
			s.drafts[account] = rest[1:]
		}
	})
}

// tell keeps a sentence for when the account is shown again.
func (s *Shell) tell(account id.ID, news string) {
	if before := s.news[account]; before != "" {
		news += " " + before
	}
	s.news[account] = news
}

// learn tells a sentence that comes late: at once where the account is shown again by now.
func (s *Shell) learn(account id.ID, news string) {
	if news == "" {
		return
	}
	if s.vault != nil && s.unlocked.Account().ID == account {
		s.vault.say(news, nil)
		return
	}
	s.tell(account, news)
}

// AccountChoice is an account of this PC in a menu.
type AccountChoice struct {
	Choice
	Name  string // what its avatar stands for
	Open  bool   // its master password is not needed now
	State string // "Unlocked", "Locked"
}

func accountChoices(words *assets.Catalog, accounts []session.Account, current id.ID, isOpen func(id.ID) bool) []AccountChoice {
	var choices []AccountChoice
	for _, a := range accounts {
		c := AccountChoice{Name: a.Email, Open: isOpen(a.ID), State: words.Text("screen.accounts.locked"), Choice: Choice{
			ID: a.ID.String(), Icon: assets.IconLock, Label: a.Email + " · " + hostOf(a.Origin), Selected: a.ID == current}}
		if c.Open {
			c.Icon, c.State = assets.IconLockOpen, words.Text("screen.accounts.open")
		}
		choices = append(choices, c)
	}
	return choices
}
