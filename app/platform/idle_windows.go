package platform

import (
	"time"
	"unsafe"
)

var (
	getLastInputInfo = user32.NewProc("GetLastInputInfo")
	getTickCount     = kernel32.NewProc("GetTickCount")
)

func idleTime() (time.Duration, error) {
	info := struct{ size, tick uint32 }{size: 8} // LASTINPUTINFO
	if ok, _, err := getLastInputInfo.Call(uintptr(unsafe.Pointer(&info))); ok == 0 {
		return 0, err
	}
	now, _, _ := getTickCount.Call()
	// Both count milliseconds in 32 bits and wrap together every 49 days.
	return time.Duration(uint32(now)-info.tick) * time.Millisecond, nil
}
