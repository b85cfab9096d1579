//go:build unix

package platform

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

var errLocked = unix.EWOULDBLOCK

// lockFile takes the lock without waiting; errLocked if another process has it.
func lockFile(f *os.File) error {
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
}

// maxSocketPath fits into every system's sockaddr_un, the shortest of which has 104 bytes.
const maxSocketPath = 100

// socketPath is in the profile, which nobody else can enter. When that is too deep for the address of a socket it is in a
// folder of this user below the temporary one.
func socketPath(p Paths) (string, error) {
	path := filepath.Join(p.Home, "instance.sock")
	if len(path) <= maxSocketPath {
		return path, nil
	}
	dir := filepath.Join(os.TempDir(), "coffer-"+strconv.Itoa(os.Geteuid()))
	if err := privateFolder(dir); err != nil {
		return "", err
	}
	return filepath.Join(dir, p.Profile()+".sock"), nil
}

// listenInstance is called by the holder of the lock alone, so that a socket in its way is a dead process's.
func listenInstance(p Paths) (net.Listener, error) {
	path, err := socketPath(p)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	// Whatever the umask and the folder say: to connect takes the right to write.
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

func dialInstance(p Paths, patience time.Duration) (net.Conn, error) {
	path, err := socketPath(p)
	if err != nil {
		return nil, err
	}
	return net.DialTimeout("unix", path, patience)
}

// letForeground is for Windows.
func letForeground() {}
