package platform

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// MaxClipboard is how much text can be copied, in bytes: what fits into one request to an X server.
const MaxClipboard = 200 << 10

// ErrTooLong is returned for more than MaxClipboard.
var ErrTooLong = errors.New("too long for the clipboard")

// Clearing is tried again when another program holds the clipboard open, which it does for moments.
const (
	clearRetry = 2 * time.Second
	clearTries = 10
)

// Clipboard copies text so that it stays out of clipboard histories, cloud clipboards and monitors as far as the system has a
// way to say so, and takes it back after a while. Content of other programs is never touched. It is safe for concurrent use; its
// calls wait for the system, so they are not for the goroutine that draws.
//
// Linux: managers that honour KDE's password hint keep out. On Wayland the text goes through Xwayland.
// Windows: history, cloud clipboard and monitors are excluded.
// macOS: Universal Clipboard is excluded, managers that honour nspasteboard.org's types keep out.
type Clipboard struct {
	log   *slog.Logger
	after func(time.Duration, func()) (stop func() bool)

	mu    sync.Mutex
	board board
	held  mark // what Copy wrote last; 0 when nothing of ours can be there
	timer func() bool
}

// board is the clipboard of an operating system.
type board interface {
	// put replaces the content and keeps no reference to text. The mark, never 0, tells this content from any other.
	put(text []byte) (mark, error)
	// clear empties the clipboard if the content is still the one of the mark.
	clear(mark) error
	close() error
}

type mark uint64

// OpenClipboard connects to the clipboard of the session. Without one (no display) it fails.
func OpenClipboard(log *slog.Logger) (*Clipboard, error) {
	b, err := openBoard()
	if err != nil {
		return nil, fmt.Errorf("open clipboard: %w", err)
	}
	return &Clipboard{log: log, board: b, after: afterFunc}, nil
}

func afterFunc(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }

// Copy puts text on the clipboard, and clears it after the given time unless something else is there by then; 0 leaves that to
// Clear. Errors wrap ErrTooLong or are the system's.
func (c *Clipboard) Copy(text secret.Bytes, clearAfter time.Duration) error {
	if text.Len() > MaxClipboard {
		return fmt.Errorf("copy: %w", ErrTooLong)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	m, err := c.board.put(text.Reveal())
	if err != nil {
		return fmt.Errorf("copy: %w", err) // what was copied before may still be there, and its timer runs on
	}
	c.stopTimer()
	c.held = m
	if clearAfter > 0 {
		c.schedule(m, clearAfter, clearTries)
	}
	return nil
}

// Clear takes back what Copy put there, if it is still there: on locking and on quitting. When it fails it goes on trying.
func (c *Clipboard) Clear() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopTimer()
	err := c.clearHeld()
	if err != nil {
		c.schedule(c.held, clearRetry, clearTries)
	}
	return err
}

// Close clears and disconnects.
func (c *Clipboard) Close() error {
	return errors.Join(c.Clear(), c.board.close())
}

func (c *Clipboard) clearHeld() error {
	if c.held == 0 {
		return nil
	}
	if err := c.board.clear(c.held); err != nil {
		return fmt.Errorf("clear clipboard: %w", err)
	}
	c.held = 0
	return nil
}

// schedule clears after d what is known by m. A timer that fires while a newer Copy runs finds another mark and does nothing.
func (c *Clipboard) schedule(m mark, d time.Duration, tries int) {
	c.timer = c.after(d, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.held != m {
			return
		}
		if err := c.clearHeld(); err != nil && tries > 1 {
			c.schedule(m, clearRetry, tries-1)
		} else if err != nil {
			c.log.Error("clipboard was not cleared", "error", err)
		}
	})
}

func (c *Clipboard) stopTimer() {
	if c.timer != nil {
		c.timer()
		c.timer = nil
	}
}
