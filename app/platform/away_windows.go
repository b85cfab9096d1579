package platform

import (
	"context"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	wtsapi32 = windows.NewLazySystemDLL("wtsapi32.dll")

	registerClass        = user32.NewProc("RegisterClassExW")
	unregisterClass      = user32.NewProc("UnregisterClassW")
	createWindow         = user32.NewProc("CreateWindowExW")
	destroyWindow        = user32.NewProc("DestroyWindow")
	defWindowProc        = user32.NewProc("DefWindowProcW")
	getMessage           = user32.NewProc("GetMessageW")
	dispatchMessage      = user32.NewProc("DispatchMessageW")
	postThreadMessage    = user32.NewProc("PostThreadMessageW")
	registerSession      = wtsapi32.NewProc("WTSRegisterSessionNotification")
	unregisterSession    = wtsapi32.NewProc("WTSUnRegisterSessionNotification")
	awayClassName        = windows.StringToUTF16Ptr("CofferAway")
	notifyForThisSession = uintptr(0)
)

// Messages and what they tell, from winuser.h and wtsapi32.h.
const (
	messageQuit    = 0x0012 // WM_QUIT
	messageEnd     = 0x0016 // WM_ENDSESSION; w tells whether it ends indeed
	messagePower   = 0x0218 // WM_POWERBROADCAST
	messageSession = 0x02B1 // WM_WTSSESSION_CHANGE

	powerSuspend       = 4 // PBT_APMSUSPEND
	sessionConsoleLeft = 2 // WTS_CONSOLE_DISCONNECT: another user takes the screen
	sessionRemoteLeft  = 4 // WTS_REMOTE_DISCONNECT
	sessionLogoff      = 6 // WTS_SESSION_LOGOFF
	sessionLock        = 7 // WTS_SESSION_LOCK
)

// windowClass is WNDCLASSEXW.
type windowClass struct {
	size, style                        uint32
	proc                               uintptr
	classExtra, windowExtra            int32
	instance, icon, cursor, background uintptr
	menu, name                         *uint16
	smallIcon                          uintptr
}

// message is MSG.
type message struct {
	window  uintptr
	id      uint32
	w, l    uintptr
	time    uint32
	x, y    int32
	private uint32
}

// watchSystem listens with a window that is never shown. It is no message-only one: those are not told about sleep, nor that the
// session ends.
func watchSystem(ctx context.Context, away func(Away)) error {
	started := make(chan error)
	go func() {
		// A window belongs to the thread that made it, and that thread must fetch its messages.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		window, err := openAwayWindow(away)
		started <- err
		if err != nil {
			return
		}
		defer closeAwayWindow(window)
		thread := windows.GetCurrentThreadId()
		defer context.AfterFunc(ctx, func() { postThreadMessage.Call(uintptr(thread), messageQuit, 0, 0) })()
		for m := new(message); ; {
			// 0 is WM_QUIT, -1 an error.
			if more, _, _ := getMessage.Call(uintptr(unsafe.Pointer(m)), 0, 0, 0); int32(more) <= 0 {
				return
			}
			dispatchMessage.Call(uintptr(unsafe.Pointer(m)))
		}
	}()
	return <-started
}

// openAwayWindow makes the window and has the session's changes sent to it.
func openAwayWindow(away func(Away)) (uintptr, error) {
	class := windowClass{name: awayClassName, proc: windows.NewCallback(func(window, id, w, l uintptr) uintptr {
		if a, ok := awayMessage(id, w); ok {
			away(a) // before we answer: Windows waits with going to sleep and with ending the process, though not for long
		}
		result, _, _ := defWindowProc.Call(window, id, w, l)
		return result
	})}
	class.size = uint32(unsafe.Sizeof(class))
	if ok, _, err := registerClass.Call(uintptr(unsafe.Pointer(&class))); ok == 0 {
		return 0, fmt.Errorf("watch session: %w", err)
	}
	window, _, err := createWindow.Call(0, uintptr(unsafe.Pointer(awayClassName)), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	if window == 0 {
		return 0, fmt.Errorf("watch session: %w", err)
	}
	if ok, _, err := registerSession.Call(window, notifyForThisSession); ok == 0 {
		closeAwayWindow(window)
		return 0, fmt.Errorf("watch session: %w", err)
	}
	return window, nil
}

func closeAwayWindow(window uintptr) {
	unregisterSession.Call(window)
	destroyWindow.Call(window)
	unregisterClass.Call(uintptr(unsafe.Pointer(awayClassName)), 0)
}

// awayMessage says which messages mean that the user leaves.
func awayMessage(id, w uintptr) (Away, bool) {
	switch {
	case id == messagePower && w == powerSuspend:
		return Sleep, true
	case id == messageSession && (w == sessionLock || w == sessionConsoleLeft || w == sessionRemoteLeft || w == sessionLogoff):
		return SessionLocked, true
	case id == messageEnd && w != 0:
		return SessionEnds, true
	default:
		return "", false
	}
}
