package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// Kind is how much weight a button has.
type Kind int

// The kinds. There is at most one Primary or Danger button on a screen or in a dialog.
const (
	Secondary Kind = iota
	Primary
	Danger
	Ghost   // without a surface, as a link is
	Quiet   // as Ghost, for what hardly anybody looks for, and nobody should press by the way
	inverse // on a toast
)

// Button is a push button with a label and, before it, an icon.
type Button struct {
	control
	OnTapped func()

	label  string
	icon   assets.IconName
	kind   Kind
	height float32
	busy   bool
	left   bool // it was released, and does not turn until it is told again how it stands

	ground, veil canvas.Rectangle
	ring         *ring
	glyph        *glyph
	text         canvas.Text
	spinner      *spinner
}

// NewButton makes a button; assets.NoIcon leaves it without an icon.
func NewButton(label string, icon assets.IconName, kind Kind, tapped func()) *Button {
	b := &Button{
		OnTapped: tapped, label: label, icon: icon, kind: kind, height: theme.ButtonHeight,
		ring: newRing(2, theme.RadiusControl), glyph: newGlyph(), spinner: newSpinner(),
	}
	b.extend(b)
	return b
}

// Tall makes the button as high as buttons on a card of their own.
func (b *Button) Tall() *Button {
	b.height = theme.CardButtonHeight
	return b
}

// Text returns the label.
func (b *Button) Text() string { return b.label }

// SetText changes the label.
func (b *Button) SetText(label string) {
	if b.label != label {
		b.label = label
		b.Refresh()
	}
}

// SetIcon changes the icon.
func (b *Button) SetIcon(icon assets.IconName) {
	if b.icon != icon {
		b.icon = icon
		b.Refresh()
	}
}

// SetBusy shows that what the button began is under way; until it ends the button does nothing.
func (b *Button) SetBusy(on bool) {
	if b.busy != on || b.left {
		b.busy, b.left = on, false
		b.Refresh()
	}
}

// Busy reports whether the button waits for what it began.
func (b *Button) Busy() bool { return b.busy }

// Release implements Releaser. The button may be drawn once more, as when it then loses the focus: what would begin to turn again would
// turn for ever.
func (b *Button) Release() {
	b.left = true
	b.spinner.stop()
}

// Hide implements fyne.CanvasObject.
func (b *Button) Hide() {
	b.spinner.stop()
	b.control.Hide()
}

func (b *Button) activate() {
	if b.OnTapped != nil && !b.busy && !b.disabled {
		b.OnTapped()
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (b *Button) AccessibilityLabel() string {
	if b.busy {
		return b.told(b.label, word(b, "widget.busy"))
	}
	return b.told(b.label)
}

// CreateRenderer implements fyne.Widget.
func (b *Button) CreateRenderer() fyne.WidgetRenderer { return render(b) }

func (b *Button) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{&b.ground, &b.veil, b.ring.object(), b.glyph.object(), b.spinner.object(), &b.text}
}

func (b *Button) colors() (fill, stroke, ink fyne.ThemeColorName) {
	switch b.kind {
	case Primary:
		return theme.ColorAccent, theme.ColorNone, theme.ColorOnAccent
	case Danger:
		return theme.ColorError, theme.ColorNone, theme.ColorOnError
	case Ghost:
		return theme.ColorNone, theme.ColorNone, theme.ColorAccentText
	case Quiet:
		return theme.ColorNone, theme.ColorNone, theme.ColorMuted
	case inverse:
		return theme.ColorNone, theme.ColorNone, theme.ColorInverseAccent
	}
	return theme.ColorInput, theme.ColorButtonLine, theme.ColorText
}

func (b *Button) paint() {
	fill, stroke, ink := b.colors()
	if b.disabled {
		ink = theme.ColorDisabled
		if fill != theme.ColorNone {
			fill = theme.ColorDisabledFill
		}
	}
	fillRect(&b.ground, fill, stroke, theme.RadiusControl)
	fillRect(&b.veil, b.veilColor(), theme.ColorNone, theme.RadiusControl)
	b.ring.show(b.ringed())
	if b.kind == inverse {
		b.ring.StrokeColor = theme.Color(ink)
	}
	b.glyph.set(b.icon, ink)
	b.glyph.Hidden = b.icon == assets.NoIcon || b.busy
	b.spinner.show(b.busy && !b.left, ink)
	dressLine(&b.text, theme.Strong.In(ink))
	b.text.Text = b.label
}

// veilColor is laid over a control's surface while the pointer is on it or presses it.
func (c *control) veilColor() fyne.ThemeColorName {
	switch {
	case c.disabled:
		return theme.ColorNone
	case c.pressed:
		return theme.ColorPressed
	case c.hovered:
		return theme.ColorHover
	}
	return theme.ColorNone
}

// secondInk is that of the second text of a control, which a veil would take too much from.
func (c *control) secondInk(selected bool) fyne.ThemeColorName {
	if c.pressed || c.hovered && selected {
		return theme.ColorText
	}
	return theme.ColorMuted
}

// The distances within a button.
const (
	buttonMargin = 14
	buttonGap    = 7
)

func (b *Button) hasIcon() bool { return b.icon != assets.NoIcon || b.busy }

// contentWidth is the width of icon and label without margins.
func (b *Button) contentWidth() float32 {
	width := ceil(textWidth(b.label, theme.Strong))
	if b.hasIcon() {
		width += IconSide + buttonGap
	}
	return width
}

func (b *Button) measure() fyne.Size { return fyne.NewSize(b.contentWidth()+2*buttonMargin, b.height) }

// labelInset is how far from its edge a button without a surface has its label; of anything else it is 0.
func labelInset(o fyne.CanvasObject) float32 {
	if b, ok := o.(*Button); ok && (b.kind == Ghost || b.kind == Quiet) {
		return buttonMargin
	}
	return 0
}

func (b *Button) arrange(size fyne.Size) {
	b.ground.Resize(size)
	b.veil.Resize(size)
	// A button without a surface may stand at the edge of what scrolls: its ring is as wide as what is seen of it.
	inset := max(labelInset(b)-2, 0)
	b.ring.around(inset, 0, size.Width-2*inset, size.Height)
	x := round(max((size.Width-b.contentWidth())/2, buttonMargin))
	if b.hasIcon() {
		b.glyph.middle(x, IconSide, size.Height)
		place(b.spinner, x, (size.Height-IconSide)/2, IconSide, IconSide)
		x += IconSide + buttonGap
	}
	room := size.Width - x - buttonMargin
	b.text.Text = shorten(b.label, theme.Strong, ceil(room))
	setLine(&b.text, x, 0, room, size.Height)
}
