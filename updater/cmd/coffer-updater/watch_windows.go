package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/coffer-vault/coffer/internal/logging"
	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/updater/machine"
	"golang.org/x/sys/windows/svc"
)

// watch answers the service manager for the copy of this program that waits for a new version to prove itself.
type watch struct{}

// Execute implements svc.Handler.
func (watch) Execute(_ []string, requests <-chan svc.ChangeRequest, status chan<- svc.Status) (specific bool, code uint32) {
	running := svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
	status <- running
	self, err := os.Executable()
	if err != nil {
		return true, startFailed
	}
	dir := filepath.Dir(self) // the service's own, which has copied us there
	log, closer, err := logging.New(logging.Options{File: filepath.Join(dir, "watch.log")})
	if err != nil {
		return true, startFailed
	}
	defer closer.Close()
	computer := machine.Windows{Log: filepath.Join(dir, "msi-back.log")}
	watcher, err := machine.NewWatcher(dir, computer, updater.WallClock{}, log)
	if err != nil {
		log.Error("cannot start", "err", err)
		return true, startFailed
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	over := make(chan bool, 1)
	go func() { over <- watcher.Run(ctx) }()
	stopped := make(chan struct{})
	go func() { serve(requests, status, running); close(stopped) }()
	select {
	case <-over:
		if err := (machine.Watch{}).End(); err != nil {
			log.Error("cannot take the watcher away", "err", err)
		}
	case <-stopped:
	}
	return false, 0
}
