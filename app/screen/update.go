package screen

import (
	"context"
	"time"

	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/updater"
)

// UpdateState is the prompt for a new version, and what the settings say about updates.
type UpdateState struct {
	Installed string  // "Coffer 1.3.2"
	LastCheck string  // "Last checked on 20 September 2026, 00:50"
	Status    Message // "Coffer is up to date.", or why a release was refused
	Busy      bool
	Progress  Progress // of a download

	Check   string // label of the button; empty if somebody else installs updates here
	Banner  UpdateBanner
	Warning Message // no host has proved to be current for a long time
}

// UpdateBanner is the prompt. It is zero while there is nothing to install, and after "Later".
type UpdateBanner struct {
	Title   string // "Coffer 1.4.0 is ready."
	Notes   string // what is new
	Restart string // labels of the buttons
	Later   string
	Urgent  bool // the installed version is known to be insecure
}

// IsZero reports whether there is no prompt.
func (b UpdateBanner) IsZero() bool { return b.Title == "" }

// laterPause is how long "Later" lasts while the program runs.
const laterPause = 24 * time.Hour

// UpdateClient finds and stages releases; updater.Client does.
type UpdateClient interface {
	Check(context.Context) updater.State
	Stage(context.Context, updater.Progress) updater.State
	LastVerified() (time.Time, error)
}

// UpdateConfig says what is installed and how a new version gets there.
type UpdateConfig struct {
	Client    UpdateClient // nil where this program does not update itself
	Managed   bool         // without a Client: somebody else updates it, a service or who installed it
	TakenBack string       // the version that Managed's service has taken back, empty if there is none
	Installed buildinfo.Number
	Restart   func() error // applies what is staged and has the program started again once it has quit
	// Held says whether the administrator wants a release now: he may have changed his mind since it was fetched. nil holds nothing.
	Held func(buildinfo.Number) updater.Hold
	Quit func()
}

// Update looks for new versions, fetches them, and asks when to restart.
type Update struct {
	model[UpdateState]
	config UpdateConfig

	found    updater.State
	verified time.Time
	busy     bool
	progress Progress
	problem  Message // of the restart
	later    time.Time
}

// NewUpdate does nothing until Poll is called.
func NewUpdate(env *Env, config UpdateConfig) *Update {
	u := &Update{config: config}
	u.begin(env, u.view)
	return u
}

// looked is what one look for updates gave.
type looked struct {
	state    updater.State
	verified time.Time
}

// Poll looks for a new version and fetches it: by the schedule, or because the person asks.
func (u *Update) Poll() {
	if u.busy || u.config.Client == nil {
		return
	}
	u.busy, u.progress = true, Progress{}
	report := u.run.progress(func(done, total int) {
		u.progress = Progress{Done: done, Total: total, Text: u.text("screen.update.downloading", "percent", percent(done, total))}
		u.changed()
	})
	Run(u.run, func(ctx context.Context) (looked, error) { return u.look(ctx, report) }, u.show)
	u.changed()
}

// look works off the UI goroutine.
func (u *Update) look(ctx context.Context, report func(done, total int)) (looked, error) {
	state := u.config.Client.Check(ctx)
	if _, ok := state.(updater.Available); ok {
		state = u.config.Client.Stage(ctx, throttle(report))
	}
	verified, err := u.config.Client.LastVerified()
	return looked{state, verified}, err
}

// throttle reports a download in whole percents: a report for every 64 KiB would do nothing but draw.
func throttle(report func(done, total int)) updater.Progress {
	last := -1
	return func(done, total int64) {
		now := percent(int(done), int(total))
		if now != last {
			last = now
			report(int(done), int(total))
		}
	}
}

func percent(done, total int) int { return int(100 * Progress{Done: done, Total: total}.Fraction()) }

func (u *Update) show(l looked, err error) {
	u.busy, u.progress, u.found = false, Progress{}, l.state
	if err != nil {
		u.env.Log.Error("time of the last update check is unknown", "error", err)
	} else {
		u.verified = l.verified
	}
	u.changed()
}

// Later hides the prompt for a day.
func (u *Update) Later() {
	u.later = u.env.Clock.Now().Add(laterPause)
	u.run.After(laterPause, u.changed)
	u.changed()
}

// Restart installs what is ready and quits the program, which then starts again.
func (u *Update) Restart() {
	staged, ok := u.found.(updater.Staged)
	if !ok || u.busy {
		return
	}
	u.busy, u.problem = true, Message{}
	Run(u.run, func(context.Context) (updater.Hold, error) { return u.restart(staged.Version) }, func(by updater.Hold, err error) {
		u.busy, u.problem = false, explain(u.env.Words, err)
		if by != "" {
			u.found = updater.Held{Release: staged.Release, By: by}
		}
		u.changed()
		if err == nil && by == "" {
			u.config.Quit()
		}
	})
	u.changed()
}

// restart works off the UI goroutine. It does nothing if the release is held by now.
func (u *Update) restart(version buildinfo.Number) (updater.Hold, error) {
	if u.config.Held != nil {
		if by := u.config.Held(version); by != "" {
			return by, nil
		}
	}
	return "", u.config.Restart()
}

func (u *Update) view() UpdateState {
	s := UpdateState{
		Installed: u.text("screen.update.installed", "version", u.config.Installed), LastCheck: u.lastCheck(), Status: u.status(),
		Busy: u.busy, Progress: u.progress, Check: u.text("screen.update.check"), Warning: u.warning(),
	}
	if u.config.Client == nil {
		s.Check, s.LastCheck = "", ""
		s.Status = Message{What: u.text("screen.update.none")}
		if u.config.Managed {
			s.Status.What = u.text("screen.update.managed")
			s.Warning = u.takenBack()
		}
	}
	staged, ok := u.found.(updater.Staged)
	if ok && (staged.Urgent || !u.env.Clock.Now().Before(u.later)) {
		s.Banner = UpdateBanner{Title: u.text("screen.update.ready", "version", staged.Version), Notes: staged.Notes,
			Restart: u.text("screen.update.restart"), Later: u.text("screen.update.later"), Urgent: staged.Urgent}
	}
	return s
}

// takenBack is quiet: there is nothing for the person to do.
func (u *Update) takenBack() Message {
	if u.config.TakenBack == "" {
		return Message{}
	}
	return Message{Tone: ToneQuiet, What: u.text("screen.update.takenBack", "version", u.config.TakenBack),
		Safe: u.text("error.updateFailedBefore.safe"), Next: u.text("error.updateFailedBefore.next")}
}

func (u *Update) status() Message {
	if !u.problem.IsZero() {
		return u.problem
	}
	switch found := u.found.(type) {
	case updater.UpToDate:
		return Message{Tone: ToneGood, What: u.text("screen.update.upToDate")}
	case updater.Staged:
		return Message{Tone: ToneGood, What: u.text("screen.update.ready", "version", found.Version)}
	case updater.Held:
		return Message{Tone: ToneQuiet, What: u.text("screen.update.held."+string(found.By), "version", found.Version)}
	case updater.Refused:
		return explain(u.env.Words, found.Err)
	}
	return Message{}
}

func (u *Update) lastCheck() string {
	if u.verified.IsZero() {
		return u.text("screen.update.never")
	}
	return u.text("screen.update.lastCheck", "time", u.env.Words.DateTime(u.verified.Local()))
}

// warning speaks up when the hosts have kept quiet for so long that something is wrong.
func (u *Update) warning() Message {
	if u.verified.IsZero() || u.config.Client == nil {
		return Message{}
	}
	switch age := u.env.Clock.Now().Sub(u.verified); {
	case age < -updater.StaleNote: // the clock is wrong, or was
		return Message{Tone: ToneQuiet, What: u.text("screen.update.staleNote")}
	case age > updater.StaleBanner:
		return Message{Tone: ToneWarning, What: u.text("screen.update.staleBanner"), Next: u.text("screen.update.staleNext")}
	case age > updater.StaleNote:
		return Message{Tone: ToneQuiet, What: u.text("screen.update.staleNote")}
	}
	return Message{}
}
