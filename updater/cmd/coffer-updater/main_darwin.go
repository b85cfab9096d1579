package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/updater/machine"
)

// Where the package puts the program, and what is the daemon's own; installer/macos has both names too. Administrators can write to
// /Applications without a password, so nothing that root runs is there.
const (
	program = "/Applications/Coffer.app/Contents/MacOS/coffer"
	folder  = machine.MacFolder
)

func main() {
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "coffer-updater is started by launchd, as root")
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "coffer-updater:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	watcher := machine.NewMacWatch(folder, self)
	if slices.Contains(os.Args[1:], machine.WatchFlag) {
		return watch(ctx, folder, machine.NewMac(program, filepath.Join(folder, "pkg-back.log")), updater.WallClock{}, watcher.End)
	}
	mac := machine.NewMac(program, filepath.Join(folder, "pkg.log"))
	return daemon{
		folder: folder, file: "coffer.pkg", clock: updater.WallClock{}, system: func(string) machine.System { return mac },
		trials: func(_ string, log *slog.Logger) (*machine.Trials, error) {
			return machine.NewTrials(folder, buildinfo.Current(), mac, watcher, log), mac.Untell()
		},
	}.run(ctx)
}
