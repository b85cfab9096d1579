package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/updater/machine"
)

// Where the package puts the program, and what is the daemon's own; installer/macos has both names too. Administrators can write to
// /Applications without a password, so nothing that root runs is there.
const (
	program = "/Applications/Coffer.app/Contents/MacOS/coffer"
	folder  = "/Library/Application Support/Coffer Updater"
)

func main() {
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "coffer-updater is started by launchd, as root")
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	mac := daemon{folder: folder, file: "coffer.pkg", clock: updater.WallClock{}, system: func(folder string) machine.System {
		return machine.NewMac(program, filepath.Join(folder, "pkg.log"))
	}}
	if err := mac.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "coffer-updater:", err)
		os.Exit(1)
	}
}
