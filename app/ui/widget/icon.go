package widget

import (
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// glyph is an icon as a canvas object, drawn for the very pixels it covers.
type glyph struct {
	canvas.Raster
	name assets.IconName
	ink  fyne.ThemeColorName
}

func newGlyph() *glyph {
	g := &glyph{}
	g.Generator = g.draw
	return g
}

// object is what the painter knows.
func (g *glyph) object() fyne.CanvasObject { return &g.Raster }

func (g *glyph) draw(width, height int) image.Image {
	if g.name == assets.NoIcon {
		return image.NewRGBA(image.Rect(0, 0, width, height))
	}
	return theme.Glyph(g.name, theme.Color(g.ink), min(width, height))
}

func (g *glyph) set(name assets.IconName, ink fyne.ThemeColorName) {
	g.name, g.ink = name, ink
	g.Hidden = name == assets.NoIcon
}

// middle places the icon in the vertical middle of a row.
func (g *glyph) middle(x, side, rowHeight float32) { place(g, x, middle(rowHeight, side), side, side) }

// The sides of icons: in rows and buttons, and beside small text.
const (
	IconSide      = 18
	SmallIconSide = 16
)

// Icon is an icon by itself.
type Icon struct {
	stock.BaseWidget
	name  assets.IconName
	says  string
	ink   fyne.ThemeColorName
	side  float32
	glyph *glyph
}

// NewIcon makes an icon with the given side.
func NewIcon(name assets.IconName, ink fyne.ThemeColorName, side float32) *Icon {
	i := &Icon{name: name, ink: ink, side: side, glyph: newGlyph()}
	i.ExtendBaseWidget(i)
	return i
}

// Set changes the icon and its colour.
func (i *Icon) Set(name assets.IconName, ink fyne.ThemeColorName) {
	if i.name != name || i.ink != ink {
		i.name, i.ink = name, ink
		i.Refresh()
	}
}

// SetLabel says what the icon means, for assistive technology, where no text beside it does.
func (i *Icon) SetLabel(label string) { i.says = label }

// AccessibilityLabel implements fyne.Accessible.
func (i *Icon) AccessibilityLabel() string { return i.says }

// AccessibilityRole implements fyne.Accessible: most icons are for the eyes alone.
func (i *Icon) AccessibilityRole() fyne.AccessibleRole {
	if i.says == "" {
		return fyne.AccessibleRoleContainer
	}
	return fyne.AccessibleRoleText
}

// CreateRenderer implements fyne.Widget.
func (i *Icon) CreateRenderer() fyne.WidgetRenderer { return render(i) }

func (i *Icon) objects() []fyne.CanvasObject { return []fyne.CanvasObject{i.glyph.object()} }
func (i *Icon) paint()                       { i.glyph.set(i.name, i.ink) }
func (i *Icon) measure() fyne.Size           { return fyne.NewSquareSize(i.side) }

func (i *Icon) arrange(size fyne.Size) { i.glyph.middle((size.Width-i.side)/2, i.side, size.Height) }

// Logo is the program's mark on its tile.
type Logo struct {
	stock.BaseWidget
	grouping
	side float32
	tile canvas.Rectangle
	mark *glyph
}

// NewLogo makes the mark with the given side.
func NewLogo(side float32) *Logo {
	l := &Logo{side: side, mark: newGlyph()}
	l.ExtendBaseWidget(l)
	return l
}

// CreateRenderer implements fyne.Widget.
func (l *Logo) CreateRenderer() fyne.WidgetRenderer { return render(l) }

func (l *Logo) objects() []fyne.CanvasObject { return []fyne.CanvasObject{&l.tile, l.mark.object()} }
func (l *Logo) measure() fyne.Size           { return fyne.NewSquareSize(l.side) }

func (l *Logo) paint() {
	fillRect(&l.tile, theme.ColorAccent, theme.ColorNone, l.side*.27)
	l.mark.set(assets.IconCoffer, theme.ColorOnAccent)
}

func (l *Logo) arrange(size fyne.Size) {
	x, y := round((size.Width-l.side)/2), round((size.Height-l.side)/2)
	place(&l.tile, x, y, l.side, l.side)
	inner := round(l.side * .62)
	place(l.mark, x+(l.side-inner)/2, y+(l.side-inner)/2, inner, inner)
}
