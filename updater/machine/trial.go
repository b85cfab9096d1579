package machine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/updater"
)

// step is how far a trial is. Each is on the disk before what it names.
type step string

const (
	installing step = "installing" // the old service runs the installer
	judging    step = "judging"    // the new version is in place
	proved     step = "proved"     // and works
	returning  step = "returning"  // the installer brings the old version back
	returned   step = "returned"   // the old version is in place
	givenUp    step = "given up"   // the old version could not be installed
)

// journal is trial.json, which only the version that a trial began with writes and reads: its service, and its watcher, which is a copy of
// it. The service of the other version leaves a proof and knows nothing of this file.
type journal struct {
	From   buildinfo.Number `json:"from"`
	To     buildinfo.Number `json:"to"`
	Path   string           `json:"path"` // of the package of From
	Size   int64            `json:"size"`
	SHA256 string           `json:"sha256"`
	Step   step             `json:"step"`
	Tries  int              `json:"tries,omitempty"` // ways back that were begun
	Reason string           `json:"reason,omitempty"`
}

// trialFolder is the service's private folder.
type trialFolder string

func (d trialFolder) journal() string { return filepath.Join(string(d), "trial.json") }
func (d trialFolder) proof() string   { return filepath.Join(string(d), "proof") }

// read is nil where there was no trial.
func (d trialFolder) read() (*journal, error) {
	data, err := os.ReadFile(d.journal())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var j journal
	if err == nil {
		err = json.Unmarshal(data, &j)
	}
	if err != nil {
		return nil, fmt.Errorf("read trial: %w", err)
	}
	return &j, nil
}

func (d trialFolder) write(j journal) error {
	data, err := json.MarshalIndent(j, "", "\t")
	if err != nil {
		return fmt.Errorf("write trial: %w", err)
	}
	return atomicfile.WriteFile(d.journal(), data, 0o600)
}

// prove says that the service of a version has run for a minute, after it has read what it remembers.
func (d trialFolder) prove(v buildinfo.Number) error {
	return atomicfile.WriteFile(d.proof(), []byte(v.String()), 0o600)
}

func (d trialFolder) proves(v buildinfo.Number) bool {
	said, err := os.ReadFile(d.proof())
	return err == nil && string(said) == v.String()
}

func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// WatchFlag has the updater be the watcher.
const WatchFlag = "--watch"

// answerIn is how long the command line may take.
const answerIn = 30 * time.Second

// Computer is what a watcher sees and does.
type Computer interface {
	// Installed is the version that the package has recorded; false while there is none.
	Installed() (buildinfo.Number, bool)
	// Busy reports whether an installer is under way, or has left something for the next start of the computer.
	Busy() bool
	// Answers has the command line say its version, which opens nothing of a user's.
	Answers(context.Context, buildinfo.Number) error
	// Tell has everybody on the computer see that a version was taken back, and why, until the service starts again.
	Tell(version buildinfo.Number, reason string) error
	// Return installs an older package, after verifying it again.
	Return(updater.Staged) (Outcome, error)
}

// Watchman is a process that outlives the package and the computer's power.
type Watchman interface {
	Start() error
	End() error // nothing to do if there is none
}

// Trials is the service's side of what happens to a version that was installed and does not work.
type Trials struct {
	dir       trialFolder
	installed buildinfo.Number
	computer  Computer
	watchman  Watchman
	log       *slog.Logger
	pause     time.Duration // between two tries to start a watcher
}

// NewTrials are those of a service of one version, in its private folder.
func NewTrials(dir string, installed buildinfo.Number, c Computer, w Watchman, log *slog.Logger) *Trials {
	return &Trials{dir: trialFolder(dir), installed: installed, computer: c, watchman: w, log: log, pause: time.Second}
}

// Settle is for the start of the service: it learns how a trial ended that an earlier start of this version began, and has a release that
// was taken back never tried again. It can be repeated after a kill. Without that memory the service must not go on: it would install the
// release again. All else can wait.
func (t *Trials) Settle(client interface{ MarkFailed(buildinfo.Number) error }) error {
	j, err := t.dir.read()
	if err != nil {
		// What cannot be read is of no use to a watcher either.
		t.log.Error("the trial is forgotten", "err", err)
		t.abandon()
		return nil
	}
	switch {
	case j == nil || j.To == t.installed:
		return nil
	case j.From == t.installed && (j.Step == returning || j.Step == returned):
		t.log.Error("version does not work here and was taken back; it is not tried again", "version", j.To, "reason", j.Reason)
		if err := t.computer.Tell(j.To, j.Reason); err != nil {
			t.log.Error("nobody is told", "err", err)
		}
		return client.MarkFailed(j.To)
	}
	t.abandon()
	return nil
}

// abandon ends a trial. A watcher that is left finds the version before in place, or no trial, and ends itself.
func (t *Trials) abandon() {
	if err := errors.Join(t.watchman.End(), remove(t.dir.journal())); err != nil {
		t.log.Error("cannot end the trial", "err", err)
	}
}

// begin is called before the installer. Without a way back the release is installed all the same: it may be the one that mends
// what keeps this version from having one.
func (t *Trials) begin(ctx context.Context, to updater.Staged, kept updater.Staged, err error) {
	switch {
	case err == nil && to.Urgent:
		err = errors.New("the version that runs is known to be insecure")
	case err == nil && !t.dir.proves(t.installed):
		err = errors.New("this version has not proved itself either")
	case err == nil:
		// What the new version is asked must be something that can be answered here.
		err = t.computer.Answers(ctx, t.installed)
	}
	if err == nil {
		j := journal{From: t.installed, To: to.Version, Path: kept.Path, Size: kept.Size, SHA256: kept.SHA256, Step: installing}
		err = errors.Join(t.watchman.End(), remove(t.dir.proof()))
		if err == nil {
			err = t.dir.write(j)
		}
		if err == nil {
			err = t.startWatch(ctx)
		}
	}
	if err != nil {
		t.log.Warn("update has no way back", "version", to.Version, "reason", err)
	}
}

// startsOfWatch is more seconds than launchd gives a job to end before it kills it (20, launchd.plist(5), ExitTimeOut).
const startsOfWatch = 25

// startWatch tries again while the system still ends the watcher of the update before, minutes ago: there cannot be two.
func (t *Trials) startWatch(ctx context.Context) error {
	for try := 1; ; try++ {
		err := t.watchman.Start()
		if err == nil || try == startsOfWatch {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(t.pause):
		}
	}
}

// looksToJudge can be set by the linker, for tests: five minutes of looks.
var looksToJudge = "60"

const (
	lookEvery      = 5 * time.Second
	looksToInstall = 720 // an hour in which no installer runs, and the new version does not come
	maxReturns     = 3
)

// Watcher takes a version back that does not prove itself. It runs in a copy of the program that the version before had.
type Watcher struct {
	dir      trialFolder
	computer Computer
	clock    updater.Clock
	log      *slog.Logger
	judge    int // looks
	looks    int // since the step began or the watcher started, without those in which an installer ran
}

// NewWatcher reads the trial from the service's private folder.
func NewWatcher(dir string, c Computer, clock updater.Clock, log *slog.Logger) (*Watcher, error) {
	looks, err := strconv.Atoi(looksToJudge)
	return &Watcher{dir: trialFolder(dir), computer: c, clock: clock, log: log, judge: looks}, err
}

// Run returns true when nothing is left to do, and false when ctx has ended. Looks are counted, and no time: a computer that sleeps does
// not judge.
func (w *Watcher) Run(ctx context.Context) bool {
	for ctx.Err() == nil {
		over, err := w.look(ctx)
		if err != nil {
			w.log.Error("trial", "err", err)
		}
		if over {
			return true
		}
		select {
		case <-ctx.Done():
		case <-w.clock.After(lookEvery):
		}
	}
	return false
}

// look goes one step on, if it is time to. A trial that nobody can read is over.
func (w *Watcher) look(ctx context.Context) (over bool, err error) {
	j, err := w.dir.read()
	if err != nil || j == nil {
		return true, err
	}
	if w.computer.Busy() {
		return false, nil
	}
	w.looks++
	version, there := w.computer.Installed()
	switch j.Step {
	case installing:
		return w.awaitInstall(*j, version, there)
	case judging:
		return w.judgeVersion(ctx, *j, version, there)
	case returning:
		return w.takeBack(*j, version, there)
	}
	return true, nil
}

// goTo records a step. What failed to be recorded has not happened.
func (w *Watcher) goTo(j journal, next step) error {
	w.log.Info("trial", "step", next, "from", j.From, "to", j.To, "reason", j.Reason)
	j.Step, w.looks = next, 0
	return w.dir.write(j)
}

func (w *Watcher) awaitInstall(j journal, version buildinfo.Number, there bool) (over bool, err error) {
	if there && version == j.To {
		return false, w.goTo(j, judging)
	}
	return there && version != j.From || w.looks >= looksToInstall, nil
}

func (w *Watcher) judgeVersion(ctx context.Context, j journal, version buildinfo.Number, there bool) (over bool, err error) {
	if !there || version != j.To {
		// Somebody else has decided: another version is there, or none.
		return w.looks >= w.judge, nil
	}
	doubt := errors.New("its service has not proved that it works")
	if w.dir.proves(j.To) {
		doubt = w.computer.Answers(ctx, j.To)
	}
	if doubt == nil {
		return true, w.goTo(j, proved)
	}
	if w.looks < w.judge {
		return false, nil
	}
	j.Reason = doubt.Error()
	return false, w.goTo(j, returning)
}

// takeBack counts a try before it begins, as the service does. No version at all is what a try may leave that the power was cut in.
func (w *Watcher) takeBack(j journal, version buildinfo.Number, there bool) (over bool, err error) {
	torn := !there && j.Tries > 0
	switch {
	case there && version == j.From:
		return true, w.goTo(j, returned)
	case version != j.To && !torn || j.Tries >= maxReturns:
		return true, w.goTo(j, givenUp)
	}
	j.Tries++
	if err := w.dir.write(j); err != nil {
		return false, err
	}
	outcome, err := w.computer.Return(updater.Staged{Release: updater.Release{Version: j.From, Size: j.Size, SHA256: j.SHA256}, Path: j.Path})
	w.log.Warn("version before is installed again", "version", j.From, "code", outcome.Code, "try", j.Tries, "err", err)
	switch {
	case err == nil && outcome.Result == Installed:
		return true, w.goTo(j, returned)
	case err == nil && outcome.Result == Later:
		j.Tries--
		return false, w.dir.write(j)
	}
	return false, err
}
