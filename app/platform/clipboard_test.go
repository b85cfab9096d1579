package platform

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// fakeBoard is a clipboard that others write to as well, and that can be busy.
type fakeBoard struct {
	content string
	changes mark
	busy    int // how many calls fail
}

var errBusy = errors.New("busy")

func (b *fakeBoard) put(text []byte) (mark, error) {
	if b.busy > 0 {
		b.busy--
		return 0, errBusy
	}
	b.content = string(text)
	b.changes++
	return b.changes, nil
}

func (b *fakeBoard) clear(m mark) error {
	if b.busy > 0 {
		b.busy--
		return errBusy
	}
	if b.changes == m {
		b.content = ""
		b.changes++
	}
	return nil
}

func (b *fakeBoard) close() error { return nil }

// timers is the clock: what was scheduled runs when the test says so.
type timers struct {
	pending []*timer
}

type timer struct {
	after time.Duration
	run   func()
	done  bool
}

func (c *timers) after(d time.Duration, f func()) func() bool {
	t := &timer{after: d, run: f}
	c.pending = append(c.pending, t)
	return func() bool { was := !t.done; t.done = true; return was }
}

// fire runs the newest timer if it is due after d.
func (c *timers) fire(t *testing.T, d time.Duration) {
	t.Helper()
	last := c.pending[len(c.pending)-1]
	if last.done || last.after != d {
		t.Fatalf("no timer waits for %v: %+v", d, last)
	}
	last.done = true
	last.run()
}

func testClipboard() (*Clipboard, *fakeBoard, *timers, *strings.Builder) {
	b, clock, log := &fakeBoard{}, &timers{}, &strings.Builder{}
	return &Clipboard{log: slog.New(slog.NewTextHandler(log, nil)), board: b, after: clock.after}, b, clock, log
}

func mustCopy(t *testing.T, c *Clipboard, text string, clearAfter time.Duration) {
	t.Helper()
	if err := c.Copy(secret.FromString(text), clearAfter); err != nil {
		t.Fatal(err)
	}
}

const half = 30 * time.Second

func TestCopyClearsLater(t *testing.T) {
	c, b, clock, _ := testClipboard()
	mustCopy(t, c, "hunter2", half)
	if b.content != "hunter2" {
		t.Fatalf("clipboard holds %q", b.content)
	}
	clock.fire(t, half)
	if b.content != "" {
		t.Errorf("after the time it holds %q", b.content)
	}
}

func TestOthersContentStays(t *testing.T) {
	for name, clear := range map[string]func(*Clipboard, *timers){
		"timer": func(_ *Clipboard, clock *timers) { clock.fire(t, half) },
		"Clear": func(c *Clipboard, _ *timers) { c.Clear() },
		"Close": func(c *Clipboard, _ *timers) { c.Close() },
	} {
		c, b, clock, _ := testClipboard()
		mustCopy(t, c, "hunter2", half)
		b.put([]byte("a recipe"))
		clear(c, clock)
		if b.content != "a recipe" {
			t.Errorf("%s: the clipboard holds %q", name, b.content)
		}
	}
}

func TestNewCopyStartsTheTimeAgain(t *testing.T) {
	c, b, clock, _ := testClipboard()
	mustCopy(t, c, "first", half)
	first := clock.pending[0]
	mustCopy(t, c, "second", half)
	if !first.done {
		t.Error("the first timer still runs")
	}
	first.run() // it fired while the second Copy held the lock
	if b.content != "second" {
		t.Errorf("the first timer took the second text away: %q", b.content)
	}
	clock.fire(t, half)
	if b.content != "" {
		t.Errorf("after the time it holds %q", b.content)
	}
}

func TestClearOnLock(t *testing.T) {
	c, b, clock, _ := testClipboard()
	if err := c.Clear(); err != nil || b.changes != 0 {
		t.Errorf("Clear with nothing of ours: %v, %d changes", err, b.changes)
	}
	mustCopy(t, c, "hunter2", 0)
	if len(clock.pending) != 0 {
		t.Error("a timer runs although none was wanted")
	}
	if err := c.Clear(); err != nil || b.content != "" {
		t.Errorf("Clear: %v, holds %q", err, b.content)
	}
}

func TestBusyClipboard(t *testing.T) {
	c, b, clock, log := testClipboard()
	mustCopy(t, c, "hunter2", half)
	b.busy = 1
	if err := c.Copy(secret.FromString("another"), half); !errors.Is(err, errBusy) {
		t.Errorf("Copy: %v, want %v", err, errBusy)
	}
	b.busy = clearTries - 1
	clock.fire(t, half) // of the first copy, which is still there
	for range clearTries - 1 {
		clock.fire(t, clearRetry)
	}
	if b.content != "" || log.Len() != 0 {
		t.Errorf("cleared at the last try: holds %q, log %q", b.content, log)
	}
}

func TestBusyClipboardOnLock(t *testing.T) {
	c, b, clock, _ := testClipboard()
	mustCopy(t, c, "hunter2", half)
	b.busy = 1
	if err := c.Clear(); !errors.Is(err, errBusy) {
		t.Errorf("Clear: %v, want %v", err, errBusy)
	}
	clock.fire(t, clearRetry)
	if b.content != "" {
		t.Errorf("the clipboard holds %q", b.content)
	}
}

func TestGivingUpIsLogged(t *testing.T) {
	c, b, clock, log := testClipboard()
	mustCopy(t, c, "hunter2", half)
	b.busy = clearTries
	clock.fire(t, half)
	for range clearTries - 1 {
		clock.fire(t, clearRetry)
	}
	if last := clock.pending[len(clock.pending)-1]; !last.done || !strings.Contains(log.String(), "not cleared") {
		t.Errorf("gave up silently, or not at all: %q", log)
	}
	if strings.Contains(log.String(), "hunter2") {
		t.Error("the log holds the secret")
	}
}

func TestTooLong(t *testing.T) {
	c, b, _, _ := testClipboard()
	mustCopy(t, c, strings.Repeat("x", MaxClipboard), half)
	if err := c.Copy(secret.New(make([]byte, MaxClipboard+1)), half); !errors.Is(err, ErrTooLong) || b.changes != 1 {
		t.Errorf("Copy: %v, want %v", err, ErrTooLong)
	}
}
