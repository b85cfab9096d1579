package platform

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"
)

// ErrRunning means that another process has the profile open. It has been asked to show its window.
var ErrRunning = errors.New("the program is running already")

// A second start says showRequest, the first answers with showAnswer when its window is on its way.
const (
	showRequest = "show\n"
	showAnswer  = "shown\n"

	// showPatience bounds a conversation: a first instance that hangs must not hang the second.
	showPatience = 3 * time.Second
)

// Instance is the one process of a profile that has a window. Two would each believe that theirs is the newest state.
type Instance struct {
	lock     *os.File
	listener net.Listener
}

// AcquireInstance makes this process the instance of the profile; show is called, on another goroutine, whenever a later start
// asks for the window. If there is an instance already, that one is asked, and the error wraps ErrRunning. The profile's folders
// must exist.
func AcquireInstance(p Paths, show func()) (*Instance, error) {
	// The lock decides, and it ends with its process however that ends; the socket only carries the request.
	lock, err := os.OpenFile(filepath.Join(p.Home, "instance.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("instance: %w", err)
	}
	if err := lockFile(lock); err != nil {
		return nil, errors.Join(askToShow(p, err), lock.Close())
	}
	listener, err := listenInstance(p)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("instance: %w", err), lock.Close())
	}
	i := &Instance{lock: lock, listener: listener}
	go i.serve(show)
	return i, nil
}

// Close lets the next start become the instance.
func (i *Instance) Close() error {
	return errors.Join(i.listener.Close(), i.lock.Close())
}

// askToShow sends the request to the instance that has the lock.
func askToShow(p Paths, lockErr error) error {
	if !errors.Is(lockErr, errLocked) {
		return fmt.Errorf("instance: %w", lockErr)
	}
	letForeground()
	conn, err := dialInstance(p, showPatience)
	if err != nil {
		return fmt.Errorf("%w, but does not answer: %w", ErrRunning, err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(showPatience))
	answer := make([]byte, len(showAnswer))
	if _, err := io.WriteString(conn, showRequest); err != nil {
		return fmt.Errorf("%w, but does not listen: %w", ErrRunning, err)
	}
	if _, err := io.ReadFull(conn, answer); err != nil {
		return fmt.Errorf("%w, but does not answer: %w", ErrRunning, err)
	}
	return ErrRunning
}

// serve takes one request after another: there is nothing to gain from two at once, and no pile of them can build up.
func (i *Instance) serve(show func()) {
	for {
		conn, err := i.listener.Accept()
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
