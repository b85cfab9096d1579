// Command coffer is the desktop program. It only wires: what happens is in package session, what is shown in package screen, how it
// looks in package ui.
//
//	coffer [--background] [--server ORIGIN] [--theme system|light|dark] [coffer://…]
//
// COFFER_HOME moves the whole profile. A development build looks for updates only if COFFER_UPDATE_ROOT names a root.json and
// COFFER_UPDATE_MIRRORS the hosts, separated by commas; a release ignores both.
package main

import (
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/logging"
	"github.com/coffer-vault/coffer/updater"
)

// Exit codes, for whoever starts the program.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

func main() { os.Exit(start(os.Args)) }

func start(args []string) int {
	coreDumps := platform.DisableCoreDumps() // before there is a secret to keep out of them
	if handled, err := updater.RunWaiter(args, slog.New(slog.DiscardHandler)); handled {
		return exitCode(err)
	}
	o, err := parseOptions(args[1:])
	if err != nil {
		return exitUsage
	}
	paths, err := platform.DefaultPaths()
	if err == nil {
		err = paths.Create()
	}
	if err != nil {
		tell(sentence("error.noFolderPermission.what"), err)
		return exitFailure
	}
	logger, closer, err := logging.New(logging.Options{File: paths.Log()})
	if err != nil {
		tell(sentence("error.noFolderPermission.what"), err)
		return exitFailure
	}
	defer closer.Close()
	if coreDumps != nil {
		logger.Warn("core dumps are not off", "error", coreDumps)
	}
	return run(o, paths, logger)
}

// run starts the program if it is the first one of its profile, or has the first one show its window.
func run(o options, paths platform.Paths, logger *slog.Logger) int {
	// The toolkit writes its complaints with package log.
	log.SetFlags(0)
	log.SetOutput(toolkitLog{logger})
	logger.Info("start", "version", buildinfo.Current().String(), "commit", buildinfo.Commit)

	front := &later{}
	instance, err := platform.AcquireInstance(paths, o.link, front.call)
	if errors.Is(err, platform.ErrRunning) {
		logger.Info("another process has the profile open", "error", err)
		if errors.Is(err, platform.ErrSilent) { // no window comes
			tell(sentence("error.running.what")+" "+sentence("error.running.next"), err)
			return exitFailure
		}
		return exitOK
	}
	if err != nil {
		tell(sentence("error.unexpected.what"), err)
		return exitFailure
	}
	defer instance.Close()
	program, again, err := heal(paths, logger)
	if err != nil {
		logger.Error("update not healed", "error", err)
	}
	if again {
		return exitCode(program.Restart(os.Args[1:]...))
	}
	if !platform.HasDisplay() {
		tell(sentence("ui.noDisplay"), nil)
		return exitFailure
	}
	return exitCode(newDesktop(o, paths, program, logger).run(front))
}

// heal finishes or takes back an update that an earlier process began. again means that the previous version is back in place and
// has to be started instead of this one.
func heal(paths platform.Paths, logger *slog.Logger) (program *updater.Program, again bool, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, false, err
	}
	program, err = updater.NewProgram(self, updatesFolder(paths), buildinfo.Current(), logger)
	if err != nil {
		return nil, false, err
	}
	recovery, err := program.Heal()
	if recovery.Trial {
		logger.Info("first start of a new version")
	}
	return program, recovery.RolledBack && err == nil, err
}

func updatesFolder(paths platform.Paths) string { return filepath.Join(paths.Cache, "updates") }

func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(os.Stderr, "coffer:", err)
	return exitFailure
}
