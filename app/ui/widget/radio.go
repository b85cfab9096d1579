package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

// Radio is a group of choices of which one is taken. Arrow keys take the neighbour.
type Radio struct {
	stock.BaseWidget
	OnChanged func(index int)

	selected int
	items    []*radioItem
	column   *fyne.Container
}

// NewRadio makes a group of choices below each other; selected is an index, -1 for none.
func NewRadio(labels []string, selected int, changed func(index int)) *Radio {
	r := &Radio{OnChanged: changed, selected: selected, column: Column(0)}
	for i, label := range labels {
		item := newRadioItem(r, i, label)
		r.items = append(r.items, item)
		r.column.Objects = append(r.column.Objects, item)
	}
	r.ExtendBaseWidget(r)
	return r
}

// Selected returns the index of the choice, -1 for none.
func (r *Radio) Selected() int { return r.selected }

// SetSelected changes the choice without calling OnChanged.
func (r *Radio) SetSelected(index int) {
	if r.selected == index {
		return
	}
	r.selected = index
	for _, item := range r.items {
		item.Refresh()
	}
}

// SetEnabled lets the choices be used or not.
func (r *Radio) SetEnabled(on bool) {
	for _, item := range r.items {
		item.SetEnabled(on)
	}
}

func (r *Radio) choose(index int) {
	if index == r.selected {
		return
	}
	r.SetSelected(index)
	if r.OnChanged != nil {
		r.OnChanged(index)
	}
}

// move takes the neighbour of a choice and focuses it.
func (r *Radio) move(from, by int) {
	to := (from + by + len(r.items)) % len(r.items)
	Focus(r.items[to])
	r.choose(to)
}

// CreateRenderer implements fyne.Widget.
func (r *Radio) CreateRenderer() fyne.WidgetRenderer { return stock.NewSimpleRenderer(r.column) }

// radioItem is one choice.
type radioItem struct {
	mark
	radio       *Radio
	index       int
	circle, dot canvas.Circle
	veil        canvas.Circle
}

func newRadioItem(radio *Radio, index int, label string) *radioItem {
	i := &radioItem{mark: newMark(label, markSide, markSide/2), radio: radio, index: index}
	i.extend(i)
	return i
}

func (i *radioItem) activate() { i.radio.choose(i.index) }

// TypedKey implements fyne.Focusable.
func (i *radioItem) TypedKey(event *fyne.KeyEvent) {
	switch event.Name {
	case fyne.KeyDown, fyne.KeyRight:
		i.radio.move(i.index, 1)
	case fyne.KeyUp, fyne.KeyLeft:
		i.radio.move(i.index, -1)
	default:
		i.mark.TypedKey(event)
	}
}

// CreateRenderer implements fyne.Widget.
func (i *radioItem) CreateRenderer() fyne.WidgetRenderer { return render(i) }

func (i *radioItem) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{&i.circle, &i.veil, i.ring.object(), &i.dot, &i.text}
}

func (i *radioItem) paint() {
	set := i.radio.selected == i.index
	fill, stroke, ink := i.markColors(set)
	i.circle.FillColor, i.circle.StrokeWidth = theme.Color(fill), 0
	if stroke != theme.ColorNone {
		i.circle.StrokeColor, i.circle.StrokeWidth = theme.Color(stroke), 1
	}
	i.veil.FillColor = theme.Color(i.veilColor())
	i.dot.FillColor, i.dot.Hidden = theme.Color(ink), !set
	i.paintText()
}

func (i *radioItem) arrange(size fyne.Size) {
	top := round((size.Height - markSide) / 2)
	place(&i.circle, 0, top, markSide, markSide)
	place(&i.veil, 0, top, markSide, markSide)
	i.ring.around(0, top, markSide, markSide)
	const dot = 8
	place(&i.dot, (markSide-dot)/2, top+(markSide-dot)/2, dot, dot)
	i.arrangeText(size)
}
