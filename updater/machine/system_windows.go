package machine

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"unsafe"

	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/updater"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// Windows is the System of a Windows computer.
type Windows struct {
	Program string // full path of the desktop program
	Log     string // full path of the log that Windows Installer writes, in a folder for administrators
}

var _ System = Windows{}

// ServiceName is the service's, and that of its folder.
const ServiceName = "CofferUpdater"

// Folder is the service's own, which administrators alone can read.
func Folder() (string, error) {
	data, err := windows.KnownFolderPath(windows.FOLDERID_ProgramData, 0)
	if err != nil {
		return "", fmt.Errorf("find the service's folder: %w", err)
	}
	return filepath.Join(data, ServiceName), nil
}

// Setting reads what the installer and administrators write below HKEY_LOCAL_MACHINE; users cannot. Empty if it is not there.
func Setting(name string) string {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, `Software\Coffer`, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return ""
	}
	defer key.Close()
	value, _, err := key.GetStringValue(name)
	if err != nil {
		return ""
	}
	return value
}

// Automatic is SHOULDAUTOUPDATE=1 of the installer.
func (Windows) Automatic() bool { return Setting("AutoUpdate") == "1" }

// Policy is read from HKEY_LOCAL_MACHINE\Software\Policies.
func (Windows) Policy() policy.Policy { return policy.Read() }

// Install holds the package from verification until Windows Installer has ended.
func (w Windows) Install(_ context.Context, s updater.Staged) (Outcome, error) { return w.install(s) }

// Return takes a newer version's place.
func (w Windows) Return(s updater.Staged) (Outcome, error) { return w.install(s, "DOWNGRADE=1") }

func (w Windows) install(s updater.Staged, more ...string) (Outcome, error) {
	file, err := hold(s)
	if err != nil {
		return Outcome{}, err
	}
	defer file.Close()
	system, err := windows.GetSystemDirectory()
	if err != nil {
		return Outcome{}, fmt.Errorf("find Windows Installer: %w", err)
	}
	cmd := exec.Command(filepath.Join(system, "msiexec.exe"), append(arguments(s.Path, w.Log), more...)...)
	cmd.Dir = system
	// Not bound to the context: the package stops this service, and must go on when it does.
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return windowsOutcome(exit.ExitCode()), nil
	}
	return windowsOutcome(0), err
}

// InUse looks through all processes for the program itself; a copy elsewhere does not hold the installation up.
func (w Windows) InUse() (bool, error) {
	snapshot, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPPROCESS, 0)
	if err != nil {
		return false, fmt.Errorf("list processes: %w", err)
	}
	defer windows.CloseHandle(snapshot)
	entry := windows.ProcessEntry32{}
	entry.Size = uint32(unsafe.Sizeof(entry))
	for err = windows.Process32First(snapshot, &entry); err == nil; err = windows.Process32Next(snapshot, &entry) {
		name := windows.UTF16ToString(entry.ExeFile[:])
		if strings.EqualFold(name, filepath.Base(w.Program)) && strings.EqualFold(imagePath(entry.ProcessID), w.Program) {
			return true, nil
		}
	}
	if !errors.Is(err, windows.ERROR_NO_MORE_FILES) {
		return false, fmt.Errorf("list processes: %w", err)
	}
	return false, nil
}

// imagePath is empty for a process that has ended meanwhile.
func imagePath(pid uint32) string {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, pid)
	if err != nil {
		return ""
	}
	defer windows.CloseHandle(h)
	path := make([]uint16, windows.MAX_LONG_PATH)
	size := uint32(len(path))
	if err := windows.QueryFullProcessImageName(h, 0, &path[0], &size); err != nil {
		return ""
	}
	return windows.UTF16ToString(path[:size])
}
