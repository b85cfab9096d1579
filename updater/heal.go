package updater

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/internal/buildinfo"
)

// Recovery is what Heal found at the start of the program.
type Recovery struct {
	// Trial: this is the first start of a new version. It must call ConfirmHealthy within HealthWindow.
	Trial bool
	// RolledBack: the new version, Failed, was started before and never proved healthy, so the previous program is in place again.
	// What runs now is still the failed one: Restart and quit.
	RolledBack bool
	Failed     buildinfo.Number
	// Aborted: a crash had interrupted Apply; the previous program runs and the release may be applied again.
	Aborted bool
}

// Restore puts the saved program back if a crash between two renames left none at path, and reports whether it did. Any program of
// the same folder may call it: the missing one cannot.
func Restore(path string) (bool, error) {
	old := (&Program{path: path}).oldPath()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	info, err := os.Lstat(old)
	if err != nil || !info.Mode().IsRegular() {
		return false, errors.Join(fmt.Errorf("restore program: %w: %s", fs.ErrNotExist, filepath.Base(path)), err)
	}
	return true, atomicfile.Rename(old, path)
}

// Heal finishes or takes back what an earlier process left. It decides by what is on the disk and not by what was meant to be. Call it
// once in each process that is a start of the program, early, but as the single instance: a second one during a trial would end it.
func (p *Program) Heal() (Recovery, error) {
	if _, err := Restore(p.path); err != nil {
		return Recovery{}, err
	}
	st, err := p.store.load()
	if err != nil || st.Swap == nil {
		return Recovery{}, err
	}
	sha, err := fileSum(p.path)
	if err != nil {
		return Recovery{}, fmt.Errorf("heal update: %w", err)
	}
	if sha != st.Swap.SHA256 {
		// Not the program of the journal: the swap did not happen, was taken back, or somebody installed another version.
		return Recovery{Aborted: !st.Swap.Done}, p.settle()
	}
	if st.Swap.Started {
		return p.rollBack(*st.Swap)
	}
	p.trialSince = p.now()
	err = p.store.update(func(s *state) { s.Swap.Done, s.Swap.Started = true, true })
	return Recovery{Trial: true}, errors.Join(err, p.at("trial begun"))
}

// rollBack returns to the previous program. The failure is recorded first, so that a crash in between cannot make a second trial.
func (p *Program) rollBack(s swap) (Recovery, error) {
	if err := p.store.update(func(st *state) { st.fail(s.To); st.Staged = nil }); err != nil {
		return Recovery{}, err
	}
	if err := p.at("failure noted"); err != nil {
		return Recovery{}, err
	}
	if _, err := os.Lstat(p.oldPath()); errors.Is(err, fs.ErrNotExist) {
		return Recovery{}, errors.Join(fmt.Errorf("roll back update: no previous program: %w", err), p.settle())
	}
	if err := p.putBack(); err != nil {
		return Recovery{}, fmt.Errorf("roll back update: %w", err)
	}
	if err := p.at("put back"); err != nil {
		return Recovery{}, err
	}
	p.log.Warn("update failed, the previous version is back", "failed", s.To)
	return Recovery{RolledBack: true, Failed: s.To}, p.settle()
}

// ConfirmHealthy ends the trial of a new version: it started and opened its data. Without a trial it does nothing. Past HealthWindow
// it is an error, and the next start returns to the previous version.
func (p *Program) ConfirmHealthy() error {
	if p.trialSince.IsZero() {
		return nil
	}
	if took := p.now().Sub(p.trialSince); took > HealthWindow {
		return fmt.Errorf("confirm update: healthy only after %v", took)
	}
	if err := p.store.update(func(s *state) { s.Swap = nil }); err != nil {
		return err
	}
	if err := p.at("confirmed"); err != nil {
		return err
	}
	p.removeAside(p.oldPath())
	p.removeAside(p.failedPath())
	return nil
}
