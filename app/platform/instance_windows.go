package platform

import (
	"errors"
	"io"

	"golang.org/x/sys/windows"
)

var allowSetForegroundWindow = user32.NewProc("AllowSetForegroundWindow")

// showEventName names an event of this user in this session: in another session, over remote desktop say, a window could not be
// shown anyhow. An event carries no data, so there is nothing to parse and nothing to wait for.
func showEventName(p Paths) (*uint16, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, err
	}
	return windows.UTF16PtrFromString(`Local\CofferShow-` + user.User.Sid.String() + "-" + p.Profile())
}

// showListener waits for the event until it is closed.
type showListener struct{ stop windows.Handle }

func (l showListener) Close() error { return windows.SetEvent(l.stop) }

func listenShow(p Paths, show func()) (io.Closer, error) {
	name, err := showEventName(p)
	if err != nil {
		return nil, err
	}
	// One that exists already is a second start's that is just asking: it may be this one as well.
	request, err := windows.CreateEvent(nil, 0, 0, name)
	if err != nil && !errors.Is(err, windows.ERROR_ALREADY_EXISTS) {
		return nil, err
	}
	stop, err := windows.CreateEvent(nil, 1, 0, nil)
	if err != nil {
		return nil, errors.Join(err, windows.CloseHandle(request))
	}
	go func() {
		defer windows.CloseHandle(request)
		defer windows.CloseHandle(stop)
		for {
			which, err := windows.WaitForMultipleObjects([]windows.Handle{stop, request}, false, windows.INFINITE)
			if err != nil || which != windows.WAIT_OBJECT_0+1 {
				return
			}
			show()
		}
	}()
	return showListener{stop}, nil
}

// sendShow passes on the right to come to the front, which Windows gives to the program that the user has just started, and
// then sets the event.
func sendShow(p Paths) error {
	const anyProcess = 0xffffffff // ASFW_ANY
	allowSetForegroundWindow.Call(anyProcess)
	name, err := showEventName(p)
	if err != nil {
		return err
	}
	request, err := windows.OpenEvent(windows.EVENT_MODIFY_STATE, false, name)
	if err != nil {
		return err
	}
	return errors.Join(windows.SetEvent(request), windows.CloseHandle(request))
}
