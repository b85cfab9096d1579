package main

import (
	"encoding/json"
	"os"
	"path/filepath"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/ui"
	"github.com/coffer-vault/coffer/internal/atomicfile"
)

// windowState is what is kept of the window from one start to the next.
type windowState struct {
	Width  float32    `json:"width"`
	Height float32    `json:"height"`
	Panes  [2]float32 `json:"panes"` // widths of sidebar and list; zero for the usual ones
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

func (d *desktop) saveWindowState() {
	size := d.window.Canvas().Size()
	if size.Width < ui.LeastSize.Width || size.Height < ui.LeastSize.Height {
		return // it was never shown
	}
	data, err := json.Marshal(windowState{size.Width, size.Height, d.ui.PaneWidths()})
	if err == nil {
		err = atomicfile.WriteFile(windowStatePath(d.paths), data, 0o600)
	}
	if err != nil {
		d.log.Warn("window state not kept", "error", err)
	}
}
