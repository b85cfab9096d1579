//go:build !windows

package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/logging"
	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/updater/internal/acl"
	"github.com/coffer-vault/coffer/updater/machine"
)

// daemon is the service where the system starts a process and ends it by a signal.
type daemon struct {
	folder string // the daemon's own, below one that belongs to root
	file   string // name of the package among the releases
	system func(folder string) machine.System
	trials func(folder string, log *slog.Logger) (*machine.Trials, error) // nil: no version is taken back
	clock  updater.Clock
}

// run returns when ctx ends, or at once if the daemon cannot work.
func (d daemon) run(ctx context.Context) error {
	if err := acl.MakePrivate(d.folder); err != nil {
		return err
	}
	log, closer, err := logging.New(logging.Options{File: filepath.Join(d.folder, "updater.log")})
	if err != nil {
		return err
	}
	defer closer.Close()
	service, err := d.service(log)
	if err != nil {
		log.Error("cannot start", "err", err)
		return fmt.Errorf("start: %w", err)
	}
	log.Info("service started", "version", buildinfo.Version)
	// Not waited for: during an installation it is the package that stops us, and the installer goes on.
	go service.Run(ctx, d.clock)
	<-ctx.Done()
	return nil
}

func (d daemon) service(log *slog.Logger) (*machine.Service, error) {
	var trials *machine.Trials
	if d.trials != nil {
		var err error
		if trials, err = d.trials(d.folder, log); err != nil {
			return nil, err
		}
	}
	return newService(d.folder, d.file, d.system(d.folder), trials, log)
}

// watch waits for a new version to prove itself, in a copy of the daemon of the version before. end takes the job away that runs it, and
// may end this very process. An error has launchd start it again.
func watch(ctx context.Context, folder string, computer machine.Computer, clock updater.Clock, end func() error) error {
	log, closer, err := logging.New(logging.Options{File: filepath.Join(folder, "watch.log")})
	if err != nil {
		return err
	}
	defer closer.Close()
	watcher, err := machine.NewWatcher(folder, computer, clock, log)
	if err != nil {
		return err
	}
	if !watcher.Run(ctx) {
		return ctx.Err()
	}
	if err := end(); err != nil {
		log.Error("cannot take the watcher away", "err", err)
		return err
	}
	return nil
}
