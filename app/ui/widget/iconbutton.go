package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// IconButton is a button that shows an icon only. Its tooltip says what it does, also to assistive technology.
type IconButton struct {
	control
	OnTapped func()

	icon  assets.IconName
	ink   fyne.ThemeColorName
	side  float32
	veil  canvas.Rectangle
	ring  *ring
	glyph *glyph
}

// NewIconButton makes a button from an icon and the text that explains it.
func NewIconButton(icon assets.IconName, tip string, tapped func()) *IconButton {
	b := &IconButton{
		OnTapped: tapped, icon: icon, ink: theme.ColorMuted, side: theme.IconButtonSide,
		ring: newRing(0, theme.RadiusControl), glyph: newGlyph(),
	}
	b.tip = tip
	b.extend(b)
	return b
}

// Small makes the button fit into a line of small text.
func (b *IconButton) Small() *IconButton {
	b.side = 6 * theme.Grid
	return b
}

// SetIcon changes the icon and its colour, as for a star that is set.
func (b *IconButton) SetIcon(icon assets.IconName, ink fyne.ThemeColorName) {
	if b.icon != icon || b.ink != ink {
		b.icon, b.ink = icon, ink
		b.Refresh()
	}
}

func (b *IconButton) activate() {
	if b.OnTapped != nil {
		b.OnTapped()
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (b *IconButton) AccessibilityLabel() string { return b.told(b.tip) }

// CreateRenderer implements fyne.Widget.
func (b *IconButton) CreateRenderer() fyne.WidgetRenderer { return render(b) }

func (b *IconButton) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{&b.veil, b.ring.object(), b.glyph.object()}
}

func (b *IconButton) paint() {
	fillRect(&b.veil, b.veilColor(), theme.ColorNone, theme.RadiusControl)
	b.ring.show(b.ringed())
	ink := b.ink
	if b.disabled {
		ink = theme.ColorDisabled
	}
	b.glyph.set(b.icon, ink)
}

func (b *IconButton) measure() fyne.Size { return fyne.NewSquareSize(b.side) }

func (b *IconButton) arrange(size fyne.Size) {
	b.veil.Resize(size)
	b.ring.around(0, 0, size.Width, size.Height)
	b.glyph.middle(round((size.Width-IconSide)/2), IconSide, size.Height)
}
