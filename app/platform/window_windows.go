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
	monitorFromWindow        = user32.NewProc("MonitorFromWindow")
	getMonitorInfo           = user32.NewProc("GetMonitorInfoW")
	getWindowRect            = user32.NewProc("GetWindowRect")
	getClientRect            = user32.NewProc("GetClientRect")
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

// rect is RECT of windef.h.
type rect struct{ left, top, right, bottom int32 }

func (w Window) room() (Area, error) {
	const nearest = 2 // MONITOR_DEFAULTTONEAREST
	monitor, _, _ := monitorFromWindow.Call(uintptr(w), nearest)
	info := struct { // MONITORINFO
		size         uint32
		screen, work rect
		flags        uint32
	}{}
	info.size = uint32(unsafe.Sizeof(info))
	if ok, _, err := getMonitorInfo.Call(monitor, uintptr(unsafe.Pointer(&info))); ok == 0 {
		return Area{}, err
	}
	var outside, inside rect
	var corner struct{ x, y int32 }
	for _, ask := range []struct {
		proc *windows.LazyProc
		into unsafe.Pointer
	}{{getWindowRect, unsafe.Pointer(&outside)}, {getClientRect, unsafe.Pointer(&inside)}, {clientToScreen, unsafe.Pointer(&corner)}} {
		if ok, _, err := ask.proc.Call(uintptr(w), uintptr(ask.into)); ok == 0 {
			return Area{}, err
		}
	}
	frameWide, frameHigh := outside.right-outside.left-inside.right, outside.bottom-outside.top-inside.bottom
	return Area{
		X: int(info.work.left + corner.x - outside.left), Y: int(info.work.top + corner.y - outside.top),
		Width: int(info.work.right - info.work.left - frameWide), Height: int(info.work.bottom - info.work.top - frameHigh),
	}, nil
}

func onScreen(x, y int) bool {
	// POINT is passed by value: in one register, x in its lower half.
	point := uintptr(uint32(int32(x))) | uintptr(uint32(int32(y)))<<32
	monitor, _, _ := monitorFromPoint.Call(point, 0)
	return monitor != 0
}
