package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver"
	toolkit "fyne.io/fyne/v2/driver/desktop"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/ui"
	"github.com/coffer-vault/coffer/internal/atomicfile"
)

// windowState is what is kept of the window from one start to the next. Nothing in it comes from a vault.
type windowState struct {
	Width  float32    `json:"width"`
	Height float32    `json:"height"`
	Panes  [2]float32 `json:"panes"` // widths of sidebar and list; zero for the usual ones
	// Corner is that of the inside, in pixels of all screens together; nil where the system does not tell.
	Corner    *[2]int `json:"corner,omitempty"`
	Maximized bool    `json:"maximized,omitempty"` // size and corner are those from before
	Place     string  `json:"place,omitempty"`     // what the list showed: screen.Place.Kept
}

func windowStatePath(paths platform.Paths) string { return filepath.Join(paths.Home, "window.json") }

// readWindowState gives the usual window where nothing useful is kept.
func readWindowState(paths platform.Paths) windowState {
	var s windowState
	data, err := os.ReadFile(windowStatePath(paths))
	if err != nil || json.Unmarshal(data, &s) != nil {
		return windowState{}
	}
	return s
}

// mostSize bounds what a damaged file can ask for.
const mostSize = 16384

func (s windowState) size() fyne.Size {
	size := fyne.NewSize(s.Width, s.Height)
	if size.Width < ui.LeastSize.Width || size.Height < ui.LeastSize.Height || max(size.Width, size.Height) > mostSize {
		return ui.UsualSize
	}
	return size
}

// grip is how far from the corner the window can be taken hold of: that much of it has to be on a screen.
const grip = 60

// corner is where the window goes; false where it would be on no screen, one that was unplugged say.
func (s windowState) corner(onScreen func(x, y int) bool) (at [2]int, ok bool) {
	if s.Corner == nil {
		return at, false
	}
	at = *s.Corner
	return at, onScreen(at[0]+grip, at[1]) && onScreen(at[0]+grip, at[1]+grip)
}

// placeWindow puts the window where it was, before it is shown.
func (d *desktop) placeWindow() {
	d.window.Resize(d.state.size())
	if at, ok := d.state.corner(platform.OnScreen); ok {
		d.moveWindow(at)
	}
}

func (d *desktop) moveWindow(to [2]int) {
	if w, ok := d.window.(toolkit.Window); ok {
		w.RequestPosition(to[0], to[1])
	}
}

// settleWindow makes it what it was, once it is shown: before, nobody knows on which screen that is, and in which scale.
func (d *desktop) settleWindow() {
	if d.hidden || d.settled {
		return
	}
	d.settled = true
	w := native(d.window)
	if !d.state.Maximized {
		d.fitWindow(w)
	} else if err := w.Maximize(); err != nil {
		d.log.Info("window not maximized", "error", err)
	}
}

// fitWindow has a window that is larger than its screen fit on it: a first one, or one that was kept on a larger screen.
func (d *desktop) fitWindow(w platform.Window) {
	room, err := w.Room()
	if err != nil {
		return
	}
	size, scale := d.window.Canvas().Size(), d.window.Canvas().Scale()
	fits := fitting(room, size, scale)
	if fits == size {
		return
	}
	d.window.Resize(fits)
	if x, y, _, err := w.Place(); err == nil {
		d.moveWindow(inSight(room, [2]int{x, y}, fits, scale))
	}
}

// fitting is the largest size up to the given one that has room.
func fitting(room platform.Area, size fyne.Size, scale float32) fyne.Size {
	most := fyne.NewSize(float32(int(float32(room.Width)/scale)), float32(int(float32(room.Height)/scale)))
	return size.Min(most).Max(ui.LeastSize)
}

// inSight is the corner nearest to the given one from which a window is to be seen whole, or else its left upper part.
func inSight(room platform.Area, at [2]int, size fyne.Size, scale float32) [2]int {
	wide, high := int(math.Ceil(float64(size.Width*scale))), int(math.Ceil(float64(size.Height*scale)))
	return [2]int{max(min(at[0], room.X+room.Width-wide), room.X), max(min(at[1], room.Y+room.Height-high), room.Y)}
}

// native is the system's name of a window.
func native(window fyne.Window) platform.Window {
	var found platform.Window
	if w, ok := window.(driver.NativeWindow); ok {
		w.RunNative(func(context any) {
			switch c := context.(type) {
			case driver.X11WindowContext:
				found = platform.Window(c.WindowHandle)
			case driver.WindowsWindowContext:
				found = platform.Window(c.HWND)
			case driver.MacWindowContext:
				found = platform.Window(c.NSWindow)
			}
		})
	}
	return found
}

func (d *desktop) saveWindowState() {
	size := d.window.Canvas().Size()
	if size.Width < ui.LeastSize.Width || size.Height < ui.LeastSize.Height {
		return // it was never shown
	}
	x, y, maximized, err := native(d.window).Place()
	if !maximized {
		d.state.Width, d.state.Height, d.state.Corner = size.Width, size.Height, &[2]int{x, y}
	}
	if err != nil {
		d.state.Corner = nil
	}
	kept := d.state
	kept.Panes, kept.Maximized, kept.Place = d.ui.PaneWidths(), maximized, d.shell.Place().Kept()
	data, err := json.Marshal(kept)
	if err == nil {
		err = atomicfile.WriteFile(windowStatePath(d.paths), data, 0o600)
	}
	if err != nil {
		d.log.Warn("window state not kept", "error", err)
	}
}
