package ui

import (
	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
)

// restView is the right pane while there is no item to show: the list says why, and here is what one may begin with.
type restView struct{ box *fyne.Container }

// restKeys are the actions that it tells the keys of.
var restKeys = []screen.Action{screen.ActionPalette, screen.ActionNew, screen.ActionGenerator}

const restWidth = 300

func newRestView(w *Window) *restView {
	keys := widget.Column(10)
	for _, action := range restKeys {
		name := widget.NewText(w.text("screen.action."+string(action)), theme.Secondary).Shortened()
		keys.Add(widget.Row(12, widget.Grow(name), widget.NewText(w.keyOf(action), theme.Secondary.Of(theme.Medium))))
	}
	mark := widget.Center(widget.NewIcon(assets.IconCoffer, theme.ColorInputBorder, 52))
	column := widget.Column(22, mark, keys)
	return &restView{box: widget.Column(0, widget.Spacer(), widget.MaxWidth(restWidth, widget.Pad(column, 0, 24, 60, 24)), widget.Spacer())}
}

// render shows it once the list is known to be empty, and not for the moment in which it is read.
func (r *restView) render(s screen.VaultState) { r.box.Hidden = s.Empty == (screen.EmptyState{}) }
