package machine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/internal/buildinfo"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

// WatchName is the service that outlives the package. The package does not know it, and so does not stop it.
const WatchName = "CofferWatch"

// Watch is the Watchman of Windows: a service that starts with the computer, until it is taken away.
type Watch struct {
	Dir     string // private, of the updater's service
	Program string // the updater's
}

var (
	_ Watchman = Watch{}
	_ Computer = Windows{}
)

// Start copies the program, since the package replaces it.
func (w Watch) Start() error {
	source, err := os.Open(w.Program)
	if err != nil {
		return fmt.Errorf("copy the updater: %w", err)
	}
	defer source.Close()
	program := filepath.Join(w.Dir, "watch.exe")
	if err := atomicfile.WriteFrom(program, source, 0o700); err != nil {
		return err
	}
	manager, err := mgr.Connect()
	if err != nil {
		return fmt.Errorf("make %s: %w", WatchName, err)
	}
	defer manager.Disconnect()
	service, err := manager.CreateService(WatchName, program, mgr.Config{
		StartType: mgr.StartAutomatic, DisplayName: "Coffer Update Watch",
		Description: "Brings the version before back if an update of Coffer does not work. It is gone minutes after an update.",
	}, WatchFlag, "--service")
	if err != nil {
		return fmt.Errorf("make %s: %w", WatchName, err)
	}
	defer service.Close()
	again := mgr.RecoveryAction{Type: mgr.ServiceRestart, Delay: time.Minute}
	err = service.SetRecoveryActions([]mgr.RecoveryAction{again, again, again}, uint32((24 * time.Hour).Seconds()))
	if err == nil {
		err = service.Start()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("start %s: %w", WatchName, err), service.Delete())
	}
	return nil
}

// End takes the service away. It goes when its process has ended.
func (w Watch) End() error {
	manager, err := mgr.Connect()
	if err != nil {
		return fmt.Errorf("end %s: %w", WatchName, err)
	}
	defer manager.Disconnect()
	service, err := manager.OpenService(WatchName)
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
		return nil
	} else if err != nil {
		return fmt.Errorf("end %s: %w", WatchName, err)
	}
	defer service.Close()
	service.Control(svc.Stop) // one that does not run cannot be stopped, and is deleted all the same
	if err := service.Delete(); err != nil && !errors.Is(err, windows.ERROR_SERVICE_MARKED_FOR_DELETE) {
		return fmt.Errorf("end %s: %w", WatchName, err)
	}
	return nil
}

// Installed is what the package writes.
func (Windows) Installed() (buildinfo.Number, bool) {
	v, err := buildinfo.ParseNumber(Setting("Version"))
	return v, err == nil
}

// Busy looks for the mutex that Windows Installer holds ("_MSIExecute Mutex", learn.microsoft.com), and for programs that were in use.
func (Windows) Busy() bool { return executing() || pendingIn(pendingFiles(), Setting("InstallDir")) }

// pendingFiles are those that MoveFileEx moves at the next start (learn.microsoft.com, "MoveFileExW").
func pendingFiles() []string {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, `SYSTEM\CurrentControlSet\Control\Session Manager`, registry.QUERY_VALUE)
	if err != nil {
		return nil
	}
	defer key.Close()
	files, _, _ := key.GetStringsValue("PendingFileRenameOperations") // nil if it is not there
	return files
}

func executing() bool {
	name, err := windows.UTF16PtrFromString(`Global\_MSIExecute`)
	if err != nil {
		return false
	}
	h, err := windows.OpenMutex(windows.SYNCHRONIZE, false, name)
	if err != nil {
		return errors.Is(err, windows.ERROR_ACCESS_DENIED)
	}
	windows.CloseHandle(h)
	return true
}

// NotesKey is where the service says what others may know. It goes when the service starts, and when it is uninstalled.
const NotesKey = `Software\Coffer\Updater`

// Tell implements Computer.
func (Windows) Tell(version buildinfo.Number, reason string) error {
	key, _, err := registry.CreateKey(registry.LOCAL_MACHINE, NotesKey, registry.SET_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return fmt.Errorf("tell what was taken back: %w", err)
	}
	defer key.Close()
	return errors.Join(key.SetStringValue("TakenBack", version.String()), key.SetStringValue("TakenBackReason", reason))
}

// TakenBack is the version that did not work on this computer, and why; empty if the last update worked.
func TakenBack() (version, reason string) {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, NotesKey, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return "", ""
	}
	defer key.Close()
	version, _, _ = key.GetStringValue("TakenBack") // empty if it is not there
	reason, _, _ = key.GetStringValue("TakenBackReason")
	return version, reason
}

// Answers starts the command line in the folder that the package names: that of this service, or of the version on trial.
func (Windows) Answers(ctx context.Context, v buildinfo.Number) error {
	system, err := windows.GetSystemDirectory()
	if err != nil {
		return err
	}
	folder := Setting("InstallDir")
	if !filepath.IsAbs(folder) {
		return errors.New("the package does not say where it is installed")
	}
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(folder, "cofferctl.exe"), "version")
	cmd.Dir, cmd.WaitDelay = system, answerIn
	said, err := cmd.Output()
	// ErrWaitDelay: it has ended well, and somebody else still holds its output open.
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return fmt.Errorf("cofferctl version: %w", err)
	}
	if !bytes.Contains(said, []byte(v.String())) {
		return fmt.Errorf("cofferctl version does not say %v", v)
	}
	return nil
}
