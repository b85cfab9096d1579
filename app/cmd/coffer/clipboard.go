package main

import (
	"log/slog"
	"time"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// clipboard is the platform's, which keeps out of histories. Where there is none, copying fails and says so: the toolkit's own leaves
// what was copied in histories for ever.
type clipboard struct {
	platform *platform.Clipboard
	broken   error
	toolkit  fyne.Clipboard // to paste from
	manager  *session.Manager
	log      *slog.Logger
	copies   chan secret.Bytes
}

func openClipboard(app fyne.App, manager *session.Manager, log *slog.Logger) *clipboard {
	c := &clipboard{toolkit: app.Clipboard(), manager: manager, log: log, copies: make(chan secret.Bytes, 1)}
	if c.platform, c.broken = platform.OpenClipboard(log); c.broken != nil {
		log.Error("no clipboard", "error", c.broken)
	}
	go c.copyFromEntries()
	return c
}

// Copy implements screen.Clipboard.
func (c *clipboard) Copy(text secret.Bytes, clearAfter time.Duration) error {
	if c.broken != nil {
		return c.broken
	}
	return c.platform.Copy(text, clearAfter)
}

// Clear implements screen.Clipboard.
func (c *clipboard) Clear() error {
	if c.broken != nil {
		return nil
	}
	return c.platform.Clear()
}

// Close takes back what was copied and disconnects.
func (c *clipboard) Close() {
	close(c.copies)
	if c.broken == nil {
		if err := c.platform.Close(); err != nil {
			c.log.Warn("clipboard not closed", "error", err)
		}
	}
}

// copyFromEntries copies what was selected in entries, off the UI goroutine and one after the other.
func (c *clipboard) copyFromEntries() {
	for text := range c.copies {
		if err := c.Copy(text, c.manager.Settings().ClipboardAfter); err != nil {
			c.log.Warn("selection not copied", "error", err)
		}
		text.Wipe()
	}
}

// entries is the clipboard as the entries of the window see it. What is copied from one may be a secret in any of them, so all of it
// is treated as one.
func (c *clipboard) entries() entryClipboard { return entryClipboard{c} }

type entryClipboard struct{ of *clipboard }

// Content implements fyne.Clipboard.
func (e entryClipboard) Content() string { return e.of.toolkit.Content() }

// SetContent implements fyne.Clipboard.
func (e entryClipboard) SetContent(text string) { e.SetSecret(text) }

// SetSecret implements widget.Clipboard.
func (e entryClipboard) SetSecret(text string) {
	select {
	case e.of.copies <- secret.FromString(text):
	default:
		e.of.log.Warn("selection not copied: the clipboard does not answer")
	}
}
