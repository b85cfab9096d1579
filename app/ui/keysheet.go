package ui

import (
	"strings"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
)

// The sheet has two columns where there is room.
const (
	keySheetWidth  = 760
	keyColumnLeast = 300
	keyTextWidth   = 126
)

// showKeys opens the sheet of all keys, on any screen.
func (w *Window) showKeys() {
	groups := screen.KeySheet(w.Env.Words, w.MacOS)
	column := func(groups []screen.KeyGroup) fyne.CanvasObject {
		c := widget.Column(4)
		for i, g := range groups {
			above := float32(14)
			if i == 0 {
				above = 0
			}
			c.Add(widget.Pad(widget.NewText(strings.ToUpper(g.Title), theme.Overline), above, 0, 4, 0))
			for _, row := range g.Rows {
				c.Add(keyLine(row))
			}
		}
		return c
	}
	half := halfOf(groups)
	body := pair(.5, 2*keyColumnLeast, column(groups[:half]), column(groups[half:]))
	var modal *widget.Modal
	done := widget.NewButton(w.text("widget.close"), assets.NoIcon, widget.Primary, func() { modal.Close() })
	modal = widget.NewModal(w.text("screen.keys.title"), body, done).Wide(keySheetWidth)
	modal.First = done
	w.root.ShowModal(modal)
	modal.ScrollToTop()
}

// halfOf is after how many groups the first column is at least as long as the second one.
func halfOf(groups []screen.KeyGroup) int {
	total, sum := 0, 0
	for _, g := range groups {
		total += len(g.Rows) + 1
	}
	for i, g := range groups {
		if sum += len(g.Rows) + 1; 2*sum >= total {
			return i + 1
		}
	}
	return len(groups)
}

func keyLine(row screen.KeyRow) fyne.CanvasObject {
	keys := widget.NewText(strings.Join(row.Keys, "  "), theme.Secondary.Of(theme.Medium).In(theme.ColorText))
	return widget.Row(10, widget.Width(keyTextWidth, keys), widget.Grow(widget.NewText(row.Text, theme.Secondary).Shortened()))
}
