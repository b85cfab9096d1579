//go:build !windows

package main

import (
	"context"
	"fmt"
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
	service, err := newService(d.folder, d.file, d.system(d.folder), nil, log)
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
