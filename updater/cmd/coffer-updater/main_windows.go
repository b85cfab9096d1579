package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/logging"
	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/updater/internal/acl"
	"github.com/coffer-vault/coffer/updater/machine"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
)

const serviceName = "CofferUpdater"

func main() {
	// No DLL from the folder of the program, the current folder or PATH.
	windows.SetDefaultDllDirectories(windows.LOAD_LIBRARY_SEARCH_SYSTEM32)
	isService, err := svc.IsWindowsService()
	if err != nil || !isService && !slices.Contains(os.Args[1:], "--service") {
		fmt.Fprintln(os.Stderr, "coffer-updater is started by Windows as the service", serviceName)
		os.Exit(1)
	}
	if slices.Contains(os.Args[1:], machine.WatchFlag) {
		err = svc.Run(machine.WatchName, watch{})
	} else {
		err = svc.Run(serviceName, handler{privateFolder})
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
	data, err := windows.KnownFolderPath(windows.FOLDERID_ProgramData, 0)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(data, serviceName)
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

// handler answers the service manager.
type handler struct{ folder func() (string, error) }

// startFailed is the service's own exit code; its log has the reason, or the system's where it has none.
const startFailed = 1

// Execute implements svc.Handler. What the service needs is looked for when it counts as started and not before: one that cannot
// work starts and stops, and so fails no installation.
func (h handler) Execute(_ []string, requests <-chan svc.ChangeRequest, status chan<- svc.Status) (specific bool, code uint32) {
	running := svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
	status <- running
	dir, log, closer, err := h.openLog()
	if err != nil {
		tellSystem(err)
		return true, startFailed
	}
	defer closer.Close()
	service, err := windowsService(dir, log)
	if err != nil {
		log.Error("cannot start", "err", err)
		return true, startFailed
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	// Not waited for: during an installation it is the package that stops us, and waits for us.
	go service.Run(ctx, updater.WallClock{})
	log.Info("service started", "version", buildinfo.Version)
	serve(requests, status, running)
	return false, 0
}

// openLog makes the folder of the service and the log in it.
func (h handler) openLog() (dir string, log *slog.Logger, closer io.Closer, err error) {
	if dir, err = h.folder(); err != nil {
		return "", nil, nil, err
	}
	log, closer, err = logging.New(logging.Options{File: filepath.Join(dir, "updater.log")})
	return dir, log, closer, err
}

// tellSystem writes to the event log of Windows. That it cannot be reached either is nobody's to hear.
func tellSystem(err error) {
	events, openErr := eventlog.Open(serviceName)
	if openErr != nil {
		return
	}
	defer events.Close()
	events.Error(startFailed, "coffer-updater cannot start: "+err.Error())
}

// serve returns when the service is to stop.
func serve(requests <-chan svc.ChangeRequest, status chan<- svc.Status, running svc.Status) {
	for r := range requests {
		switch r.Cmd {
		case svc.Interrogate:
			status <- running
		case svc.Stop, svc.Shutdown:
			status <- svc.Status{State: svc.StopPending}
			return
		}
	}
}
