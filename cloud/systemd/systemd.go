// Package systemd speaks the two small protocols by which a service and its manager know of each other (sd_notify(3),
// sd_listen_fds(3)). Without a manager all of it does nothing.
//
// A restart loses no connection since the manager keeps the listening sockets: those of a socket unit, or those that the service gave it
// with Keep. While no process accepts, the kernel queues who connects.
package systemd

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// firstSocket is the descriptor of the first socket that was passed on (SD_LISTEN_FDS_START).
const firstSocket = 3

// Environment finds a variable, like os.LookupEnv.
type Environment func(name string) (value string, set bool)

func (e Environment) number(name string) int {
	value, _ := e(name)
	n, _ := strconv.Atoi(value)
	return n
}

// Inherited returns the listening sockets that the manager passed on, by their names. What is no listening socket is left alone.
func Inherited(env Environment) (map[string]net.Listener, error) {
	if env.number("LISTEN_PID") != os.Getpid() {
		return nil, nil
	}
	text, _ := env("LISTEN_FDNAMES")
	names := strings.Split(text, ":")
	all := map[string]net.Listener{}
	for i := range env.number("LISTEN_FDS") {
		name := "unknown"
		if i < len(names) {
			name = names[i]
		}
		file := os.NewFile(uintptr(firstSocket+i), name)
		listener, err := net.FileListener(file)
		file.Close() // the listener has its own
		if err != nil {
			return nil, fmt.Errorf("socket %q of the service manager: %w", name, err)
		}
		if all[name] != nil {
			listener.Close() // of two under one name, the first
			continue
		}
		all[name] = listener
	}
	return all, nil
}

// Manager is told how the service is. The zero value is none, and listens to nothing.
type Manager struct {
	socket   string
	watchdog time.Duration
}

// New finds the manager in the environment.
func New(env Environment) Manager {
	socket, _ := env("NOTIFY_SOCKET")
	m := Manager{socket: socket}
	if pid := env.number("WATCHDOG_PID"); pid == 0 || pid == os.Getpid() {
		m.watchdog = time.Duration(env.number("WATCHDOG_USEC")) * time.Microsecond
	}
	return m
}

// Watchdog is after how long without Alive the manager ends the service; 0 if it does not watch.
func (m Manager) Watchdog() time.Duration {
	if m.socket == "" {
		return 0
	}
	return m.watchdog
}

// Ready says that the service answers, also after Reloading.
func (m Manager) Ready() error { return m.send("READY=1", noSocket) }

// Stopping says that the service ends.
func (m Manager) Stopping() error { return m.send("STOPPING=1", noSocket) }

// Alive says that the service works.
func (m Manager) Alive() error { return m.send("WATCHDOG=1", noSocket) }

// Reloading says that the service reads its settings again.
func (m Manager) Reloading() error {
	return m.send("RELOADING=1\nMONOTONIC_USEC="+strconv.FormatInt(monotonic(), 10), noSocket)
}

// Keep gives the manager a copy of a listening socket, for the next process. The unit allows it with FileDescriptorStoreMax=. name has
// neither a colon nor a line end.
func (m Manager) Keep(name string, l net.Listener) error {
	tcp, ok := l.(*net.TCPListener)
	if m.socket == "" || !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return fmt.Errorf("keep socket: %w", err)
	}
	// Not by File and Fd: they would make the socket wait in accept, and then nothing could close it.
	var sent error
	if err := raw.Control(func(fd uintptr) { sent = m.send("FDSTORE=1\nFDNAME="+name, fd) }); err != nil {
		return fmt.Errorf("keep socket: %w", err)
	}
	return sent
}

// Forget takes a socket back that was given to Keep.
func (m Manager) Forget(name string) error { return m.send("FDSTOREREMOVE=1\nFDNAME="+name, noSocket) }
