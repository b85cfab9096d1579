package ui

import (
	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
)

// kitPart saves or prints the emergency kit and asks whether it is in a safe place. The keyboard goes along: save, tick, go on.
type kitPart struct {
	box         *fyne.Container
	save, again *widget.Button
	print       *widget.Button
	kept        *widget.Paragraph
	done        *fyne.Container
	confirm     *widget.Check
	before      screen.Confirmation
}

func newKitPart(save, print func(), confirm func(bool)) *kitPart {
	k := &kitPart{kept: widget.NewParagraph("", theme.Secondary), confirm: widget.NewCheck("", false, confirm)}
	k.save = widget.NewButton("", assets.IconDownload, widget.Primary, save).Tall()
	k.again = widget.NewButton("", assets.IconDownload, widget.Secondary, save).Tall()
	k.print = widget.NewButton("", assets.IconPrinter, widget.Secondary, print).Tall()
	k.done = widget.Pad(widget.TopRow(8, widget.NewIcon(assets.IconCircleCheck, theme.ColorSuccess, widget.SmallIconSide), widget.Grow(k.kept)), 10, 0, 0, 0)
	k.box = widget.Column(0, widget.Row(8, widget.Grow(widget.Stack(k.save, k.again)), k.print), k.done, widget.Pad(k.confirm, 16, 0, 0, 0))
	return k
}

// render follows the state; onward is the button that leads on once the box is ticked.
func (k *kitPart) render(s screen.KitState, c screen.Confirmation, onward *widget.Button) {
	k.again.Hidden, k.save.Hidden = s.Kept == "", s.Kept != ""
	for _, b := range []*widget.Button{k.save, k.again} {
		b.SetText(s.Save)
		b.SetBusy(s.Busy)
	}
	k.print.SetText(s.Print)
	k.kept.SetText(s.Kept)
	k.done.Hidden = s.Kept == ""
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
