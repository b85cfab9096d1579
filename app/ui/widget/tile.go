package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// Tile is a number with its name, as a button that can be chosen. Arrows move to its neighbours.
type Tile struct {
	control
	OnTapped func()

	icon         assets.IconName
	ink          fyne.ThemeColorName
	number, name string
	selected     bool

	ground, veil canvas.Rectangle
	ring         *ring
	glyph        *glyph
	count, label canvas.Text
}

// The sizes of a tile.
const (
	TileHeight = 76
	tileMargin = 14
)

// NewTile makes an empty tile.
func NewTile(tapped func()) *Tile {
	t := &Tile{OnTapped: tapped, ring: newRing(2, theme.RadiusCard), glyph: newGlyph()}
	t.extend(t)
	return t
}

// Set shows a number with its name and a sign in a colour.
func (t *Tile) Set(icon assets.IconName, ink fyne.ThemeColorName, number, name string, selected bool) {
	if t.icon == icon && t.ink == ink && t.number == number && t.name == name && t.selected == selected {
		return
	}
	t.icon, t.ink, t.number, t.name, t.selected = icon, ink, number, name, selected
	t.Refresh()
}

func (t *Tile) activate() {
	if t.OnTapped != nil {
		t.OnTapped()
	}
}

// TypedKey implements fyne.Focusable.
func (t *Tile) TypedKey(event *fyne.KeyEvent) {
	c := canvasOf(t)
	switch {
	case c == nil:
	case event.Name == fyne.KeyRight || event.Name == fyne.KeyDown:
		c.FocusNext()
		return
	case event.Name == fyne.KeyLeft || event.Name == fyne.KeyUp:
		c.FocusPrevious()
		return
	}
	t.control.TypedKey(event)
}

// AccessibilityLabel implements fyne.Accessible.
func (t *Tile) AccessibilityLabel() string { return t.told(t.name, t.number, chosen(t, t.selected)) }

// CreateRenderer implements fyne.Widget.
func (t *Tile) CreateRenderer() fyne.WidgetRenderer { return render(t) }

func (t *Tile) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{&t.ground, &t.veil, t.ring.object(), t.glyph.object(), &t.count, &t.label}
}

func (t *Tile) paint() {
	ground, line := theme.ColorCard, theme.ColorHairline
	if t.selected {
		ground, line = theme.ColorAccentSoft, theme.ColorAccent
	}
	fillRect(&t.ground, ground, line, theme.RadiusCard)
	fillRect(&t.veil, t.veilColor(), theme.ColorNone, theme.RadiusCard)
	t.ring.show(t.ringed())
	t.glyph.set(t.icon, t.ink)
	dressLine(&t.count, theme.PageTitle)
	dressLine(&t.label, theme.Secondary.In(t.secondInk(t.selected)))
	t.count.Text = t.number
}

func (t *Tile) measure() fyne.Size { return fyne.NewSize(30*theme.Grid, TileHeight) }

func (t *Tile) arrange(size fyne.Size) {
	t.ground.Resize(size)
	t.veil.Resize(size)
	t.ring.around(0, 0, size.Width, size.Height)
	room := size.Width - 2*tileMargin
	line := lineHeight(theme.PageTitle)
	top := middle(size.Height, line+lineHeight(theme.Secondary)+1)
	setLine(&t.count, tileMargin, top, room, line)
	t.label.Text = shorten(t.name, theme.Secondary, room)
	setLine(&t.label, tileMargin, top+line+1, room, lineHeight(theme.Secondary))
	place(t.glyph.object(), size.Width-tileMargin-IconSide, top+(line-IconSide)/2, IconSide, IconSide)
}

// Tiles lays objects of one size out in columns that are as many as have room, and fill the width.
func Tiles(gap, least float32, objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: &tilesLayout{gap: gap, least: least, columns: 1}, Objects: objects}
}

type tilesLayout struct {
	gap, least float32
	columns    int // as it was laid out last
}

func (l *tilesLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	lines := (len(visible(objects)) + l.columns - 1) / l.columns
	return fyne.NewSize(l.least, max(0, float32(lines)*(largest(objects).Height+l.gap)-l.gap))
}

func (l *tilesLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	shown := visible(objects)
	most := max(1, int((size.Width+l.gap)/(l.least+l.gap)))
	lines := max(1, (len(shown)+most-1)/most)
	l.columns = max(1, (len(shown)+lines-1)/lines) // no line is much shorter than the others
	width := (size.Width+l.gap)/float32(l.columns) - l.gap
	height := largest(objects).Height
	for i, o := range shown {
		column, line := i%l.columns, i/l.columns
		place(o, float32(column)*(width+l.gap), float32(line)*(height+l.gap), width, height)
	}
}
