package platform

import (
	"errors"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	user32   = windows.NewLazySystemDLL("user32.dll")
	kernel32 = windows.NewLazySystemDLL("kernel32.dll")

	openClipboard           = user32.NewProc("OpenClipboard")
	closeClipboard          = user32.NewProc("CloseClipboard")
	emptyClipboard          = user32.NewProc("EmptyClipboard")
	setClipboardData        = user32.NewProc("SetClipboardData")
	registerClipboardFormat = user32.NewProc("RegisterClipboardFormatW")
	clipboardSequence       = user32.NewProc("GetClipboardSequenceNumber")

	globalAlloc  = kernel32.NewProc("GlobalAlloc")
	globalFree   = kernel32.NewProc("GlobalFree")
	globalLock   = kernel32.NewProc("GlobalLock")
	globalUnlock = kernel32.NewProc("GlobalUnlock")
)

const (
	formatUnicodeText = 13 // CF_UNICODETEXT
	memoryMoveable    = 2  // GMEM_MOVEABLE, which SetClipboardData demands
)

// secretFormats keep the content out of monitors, history (Win+V) and cloud clipboard: Microsoft's "Clipboard Formats", and the
// older one that clipboard managers agreed on. Each holds a DWORD 0, which means "no" for the two Can… formats.
var secretFormats = []string{
	"ExcludeClipboardContentFromMonitorProcessing",
	"CanIncludeInClipboardHistory",
	"CanUploadToCloudClipboard",
	"Clipboard Viewer Ignore",
}

// windowsBoard is the clipboard of the window station. Its mark is the sequence number, which every change raises.
type windowsBoard struct{}

func openBoard() (board, error) { return windowsBoard{}, nil }

func (windowsBoard) close() error { return nil }

func (windowsBoard) put(text []byte) (mark, error) {
	units, err := windows.UTF16FromString(string(text))
	if err != nil {
		return 0, err // a NUL inside
	}
	defer clear(units)
	err = withClipboard(func() error {
		if ok, _, err := emptyClipboard.Call(); ok == 0 {
			return err
		}
		err := putSecret(units)
		if err != nil {
			emptyClipboard.Call() // never the text without what keeps it out of the history
		}
		return err
	})
	// Asked after closing, which may add formats that Windows derives from the text.
	return sequence(), err
}

func (windowsBoard) clear(m mark) error {
	return withClipboard(func() error {
		if sequence() != m {
			return nil
		}
		if ok, _, err := emptyClipboard.Call(); ok == 0 {
			return err
		}
		return nil
	})
}

func sequence() mark {
	n, _, _ := clipboardSequence.Call()
	return mark(n)
}

// withClipboard runs do while this thread has the clipboard open. Other programs open it for moments: up to a second of tries.
func withClipboard(do func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for range 50 {
		if ok, _, _ := openClipboard.Call(0); ok != 0 {
			defer closeClipboard.Call()
			return do()
		}
		time.Sleep(20 * time.Millisecond)
	}
	return errors.New("another program holds the clipboard open")
}

// putSecret sets the formats that exclude first, so that the text never stands alone.
func putSecret(units []uint16) error {
	for _, name := range secretFormats {
		format, err := clipboardFormat(name)
		if err != nil {
			return err
		}
		if err := putFormat(format, make([]byte, 4)); err != nil {
			return err
		}
	}
	return putFormat(formatUnicodeText, unsafe.Slice((*byte)(unsafe.Pointer(&units[0])), 2*len(units)))
}

func clipboardFormat(name string) (uintptr, error) {
	p, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return 0, err
	}
	format, _, err := registerClipboardFormat.Call(uintptr(unsafe.Pointer(p)))
	if format == 0 {
		return 0, err
	}
	return format, nil
}

// putFormat hands a copy of data to the system, which owns that memory from then on.
func putFormat(format uintptr, data []byte) error {
	memory, _, err := globalAlloc.Call(memoryMoveable, uintptr(len(data)))
	if memory == 0 {
		return err
	}
	address, _, err := globalLock.Call(memory)
	if address == 0 {
		globalFree.Call(memory)
		return err
	}
	// The address is of the system's heap, which Go's collector neither moves nor frees.
	copy(unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&address))), len(data)), data)
	globalUnlock.Call(memory)
	if ok, _, err := setClipboardData.Call(format, memory); ok == 0 {
		globalFree.Call(memory)
		return err
	}
	return nil
}
