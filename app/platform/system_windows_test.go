package platform

import (
	"context"
	"errors"
	"testing"
	"unsafe"

	"github.com/coffer-vault/coffer/crypto/id"
)

func TestCredentialManager(t *testing.T) {
	p, err := PathsBelow(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	k, account, d := NewKeyring(p), id.New(), someSecrets()
	if _, err := k.Load(t.Context(), testOrigin, account); !errors.Is(err, ErrNotFound) {
		t.Fatalf("Load of nothing: %v, want %v", err, ErrNotFound)
	}
	if err := k.Save(t.Context(), testOrigin, account, d); err != nil {
		t.Fatal(err)
	}
	if got, err := k.Load(t.Context(), testOrigin, account); err != nil || !got.equal(d) {
		t.Errorf("Load: %v", err)
	}
	if err := k.Delete(t.Context(), testOrigin, account); err != nil {
		t.Error(err)
	}
	if _, err := k.Load(t.Context(), testOrigin, account); !errors.Is(err, ErrNotFound) {
		t.Errorf("Load after Delete: %v, want %v", err, ErrNotFound)
	}
}

func TestAwayMessages(t *testing.T) {
	for _, c := range []struct {
		name  string
		id, w uintptr
		want  Away
	}{
		{"going to sleep", messagePower, powerSuspend, Sleep},
		{"waking up", messagePower, 7, ""},
		{"locked", messageSession, sessionLock, SessionLocked},
		{"unlocked", messageSession, 8, ""},
		{"another user takes the screen", messageSession, sessionConsoleLeft, SessionLocked},
		{"back at the screen", messageSession, 1, ""},
		{"remote desktop ends", messageSession, sessionRemoteLeft, SessionLocked},
		{"the session ends", messageEnd, 1, SessionEnds},
		{"the session does not end after all", messageEnd, 0, ""},
		{"another message", 0x0100, sessionLock, ""},
	} {
		if got, ok := awayMessage(c.id, c.w); got != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q, %v; want %q", c.name, got, ok, c.want)
		}
	}
}

// TestAwayWindow sends the window what Windows would.
func TestAwayWindow(t *testing.T) {
	findWindow, sendMessage := user32.NewProc("FindWindowW"), user32.NewProc("SendMessageW")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	told := make(chan Away, 1)
	if err := WatchAway(ctx, func(a Away) { told <- a }); err != nil {
		t.Fatal(err)
	}
	window, _, err := findWindow.Call(uintptr(unsafe.Pointer(awayClassName)), 0)
	if window == 0 {
		t.Fatal(err)
	}
	sendMessage.Call(window, messageSession, sessionLock, 0)
	if got := <-told; got != SessionLocked {
		t.Errorf("told %q", got)
	}
	sendMessage.Call(window, messageEnd, 1, 0)
	if got := <-told; got != SessionEnds {
		t.Errorf("told %q", got)
	}
}

func TestSystemCalls(t *testing.T) {
	if _, err := IdleTime(); err != nil {
		t.Error(err)
	}
	if err := DisableCoreDumps(); err != nil {
		t.Error(err)
	}
	if !HasDisplay() {
		t.Error("no display")
	}
	p, err := systemPaths()
	if err != nil || p.Home == "" {
		t.Errorf("%+v, %v", p, err)
	}
}
