package platform

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// ErrRunning means that another process has the profile open. Unless the error says more, it has been asked to show its window.
var ErrRunning = errors.New("the program is running already")

// Instance is the one process of a profile that has a window. Two would each believe that theirs is the newest state.
type Instance struct {
	lock     *os.File
	listener io.Closer
}

// AcquireInstance makes this process the instance of the profile; show is called, on another goroutine, whenever a later start
// asks for the window. If there is an instance already, that one is asked, and the error wraps ErrRunning. The profile's folders
// must exist.
func AcquireInstance(p Paths, show func()) (*Instance, error) {
	// The lock decides, and it ends with its process however that ends. How the request travels is a convenience.
	lock, err := os.OpenFile(filepath.Join(p.Home, "instance.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("instance: %w", err)
	}
	if err := lockFile(lock); err != nil {
		return nil, errors.Join(notFirst(p, err), lock.Close())
	}
	listener, err := listenShow(p, show)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("instance: %w", err), lock.Close())
	}
	return &Instance{lock: lock, listener: listener}, nil
}

// Close lets the next start become the instance.
func (i *Instance) Close() error {
	return errors.Join(i.listener.Close(), i.lock.Close())
}

// notFirst asks whoever has the lock, if that is why we do not have it.
func notFirst(p Paths, lockErr error) error {
	if !errors.Is(lockErr, errLocked) {
		return fmt.Errorf("instance: %w", lockErr)
	}
	if err := sendShow(p); err != nil {
		return fmt.Errorf("%w, but does not answer: %w", ErrRunning, err)
	}
	return ErrRunning
}
