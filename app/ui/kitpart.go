package ui

import (
	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
)

// kitPart saves the emergency kit and asks whether it is in a safe place. The keyboard goes along: save, tick, go on.
type kitPart struct {
	box         *fyne.Container
	save, again *widget.Button
	saved       *widget.Paragraph
	done        *fyne.Container
	confirm     *widget.Check
	before      screen.Confirmation
}

func newKitPart(save func(), confirm func(bool)) *kitPart {
	k := &kitPart{saved: widget.NewParagraph("", theme.Secondary), confirm: widget.NewCheck("", false, confirm)}
	k.save = widget.NewButton("", assets.IconDownload, widget.Primary, save).Tall()
	k.again = widget.NewButton("", assets.IconDownload, widget.Secondary, save).Tall()
	k.done = widget.Pad(widget.TopRow(8, widget.NewIcon(assets.IconCircleCheck, theme.ColorSuccess, widget.SmallIconSide), widget.Grow(k.saved)), 10, 0, 0, 0)
	k.box = widget.Column(0, widget.Stack(k.save, k.again), k.done, widget.Pad(k.confirm, 16, 0, 0, 0))
	return k
}

// render follows the state; onward is the button that leads on once the box is ticked.
func (k *kitPart) render(s screen.KitState, c screen.Confirmation, onward *widget.Button) {
	k.again.Hidden, k.save.Hidden = s.SavedTo == "", s.SavedTo != ""
	for _, b := range []*widget.Button{k.save, k.again} {
		b.SetText(s.Save)
		b.SetBusy(s.Busy)
	}
	k.saved.SetText(s.SavedTo)
	k.done.Hidden = s.SavedTo == ""
	k.confirm.SetLabel(c.Label)
	k.confirm.SetEnabled(c.Enabled)
	k.confirm.SetChecked(c.Ticked)
	before := k.before
	k.before = c
	switch {
	case c.Enabled && !before.Enabled:
		widget.Focus(k.confirm)
	case c.Ticked && !before.Ticked && onward != nil:
		widget.Focus(onward)
	}
}
