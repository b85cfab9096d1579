package platform

import (
	"fmt"
	"net"
	"os"
	"time"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"
)

var (
	errLocked = windows.ERROR_LOCK_VIOLATION

	allowSetForegroundWindow = user32.NewProc("AllowSetForegroundWindow")
)

// lockFile takes the lock without waiting; errLocked if another process has it.
func lockFile(f *os.File) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, new(windows.Overlapped))
}

// userID is this user's security identifier, such as S-1-5-21-….
func userID() (string, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return "", err
	}
	return user.User.Sid.String(), nil
}

// pipeName has the user in it: pipes of all users share one name space.
func pipeName(p Paths, user string) string {
	return `\\.\pipe\coffer-` + user + "-" + p.Profile()
}

// listenInstance makes a pipe that this user alone may open. If another user made one of that name first, it fails.
func listenInstance(p Paths) (net.Listener, error) {
	user, err := userID()
	if err != nil {
		return nil, err
	}
	return winio.ListenPipe(pipeName(p, user), &winio.PipeConfig{SecurityDescriptor: fmt.Sprintf("D:P(A;;GA;;;%s)", user)})
}

func dialInstance(p Paths, patience time.Duration) (net.Conn, error) {
	user, err := userID()
	if err != nil {
		return nil, err
	}
	name := pipeName(p, user)
	return winio.DialPipe(name, &patience)
}

// letForeground passes on the right to come to the front, which Windows gives to the program that the user has just started.
func letForeground() {
	const anyProcess = ^uintptr(0) >> 32 // ASFW_ANY, a DWORD of ones
	allowSetForegroundWindow.Call(anyProcess)
}
