package screen

import (
	"context"
	"errors"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/vault"
)

// hasWayOut tells whether a stopped sync can go on once the person has decided: the server shows another history, of the vault or of
// the account, or synced rows of the file were changed outside.
func hasWayOut(err error) bool {
	var v *engine.Violation
	return errors.As(err, &v) || errors.Is(err, engine.ErrLocalState) || otherAccount(err)
}

// otherAccount tells whether the server has lost changes of the account, or has others: then this PC is set up again.
func otherAccount(err error) bool {
	return errors.Is(err, engine.ErrLogBehind) || errors.Is(err, engine.ErrLogForked)
}

// reloadable tells whether a file that did not unlock can be mended from the server.
func reloadable(err error) bool {
	return errors.Is(err, vault.ErrOlderCopy) || errors.Is(err, vault.ErrTampered) || errors.Is(err, vault.ErrCorrupt)
}

// TroubleState is the dialog that leads out of a stopped sync. Nothing happens before the person has seen what would change.
type TroubleState struct {
	Title   string
	Story   Message  // what happened
	Lines   []string // what going on would change; empty until it is known
	Busy    bool
	Note    string  // what is being done
	Problem Message // why comparing or going on did not work
	Confirm string  // label; empty while there is nothing to confirm
	Cancel  string
}

// Trouble is the model of the dialog.
type Trouble struct {
	model[TroubleState]
	config  TroubleConfig
	server  bool // the server's history is compared first; else the file is loaded again
	seen    session.Difference
	known   bool
	busy    bool
	problem Message
}

// TroubleConfig says what the trouble is and what follows. Done gets a sentence to say, empty if nothing was changed.
type TroubleConfig struct {
	Unlocked *session.Unlocked
	Status   session.Status
	Done     func(said string)
	Rejoin   func() // the account is another one at the server
}

// NewTrouble opens the dialog; where the server is the trouble, it begins to compare.
func NewTrouble(env *Env, config TroubleConfig) *Trouble {
	t := &Trouble{config: config, server: !errors.Is(config.Status.Err, engine.ErrLocalState)}
	t.begin(env, t.view)
	if t.server {
		t.compare()
	}
	return t
}

func (t *Trouble) view() TroubleState {
	s := TroubleState{
		Title: t.text("screen.sync.problem"), Story: explain(t.env.Words, t.config.Status.Err), Busy: t.busy, Problem: t.problem,
		Cancel: t.text("screen.trouble.cancel"),
	}
	switch {
	case !t.server:
		s.Lines = []string{t.text("screen.trouble.file")}
		s.Confirm = t.text("screen.trouble.reload")
	case t.known:
		s.Lines = t.describe()
		s.Confirm = t.text("screen.trouble.confirm")
	case t.busy:
		s.Note = t.text("screen.trouble.comparing")
	}
	if path := t.config.Status.Evidence; path != "" {
		s.Lines = append(s.Lines, t.text("screen.trouble.evidence", "path", path))
	}
	return s
}

// describe says what the person decides about.
func (t *Trouble) describe() []string {
	d := t.seen
	key := "screen.trouble.forked"
	if d.Restored {
		key = "screen.trouble.restored"
	}
	lines := []string{
		t.text("screen.trouble.here", "time", t.time(d.Pinned.Time), "device", d.PinnedBy),
		t.text("screen.trouble.empty"),
		t.env.Words.Count("screen.trouble.ours", d.Ours),
	}
	if d.Server.Seq > 0 {
		lines[1] = t.text(key, "time", t.time(d.Server.Time), "device", d.ServerBy)
	}
	if d.Theirs > 0 {
		lines = append(lines, t.env.Words.Count("screen.trouble.theirs", d.Theirs))
	}
	for _, device := range d.ConfirmedBy {
		lines = append(lines, t.text("screen.trouble.confirmedBy", "device", device))
	}
	return append(lines, t.text("screen.trouble.kept"))
}

func (t *Trouble) time(millis int64) string {
	return t.env.Words.DateTime(time.UnixMilli(millis).Local())
}

func (t *Trouble) compare() {
	t.busy, t.known, t.problem = true, false, Message{}
	Run(t.run, func(ctx context.Context) (session.Difference, error) {
		return t.config.Unlocked.Compare(ctx, nil)
	}, func(d session.Difference, err error) {
		if otherAccount(err) {
			t.config.Rejoin()
			return
		}
		t.busy, t.seen, t.known = false, d, err == nil
		t.problem = explain(t.env.Words, err)
		t.changed()
	})
}

// Confirm goes on from the server's state.
func (t *Trouble) Confirm() {
	if t.busy || t.server && !t.known {
		return
	}
	t.busy, t.problem = true, Message{}
	seen, server := t.seen, t.server
	Run(t.run, func(ctx context.Context) (session.Reloaded, error) {
		if server {
			return t.config.Unlocked.Adopt(ctx, seen, nil)
		}
		return t.config.Unlocked.Reload(ctx, nil)
	}, t.confirmed)
	t.changed()
}

func (t *Trouble) confirmed(done session.Reloaded, err error) {
	t.busy = false
	if err == nil {
		t.config.Done(t.env.Words.Count("screen.trouble.done", done.Kept+done.NewItems))
		return
	}
	t.problem = explain(t.env.Words, err)
	t.changed()
	if t.server && hasWayOut(err) {
		t.compare() // the server shows something else than before: it has to be looked at again
		t.changed()
	}
}

// Cancel leaves everything as it is.
func (t *Trouble) Cancel() { t.config.Done("") }
