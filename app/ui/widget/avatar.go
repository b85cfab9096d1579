package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// The sides of avatars.
const (
	AvatarRow  = 34
	AvatarPage = 52
	avatarMenu = 22
)

// Avatar is a tile with the first letter of a name, or an icon, in a colour that the name always has.
type Avatar struct {
	stock.BaseWidget
	grouping
	name   string
	icon   assets.IconName
	side   float32
	tile   canvas.Rectangle
	letter canvas.Text
	glyph  *glyph
}

// NewAvatar makes a tile; assets.NoIcon shows the letter.
func NewAvatar(name string, icon assets.IconName, side float32) *Avatar {
	a := &Avatar{name: name, icon: icon, side: side, glyph: newGlyph()}
	a.ExtendBaseWidget(a)
	return a
}

// Set changes what the tile stands for.
func (a *Avatar) Set(name string, icon assets.IconName) {
	if a.name != name || a.icon != icon {
		a.name, a.icon = name, icon
		a.Refresh()
	}
}

// CreateRenderer implements fyne.Widget.
func (a *Avatar) CreateRenderer() fyne.WidgetRenderer { return render(a) }

func (a *Avatar) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{&a.tile, &a.letter, a.glyph.object()}
}

func (a *Avatar) paint() {
	fill, ink := theme.TintOf(a.name)
	fillRect(&a.tile, fill, theme.ColorNone, a.side*.26)
	dressLine(&a.letter, theme.Role{Size: a.side * .44, Weight: theme.SemiBold, Color: ink})
	a.letter.Alignment, a.letter.Text = fyne.TextAlignCenter, firstLetter(a.name)
	a.letter.Hidden = a.icon != assets.NoIcon
	a.glyph.set(a.icon, ink)
}

func (a *Avatar) measure() fyne.Size { return fyne.NewSquareSize(a.side) }

func (a *Avatar) arrange(size fyne.Size) {
	top := round((size.Height - a.side) / 2)
	place(&a.tile, 0, top, a.side, a.side)
	setLine(&a.letter, 0, top, a.side, a.side)
	inner := round(a.side * .5)
	place(a.glyph, (a.side-inner)/2, top+(a.side-inner)/2, inner, inner)
}
