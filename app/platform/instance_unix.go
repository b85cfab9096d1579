//go:build unix

package platform

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// A second start says showRequest, the first answers showAnswer when its window is on its way.
const (
	showRequest = "show\n"
	showAnswer  = "shown\n"

	// showPatience bounds a conversation: an instance that hangs must not hang the second start.
	showPatience = 3 * time.Second
)

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

// listenShow is called by the holder of the lock alone, so that a socket in its way is a dead process's.
func listenShow(p Paths, show func()) (io.Closer, error) {
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
	go serveShow(listener, show)
	return listener, nil
}

// serveShow takes one request after another: there is nothing to gain from two at once, and no pile of them can build up.
func serveShow(listener net.Listener, show func()) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return // closed
		}
		answerShow(conn, show)
	}
}

// answerShow reads no more than the request that it knows.
func answerShow(conn net.Conn, show func()) {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(showPatience))
	request := make([]byte, len(showRequest))
	if _, err := io.ReadFull(conn, request); err != nil || string(request) != showRequest {
		return
	}
	show()
	io.WriteString(conn, showAnswer) // whoever asked may have gone; the window is shown all the same
}

// sendShow returns nil when the instance has answered.
func sendShow(p Paths) error {
	path, err := socketPath(p)
	if err != nil {
		return err
	}
	conn, err := net.DialTimeout("unix", path, showPatience)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(showPatience))
	if _, err := io.WriteString(conn, showRequest); err != nil {
		return err
	}
	_, err = io.ReadFull(conn, make([]byte, len(showAnswer)))
	return err
}
