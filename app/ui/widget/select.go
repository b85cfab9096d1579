package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// Option is one choice of a Select.
type Option struct {
	Label string
	Icon  assets.IconName
}

// Select shows one of several choices and offers the others in a menu.
type Select struct {
	control
	OnChanged func(index int)
	More      []MenuItem // below the choices, for what is none of them yet

	options  []Option
	selected int

	label         *Text
	ground, veil  canvas.Rectangle
	ring          *ring
	glyph, expand *glyph
	text          canvas.Text
}

// NewSelect makes a field with a label above, "" for none; selected is an index, -1 for none.
func NewSelect(label string, options []Option, selected int, changed func(index int)) *Select {
	s := &Select{
		OnChanged: changed, options: options, selected: selected,
		label: NewText(label, theme.Label).Shortened(), ring: newRing(0, theme.RadiusControl),
		glyph: newGlyph(), expand: newGlyph(),
	}
	s.extend(s)
	return s
}

// Selected returns the index of the choice, -1 for none.
func (s *Select) Selected() int { return s.selected }

// SetSelected changes the choice without calling OnChanged.
func (s *Select) SetSelected(index int) {
	if s.selected != index {
		s.selected = index
		s.Refresh()
	}
}

// SetOptions replaces the choices.
func (s *Select) SetOptions(options []Option, selected int) {
	s.options, s.selected = options, selected
	s.Refresh()
}

func (s *Select) current() Option {
	if s.selected < 0 || s.selected >= len(s.options) {
		return Option{}
	}
	return s.options[s.selected]
}

func (s *Select) choose(index int) {
	if index == s.selected {
		return
	}
	s.SetSelected(index)
	if s.OnChanged != nil {
		s.OnChanged(index)
	}
}

func (s *Select) activate() {
	root := rootOf(s)
	if root == nil {
		return
	}
	items := make([]MenuItem, len(s.options))
	for i, option := range s.options {
		items[i] = MenuItem{Label: option.Label, Icon: option.Icon, Checked: i == s.selected, Do: func() { s.choose(i) }}
	}
	if len(s.More) > 0 {
		items = append(append(items, MenuItem{}), s.More...)
	}
	root.ShowMenuBelow(s, items...)
}

// TypedKey implements fyne.Focusable: Down opens the menu too.
func (s *Select) TypedKey(event *fyne.KeyEvent) {
	if event.Name == fyne.KeyDown && !s.disabled {
		s.wake()
		s.activate()
		return
	}
	s.control.TypedKey(event)
}

// AccessibilityLabel implements fyne.Accessible.
func (s *Select) AccessibilityLabel() string { return s.told(s.label.text, s.name, s.current().Label) }

// CreateRenderer implements fyne.Widget.
func (s *Select) CreateRenderer() fyne.WidgetRenderer { return render(s) }

func (s *Select) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{s.label, &s.ground, &s.veil, s.ring.object(), s.glyph.object(), &s.text, s.expand.object()}
}

func (s *Select) paint() {
	fill, stroke, ink, icon := theme.ColorInput, theme.ColorInputBorder, theme.ColorText, theme.ColorMuted
	if s.disabled {
		fill, stroke, ink, icon = theme.ColorDisabledFill, theme.ColorButtonLine, theme.ColorDisabled, theme.ColorDisabled
	}
	fillRect(&s.ground, fill, stroke, theme.RadiusControl)
	fillRect(&s.veil, s.veilColor(), theme.ColorNone, theme.RadiusControl)
	s.ring.show(s.ringed())
	s.glyph.set(s.current().Icon, icon)
	s.expand.set(assets.IconChevronDown, icon)
	dressLine(&s.text, theme.Body.In(ink))
	s.label.Hidden = s.label.text == ""
}

func (s *Select) labelHeight() float32 {
	if s.label.text == "" {
		return 0
	}
	return s.label.MinSize().Height + fieldGap
}

func (s *Select) measure() fyne.Size {
	widest := float32(0)
	for _, option := range s.options {
		widest = max(widest, textWidth(option.Label, theme.Body))
	}
	return fyne.NewSize(min(ceil(widest), 50*theme.Grid)+4*theme.Grid+2*IconSide, s.labelHeight()+theme.FieldHeight)
}

func (s *Select) arrange(size fyne.Size) {
	top := s.labelHeight()
	place(s.label, 0, 0, size.Width, s.label.MinSize().Height)
	place(&s.ground, 0, top, size.Width, theme.FieldHeight)
	place(&s.veil, 0, top, size.Width, theme.FieldHeight)
	s.ring.around(0, top, size.Width, theme.FieldHeight)
	iconTop := top + middle(theme.FieldHeight, IconSide)
	left := float32(10)
	if s.current().Icon != assets.NoIcon {
		place(s.glyph, left, iconTop, IconSide, IconSide)
		left += IconSide + 8
	}
	right := size.Width - 9 - IconSide
	place(s.expand, right, iconTop, IconSide, IconSide)
	s.text.Text = shorten(s.current().Label, theme.Body, right-left-theme.Grid)
	setLine(&s.text, left, top, right-left, theme.FieldHeight)
}
