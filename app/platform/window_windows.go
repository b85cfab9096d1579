package platform

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	clientToScreen           = user32.NewProc("ClientToScreen")
	isZoomed                 = user32.NewProc("IsZoomed")
	showWindow               = user32.NewProc("ShowWindow")
	monitorFromPoint         = user32.NewProc("MonitorFromPoint")
	setWindowDisplayAffinity = user32.NewProc("SetWindowDisplayAffinity")
)

const canHideFromCapture = true

// Of winuser.h.
const (
	showMaximized      = 3    // SW_MAXIMIZE
	affinityNone       = 0    // WDA_NONE
	affinityMonitor    = 1    // WDA_MONITOR: black in captures
	affinityNotCapture = 0x11 // WDA_EXCLUDEFROMCAPTURE: not in captures at all; since Windows 10, version 2004
)

func (w Window) hideFromCapture(on bool) error {
	if !on {
		return w.setAffinity(affinityNone)
	}
	if w.setAffinity(affinityNotCapture) == nil {
		return nil
	}
	return w.setAffinity(affinityMonitor)
}

func (w Window) setAffinity(affinity uintptr) error {
	if ok, _, err := setWindowDisplayAffinity.Call(uintptr(w), affinity); ok == 0 {
		return err
	}
	return nil
}

func (w Window) place() (x, y int, maximized bool, err error) {
	var corner struct{ x, y int32 }
	if ok, _, err := clientToScreen.Call(uintptr(w), uintptr(unsafe.Pointer(&corner))); ok == 0 {
		return 0, 0, false, err
	}
	zoomed, _, _ := isZoomed.Call(uintptr(w))
	return int(corner.x), int(corner.y), zoomed != 0, nil
}

func (w Window) maximize() error {
	if w == 0 {
		return windows.ERROR_INVALID_WINDOW_HANDLE
	}
	showWindow.Call(uintptr(w), showMaximized) // its result is what was there before
	return nil
}

func onScreen(x, y int) bool {
	// POINT is passed by value: in one register, x in its lower half.
	point := uintptr(uint32(int32(x))) | uintptr(uint32(int32(y)))<<32
	monitor, _, _ := monitorFromPoint.Call(point, 0)
	return monitor != 0
}
