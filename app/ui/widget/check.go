package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// The toolkit's own check boxes, radio buttons and sliders have no focus ring, ignore Enter and swallow Escape in
// dialogs, so these are ours. They share a mark before a label.

// mark is a control with a mark of one size and a label beside it, which breaks into lines in a place that has room for them.
type mark struct {
	control
	label string
	width float32 // of the mark
	ring  *ring
	given float32 // width that it was last given
	lines []*canvas.Text
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

// Resize implements fyne.CanvasObject. The label breaks here, so that MinSize has the height of the new width at once.
func (m *mark) Resize(size fyne.Size) {
	m.given = size.Width
	m.control.Resize(size)
}

// broken is the label in the lines that the given width makes of it.
func (m *mark) broken() []string {
	room := m.given - m.width - markGap
	if m.given <= 0 || textWidth(m.label, theme.Body) <= room {
		return []string{m.label}
	}
	return breakLines(m.label, max(room, 1), func(s string) float32 { return textWidth(s, theme.Body) })
}

// markPitch is the distance of the lines of a label.
func markPitch() float32 { return round(theme.Body.Size * 1.4) }

func markHeightOf(lines int) float32 { return markHeight + float32(lines-1)*markPitch() }

func (m *mark) measure() fyne.Size {
	if m.label == "" {
		return fyne.NewSize(m.width, markHeight)
	}
	return fyne.NewSize(m.width+markGap+ceil(textWidth(m.label, theme.Body)), markHeightOf(len(m.broken())))
}

// arrangeText places the label; where only one line has room, it is shortened to that.
func (m *mark) arrangeText(left float32, size fyne.Size) {
	m.ring.show(m.ringed())
	width, texts := size.Width-m.width-markGap, m.broken()
	if size.Height < markHeightOf(len(texts)) {
		texts = []string{shorten(m.label, theme.Body, max(width, 1))}
	}
	ink, top := theme.ColorText, middle(size.Height, float32(len(texts))*markPitch())
	if m.disabled {
		ink = theme.ColorDisabled
	}
	m.lines = m.lines[:0]
	for i, text := range texts {
		line := &canvas.Text{Text: text}
		dressLine(line, theme.Body.In(ink))
		setLine(line, left, top+float32(i)*markPitch(), width, markPitch())
		m.lines = append(m.lines, line)
	}
}

// with are the objects of the mark and the lines of its label.
func (m *mark) with(objects ...fyne.CanvasObject) []fyne.CanvasObject {
	for _, line := range m.lines {
		objects = append(objects, line)
	}
	return objects
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
	return c.with(&c.box, &c.veil, c.ring.object(), c.tick.object())
}

func (c *Check) paint() {
	fill, stroke, ink := c.markColors(c.checked)
	fillRect(&c.box, fill, stroke, 5)
	fillRect(&c.veil, c.veilColor(), theme.ColorNone, 5)
	c.tick.set(assets.IconCheck, ink)
	c.tick.Hidden = !c.checked
}

func (c *Check) arrange(size fyne.Size) {
	top := round((size.Height - markSide) / 2)
	place(&c.box, 0, top, markSide, markSide)
	place(&c.veil, 0, top, markSide, markSide)
	c.ring.around(0, top, markSide, markSide)
	place(c.tick, 2, top+2, markSide-4, markSide-4)
	c.arrangeText(markSide+markGap, size)
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
	return s.with(&s.track, &s.veil, s.ring.object(), &s.knob)
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
	s.arrangeText(0, size)
}
