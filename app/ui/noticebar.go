package ui

import (
	"slices"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
)

// noticeBar says over the panes what concerns the account: changed keys, a new device, a recovery that is not one's own.
type noticeBar struct {
	box   *fyne.Container
	act   func(string)
	shown screen.AccountNotice
}

func newNoticeBar(act func(string)) *noticeBar {
	n := &noticeBar{box: widget.Stack(), act: act}
	n.box.Hide()
	return n
}

func (n *noticeBar) set(s screen.AccountNotice) (changed bool) {
	if s.Message == n.shown.Message && slices.Equal(s.Actions, n.shown.Actions) {
		return false
	}
	n.shown = s
	for _, old := range n.box.Objects {
		widget.Release(old)
	}
	n.box.Objects = nil
	if !s.Message.IsZero() {
		n.box.Objects = []fyne.CanvasObject{widget.NewSurface(theme.ColorList, theme.ColorNone, 0), widget.Pad(n.build(s), 8, 12, 8, 12)}
	}
	n.box.Hidden = s.Message.IsZero()
	n.box.Refresh()
	return true
}

func (n *noticeBar) build(s screen.AccountNotice) fyne.CanvasObject {
	icon, ground := assets.IconShieldAlert, theme.ColorWarningSoft
	text := widget.Column(1, widget.NewText(s.Message.What, theme.Strong.Of(theme.SemiBold)).Shortened())
	if more := details(s.Message); more != "" {
		text.Add(widget.NewParagraph(more, theme.Secondary))
	}
	line := []fyne.CanvasObject{widget.NewIcon(icon, inkOf(s.Message.Tone), widget.IconSide+1), widget.Grow(text)}
	for i, action := range s.Actions {
		kind := widget.Secondary
		if i == len(s.Actions)-1 {
			kind = widget.Primary
		}
		line = append(line, widget.NewButton(action.Label, assets.NoIcon, kind, func() { n.act(action.ID) }))
	}
	return widget.Stack(widget.NewSurface(ground, theme.ColorNone, theme.RadiusCard), widget.Pad(widget.Row(10, line...), 8, 8, 8, 14))
}
