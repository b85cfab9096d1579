package screen

import (
	"context"
	"slices"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// QuickState is the quick access: a small window to find an item, copy from it and be gone.
type QuickState struct {
	Shown  bool
	Locked bool // the master password of Account is asked for; else there is a search

	Account  string
	Password string // what is asked for
	Busy     bool
	Button   string

	Search, Hint string
	Rows         Rows
	Selected     int    // index into Rows; -1 for none
	Empty        string // why there are no rows; empty if there are some, or none are known yet
	Keys         []Shortcut

	Problem Message
}

// quickRows is how many items are shown at most: what is not among the first is found by typing on.
const quickRows = 50

// quickKeys are the shortcuts of the quick access beside Enter. They do what they do in the window.
var quickKeys = []Action{ActionCopyUser, ActionCopyPassword, ActionCopyCode, ActionOpenSite, ActionLock}

// Quick is the quick access. It works on the account that the window shows, and keeps nothing while it is hidden.
type Quick struct {
	model[QuickState]
	config QuickConfig

	shown    bool
	unlocked *session.Unlocked // whose items are shown
	work     *Runner           // of what is shown now
	release  func()            // ends listening to the vault

	search   string
	rows     []*vault.Summary
	selected id.ID
	known    bool // rows belong to search
	asking   asking
	wanted   Action // was asked for before the rows were there
	problem  Message
}

// QuickConfig is what the quick access shares with the window.
type QuickConfig struct {
	Unlocked   func() *session.Unlocked // the account that is shown; nil while it is locked
	Unlock     func() *Unlock           // the screen that asks for the master password; nil if there is another one
	Lock       func()
	Front      func() // shows the window
	Touch      func() // the person is there
	ClearAfter func() time.Duration

	copier *copier
}

// NewQuick is hidden.
func NewQuick(env *Env, config QuickConfig) *Quick {
	q := &Quick{config: config}
	q.begin(env, q.view)
	return q
}

// Toggle shows the quick access, or hides it, or shows the window where more is asked than there is room for.
func (q *Quick) Toggle() {
	switch {
	case q.shown:
		q.Hide()
	case q.tooMuch():
		q.config.Front()
	default:
		q.shown = true
		q.config.Touch()
		q.start()
		q.changed()
	}
}

// tooMuch reports whether a master password does not lead to the items: no account is here yet, or its keyring or file needs mending.
func (q *Quick) tooMuch() bool {
	unlock := q.config.Unlock()
	return q.config.Unlocked() == nil && (unlock == nil || unlock.needSecretKey || unlock.reload)
}

// Hide forgets everything.
func (q *Quick) Hide() {
	if q.shown {
		q.shown = false
		q.stop()
		q.changed()
	}
}

// start begins with the account that is open now, if one is.
func (q *Quick) start() {
	q.work = NewRunner(q.env.Post, q.env.Clock)
	if q.unlocked = q.config.Unlocked(); q.unlocked == nil {
		return
	}
	work := q.work
	q.release = q.unlocked.Vault().Subscribe(func(vault.Change) {
		q.env.Post(func() {
			if !work.Stopped() {
				q.refresh()
			}
		})
	})
	q.refresh()
}

// stop cancels what runs and lets go of what was found.
func (q *Quick) stop() {
	if q.work != nil {
		q.work.Stop()
	}
	if q.release != nil {
		q.release()
	}
	*q = Quick{model: q.model, config: q.config, shown: q.shown}
}

// follow looks whether another account is shown now, or none. The shell calls it after every change of its own.
func (q *Quick) follow() {
	if !q.shown {
		return
	}
	if q.tooMuch() {
		q.Hide()
		q.config.Front()
		return
	}
	if q.config.Unlocked() != q.unlocked {
		q.stop()
		q.start()
	}
	q.changed()
}

// Submit tries the master password, which it takes ownership of.
func (q *Quick) Submit(password secret.Bytes) {
	q.config.Touch()
	if unlock := q.config.Unlock(); unlock != nil {
		unlock.Submit(password)
		return
	}
	password.Wipe()
}

// SetSearch filters the list while it is typed.
func (q *Quick) SetSearch(text string) {
	if q.unlocked == nil || text == q.search {
		return
	}
	q.config.Touch()
	q.search, q.selected, q.known, q.wanted, q.problem = text, id.ID{}, false, "", Message{}
	q.refresh()
	q.changed()
}

// refresh asks the vault again, off the UI goroutine. However often it is called while a query runs, one more follows.
func (q *Quick) refresh() {
	if !q.asking.begin() {
		return
	}
	store, text := q.unlocked.Vault(), q.search
	Run(q.work, func(context.Context) ([]*vault.Summary, error) {
		rows := store.Query(vault.Filter{Text: text})
		return rows[:min(len(rows), quickRows)], nil
	}, func(rows []*vault.Summary, _ error) {
		if q.asking.end() {
			q.refresh()
			return
		}
		q.found(rows)
	})
}

// found shows the rows and does what was asked for while they were looked for: fast fingers mean the item that they typed, not the one
// that happened to be there.
func (q *Quick) found(rows []*vault.Summary) {
	q.rows, q.known = rows, true
	if q.index() < 0 {
		q.selected = id.ID{}
		if len(rows) > 0 {
			q.selected = rows[0].ID
		}
	}
	wanted := q.wanted
	q.wanted = ""
	q.changed()
	if wanted != "" {
		q.Do(wanted)
	}
}

func (q *Quick) index() int {
	return slices.IndexFunc(q.rows, func(s *vault.Summary) bool { return s.ID == q.selected })
}

// Move selects the row so many below the selected one, as far as there are rows.
func (q *Quick) Move(by int) { q.Select(min(max(q.index()+by, 0), len(q.rows)-1)) }

// Select selects a row.
func (q *Quick) Select(row int) {
	q.config.Touch()
	if row >= 0 && row < len(q.rows) {
		q.selected, q.problem = q.rows[row].ID, Message{}
		q.changed()
	}
}

// Do carries out what a key stands for: one of State.Keys, or ActionBack.
func (q *Quick) Do(action Action) {
	q.config.Touch()
	switch action {
	case ActionBack:
		q.Hide()
	case ActionLock:
		q.Hide()
		q.config.Lock()
	case ActionCopyUser, ActionCopyPassword, ActionCopyCode, ActionOpenSite:
		q.take(action)
	}
}

// take gets from the selected item what an action is about.
func (q *Quick) take(action Action) {
	if q.unlocked == nil {
		return
	}
	if !q.known {
		q.wanted = action
		return
	}
	if q.selected.IsZero() {
		return
	}
	take(q.work, q.unlocked.Vault(), q.selected, action, q.env.Clock.Now(), func(t taken, err error) { q.took(action, t, err) })
}

func (q *Quick) took(action Action, t taken, err error) {
	switch {
	case err != nil:
		q.fail(explain(q.env.Words, err))
	case t.value.IsZero():
		q.fail(Message{Tone: ToneWarning, What: q.text(lacksText(action))})
	case action == ActionOpenSite:
		address := t.address()
		Run(q.work, func(context.Context) (struct{}, error) { return struct{}{}, q.env.OpenURL(address) }, q.done)
	default:
		q.unlocked.Vault().Used(q.selected)
		work := q.work
		q.config.copier.copy(q.unlocked.Account().ID, t.value, q.config.ClearAfter(), func(err error) {
			if !work.Stopped() {
				q.done(struct{}{}, err)
			}
		})
	}
}

// done hides the window: what was wanted is on the clipboard, or in the browser.
func (q *Quick) done(_ struct{}, err error) {
	if err != nil {
		q.fail(explain(q.env.Words, err))
		return
	}
	q.Hide()
}

func (q *Quick) fail(problem Message) {
	q.problem = problem
	q.changed()
}

func (q *Quick) view() QuickState {
	s := QuickState{Shown: q.shown, Selected: -1}
	if !q.shown {
		return s
	}
	if s.Locked = q.unlocked == nil; s.Locked {
		if unlock := q.config.Unlock(); unlock != nil {
			u := unlock.State()
			s.Account, s.Busy, s.Button, s.Problem = u.Account, u.Busy, u.Button, u.Problem
		}
		s.Password = q.text("screen.welcome.password.field")
		return s
	}
	s.Account, s.Search, s.Hint, s.Problem = q.unlocked.Account().Email, q.search, q.text("screen.vault.search"), q.problem
	s.Rows, s.Selected = Rows{summaries: q.rows, words: q.env.Words}, q.index()
	if q.known && len(q.rows) == 0 {
		s.Empty = q.text("screen.quick.empty")
	}
	for _, action := range quickKeys {
		key, _ := ShortcutOf(action)
		s.Keys = append(s.Keys, key)
	}
	return s
}
