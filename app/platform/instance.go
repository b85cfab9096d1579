package platform

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/internal/filelock"
)

// ErrRunning means that another process has the profile open. It has been asked to show its window, but for errors that are ErrSilent
// too: then it does not answer.
var (
	ErrRunning = errors.New("the program is running already")
	ErrSilent  = errors.New("it does not answer")
)

// Instance is the one process of a profile that has a window. Two would each believe that theirs is the newest state.
type Instance struct {
	lock     *os.File
	listener io.Closer
}

// maxLink bounds what a later start can hand over, in bytes.
const maxLink = 200

// AcquireInstance makes this process the instance of the profile; show is called, on another goroutine, whenever a later start asks for
// the window, with the link that it was started with, at most 200 bytes of anybody's making, or with none. If there is an instance
// already, that one is asked, with our link, and the error wraps ErrRunning. The profile's folders must exist.
func AcquireInstance(p Paths, link string, show func(link string)) (*Instance, error) {
	// The lock decides, and it ends with its process however that ends. How the request travels is a convenience.
	lock, err := os.OpenFile(filepath.Join(p.Home, "instance.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("instance: %w", err)
	}
	if err := lockOrAsk(p, lock, link); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	takeLink(p) // one that an earlier instance did not come to
	listener, err := listenShow(p, func() { show(takeLink(p)) })
	if err != nil {
		return nil, errors.Join(fmt.Errorf("instance: %w", err), lock.Close())
	}
	return &Instance{lock: lock, listener: listener}, nil
}

// Close lets the next start become the instance.
func (i *Instance) Close() error {
	return errors.Join(i.listener.Close(), i.lock.Close())
}

const (
	// endPatience is how long an instance may take to end: it answers nobody any more, and still has the lock.
	endPatience = 3 * time.Second
	endLook     = 20 * time.Millisecond
)

// lockOrAsk takes the lock, or has whoever has it show its window. One that has the lock and does not answer may be ending: a person who
// starts the program just then would see nothing happen.
func lockOrAsk(p Paths, lock *os.File, link string) error {
	for limit := time.Now().Add(endPatience); ; time.Sleep(endLook) {
		err := filelock.Try(lock)
		if err == nil {
			return nil
		}
		if err = notFirst(p, link, err); !errors.Is(err, ErrSilent) || time.Now().After(limit) {
			return err
		}
	}
}

// notFirst asks whoever has the lock, if that is why we do not have it.
func notFirst(p Paths, link string, lockErr error) error {
	if !errors.Is(lockErr, filelock.ErrLocked) {
		return fmt.Errorf("instance: %w", lockErr)
	}
	if err := leaveLink(p, link); err != nil {
		return fmt.Errorf("instance: %w", err)
	}
	if err := sendShow(p); err != nil {
		return fmt.Errorf("%w, but %w: %w", ErrRunning, ErrSilent, err)
	}
	return ErrRunning
}

// The link lies in the profile, which nobody else can enter, while the request is on its way: on Windows that is an event, and carries
// nothing. Of two that are left at once the later one stays.
func linkPath(p Paths) string { return filepath.Join(p.Home, "instance.link") }

func leaveLink(p Paths, link string) error {
	if link == "" {
		return nil
	}
	if len(link) > maxLink {
		return errors.New("the link is too long")
	}
	return atomicfile.WriteFile(linkPath(p), []byte(link), 0o600)
}

// takeLink gives the link that was left, once. What is too long to be one is none.
func takeLink(p Paths) string {
	// Moved away first: one that is left meanwhile belongs to the next request.
	taken := linkPath(p) + ".taken"
	if os.Rename(linkPath(p), taken) != nil {
		return ""
	}
	file, err := os.Open(taken)
	if err != nil {
		return ""
	}
	link, err := io.ReadAll(io.LimitReader(file, maxLink+1))
	if errors.Join(err, file.Close(), os.Remove(taken)) != nil || len(link) > maxLink {
		return ""
	}
	return string(link)
}
