package ui

import (
	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
)

// updateStrip is the prompt for a new version, over every screen.
type updateStrip struct {
	w     *Window
	box   *fyne.Container
	shown screen.UpdateBanner
	stale screen.Message
	go_   *widget.Button
}

func newUpdateStrip(w *Window) *updateStrip {
	u := &updateStrip{w: w, box: widget.Stack()}
	u.box.Hide()
	return u
}

func (u *updateStrip) render(s screen.UpdateState) {
	stale := s.Warning
	if stale.Tone != screen.ToneWarning {
		stale = screen.Message{}
	}
	if s.Banner != u.shown || stale != u.stale {
		u.shown, u.stale = s.Banner, stale
		u.box.Objects = u.build(s)
		u.box.Hidden = s.Banner.IsZero() && stale.IsZero()
		u.box.Refresh()
		u.w.relayout()
	}
	if u.go_ != nil {
		u.go_.SetBusy(s.Busy)
	}
}

func (u *updateStrip) build(s screen.UpdateState) []fyne.CanvasObject {
	u.go_ = nil
	var banner fyne.CanvasObject
	switch {
	case !s.Banner.IsZero():
		banner = u.prompt(s.Banner)
	case !u.stale.IsZero():
		banner = widget.NewBanner(widget.Warning, u.stale.What, details(u.stale), nil)
	default:
		return nil
	}
	return []fyne.CanvasObject{widget.NewSurface(theme.ColorList, theme.ColorNone, 0), widget.Pad(banner, 8, 12, 8, 12)}
}

func (u *updateStrip) prompt(b screen.UpdateBanner) fyne.CanvasObject {
	model := u.w.Shell.Update()
	u.go_ = widget.NewButton(b.Restart, assets.IconRotateCcw, widget.Primary, model.Restart)
	icon, ground, ink := assets.IconDownload, theme.ColorAccentSoft, theme.ColorAccentText
	if b.Urgent {
		icon, ground, ink = assets.IconShieldAlert, theme.ColorWarningSoft, theme.ColorWarning
	}
	text := widget.Column(1, widget.NewText(b.Title, theme.Strong.Of(theme.SemiBold)).Shortened())
	if b.Notes != "" {
		text.Add(widget.NewText(b.Notes, theme.Secondary).Shortened())
	}
	line := widget.Row(10, widget.NewIcon(icon, ink, widget.IconSide+1), widget.Grow(text))
	if !b.Urgent {
		line.Add(widget.NewButton(b.Later, assets.NoIcon, widget.Ghost, model.Later))
	}
	line.Add(u.go_)
	return widget.Stack(widget.NewSurface(ground, theme.ColorNone, theme.RadiusCard), widget.Pad(line, 8, 8, 8, 14))
}
