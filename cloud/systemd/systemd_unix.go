//go:build unix

package systemd

import (
	"fmt"
	"syscall"
)

// noSocket goes with a state that no descriptor goes with.
const noSocket = ^uintptr(0)

// send tells the manager a state, with a descriptor that it is to keep.
func (m Manager) send(state string, file uintptr) error {
	if m.socket == "" {
		return nil
	}
	// Package net sends no descriptors over a connected datagram socket.
	socket, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return fmt.Errorf("service manager: %w", err)
	}
	defer syscall.Close(socket)
	syscall.CloseOnExec(socket)
	// A manager that does not listen keeps nothing waiting.
	if err := syscall.SetsockoptTimeval(socket, syscall.SOL_SOCKET, syscall.SO_SNDTIMEO, &syscall.Timeval{Sec: 5}); err != nil {
		return fmt.Errorf("service manager: %w", err)
	}
	var rights []byte
	if file != noSocket {
		rights = syscall.UnixRights(int(file))
	}
	// A name that begins with @ is in the abstract namespace, which package syscall knows.
	if err := syscall.Sendmsg(socket, []byte(state), rights, &syscall.SockaddrUnix{Name: m.socket}, 0); err != nil {
		return fmt.Errorf("service manager: %w", err)
	}
	return nil
}
