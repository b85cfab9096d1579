package widget

import (
	"slices"

	"fyne.io/fyne/v2"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

// Card is a bordered surface with rows, divided by hairlines.
type Card struct {
	stock.BaseWidget
	grouping
	ground *Surface
	column *fyne.Container
	rows   []fyne.CanvasObject
}

// NewCard makes a card of rows, from the top.
func NewCard(rows ...fyne.CanvasObject) *Card {
	c := &Card{ground: NewSurface(theme.ColorCard, theme.ColorHairline, theme.RadiusCard), column: Column(0)}
	c.SetRows(rows...)
	c.ExtendBaseWidget(c)
	return c
}

// SetRows replaces the rows. Those that are gone let go of their secrets.
func (c *Card) SetRows(rows ...fyne.CanvasObject) {
	for _, old := range c.rows {
		if !slices.Contains(rows, old) {
			Release(old)
		}
	}
	c.rows, c.column.Objects = rows, nil
	for i, row := range rows {
		if i > 0 {
			c.column.Objects = append(c.column.Objects, Pad(Rule(), 0, 0, 0, CardMargin))
		}
		c.column.Objects = append(c.column.Objects, row)
	}
	c.column.Refresh()
}

// CardMargin is the distance of a card's content from its sides.
const CardMargin = 16

// Parts implements Composite.
func (c *Card) Parts() []fyne.CanvasObject { return []fyne.CanvasObject{c.column} }

// CreateRenderer implements fyne.Widget.
func (c *Card) CreateRenderer() fyne.WidgetRenderer { return render(c) }

func (c *Card) objects() []fyne.CanvasObject { return []fyne.CanvasObject{c.ground, c.column} }
func (c *Card) paint()                       {}
func (c *Card) measure() fyne.Size           { return c.column.MinSize() }

func (c *Card) arrange(size fyne.Size) {
	c.ground.Resize(size)
	c.column.Resize(size)
}

// CardRow gives any content the margins of a row on a card.
func CardRow(content fyne.CanvasObject) fyne.CanvasObject {
	return Pad(content, 10, CardMargin, 10, CardMargin)
}

// FieldRow is a row of a card: a label over a value, and buttons that act on it. More may follow below.
func FieldRow(label string, value fyne.CanvasObject, actions ...fyne.CanvasObject) fyne.CanvasObject {
	if v, ok := value.(named); ok {
		v.SetName(label)
	}
	caption := NewText(label, theme.FieldLabel).Shortened()
	line := Row(2*theme.Grid, Grow(Column(2, caption, value)), Row(2, actions...))
	return Pad(line, 9, 10, 10, CardMargin)
}
