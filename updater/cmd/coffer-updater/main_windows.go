package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/logging"
	"github.com/coffer-vault/coffer/internal/winservice"
	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/updater/internal/acl"
	"github.com/coffer-vault/coffer/updater/machine"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
	"golang.org/x/sys/windows/svc"
)

const serviceName = machine.ServiceName

func main() {
	// No DLL from the folder of the program, the current folder or PATH.
	windows.SetDefaultDllDirectories(windows.LOAD_LIBRARY_SEARCH_SYSTEM32)
	isService, err := svc.IsWindowsService()
	if err != nil || !isService && !slices.Contains(os.Args[1:], "--service") {
		fmt.Fprintln(os.Stderr, "coffer-updater is started by Windows as the service", serviceName)
		os.Exit(1)
	}
	if slices.Contains(os.Args[1:], machine.WatchFlag) {
		err = svc.Run(machine.WatchName, winservice.Service{Name: machine.WatchName, Start: startWatch})
	} else {
		err = svc.Run(serviceName, winservice.Service{Name: serviceName, Start: func() (func(context.Context) error, error) { return start(privateFolder) }})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "coffer-updater:", err)
		os.Exit(1)
	}
}

// ownKey says which folder is the service's own, where no user can write. The uninstallation runs as SYSTEM too and empties that folder:
// without this word it would do so with whatever a user had put in its place, or led it to.
const ownKey = machine.NotesKey

// privateFolder is for SYSTEM and administrators alone: what is staged there cannot be swapped before it is installed.
func privateFolder() (string, error) {
	dir, err := machine.Folder()
	if err != nil {
		return "", err
	}
	err = registry.DeleteKey(registry.LOCAL_MACHINE, ownKey)
	if err != nil && !errors.Is(err, registry.ErrNotExist) {
		return "", fmt.Errorf("registry: %w", err)
	}
	if err := acl.MakePrivate(dir); err != nil {
		return "", err
	}
	return dir, own(dir)
}

func own(dir string) error {
	key, _, err := registry.CreateKey(registry.LOCAL_MACHINE, ownKey, registry.SET_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return fmt.Errorf("registry: %w", err)
	}
	defer key.Close()
	if err := key.SetStringValue("Folder", dir); err != nil {
		return fmt.Errorf("registry: %w", err)
	}
	return nil
}

func windowsService(dir string, log *slog.Logger) (*machine.Service, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	system := machine.Windows{Program: filepath.Join(filepath.Dir(self), "coffer.exe"), Log: filepath.Join(dir, "msi.log")}
	trials := machine.NewTrials(dir, buildinfo.Current(), system, machine.Watch{Dir: dir, Program: self}, log)
	return newService(dir, "coffer.msi", system, trials, log)
}

// start makes the service in its folder. One that cannot work fails no installation: the package does not wait for it.
func start(folder func() (string, error)) (run func(context.Context) error, err error) {
	dir, err := folder()
	if err != nil {
		return nil, err
	}
	log, closer, err := logging.New(logging.Options{File: filepath.Join(dir, "updater.log")})
	if err != nil {
		return nil, err
	}
	service, err := windowsService(dir, log)
	if err != nil {
		log.Error("cannot start", "err", err)
		closer.Close()
		return nil, err
	}
	log.Info("service started", "version", buildinfo.Version)
	return func(ctx context.Context) error {
		defer closer.Close()
		// Not waited for: during an installation it is the package that stops us, and waits for us.
		go service.Run(ctx, updater.WallClock{})
		<-ctx.Done()
		return nil
	}, nil
}
