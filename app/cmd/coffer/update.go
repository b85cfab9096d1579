package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/updater/manifest"
	"github.com/coffer-vault/coffer/updater/trust"
)

// mirrorsVariable names the update hosts of a development build.
const mirrorsVariable = "COFFER_UPDATE_MIRRORS"

// updateConfig has no client where somebody else keeps this program current: a service, a package manager, or a developer.
func (d *desktop) updateConfig() screen.UpdateConfig {
	c := screen.UpdateConfig{Installed: buildinfo.Current(), Restart: d.restart}
	client, err := d.updateClient()
	if err != nil {
		d.log.Info("this program does not update itself", "why", err)
		return c
	}
	c.Client = client
	return c
}

var errManaged = errors.New("the folder of the program is not ours to write to")

func (d *desktop) updateClient() (*updater.Client, error) {
	root, err := trust.Root()
	if err != nil {
		return nil, err
	}
	if d.program == nil || !ownFolder() {
		return nil, errManaged
	}
	return updater.New(updater.Config{
		Mirrors: mirrors(), Dir: updatesFolder(d.paths), Root: root, Installed: buildinfo.Current(), Log: d.log,
		Target: manifest.Target{Channel: channel(), Platform: updater.Platform(), File: programFile},
	})
}

func mirrors() []string {
	if named := os.Getenv(mirrorsVariable); named != "" && buildinfo.Dev() {
		return strings.Split(named, ",")
	}
	return updater.Mirrors(buildinfo.Domain)
}

func channel() string {
	if buildinfo.Dev() {
		return "stable"
	}
	return buildinfo.Channel
}

// ownFolder reports whether this user can replace the program.
func ownFolder() bool {
	self, err := os.Executable()
	if err != nil {
		return false
	}
	probe, err := os.CreateTemp(filepath.Dir(self), ".coffer-*")
	if err != nil {
		return false
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name())) == nil
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
		fyne.Do(d.shell.Update().Poll)
	}).Run(ctx)
}

// confirmHealthy ends the trial of a new version once its first screen is shown.
func (d *desktop) confirmHealthy() {
	if d.program == nil {
		return
	}
	go func() {
		if err := d.program.ConfirmHealthy(); err != nil {
			d.log.Error("new version not confirmed", "error", err)
		}
	}()
}
