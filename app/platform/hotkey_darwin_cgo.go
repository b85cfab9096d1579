//go:build darwin && cgo

package platform

/*
#cgo LDFLAGS: -framework Carbon
#include <Carbon/Carbon.h>

extern void cofferHotKeyPressed(void);

static OSStatus cofferHandle(EventHandlerCallRef next, EventRef event, void *data) {
	cofferHotKeyPressed();
	return noErr;
}

static OSStatus cofferListen(EventHandlerRef *handler) {
	EventTypeSpec kind = {kEventClassKeyboard, kEventHotKeyPressed};
	return InstallEventHandler(GetApplicationEventTarget(), NewEventHandlerUPP(cofferHandle), 1, &kind, NULL, handler);
}

static OSStatus cofferRegister(UInt32 code, UInt32 modifiers, EventHotKeyRef *key) {
	EventHotKeyID id = {'Cffr', 1};
	return RegisterEventHotKey(code, modifiers, id, GetApplicationEventTarget(), kEventHotKeyExclusive, key);
}
*/
import "C"

import (
	"context"
	"fmt"
	"strings"
	"sync"
)

func hotKeysAreQuiet() bool { return true }

// pressedKey is what Carbon's handler calls: it is one for the program.
var pressedKey struct {
	sync.Mutex
	do func()
}

//export cofferHotKeyPressed
func cofferHotKeyPressed() {
	pressedKey.Lock()
	do := pressedKey.do
	pressedKey.Unlock()
	if do != nil {
		go do() // not on the thread that draws
	}
}

// letterCodes are the virtual keys of a to z (Events.h, kVK_ANSI_A…): places on the keyboard.
var letterCodes = []C.UInt32{
	0x00, 0x0b, 0x08, 0x02, 0x0e, 0x03, 0x05, 0x04, 0x22, 0x26, 0x28, 0x25, 0x2e, 0x2d, 0x1f, 0x23, 0x0c, 0x0f, 0x01, 0x11, 0x20, 0x09, 0x0d, 0x07, 0x10, 0x06,
}

func watchHotKey(ctx context.Context, key hotKey, pressed func()) (<-chan struct{}, error) {
	code := C.UInt32(C.kVK_Space)
	if key.key != "space" {
		code = letterCodes[strings.ToLower(key.key)[0]-'a']
	}
	var registered C.EventHotKeyRef
	switch status := C.cofferRegister(code, carbonModifiers(key), &registered); status {
	case C.noErr:
	case C.eventHotKeyExistsErr:
		return nil, ErrHotKeyTaken
	default:
		return nil, fmt.Errorf("RegisterEventHotKey: %d", status)
	}
	var handler C.EventHandlerRef
	if status := C.cofferListen(&handler); status != C.noErr {
		C.UnregisterEventHotKey(registered)
		return nil, fmt.Errorf("InstallEventHandler: %d", status)
	}
	pressedKey.Lock()
	pressedKey.do = pressed
	pressedKey.Unlock()
	return during(func() {
		<-ctx.Done()
		C.RemoveEventHandler(handler)
		C.UnregisterEventHotKey(registered)
	}), nil
}

func carbonModifiers(key hotKey) C.UInt32 {
	var mask C.UInt32
	if key.ctrl {
		mask |= C.controlKey
	}
	if key.alt {
		mask |= C.optionKey
	}
	if key.shift {
		mask |= C.shiftKey
	}
	return mask
}
