package screen

import (
	"context"
	"errors"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// UnlockState is the card that asks for the master password.
type UnlockState struct {
	Title    string          // "Welcome back"
	Account  string          // the e-mail address
	Server   string          // host of the server
	Accounts []AccountChoice // all accounts on this PC; the menu is worth showing if there are several
	Others   string          // that other accounts are open; empty if none is
	LockAll  string          // label of what locks those too
	Remove   string          // label of what removes the account from this PC
	Ask      Question        // before it is removed
	Recover  string          // label of the way back where the password is forgotten; empty until one was wrong, or the Secret Key is asked for
	Recovery RecoveryOffer   // one of the account that was begun on this PC
	Another  string          // label of the way to an account that is not on this PC yet

	NeedSecretKey bool   // the keyring has lost its entry: there is a second field
	SecretKey     string // as typed, formatted
	KeyHint       Message

	Busy    bool
	Button  string // "Unlock", "Unlocking…"
	Problem Message
	Reload  string // label of what mends the vault file from the server; empty if that is not the trouble
	Promise string // what protects the vault, below the card
}

// Unlock opens an account that is on this PC. It needs no network.
type Unlock struct {
	model[UnlockState]
	config  UnlockConfig
	account session.Account

	needSecretKey bool
	secretKey     secretKeyField
	busy          bool
	problem       Message
	reload        bool // the file can be mended from the server
	tried         bool // a password was wrong
	removing      bool // it is being asked whether to remove the account
	recovery      session.PendingRecovery
}

// UnlockConfig says what follows. Ready is closed when nothing of an earlier session is open any more.
type UnlockConfig struct {
	Manager  *session.Manager
	Accounts []session.Account // at least one
	Account  id.ID             // the one to offer first; zero for the first of them
	Opened   func(*session.Unlocked)
	Recover  func(session.Account) // the password is forgotten
	Another  func()                // the person wants an account that is not on this PC
	Ready    <-chan struct{}

	IsOpen     func(account id.ID) bool // it needs no password
	Show       func(account id.ID)      // one that is open
	Chosen     func()                   // another account is offered
	LockOthers func()
	Remove     func(account id.ID) // from this PC
}

// NewUnlock shows the card.
func NewUnlock(env *Env, config UnlockConfig) *Unlock {
	u := &Unlock{config: config, account: config.Accounts[0]}
	for _, a := range config.Accounts {
		if a.ID == config.Account {
			u.account = a
		}
	}
	u.recovery = u.config.Manager.PendingRecovery(u.account.ID)
	u.begin(env, u.view)
	return u
}

func (u *Unlock) view() UnlockState {
	s := UnlockState{
		Title: u.text("screen.unlock.title"), Account: u.account.Email, Server: hostOf(u.account.Origin),
		Another: u.text("screen.unlock.another"), NeedSecretKey: u.needSecretKey, SecretKey: u.secretKey.text,
		KeyHint: u.secretKey.hint(u.env.Words), Busy: u.busy, Button: u.text("screen.unlock.unlock"), Problem: u.problem,
		Promise: u.text("screen.unlock.promise"),
	}
	if u.busy {
		s.Button = u.text("screen.unlock.unlocking")
	}
	if u.reload {
		s.Reload = u.text("screen.trouble.reload")
	}
	if u.tried || u.needSecretKey {
		s.Recover = u.text("screen.welcome.recover")
	}
	if s.Recovery = offerRecovery(u.env.Words, u.recovery, u.env.Clock.Now()); s.Recovery.Label != "" {
		s.Recover = s.Recovery.Label
	}
	s.Accounts = accountChoices(u.env.Words, u.config.Accounts, u.account.ID, u.config.IsOpen)
	if n := othersOpen(s.Accounts); n > 0 {
		s.Others, s.LockAll = u.env.Words.Count("screen.unlock.others", n), u.env.Words.Count("screen.unlock.lockOthers", n)
	}
	s.Remove = u.text("screen.unlock.remove")
	if u.removing {
		s.Ask = Question{Title: u.text("screen.unlock.askRemove.title", "account", u.account.Email), Body: u.text("screen.unlock.askRemove.body"),
			Confirm: u.text("screen.unlock.askRemove.confirm"), Cancel: u.text("screen.cancel"), Danger: true}
	}
	return s
}

// LockOthers locks the accounts that are open beside this one.
func (u *Unlock) LockOthers() { u.config.LockOthers() }

// Remove asks whether to remove the account from this PC.
func (u *Unlock) Remove() {
	u.removing = !u.busy
	u.changed()
}

// Answer is what the person says to State.Ask.
func (u *Unlock) Answer(yes bool) {
	asked := u.removing
	u.removing = false
	u.changed()
	if asked && yes {
		u.config.Remove(u.account.ID)
	}
}

// Choose offers another account of this PC, one of State.Accounts; one that is open is shown at once.
func (u *Unlock) Choose(account string) {
	for _, a := range u.config.Accounts {
		if a.ID.String() != account || u.busy {
			continue
		}
		if u.config.IsOpen(a.ID) {
			u.config.Show(a.ID)
			return
		}
		u.account, u.needSecretKey, u.secretKey, u.problem, u.reload, u.tried = a, false, secretKeyField{}, Message{}, false, false
		u.recovery = u.config.Manager.PendingRecovery(u.account.ID)
	}
	u.config.Chosen()
	u.changed()
}

// Another leads to the welcome screen, for an account that is not on this PC.
func (u *Unlock) Another() {
	if !u.busy {
		u.config.Another()
	}
}

// Recover leads to the recovery code.
func (u *Unlock) Recover() {
	if !u.busy {
		u.config.Recover(u.account)
	}
}

// SetSecretKey takes what is typed into the second field.
func (u *Unlock) SetSecretKey(typed string) {
	u.secretKey.set(typed)
	u.problem = Message{}
	u.changed()
}

// Submit tries the password, which it takes ownership of.
func (u *Unlock) Submit(password secret.Bytes) {
	u.submit(password, func(ctx context.Context, key string) (*session.Unlocked, error) {
		if key != "" {
			return u.config.Manager.UnlockWithSecretKey(ctx, u.account.ID, password, key)
		}
		return u.config.Manager.Unlock(ctx, u.account.ID, password)
	})
}

// Reload mends the vault file from the server and opens it; edits that were not synced stay. It takes ownership of the password.
func (u *Unlock) Reload(password secret.Bytes) {
	u.submit(password, func(ctx context.Context, key string) (*session.Unlocked, error) {
		opened, _, err := u.config.Manager.Reload(ctx, u.account.ID, password, key, nil)
		return opened, err
	})
}

// submit opens the account; key is the typed Secret Key, empty where the keyring is asked.
func (u *Unlock) submit(password secret.Bytes, open func(ctx context.Context, key string) (*session.Unlocked, error)) {
	if u.busy {
		password.Wipe()
		return
	}
	if problem := u.missing(password); !problem.IsZero() {
		password.Wipe()
		u.problem = problem
		u.changed()
		return
	}
	u.busy, u.problem = true, Message{}
	key := ""
	if u.needSecretKey {
		key = u.secretKey.text
	}
	RunOwned(u.run, func(ctx context.Context) (*session.Unlocked, error) {
		defer password.Wipe()
		if err := u.wait(ctx); err != nil {
			return nil, err
		}
		return open(ctx, key)
	}, u.answered, lockLate)
	u.changed()
}

// wait lets the lock of an earlier session finish: two must not have the store open.
func (u *Unlock) wait(ctx context.Context) error {
	if u.config.Ready == nil {
		return nil
	}
	select {
	case <-u.config.Ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (u *Unlock) missing(password secret.Bytes) Message {
	switch {
	case password.IsZero():
		return Message{Tone: ToneError, What: u.text("screen.unlock.passwordMissing")}
	case u.needSecretKey && u.secretKey.err() != nil:
		return u.secretKey.problem(u.env.Words)
	}
	return Message{}
}

func (u *Unlock) answered(opened *session.Unlocked, err error) {
	u.busy = false
	if err == nil {
		u.secretKey = secretKeyField{}
		u.config.Opened(opened)
		return
	}
	if errors.Is(err, session.ErrKeyringLost) || errors.Is(err, session.ErrNoKeyring) {
		u.needSecretKey = true
	}
	u.reload = u.reload || reloadable(err)
	u.tried = u.tried || errors.Is(err, session.ErrWrongPassword)
	u.problem = explain(u.env.Words, err)
	if errors.Is(err, session.ErrOffline) && !errors.Is(err, session.ErrClock) { // only mending needs the server
		u.problem = sentence{key: "notNow", tone: ToneWarning}.message(u.env.Words)
	}
	if u.needSecretKey && errors.Is(err, session.ErrWrongPassword) {
		// With a typed Secret Key, either can be wrong.
		u.problem = sentence{key: "wrongPasswordOrKey", tone: ToneError}.message(u.env.Words)
	}
	u.changed()
}
