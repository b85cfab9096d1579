package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// The toolkit's own check boxes, radio buttons and sliders have no focus ring, ignore Enter and swallow Escape in
// dialogs, so these are ours. They share a mark before a label.

// mark is a control with a mark of one size and a label after it.
type mark struct {
	control
	label string
	width float32 // of the mark
	ring  *ring
	text  canvas.Text
}

func newMark(label string, width, radius float32) mark {
	return mark{label: label, width: width, ring: newRing(2, radius)}
}

// SetLabel changes the label.
func (m *mark) SetLabel(label string) {
	if m.label != label {
		m.label = label
		m.Refresh()
	}
}

const (
	markHeight    = 28
	markSide      = 18
	markGap       = 9
	switchWidth   = 36
	switchHeight  = 20
	switchKnob    = 14
	switchPadding = 3
)

func (m *mark) paintText() {
	ink := theme.ColorText
	if m.disabled {
		ink = theme.ColorDisabled
	}
	dressLine(&m.text, theme.Body.In(ink))
	m.ring.show(m.ringed())
}

func (m *mark) measure() fyne.Size {
	if m.label == "" {
		return fyne.NewSize(m.width, markHeight)
	}
	return fyne.NewSize(m.width+markGap+ceil(textWidth(m.label, theme.Body)), markHeight)
}

func (m *mark) arrangeText(size fyne.Size) {
	left := m.width + markGap
	m.text.Text = shorten(m.label, theme.Body, max(size.Width-left, 1))
	setLine(&m.text, left, 0, size.Width-left, size.Height)
}

// markColors are those of a mark that is set or not.
func (m *mark) markColors(set bool) (fill, stroke, ink fyne.ThemeColorName) {
	switch {
	case m.disabled && set:
		return theme.ColorDisabled, theme.ColorNone, theme.ColorDisabledFill
	case m.disabled:
		return theme.ColorDisabledFill, theme.ColorButtonLine, theme.ColorNone
	case set:
		return theme.ColorAccent, theme.ColorNone, theme.ColorOnAccent
	}
	return theme.ColorInput, theme.ColorInputBorder, theme.ColorNone
}

// Check is a box with a label that is ticked or not.
type Check struct {
	mark
	OnChanged func(on bool)

	checked   bool
	box, veil canvas.Rectangle
	tick      *glyph
}

// NewCheck makes a box.
func NewCheck(label string, on bool, changed func(on bool)) *Check {
	c := &Check{mark: newMark(label, markSide, 5), OnChanged: changed, checked: on, tick: newGlyph()}
	c.extend(c)
	return c
}

// Checked reports whether the box is ticked.
func (c *Check) Checked() bool { return c.checked }

// SetChecked ticks the box or not, without calling OnChanged.
func (c *Check) SetChecked(on bool) {
	if c.checked != on {
		c.checked = on
		c.Refresh()
	}
}

func (c *Check) activate() {
	c.SetChecked(!c.checked)
	if c.OnChanged != nil {
		c.OnChanged(c.checked)
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (c *Check) AccessibilityLabel() string { return c.told(c.label, onOff(c, c.checked)) }

// CreateRenderer implements fyne.Widget.
func (c *Check) CreateRenderer() fyne.WidgetRenderer { return render(c) }

func (c *Check) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{&c.box, &c.veil, c.ring.object(), c.tick.object(), &c.text}
}

func (c *Check) paint() {
	fill, stroke, ink := c.markColors(c.checked)
	fillRect(&c.box, fill, stroke, 5)
	fillRect(&c.veil, c.veilColor(), theme.ColorNone, 5)
	c.tick.set(assets.IconCheck, ink)
	c.tick.Hidden = !c.checked
	c.paintText()
}

func (c *Check) arrange(size fyne.Size) {
	top := round((size.Height - markSide) / 2)
	place(&c.box, 0, top, markSide, markSide)
	place(&c.veil, 0, top, markSide, markSide)
	c.ring.around(0, top, markSide, markSide)
	place(c.tick, 2, top+2, markSide-4, markSide-4)
	c.arrangeText(size)
}

// Switch turns something on or off at once. Its label stands before it.
type Switch struct {
	mark
	OnChanged func(on bool)

	on    bool
	track canvas.Rectangle
	veil  canvas.Rectangle
	knob  canvas.Circle
}

// NewSwitch makes a switch.
func NewSwitch(label string, on bool, changed func(on bool)) *Switch {
	s := &Switch{mark: newMark(label, switchWidth, switchHeight/2), OnChanged: changed, on: on}
	s.extend(s)
	return s
}

// On reports whether the switch is on.
func (s *Switch) On() bool { return s.on }

// SetOn turns the switch without calling OnChanged.
func (s *Switch) SetOn(on bool) {
	if s.on != on {
		s.on = on
		s.Refresh()
	}
}

func (s *Switch) activate() {
	s.SetOn(!s.on)
	if s.OnChanged != nil {
		s.OnChanged(s.on)
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (s *Switch) AccessibilityLabel() string { return s.told(s.label, onOff(s, s.on)) }

// CreateRenderer implements fyne.Widget.
func (s *Switch) CreateRenderer() fyne.WidgetRenderer { return render(s) }

func (s *Switch) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{&s.track, &s.veil, s.ring.object(), &s.knob, &s.text}
}

func (s *Switch) paint() {
	fill, stroke, ink := s.markColors(s.on)
	if !s.on {
		ink = theme.ColorInputBorder
		if s.disabled {
			ink = theme.ColorButtonLine
		}
	}
	fillRect(&s.track, fill, stroke, switchHeight/2)
	fillRect(&s.veil, s.veilColor(), theme.ColorNone, switchHeight/2)
	s.knob.FillColor = theme.Color(ink)
	s.paintText()
}

func (s *Switch) arrange(size fyne.Size) {
	left, top := size.Width-switchWidth, round((size.Height-switchHeight)/2)
	place(&s.track, left, top, switchWidth, switchHeight)
	place(&s.veil, left, top, switchWidth, switchHeight)
	s.ring.around(left, top, switchWidth, switchHeight)
	x := left + switchPadding
	if s.on {
		x = left + switchWidth - switchPadding - switchKnob
	}
	place(&s.knob, x, top+switchPadding, switchKnob, switchKnob)
	s.text.Text = shorten(s.label, theme.Body, max(left-markGap, 1))
	setLine(&s.text, 0, 0, left-markGap, size.Height)
}
