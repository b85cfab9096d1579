package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

// Segmented is a choice between a few views side by side. Arrow keys move the choice.
type Segmented struct {
	control
	OnChanged func(index int)

	labels   []string
	selected int
	ground   canvas.Rectangle
	chosen   canvas.Rectangle
	ring     *ring
	texts    []*canvas.Text
}

// NewSegmented makes the choice; selected is an index, -1 for none.
func NewSegmented(labels []string, selected int, changed func(index int)) *Segmented {
	s := &Segmented{OnChanged: changed, labels: labels, selected: selected, ring: newRing(0, theme.RadiusControl)}
	for range labels {
		s.texts = append(s.texts, &canvas.Text{Alignment: fyne.TextAlignCenter})
	}
	s.extend(s)
	return s
}

// Selected returns the index of the choice.
func (s *Segmented) Selected() int { return s.selected }

// SetSelected changes the choice without calling OnChanged.
func (s *Segmented) SetSelected(index int) {
	if s.selected != index {
		s.selected = index
		s.Refresh()
	}
}

func (s *Segmented) choose(index int) {
	index = min(max(index, 0), len(s.labels)-1)
	if index == s.selected {
		return
	}
	s.SetSelected(index)
	if s.OnChanged != nil {
		s.OnChanged(index)
	}
}

func (s *Segmented) activate() {}

// Tapped implements fyne.Tappable.
func (s *Segmented) Tapped(event *fyne.PointEvent) {
	s.control.Tapped(event)
	if !s.disabled {
		edges, i := s.edges(s.Size().Width), 0
		for i < len(s.labels)-1 && event.Position.X >= edges[i+1] {
			i++
		}
		s.choose(i)
	}
}

// TypedKey implements fyne.Focusable.
func (s *Segmented) TypedKey(event *fyne.KeyEvent) {
	switch event.Name {
	case fyne.KeyRight, fyne.KeyDown:
		s.choose(s.selected + 1)
	case fyne.KeyLeft, fyne.KeyUp:
		s.choose(s.selected - 1)
	case fyne.KeyHome:
		s.choose(0)
	case fyne.KeyEnd:
		s.choose(len(s.labels) - 1)
	default:
		pass(s, event)
	}
	s.wake()
}

// AccessibilityLabel implements fyne.Accessible.
func (s *Segmented) AccessibilityLabel() string {
	if !s.chose() {
		return s.told(s.name)
	}
	return s.told(s.name, s.labels[s.selected], placeIn(s, s.selected, len(s.labels)))
}

// chose reports whether there is a choice; until then none of the segments is raised.
func (s *Segmented) chose() bool { return s.selected >= 0 && s.selected < len(s.labels) }

// CreateRenderer implements fyne.Widget.
func (s *Segmented) CreateRenderer() fyne.WidgetRenderer { return render(s) }

func (s *Segmented) objects() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{&s.ground, &s.chosen, s.ring.object()}
	for _, text := range s.texts {
		objects = append(objects, text)
	}
	return objects
}

func (s *Segmented) paint() {
	fillRect(&s.ground, theme.ColorWell, theme.ColorNone, theme.RadiusControl)
	fillRect(&s.chosen, theme.ColorWellTop, theme.ColorButtonLine, theme.RadiusControl-2)
	s.chosen.Hidden = !s.chose()
	s.ring.show(s.ringed())
	for i, text := range s.texts {
		ink := theme.ColorMuted
		switch {
		case s.disabled:
			ink = theme.ColorDisabled
		case i == s.selected:
			ink = theme.ColorText
		}
		dressLine(text, theme.Strong.In(ink))
		text.Text = s.labels[i]
	}
}

// segmentMargin is on both sides of a label.
const segmentMargin = 3.5 * theme.Grid

// edges are where the segments begin, and the last one ends. They are equally wide as long as every label has room so; else each is as
// wide as its label wants, and a share of what is left.
func (s *Segmented) edges(width float32) []float32 {
	n := float32(max(len(s.labels), 1))
	equal, least := width/n >= s.widest(), s.measure().Width
	edges := []float32{0}
	for _, label := range s.labels {
		own := width / n
		if !equal {
			own = segmentWidth(label) + (width-least)/n
		}
		edges = append(edges, edges[len(edges)-1]+own)
	}
	return edges
}

func segmentWidth(label string) float32 {
	return ceil(textWidth(label, theme.Strong)) + 2*segmentMargin
}

func (s *Segmented) widest() (widest float32) {
	for _, label := range s.labels {
		widest = max(widest, segmentWidth(label))
	}
	return widest
}

func (s *Segmented) measure() fyne.Size {
	width := float32(0)
	for _, label := range s.labels {
		width += segmentWidth(label)
	}
	return fyne.NewSize(width, theme.ButtonHeight)
}

func (s *Segmented) arrange(size fyne.Size) {
	const edge = 3
	edges := s.edges(size.Width)
	s.ground.Resize(size)
	s.ring.around(0, 0, size.Width, size.Height)
	if s.chose() {
		left, right := round(edges[s.selected]), round(edges[s.selected+1])
		place(&s.chosen, left+edge, edge, right-left-2*edge, size.Height-2*edge)
	}
	for i, text := range s.texts {
		width := edges[i+1] - edges[i]
		text.Text = shorten(s.labels[i], theme.Strong, width-2*theme.Grid)
		setLine(text, edges[i], 0, width, size.Height)
	}
}
