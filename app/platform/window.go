package platform

import "errors"

// errNoWindow is returned where this system does not let a program do something with its window.
var errNoWindow = errors.New("the system cannot do that with a window")

// Window is a window of this program, as the system names it: an X window, an HWND. Its methods take moments.
type Window uintptr

// Place is where the inner left upper corner of the window is, in the pixels of all screens together, and whether it fills its screen.
// It fails under Wayland and on macOS.
func (w Window) Place() (x, y int, maximized bool, err error) { return w.place() }

// Maximize has a window fill its screen that is shown.
func (w Window) Maximize() error { return w.maximize() }

// HideFromCapture keeps the window out of screenshots, recordings and shared screens, or no longer. On Linux nothing can.
func (w Window) HideFromCapture(on bool) error { return w.hideFromCapture(on) }

// CanHideFromCapture reports whether HideFromCapture does anything.
func CanHideFromCapture() bool { return canHideFromCapture }

// Area is a part of the screens, in the pixels of all of them together.
type Area struct{ X, Y, Width, Height int }

// Room is where the inside of a window that is shown can lie so that all of the window is to be seen: its screen, without what the system
// keeps for itself (panels, a dock) and without the window's frame. It fails on macOS.
func (w Window) Room() (Area, error) { return w.room() }

// OnScreen reports whether a point is on one of the screens that there are now.
func OnScreen(x, y int) bool { return onScreen(x, y) }
