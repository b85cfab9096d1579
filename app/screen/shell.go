package screen

import (
	"context"
	"slices"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// Page says which model fills the window.
type Page int

// The pages.
const (
	PageStarting Page = iota // for moments: the accounts on this PC are being looked up
	PageWelcome              // Shell.Welcome
	PageUnlock               // Shell.Unlock
	PageVault                // Shell.Vault
)

// ShellState is the window as a whole.
type ShellState struct {
	Page          Page
	Theme         string // "system", "light", "dark"
	ReducedMotion bool
	Language      string // of the texts; when it changes, views build themselves anew
	Shows         int    // rises whenever the window has to come to the front
	Notice        Message
	Quitting      bool // what is left happens without a window
	Unlocked      bool // an account is open, shown or not
	KeepInTray    bool // closing the window hides it, where there is a tray
	HideSecrets   bool // from screenshots and shared screens, where the system can
}

// ShellConfig wires the program together.
type ShellConfig struct {
	Manager    *session.Manager
	Origin     string                        // the server of people who do not name one
	Language   string                        // of the system, BCP 47
	CanShow    func(language string) bool    // whether there are fonts for its texts; nil: for all
	Idle       func() (time.Duration, error) // how long nobody has touched the computer; an error: only input to our own window counts
	Autostart  func(on bool) error
	Autostarts func() (bool, error)
	Update     UpdateConfig // Quit is the shell's
	MacOS      bool
	Quit       func() // ends the program; everything is locked by then
	Locked     func() // after an account was locked, shown or not; may be nil
	// CheckPassword returns nil for the right master password of an open vault.
	CheckPassword func(context.Context, *session.Unlocked, secret.Bytes) error
	Desktop       Desktop
	Place         Place       // what the list shows first
	ReducedMotion func() bool // whether the system is set so; nil: it does not tell
}

// idlePoll is how often idle time is looked at.
const idlePoll = 5 * time.Second

// Shell is the root of the screens: it decides which one is shown, and locks.
type Shell struct {
	model[ShellState]
	config ShellConfig
	copier *copier
	update *Update
	hotKey *hotKey
	quick  *Quick

	settings session.Settings
	accounts []session.Account

	welcome  *Welcome
	unlock   *Unlock
	vault    *Vault
	unlocked *session.Unlocked
	resting  map[id.ID]*resting
	closed   <-chan struct{} // closed when nothing that was locked is open any more

	place    Place     // what the list showed last
	still    bool      // the system has less motion
	link     *Link     // where to go when the vault is open; nil for nowhere
	touched  time.Time // when our own window last saw input
	polling  bool
	shows    int
	notice   Message                 // on the unlock screen, whichever account it offers
	notices  map[id.ID]Message       // on the unlock screen of one account
	news     map[id.ID]string        // what happened on locking: said once the account is shown again
	drafts   map[id.ID][]vault.Draft // what could not be saved on locking, until an editor has it again
	quitting bool
}

// NewShell does nothing until Start.
func NewShell(env *Env, config ShellConfig) *Shell {
	s := &Shell{config: config, place: config.Place, copier: newCopier(env), settings: session.DefaultSettings(), touched: env.Clock.Now(),
		resting: map[id.ID]*resting{}, notices: map[id.ID]Message{}, news: map[id.ID]string{}, drafts: map[id.ID][]vault.Draft{}}
	s.begin(env, s.view)
	config.Update.Quit = s.Quit
	s.update = NewUpdate(env, config.Update)
	s.quick = NewQuick(env, QuickConfig{
		Unlocked: func() *session.Unlocked { return s.unlocked }, Unlock: func() *Unlock { return s.unlock }, Lock: s.Lock, Touch: s.Touch,
		Front: func() {
			if !s.quitting {
				s.Show()
			}
		},
		ClearAfter: func() time.Duration { return s.settings.ClipboardAfter }, copier: s.copier,
	})
	s.Watch(s.quick.follow)
	s.hotKey = newHotKey(env, config.Desktop, s.quick.Toggle)
	return s
}

// Welcome, Unlock and Vault are the models that State.Page names; Update is there always.
func (s *Shell) Welcome() *Welcome { return s.welcome }

// Unlock is the model of PageUnlock.
func (s *Shell) Unlock() *Unlock { return s.unlock }

// Vault is the model of PageVault.
func (s *Shell) Vault() *Vault { return s.vault }

// Place is what the list shows, or showed last.
func (s *Shell) Place() Place { return s.place }

// Quick is the model of the quick access.
func (s *Shell) Quick() *Quick { return s.quick }

// Update is the model of the prompt for new versions.
func (s *Shell) Update() *Update { return s.update }

// startup is what this PC knows before anything is unlocked.
type startup struct {
	settings session.Settings
	accounts []session.Account
	left     error // why account files are left out of accounts
}

// Start looks up the accounts on this PC and shows the first screen, with what is to be said about their files.
func (s *Shell) Start() {
	s.lookUp(func() {
		s.showUnlock(id.ID{})
		s.secure()
	})
	s.run.Every(idlePoll, s.checkIdle)
	s.followSystem()
}

// followSystem has less motion where the system has.
func (s *Shell) followSystem() {
	if still := s.config.ReducedMotion; still != nil {
		Run(s.run, func(context.Context) (bool, error) { return still(), nil }, func(still bool, _ error) {
			s.still = still
			s.changed()
		})
	}
}

// lookUp reads settings and accounts, off the UI goroutine.
func (s *Shell) lookUp(then func()) {
	Run(s.run, func(ctx context.Context) (startup, error) {
		m := s.config.Manager
		return startup{m.Settings(), m.Accounts(), m.Unreadable(ctx)}, nil
	}, func(k startup, _ error) {
		s.accounts = k.accounts
		s.apply(k.settings)
		then()
		if k.left != nil {
			s.remark(explain(s.env.Words, k.left))
		}
	})
}

// remark says something on the first screen, where nothing more pressing is said. Over a vault that is open, good news pass by.
func (s *Shell) remark(m Message) {
	free := func(said Message) bool { return said.IsZero() || said.Tone == ToneGood }
	switch {
	case s.vault != nil && m.Tone == ToneGood:
		s.vault.say(m.What, nil)
	case s.welcome != nil && free(s.welcome.problem):
		s.welcome.problem = m
		s.welcome.changed()
	case free(s.notice):
		s.notice = m
		s.changed()
	}
}

// secure closes the profile to other users of the PC, and says so where it was open.
func (s *Shell) secure() {
	Run(s.run, func(context.Context) (int, error) { return s.config.Manager.Secure() }, func(mended int, err error) {
		if err != nil {
			s.env.Log.Warn("profile not secured", "error", err)
			s.remark(explain(s.env.Words, err))
		} else if mended > 0 {
			s.env.Log.Info("profile closed to other users", "mended", mended)
			s.remark(sentence{key: "mended", tone: ToneWarning}.message(s.env.Words))
		}
	})
}

// apply uses settings at once.
func (s *Shell) apply(settings session.Settings) {
	s.settings = settings
	s.hotKey.set(settings.HotKey)
	wanted := settings.Language
	if wanted == "" {
		wanted = s.config.Language
	}
	words, err := assets.Load(wanted)
	if err == nil && !s.canShow(words.Code()) {
		words, err = assets.Load("") // English
	}
	if err != nil {
		s.env.Log.Error("language not loaded", "error", err)
	} else if words.Code() != s.env.Words.Code() {
		s.env.Words = words
		s.retranslate()
	}
	s.changed()
}

func (s *Shell) canShow(language string) bool {
	return s.config.CanShow == nil || s.config.CanShow(language)
}

// retranslate has every model that is there say everything again.
func (s *Shell) retranslate() {
	s.update.changed()
	if s.welcome != nil {
		s.welcome.changed()
		if s.welcome.imports != nil {
			s.welcome.imports.Retranslate()
		}
	}
	if s.unlock != nil {
		s.unlock.changed()
	}
	if s.vault != nil {
		s.vault.retranslate()
	}
}

func (s *Shell) view() ShellState {
	state := ShellState{Theme: s.settings.Theme, ReducedMotion: s.settings.ReducedMotion || s.still, Language: s.env.Words.Code(), Shows: s.shows, Notice: s.notice, Quitting: s.quitting,
		Unlocked: s.open() != nil || len(s.resting) > 0, KeepInTray: s.settings.KeepInTray, HideSecrets: s.settings.HideSecrets}
	switch {
	case s.vault != nil:
		state.Page = PageVault
	case s.unlock != nil:
		state.Page = PageUnlock
		if own := s.notices[s.unlock.account.ID]; !own.IsZero() {
			state.Notice = own
		}
	case s.welcome != nil:
		state.Page = PageWelcome
	}
	return state
}

// clear leaves the screens that are there; an open vault has been seen to before.
func (s *Shell) clear() {
	if s.welcome != nil {
		s.welcome.Leave()
	}
	if s.unlock != nil {
		s.unlock.Leave()
	}
	if s.vault != nil {
		s.vault.Leave()
	}
	s.welcome, s.unlock, s.vault = nil, nil, nil
}

// showUnlock offers an account, the zero id the one used last, and shows it at once where it is open; without accounts there is the
// welcome.
func (s *Shell) showUnlock(account id.ID) {
	s.clear()
	if len(s.accounts) == 0 {
		s.showWelcome()
		return
	}
	if account.IsZero() {
		account = s.accounts[0].ID
	}
	if s.isOpen(account) && !s.quitting {
		s.wake(account)
		return
	}
	s.unlock = NewUnlock(s.env, UnlockConfig{
		Manager: s.config.Manager, Accounts: s.accounts, Account: account, Opened: s.opened, Recover: s.recover, Another: s.showWelcome, Ready: s.closed,
		IsOpen: s.isOpen, Show: s.wake, Chosen: s.changed, LockOthers: s.lockOthers, Remove: s.removeLocked,
	})
	s.unlock.Watch(s.quick.follow)
	s.changed()
}

func (s *Shell) showWelcome() {
	s.clear()
	config := WelcomeConfig{Manager: s.config.Manager, Origin: s.settings.Server, Import: s.settings.ImportBrowsers, Asks: s.config.MacOS, Opened: s.opened, Here: s.here}
	if config.Origin == "" {
		config.Origin = s.config.Origin
	}
	if len(s.accounts) > 0 {
		config.Cancel = func() { s.showUnlock(id.ID{}) }
	}
	s.notice = Message{}
	s.welcome = NewWelcome(s.env, config)
	s.changed()
}

// here looks again which accounts are on this PC: there is one that was not there before.
func (s *Shell) here(notice Message) {
	s.lookUp(func() {
		s.showUnlock(id.ID{})
		s.notice = notice
		s.changed()
	})
}

// opened shows the vault of an account.
func (s *Shell) opened(u *session.Unlocked) {
	first := s.unlock != nil && s.settings.ImportBrowsers && !u.BrowserImportDone()
	s.clear()
	account := u.Account().ID
	s.unlocked, s.notice, s.touched = u, Message{}, s.env.Clock.Now()
	delete(s.notices, account)
	s.lastUsed(u.Account())
	config := VaultConfig{
		Unlocked: u, Accounts: s.accounts, Lock: s.Lock, SwitchTo: s.switchTo, IsOpen: s.isOpen, LockAll: s.LockAll, NewSettings: s.newSettings,
		Deleted: func() { s.forget("screen.account.delete.done") }, Forget: s.forgetHere, SignedOut: s.signedOut, Reopened: s.opened,
		ClearAfter: func() time.Duration { return s.settings.ClipboardAfter }, copier: s.copier,
		Settings: func() session.Settings { return s.settings }, ChangeSettings: s.changeSettings,
		Place: s.place.general(), Went: func(p Place) { s.place = p }, News: func(news string) { s.learn(account, news) },
	}
	config.Notice = s.news[account]
	delete(s.news, account)
	s.vault = NewVault(s.env, config)
	if first {
		s.vault.openImport(ImportConfig{First: true})
	}
	s.resume()
	s.changed()
	s.goOn()
}

// lastUsed puts an account, which may be new, before the others.
func (s *Shell) lastUsed(account session.Account) {
	others := slices.DeleteFunc(slices.Clone(s.accounts), func(a session.Account) bool { return a.ID == account.ID })
	s.accounts = append([]session.Account{account}, others...)
}

func (s *Shell) newSettings(u *session.Unlocked, done func()) *Settings {
	return NewSettings(s.env, SettingsConfig{
		Unlocked: u, Values: s.settings, Apply: s.apply, CanShow: s.canShow, Update: s.update, Desktop: s.config.Desktop, hotKey: s.hotKey, Autostart: s.config.Autostart, Autostarts: s.config.Autostarts, MacOS: s.config.MacOS,
		Keep:          func(_ context.Context, v session.Settings) error { return s.config.Manager.SaveSettings(v) },
		CheckPassword: s.config.CheckPassword, Forget: s.forgetHere, Done: done,
	})
}

// changeSettings uses and keeps settings that were changed elsewhere than in their dialog.
func (s *Shell) changeSettings(values session.Settings, failed func(error)) {
	s.apply(values)
	Run(s.run, func(context.Context) (struct{}, error) { return struct{}{}, s.config.Manager.SaveSettings(values) }, func(_ struct{}, err error) {
		if err != nil {
			failed(err)
		}
	})
}

// Show brings the window to the front: a second start of the program asks for it. Any goroutine may call it.
func (s *Shell) Show() {
	s.env.Post(func() {
		s.shows++
		s.changed()
	})
}

// Touch notes input to our own window.
func (s *Shell) Touch() { s.touched = s.env.Clock.Now() }

// checkIdle locks when nobody has touched the computer, or an account that is open, for as long as the settings say.
func (s *Shell) checkIdle() {
	if s.open() == nil && len(s.resting) == 0 || s.polling {
		return
	}
	s.polling = true
	Run(s.run, func(context.Context) (time.Duration, error) { return s.config.Idle() }, func(idle time.Duration, err error) {
		s.polling = false
		if err != nil {
			idle = s.env.Clock.Now().Sub(s.touched)
		}
		s.lockUnused(idle)
		if idle >= s.settings.LockAfter {
			s.leaveAlone()
		}
	})
}

// open is the account that is open: in the vault, or at the end of the way to it.
func (s *Shell) open() *session.Unlocked {
	if s.welcome != nil {
		return s.welcome.unlocked
	}
	return s.unlocked
}

// leaveAlone locks the account that is shown, because nobody is there.
func (s *Shell) leaveAlone() {
	if u := s.open(); u != nil {
		s.lockNow(u.Account().ID)
	}
}

// Away locks every account because the session was locked or the computer goes to sleep. Any goroutine but the UI's may call it; it returns when
// nothing is open any more, or with the context.
func (s *Shell) Away(ctx context.Context) {
	done := make(chan struct{})
	s.env.Post(func() {
		s.lockOthers()
		s.leaveAlone()
		closed := s.closed
		go func() {
			defer close(done)
			if closed != nil {
				<-closed
			}
		}()
	})
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// Lock locks the account that is shown because the person wants it. An edit that cannot be saved keeps the vault open, so that nothing typed is lost.
func (s *Shell) Lock() {
	if s.vault != nil {
		s.saveAnd("screen.shell.savedOnLock", func() { s.lockNow(s.unlocked.Account().ID) })
	}
}

// saveAnd saves what is being typed and goes on. If that fails, and for files that are not in the vault yet, it asks whether to go on all
// the same. news is the key of what is said about it when the account is shown again.
func (s *Shell) saveAnd(news string, next func()) {
	if n := s.vault.attaching(); n > 0 {
		s.vault.askBefore("lockAttaching", func() { s.saveTypedAnd(news, next) }, "count", s.env.Words.Count("screen.files.count", n))
		return
	}
	s.saveTypedAnd(news, next)
}

func (s *Shell) saveTypedAnd(news string, next func()) {
	v := s.vault
	item, dirty := v.unsaved()
	if !dirty {
		next()
		return
	}
	store, account, editor := s.unlocked.Vault(), s.unlocked.Account().ID, v.editor
	editor.hold(true)
	Run(s.run, func(ctx context.Context) (struct{}, error) { return struct{}{}, saveWiping(ctx, store, item) }, func(_ struct{}, err error) {
		if s.vault != v {
			return // locked meanwhile
		}
		if err == nil {
			s.tell(account, s.text(news))
			v.closePane()
			next()
			return
		}
		editor.hold(false)
		v.fail(explain(s.env.Words, err))
		v.askBefore("lockUnsaved", func() {
			v.closePane()
			next()
		})
	})
}

func saveWiping(ctx context.Context, store *vault.Vault, item vault.Item) error {
	defer item.Wipe()
	saved, err := store.Save(ctx, item)
	saved.Wipe()
	return err
}

// handOver takes what is open out of the screen that has it, with what is being typed there.
func (s *Shell) handOver() (item vault.Item, dirty bool) {
	if s.vault != nil {
		if n := s.vault.attaching(); n > 0 {
			s.tell(s.unlocked.Account().ID, s.env.Words.Count("screen.shell.notAttached", n))
		}
		return s.vault.unsaved()
	}
	if s.welcome.page == PageKit && !s.welcome.confirmed {
		s.tell(s.welcome.unlocked.Account().ID, s.text("screen.shell.kitMissing"))
	}
	s.lastUsed(s.welcome.unlocked.Account())
	s.welcome.unlocked = nil
	return vault.Item{}, false
}

func (s *Shell) clipboardCleared(err error) {
	if err != nil {
		s.env.Log.Warn("clipboard not cleared", "error", err)
	}
}

// signedOut locks because another device has ended the session.
func (s *Shell) signedOut() {
	account := s.unlocked.Account().ID
	s.leaveAlone()
	s.notices[account] = explain(s.env.Words, session.ErrSignedOut)
	s.changed()
}

// forget removes the account from this PC that is shown; said is the key of what is said then.
func (s *Shell) forget(said string) {
	account := s.unlocked.Account()
	s.vault.closePane() // the person has been told that what was not synced is lost
	s.lockNow(account.ID)
	s.remove(account, said)
}

func (s *Shell) forgetHere() { s.forget(removedHere) }

// Quit ends the program: what is being typed is saved, the clipboard cleared, everything locked.
func (s *Shell) Quit() {
	if s.quitting {
		return
	}
	if s.vault == nil {
		s.quit()
		return
	}
	s.saveAnd("screen.shell.savedOnLock", func() {
		s.lockOthers()
		s.lockNow(id.ID{})
		s.quit()
	})
}

func (s *Shell) quit() {
	s.quitting = true
	s.clear()
	s.changed()
	s.copier.clear(func(err error) {
		s.clipboardCleared(err)
		Run(s.run, func(context.Context) (struct{}, error) {
			s.config.Manager.Close()
			return struct{}{}, nil
		}, func(struct{}, error) { s.config.Quit() })
	})
}
