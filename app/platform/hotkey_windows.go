package platform

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	registerHotKey   = user32.NewProc("RegisterHotKey")
	unregisterHotKey = user32.NewProc("UnregisterHotKey")
	peekMessage      = user32.NewProc("PeekMessageW")
)

// Of winuser.h.
const (
	modAlt      = 0x1
	modControl  = 0x2
	modShift    = 0x4
	modNoRepeat = 0x4000

	messageHotKey = 0x312 // WM_HOTKEY
)

func hotKeysAreQuiet() bool { return true }

// watchHotKey has a thread of its own: a hot key belongs to the thread that registers it, and comes in that one's messages.
func watchHotKey(ctx context.Context, key hotKey, pressed func()) (<-chan struct{}, error) {
	registered := make(chan error)
	released := during(func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := register(key)
		registered <- err
		if err != nil {
			return
		}
		defer unregisterHotKey.Call(0, 1)
		thread := windows.GetCurrentThreadId()
		stop := context.AfterFunc(ctx, func() { postThreadMessage.Call(uintptr(thread), messageQuit, 0, 0) })
		defer stop()
		for next := new(message); ; {
			if more, _, _ := getMessage.Call(uintptr(unsafe.Pointer(next)), 0, 0, 0); int32(more) <= 0 {
				return // quit, or an error that would come again
			}
			if next.id == messageHotKey {
				pressed()
			}
		}
	})
	return released, <-registered
}

func register(key hotKey) error {
	// Asking for messages makes the queue, which the message that ends it all must find.
	peekMessage.Call(uintptr(unsafe.Pointer(new(message))), 0, 0, 0, 0)
	modifiers := uintptr(modNoRepeat)
	for _, m := range []struct {
		on   bool
		mask uintptr
	}{{key.alt, modAlt}, {key.ctrl, modControl}, {key.shift, modShift}} {
		if m.on {
			modifiers |= m.mask
		}
	}
	code := uintptr(strings.ToUpper(key.key)[0]) // virtual keys of letters are their capitals
	if key.key == "space" {
		code = windows.VK_SPACE
	}
	ok, _, err := registerHotKey.Call(0, 1, modifiers, code)
	switch {
	case ok != 0:
		return nil
	case errors.Is(err, windows.ERROR_HOTKEY_ALREADY_REGISTERED):
		return ErrHotKeyTaken
	}
	return err
}
