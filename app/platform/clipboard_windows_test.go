package platform

import (
	"log/slog"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	getClipboardData  = user32.NewProc("GetClipboardData")
	isFormatAvailable = user32.NewProc("IsClipboardFormatAvailable")
)

// clipboardText reads the clipboard as another program does.
func clipboardText(t *testing.T) (text string) {
	t.Helper()
	err := withClipboard(func() error {
		memory, _, _ := getClipboardData.Call(formatUnicodeText)
		if memory == 0 {
			return nil
		}
		address, _, err := globalLock.Call(memory)
		if address == 0 {
			return err
		}
		defer globalUnlock.Call(memory)
		text = windows.UTF16PtrToString(*(**uint16)(unsafe.Pointer(&address)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestClipboardOnWindows(t *testing.T) {
	c, err := OpenClipboard(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	clock := &timers{}
	c.after = clock.after
	mustCopy(t, c, "pässwörd 鍵", half)
	if got := clipboardText(t); got != "pässwörd 鍵" {
		t.Errorf("the clipboard holds %q", got)
	}
	for _, name := range secretFormats {
		format, err := clipboardFormat(name)
		if err != nil {
			t.Fatal(err)
		}
		if ok, _, _ := isFormatAvailable.Call(format); ok == 0 {
			t.Errorf("%s is missing", name)
		}
	}
	clock.fire(t, half)
	if got := clipboardText(t); got != "" {
		t.Errorf("after the time: %q", got)
	}

	mustCopy(t, c, "hunter2", half)
	other := windows.StringToUTF16("a recipe")
	err = withClipboard(func() error {
		emptyClipboard.Call()
		return putFormat(formatUnicodeText, unsafe.Slice((*byte)(unsafe.Pointer(&other[0])), 2*len(other)))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if got := clipboardText(t); got != "a recipe" {
		t.Errorf("the other program's text became %q", got)
	}
}
