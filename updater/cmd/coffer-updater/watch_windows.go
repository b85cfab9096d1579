package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/coffer-vault/coffer/internal/logging"
	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/updater/machine"
)

// startWatch is the start of the copy of this program that waits for a new version to prove itself.
func startWatch() (run func(context.Context) error, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir := filepath.Dir(self) // the service's own, which has copied us there
	log, closer, err := logging.New(logging.Options{File: filepath.Join(dir, "watch.log")})
	if err != nil {
		return nil, err
	}
	watcher, err := machine.NewWatcher(dir, machine.Windows{Log: filepath.Join(dir, "msi-back.log")}, updater.WallClock{}, log)
	if err != nil {
		log.Error("cannot start", "err", err)
		closer.Close()
		return nil, err
	}
	return func(ctx context.Context) error {
		defer closer.Close()
		over := make(chan bool, 1)
		// Not waited for when the computer is switched off: an installer may be at work.
		go func() { over <- watcher.Run(ctx) }()
		select {
		case <-ctx.Done():
			return nil
		case nothingLeft := <-over:
			if !nothingLeft {
				return nil
			}
		}
		if err := (machine.Watch{}).End(); err != nil {
			log.Error("cannot take the watcher away", "err", err)
		}
		return nil
	}, nil
}
