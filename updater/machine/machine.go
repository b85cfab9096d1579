// Package machine keeps an installation current that belongs to the whole computer: the core of the Windows service, which runs as
// LocalSystem, and of the launchd daemon of macOS, which runs as root. Nobody can tell it anything: it has no pipe, no port and no configuration that a user can write. It polls, verifies
// and stages like any client, and installs a verified package while Coffer does not run, or when the administrator says.
package machine

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/updater"
)

// Client finds and stages releases: *updater.Client.
type Client interface {
	Check(context.Context) updater.State
	Stage(context.Context, updater.Progress) updater.State
	// BeginInstall counts a try durably and returns how many there were; PutOff takes the last one back.
	BeginInstall(buildinfo.Number) (tries int, err error)
	PutOff(buildinfo.Number) error
	MarkFailed(buildinfo.Number) error
	// Kept is the verified package of the version that runs.
	Kept() (updater.Staged, error)
}

// System is the computer.
type System interface {
	// Automatic reports whether the installation lets updates install without asking. A policy comes first.
	Automatic() bool
	// Policy is what the administrator has decided, as it is now.
	Policy() policy.Policy
	// InUse reports whether Coffer runs in any session.
	InUse() (bool, error)
	// Install installs a package after verifying it again. An error means that the installer was not run to its end.
	Install(context.Context, updater.Staged) (Outcome, error)
}

// Outcome is how the system's installer ended.
type Outcome struct {
	Result Result
	Code   int // the installer's exit code, for the log
}

// Result is what an exit code means.
type Result int

// The results.
const (
	Failed    Result = iota
	Installed        // the release is in place
	Later            // the computer is busy; nothing was tried
)

// Service brings Client and System together.
type Service struct {
	client Client
	system System
	log    *slog.Logger
	now    func() time.Time

	mu     sync.Mutex
	staged *updater.Staged // waits to be installed

	trials *Trials // nil where a version that does not work is not taken back
	lived  bool    // through the first minute
}

// New makes a service that has found nothing yet.
func New(client Client, system System, log *slog.Logger) *Service {
	return &Service{client: client, system: system, log: log, now: time.Now}
}

// lookForQuiet is how often the service looks whether Coffer was closed. It can be set by the linker, for tests.
var lookForQuiet = "1m"

// Run polls and installs until ctx ends. An installation under way is not interrupted: the package itself stops the service.
func (s *Service) Run(ctx context.Context, clock updater.Clock) {
	quiet, err := time.ParseDuration(lookForQuiet)
	if err != nil {
		quiet = time.Minute
	}
	var loops sync.WaitGroup
	loops.Go(func() { updater.NewSchedule(updater.PollEvery, updater.PollJitter, clock, s.Poll).Run(ctx) })
	loops.Go(func() { updater.NewSchedule(quiet, 0, clock, s.each).Run(ctx) })
	loops.Wait()
}

// TakeBack has releases that are installed from now on, and do not work, taken back.
func (s *Service) TakeBack(t *Trials) error {
	s.trials = t
	return t.Settle(s.client)
}

// each is what happens each minute. From the second one on this version has proved itself, if it was on trial.
func (s *Service) each(ctx context.Context) {
	if s.trials != nil && s.lived && !s.trials.dir.proves(s.trials.installed) {
		if err := s.trials.dir.prove(s.trials.installed); err != nil {
			s.log.Error("cannot say that this version works", "err", err)
		}
	}
	s.lived = true
	s.InstallIfWanted(ctx)
}

// Poll looks for a release and stages it.
func (s *Service) Poll(ctx context.Context) {
	found := s.client.Check(ctx)
	if _, ok := found.(updater.Available); ok {
		found = s.client.Stage(ctx, nil)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch st := found.(type) {
	case updater.Staged:
		s.staged = &st
	case updater.Refused:
		// A host that does not answer says nothing about what was verified; anything else does.
		s.log.Warn("no update", "err", st.Err)
		if withdrawn(st.Err) {
			s.staged = nil
		}
	default:
		s.staged = nil
	}
}

// InstallIfWanted installs the staged release if the administrator wants that now: in the maintenance window, where there is one, and
// else while Coffer does not run.
func (s *Service) InstallIfWanted(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.staged == nil {
		return
	}
	rules, now := s.system.Policy(), s.now()
	switch {
	case !s.automatic(rules) || updater.HeldBy(rules, s.staged.Version, now) != "":
		return
	case !rules.MaintenanceWindow.IsZero():
		if !rules.MaintenanceWindow.Open(now) {
			return
		}
	case !s.quiet():
		return
	}
	s.install(ctx)
}

func (s *Service) automatic(rules policy.Policy) bool {
	if rules.AutoUpdate == policy.NotSet {
		return s.system.Automatic()
	}
	return rules.AutoUpdate == policy.Yes
}

// quiet reports whether Coffer runs nowhere; what cannot be told does not count as quiet.
func (s *Service) quiet() bool {
	busy, err := s.system.InUse()
	if err != nil {
		s.log.Warn("cannot tell whether Coffer runs", "err", err)
	}
	return err == nil && !busy
}

// maxFailures is how often a package may fail: the reason may pass, such as a file held open by a virus scanner.
const maxFailures = 3

// install counts the try before it begins: a package stops this service, so what comes after may never run here.
func (s *Service) install(ctx context.Context) {
	version := s.staged.Version
	tries, err := s.client.BeginInstall(version)
	switch {
	case err != nil:
		s.log.Error("update not installed: the try cannot be recorded", "version", version, "err", err)
		return
	case tries > maxFailures:
		s.giveUp()
		return
	}
	if s.trials != nil {
		kept, err := s.client.Kept()
		s.trials.begin(ctx, *s.staged, kept, err)
	}
	outcome, err := s.system.Install(ctx, *s.staged)
	if s.trials != nil && (err != nil || outcome.Result != Installed) {
		s.trials.abandon()
	}
	switch {
	case err == nil && outcome.Result == Installed:
		s.log.Info("update installed", "version", version, "code", outcome.Code)
		s.staged = nil
	case err == nil && outcome.Result == Later:
		s.log.Info("update waits for another installation", "version", version, "code", outcome.Code)
		if err := s.client.PutOff(version); err != nil {
			s.log.Error("cannot record that nothing was tried", "err", err)
		}
	default:
		s.log.Error("update failed", "version", version, "code", outcome.Code, "err", err, "tries", tries)
		if tries == maxFailures {
			s.giveUp()
		}
	}
}

// giveUp has the release never tried again on this computer.
func (s *Service) giveUp() {
	version := s.staged.Version
	s.staged = nil
	if err := s.client.MarkFailed(version); err != nil {
		s.log.Error("cannot record the failure", "version", version, "err", err)
	}
}
