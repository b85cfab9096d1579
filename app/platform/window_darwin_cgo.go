//go:build darwin && cgo

package platform

/*
#cgo LDFLAGS: -framework Foundation
#include <objc/message.h>

// NSWindowSharingNone is 0, NSWindowSharingReadOnly 1.
static void cofferSetSharing(void *window, unsigned long type) {
	((void (*)(id, SEL, unsigned long))objc_msgSend)((id)window, sel_registerName("setSharingType:"), type);
}
*/
import "C"

import "unsafe"

const canHideFromCapture = true

// hideFromCapture is called on the main thread, where the toolkit hands out windows.
func (w Window) hideFromCapture(on bool) error {
	if w == 0 {
		return errNoWindow
	}
	sharing := C.ulong(1)
	if on {
		sharing = 0
	}
	address := uintptr(w)
	C.cofferSetSharing(*(*unsafe.Pointer)(unsafe.Pointer(&address)), sharing)
	return nil
}

func (w Window) place() (x, y int, maximized bool, err error) { return 0, 0, false, errNoWindow }
func (w Window) maximize() error                              { return errNoWindow }

func onScreen(int, int) bool { return false }
