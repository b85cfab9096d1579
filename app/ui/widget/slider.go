package widget

import (
	"fmt"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

// Slider takes a whole number from a range: by dragging, tapping, arrow keys, PageUp and PageDown, Home and End.
type Slider struct {
	control
	OnChanged func(value int)

	label          string
	least, most    int
	value          int
	empty, full    canvas.Rectangle
	knob, knobRing canvas.Circle
	knobVeil       canvas.Circle
}

var _ fyne.Draggable = (*Slider)(nil)

// NewSlider makes a slider; label names the number for assistive technology.
func NewSlider(label string, least, most, value int, changed func(value int)) *Slider {
	s := &Slider{OnChanged: changed, label: label, least: least, most: most, value: min(max(value, least), most)}
	s.extend(s)
	return s
}

// Value returns the number.
func (s *Slider) Value() int { return s.value }

// SetValue changes the number, as far as it is in the range, without calling OnChanged.
func (s *Slider) SetValue(value int) {
	value = min(max(value, s.least), s.most)
	if s.value != value {
		s.value = value
		s.Refresh()
	}
}

// SetRange changes the range and brings the number into it.
func (s *Slider) SetRange(least, most int) {
	s.least, s.most = least, most
	s.value = min(max(s.value, least), most)
	s.Refresh()
}

func (s *Slider) choose(value int) {
	before := s.value
	s.SetValue(value)
	if s.value != before && s.OnChanged != nil {
		s.OnChanged(s.value)
	}
}

// knobSide is the diameter of the knob, which moves within the width less that.
const knobSide = 16

func (s *Slider) chooseAt(x float32) {
	part := (x - knobSide/2) / max(s.Size().Width-knobSide, 1)
	s.choose(s.least + int(math.Round(float64(part)*float64(s.most-s.least))))
}

func (s *Slider) activate() {}

// Tapped implements fyne.Tappable.
func (s *Slider) Tapped(event *fyne.PointEvent) {
	s.control.Tapped(event)
	if !s.disabled {
		s.chooseAt(event.Position.X)
	}
}

// Dragged implements fyne.Draggable.
func (s *Slider) Dragged(event *fyne.DragEvent) {
	if !s.disabled {
		s.chooseAt(event.Position.X)
	}
}

// DragEnd implements fyne.Draggable.
func (s *Slider) DragEnd() {}

// TypedKey implements fyne.Focusable.
func (s *Slider) TypedKey(event *fyne.KeyEvent) {
	page := max((s.most-s.least)/10, 1)
	switch event.Name {
	case fyne.KeyRight, fyne.KeyUp:
		s.choose(s.value + 1)
	case fyne.KeyLeft, fyne.KeyDown:
		s.choose(s.value - 1)
	case fyne.KeyPageUp:
		s.choose(s.value + page)
	case fyne.KeyPageDown:
		s.choose(s.value - page)
	case fyne.KeyHome:
		s.choose(s.least)
	case fyne.KeyEnd:
		s.choose(s.most)
	default:
		pass(s, event)
	}
	s.wake()
}

// AccessibilityLabel implements fyne.Accessible.
func (s *Slider) AccessibilityLabel() string { return s.told(s.label, fmt.Sprint(s.value)) }

// CreateRenderer implements fyne.Widget.
func (s *Slider) CreateRenderer() fyne.WidgetRenderer { return render(s) }

func (s *Slider) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{&s.empty, &s.full, &s.knobRing, &s.knob, &s.knobVeil}
}

func (s *Slider) paint() {
	ink := theme.ColorAccent
	if s.disabled {
		ink = theme.ColorDisabled
	}
	fillRect(&s.empty, theme.ColorTrack, theme.ColorNone, 2)
	fillRect(&s.full, ink, theme.ColorNone, 2)
	s.knob.FillColor = theme.Color(ink)
	s.knobVeil.FillColor = theme.Color(s.veilColor())
	s.knobRing.FillColor = theme.Color(theme.ColorNone)
	s.knobRing.StrokeColor, s.knobRing.StrokeWidth = theme.Color(theme.ColorRing), theme.RingWidth
	s.knobRing.Hidden = !s.ringed()
}

func (s *Slider) measure() fyne.Size { return fyne.NewSize(30*theme.Grid, markHeight) }

func (s *Slider) arrange(size fyne.Size) {
	const track, halo = 4, 4
	part := float32(s.value-s.least) / float32(max(s.most-s.least, 1))
	x := round(part * (size.Width - knobSide))
	middle := round(size.Height / 2)
	place(&s.empty, 0, middle-track/2, size.Width, track)
	place(&s.full, 0, middle-track/2, x+knobSide/2, track)
	place(&s.knob, x, middle-knobSide/2, knobSide, knobSide)
	place(&s.knobVeil, x, middle-knobSide/2, knobSide, knobSide)
	place(&s.knobRing, x-halo, middle-knobSide/2-halo, knobSide+2*halo, knobSide+2*halo)
}
