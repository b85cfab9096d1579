package widget

import (
	"fyne.io/fyne/v2"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// Tone is the mood of a message.
type Tone int

// The tones.
const (
	Info Tone = iota
	Good
	Warning
	Problem
)

// look is the icon and the colours of a tone.
func (t Tone) look() (icon assets.IconName, ink, ground fyne.ThemeColorName) {
	switch t {
	case Good:
		return assets.IconCircleCheck, theme.ColorSuccess, theme.ColorAccentSoft
	case Warning:
		return assets.IconTriangleAlert, theme.ColorWarning, theme.ColorWarningSoft
	case Problem:
		return assets.IconCircleAlert, theme.ColorError, theme.ColorErrorSoft
	}
	return assets.IconInfo, theme.ColorAccentText, theme.ColorAccentSoft
}

// Banner is a message that stays where it matters: a title, a sentence, and what can be done about it.
type Banner struct {
	stock.BaseWidget
	saying
	ground *Surface
	icon   *Icon
	title  *Paragraph
	text   *Paragraph
	line   *fyne.Container
}

// NewBanner makes a message; text may be empty, action nil.
func NewBanner(tone Tone, title, text string, action *Button) *Banner {
	return newBanner(tone, title, text, func(message *fyne.Container) *fyne.Container {
		if action == nil {
			return message
		}
		return Wrap(3*theme.Grid, bannerText, message, action)
	})
}

// NewBannerOver makes a message over several things that can be done about it.
func NewBannerOver(tone Tone, title, text string, actions fyne.CanvasObject) *Banner {
	return newBanner(tone, title, text, func(message *fyne.Container) *fyne.Container {
		message.Add(Pad(actions, 2*theme.Grid, 0, theme.Grid, 0))
		return message
	})
}

// NewBannerBeside makes a message with something at its end, such as the button that dismisses it.
func NewBannerBeside(tone Tone, title, text string, end fyne.CanvasObject) *Banner {
	return newBanner(tone, title, text, func(message *fyne.Container) *fyne.Container {
		return Row(2*theme.Grid, Grow(message), end)
	})
}

func newBanner(tone Tone, title, text string, with func(message *fyne.Container) *fyne.Container) *Banner {
	b := &Banner{
		ground: NewSurface(theme.ColorNone, theme.ColorNone, theme.RadiusCard),
		icon:   NewIcon(assets.NoIcon, theme.ColorNone, IconSide+1),
		title:  NewParagraph("", theme.Strong.Of(theme.SemiBold)),
		text:   NewParagraph("", theme.Secondary),
	}
	b.line = with(Column(1, b.title, b.text))
	b.Set(tone, title, text)
	b.ExtendBaseWidget(b)
	return b
}

// Set changes the message.
func (b *Banner) Set(tone Tone, title, text string) {
	icon, ink, ground := tone.look()
	b.icon.Set(icon, ink)
	b.ground.SetColors(ground, theme.ColorNone)
	b.title.SetText(title)
	b.text.SetText(text)
	b.text.Hidden = text == ""
	b.line.Refresh()
}

// AccessibilityLabel implements fyne.Accessible.
func (b *Banner) AccessibilityLabel() string { return joinLabels(b.title.text, b.text.text) }

// Parts implements Composite.
func (b *Banner) Parts() []fyne.CanvasObject { return []fyne.CanvasObject{b.icon, b.line} }

// CreateRenderer implements fyne.Widget.
func (b *Banner) CreateRenderer() fyne.WidgetRenderer { return render(b) }

func (b *Banner) objects() []fyne.CanvasObject { return []fyne.CanvasObject{b.ground, b.icon, b.line} }
func (b *Banner) paint()                       {}

// The distances within a banner.
const (
	bannerTop   = 10
	bannerIcon  = 14
	bannerLeft  = bannerIcon + IconSide + 1 + 3*theme.Grid
	bannerRight = 12
	bannerText  = 150 // the least width of the sentence: with less, the button stands below it
)

func (b *Banner) measure() fyne.Size {
	return b.line.MinSize().AddWidthHeight(bannerLeft+bannerRight, 2*bannerTop)
}

// Resize implements fyne.CanvasObject. The sentence breaks here, so that MinSize has the height of the new width.
func (b *Banner) Resize(size fyne.Size) {
	b.line.Resize(fyne.NewSize(size.Width-bannerLeft-bannerRight, max(size.Height-2*bannerTop, b.line.MinSize().Height)))
	b.BaseWidget.Resize(size)
}

// arrange puts the icon beside the first line of the title, wherever that is.
func (b *Banner) arrange(size fyne.Size) {
	b.ground.Resize(size)
	height := heightFor(b.line, size.Width-bannerLeft-bannerRight)
	top := middle(size.Height, height)
	place(b.line, bannerLeft, top, size.Width-bannerLeft-bannerRight, height)
	first, _ := topWithin(b.line, b.title)
	place(b.icon, bannerIcon, top+first+middle(b.title.pitch(), IconSide+1), IconSide+1, IconSide+1)
}

// topWithin is how far below the top of a container an object stands that is somewhere in it.
func topWithin(in *fyne.Container, object fyne.CanvasObject) (top float32, found bool) {
	for _, o := range in.Objects {
		if o == object {
			return o.Position().Y, true
		}
		if inner, ok := o.(*fyne.Container); ok {
			if top, found := topWithin(inner, object); found {
				return o.Position().Y + top, true
			}
		}
	}
	return 0, false
}
