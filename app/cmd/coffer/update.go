package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/updater/machine"
	"github.com/coffer-vault/coffer/updater/manifest"
	"github.com/coffer-vault/coffer/updater/trust"
)

// updateConfig has no client where somebody else keeps this program current: a service, a package manager, or a developer.
func (d *desktop) updateConfig() screen.UpdateConfig {
	c := screen.UpdateConfig{Installed: buildinfo.Current(), Restart: d.restart}
	client, err := d.updateClient()
	if err != nil {
		d.log.Info("this program does not update itself", "why", err)
		c.Managed = errors.Is(err, errManaged)
		c.TakenBack, _ = machine.TakenBack() // the reason is for technicians: cofferctl doctor
		return c
	}
	c.Client = client
	c.Held = func(v buildinfo.Number) updater.Hold { return updater.HeldBy(policy.Read(), v, time.Now()) }
	return c
}

var (
	errNoProgram = errors.New("this program does not know its own file")
	errManaged   = errors.New("whoever installed it keeps it current")
)

func (d *desktop) updateClient() (*updater.Client, error) {
	root, err := trust.Root()
	if err != nil {
		return nil, err
	}
	switch {
	case d.program == nil:
		return nil, errNoProgram
	case installedForAll(): // whoever runs it: an administrator could write to its folder
		return nil, errManaged
	}
	client, err := updater.New(updater.Config{
		Mirrors: machine.Mirrors(), Dir: updatesFolder(d.paths), Root: root, Installed: buildinfo.Current(), Log: d.log, Program: d.program.Path(), Policy: policy.Read,
		Target: manifest.Target{Channel: updater.Channel(), Platform: updater.Platform(), File: programFile},
	})
	if err != nil {
		return nil, err
	}
	// After New, which makes the folder that CanApply looks at too. That others can change the program's folder is for the person to
	// hear, when an update is there.
	if err := d.program.CanApply(); err != nil && !errors.Is(err, updater.ErrUnsafeFolder) {
		return nil, errors.Join(errManaged, err)
	}
	return client, nil
}

// restart replaces the program by the staged release and has it started again when this process has ended.
func (d *desktop) restart() error {
	if err := d.program.Apply(); err != nil {
		return err
	}
	return d.program.Restart(os.Args[1:]...)
}

// pollUpdates looks for releases by the schedule; what it finds is shown by the shell's prompt.
func (d *desktop) pollUpdates(ctx context.Context) {
	updater.NewSchedule(updater.PollEvery, updater.PollJitter, updater.WallClock{}, func(context.Context) {
		d.thread.post(d.shell.Update().Poll)
	}).Run(ctx)
}

// confirmHealthy ends the trial of a new version once its first screen is shown, off the UI goroutine.
func (d *desktop) confirmHealthy() {
	if d.program == nil {
		return
	}
	go func() {
		if err := proveHealthy(context.Background(), d.manager.CheckFiles, d.program.ConfirmHealthy); err != nil {
			d.log.Error("new version not confirmed", "error", err)
		}
	}()
}

// proveHealthy confirms a version that opens what is on this PC. One that does not is replaced by the one before at the next start.
func proveHealthy(ctx context.Context, opens func(context.Context) error, confirm func() error) error {
	if err := opens(ctx); err != nil {
		return err
	}
	return confirm()
}
