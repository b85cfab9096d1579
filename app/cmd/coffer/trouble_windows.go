package main

import (
	"golang.org/x/sys/windows"

	"github.com/coffer-vault/coffer/app/ui"
)

// showMessage shows a box: a program with windows has no standard error that anybody reads.
func showMessage(message string) {
	text, err := windows.UTF16PtrFromString(message)
	if err != nil {
		return
	}
	title, err := windows.UTF16PtrFromString(ui.Title)
	if err != nil {
		return
	}
	windows.MessageBox(0, text, title, windows.MB_OK|windows.MB_ICONERROR|windows.MB_SETFOREGROUND)
}
