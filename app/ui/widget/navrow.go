package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// NavRow is one place in the sidebar: icon, name and how many items are there. Up and Down move to its neighbours.
type NavRow struct {
	control
	OnTapped func()
	OnMenu   func(at fyne.Position) // a secondary tap, the menu key or Shift+F10; at is on the window; nil for none
	OnRename func()                 // F2; nil for none
	OnDelete func()                 // Delete; nil for none

	icon         assets.IconName
	label, count string
	depth        int
	selected     bool

	ground, veil canvas.Rectangle
	ring         *ring
	glyph        *glyph
	text, number canvas.Text
}

var _ fyne.SecondaryTappable = (*NavRow)(nil)

// NewNavRow makes a row; count may be empty.
func NewNavRow(icon assets.IconName, label, count string, tapped func()) *NavRow {
	n := &NavRow{
		OnTapped: tapped, icon: icon, label: label, count: count,
		ring: newRing(-1, theme.RadiusControl), glyph: newGlyph(),
	}
	n.extend(n)
	return n
}

// SetSelected marks the row as the place that is shown.
func (n *NavRow) SetSelected(on bool) {
	if n.selected != on {
		n.selected = on
		n.Refresh()
	}
}

// Selected reports whether the row is the place that is shown.
func (n *NavRow) Selected() bool { return n.selected }

// SetCount changes the number at the end of the row.
func (n *NavRow) SetCount(count string) {
	if n.count != count {
		n.count = count
		n.Refresh()
	}
}

// SetDepth moves icon and name in, as many steps as the place is below the top.
func (n *NavRow) SetDepth(depth int) {
	if n.depth != depth {
		n.depth = depth
		n.Refresh()
	}
}

// SetLabel changes the name.
func (n *NavRow) SetLabel(label string) {
	if n.label != label {
		n.label = label
		n.Refresh()
	}
}

func (n *NavRow) activate() {
	if n.OnTapped != nil {
		n.OnTapped()
	}
}

// TappedSecondary implements fyne.SecondaryTappable.
func (n *NavRow) TappedSecondary(event *fyne.PointEvent) {
	if n.OnMenu != nil && !n.disabled {
		n.OnMenu(event.AbsolutePosition)
	}
}

// TypedKey implements fyne.Focusable.
func (n *NavRow) TypedKey(event *fyne.KeyEvent) {
	c := canvasOf(n)
	switch {
	case event.Name == fyne.KeyDown && c != nil:
		c.FocusNext()
	case event.Name == fyne.KeyUp && c != nil:
		c.FocusPrevious()
	case event.Name == fyne.KeyF2 && n.OnRename != nil:
		n.OnRename()
	case event.Name == fyne.KeyDelete: // never what is selected in the list: one does not look there
		if n.OnDelete != nil {
			n.OnDelete()
		}
	case opensMenu(n, event) && n.OnMenu != nil && !n.disabled:
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(n)
		n.OnMenu(at.AddXY(4*theme.Grid, n.Size().Height))
	default:
		n.control.TypedKey(event)
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (n *NavRow) AccessibilityLabel() string { return n.told(n.label, n.count, chosen(n, n.selected)) }

// CreateRenderer implements fyne.Widget.
func (n *NavRow) CreateRenderer() fyne.WidgetRenderer { return render(n) }

func (n *NavRow) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{&n.ground, &n.veil, n.ring.object(), n.glyph.object(), &n.text, &n.number}
}

func (n *NavRow) paint() {
	ground, icon, role, count := theme.ColorNone, theme.ColorMuted, theme.Body, theme.Caption
	if n.selected {
		ground, icon = theme.ColorAccentSoft, theme.ColorAccentText
		role = theme.Strong.In(theme.ColorAccentText)
	}
	if n.hovered || n.pressed || n.selected {
		count = count.In(n.secondInk(n.selected))
	}
	fillRect(&n.ground, ground, theme.ColorNone, theme.RadiusControl)
	fillRect(&n.veil, n.veilColor(), theme.ColorNone, theme.RadiusControl)
	n.ring.show(n.ringed())
	n.glyph.set(n.icon, icon)
	dressLine(&n.text, role)
	dressLine(&n.number, count)
	n.number.Text = n.count
}

// A sidebar is narrow: places deeper than deepest look as if they were there.
const (
	depthStep = 14
	deepest   = 5
)

func (n *NavRow) measure() fyne.Size { return fyne.NewSize(30*theme.Grid, theme.NavHeight) }

func (n *NavRow) arrange(size fyne.Size) {
	n.ground.Resize(size)
	n.veil.Resize(size)
	n.ring.around(0, 0, size.Width, size.Height)
	inset := float32(min(n.depth, deepest)) * depthStep
	n.glyph.middle(10+inset, IconSide, size.Height)

	numberWidth := ceil(n.number.MinSize().Width)
	right := size.Width - 10 - numberWidth
	setLine(&n.number, right, 0, numberWidth, size.Height)
	role := theme.Body
	if n.selected {
		role = theme.Strong
	}
	textLeft := 37 + inset
	room := right - textLeft - 2*theme.Grid
	n.text.Text = shorten(flatten(n.label), role, room)
	setLine(&n.text, textLeft, 0, room, size.Height)
}

// NavHeading is the heading of a group of rows, with an optional button at its end.
func NavHeading(text string, action *IconButton) fyne.CanvasObject {
	heading := NewText(text, theme.Overline).Shortened()
	if action == nil {
		return Pad(heading, 3*theme.Grid, 6, theme.Grid, 10)
	}
	return Pad(Row(0, Grow(heading), action), 3*theme.Grid-5, 6, -1, 10)
}
