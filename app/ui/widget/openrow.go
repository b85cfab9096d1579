package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// OpenRow is a row of a card that leads somewhere: a sign, where to, a line about it, and a chevron. All of it is the button. Up and Down
// move to its neighbours.
type OpenRow struct {
	control
	OnTapped func()

	icon          assets.IconName
	ink           fyne.ThemeColorName
	title, detail string

	veil         canvas.Rectangle
	ring         *ring
	sign, onward *glyph
	name, about  canvas.Text
}

// NewOpenRow makes a row; the sign is drawn in ink, and detail may be empty.
func NewOpenRow(icon assets.IconName, ink fyne.ThemeColorName, title, detail string, tapped func()) *OpenRow {
	r := &OpenRow{
		OnTapped: tapped, icon: icon, ink: ink, title: title, detail: detail,
		ring: newRing(-1, theme.RadiusControl), sign: newGlyph(), onward: newGlyph(),
	}
	r.extend(r)
	return r
}

func (r *OpenRow) activate() {
	if r.OnTapped != nil {
		r.OnTapped()
	}
}

// TypedKey implements fyne.Focusable.
func (r *OpenRow) TypedKey(event *fyne.KeyEvent) {
	c := canvasOf(r)
	switch {
	case event.Name == fyne.KeyDown && c != nil:
		c.FocusNext()
	case event.Name == fyne.KeyUp && c != nil:
		c.FocusPrevious()
	default:
		r.control.TypedKey(event)
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (r *OpenRow) AccessibilityLabel() string { return r.told(r.title, r.detail) }

// CreateRenderer implements fyne.Widget.
func (r *OpenRow) CreateRenderer() fyne.WidgetRenderer { return render(r) }

func (r *OpenRow) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{&r.veil, r.ring.object(), r.sign.object(), &r.name, &r.about, r.onward.object()}
}

func (r *OpenRow) paint() {
	title, detail, ink, onward := theme.Strong, theme.Secondary.In(r.secondInk(false)), r.ink, theme.ColorMuted
	if r.disabled {
		title, ink, onward = title.In(theme.ColorDisabled), theme.ColorDisabled, theme.ColorDisabled
	}
	fillRect(&r.veil, r.veilColor(), theme.ColorNone, theme.RadiusControl)
	r.ring.show(r.ringed())
	r.sign.set(r.icon, ink)
	r.onward.set(assets.IconChevronRight, onward)
	dressLine(&r.name, title)
	dressLine(&r.about, detail)
}

// openInset is between the edge of the card and what lights up.
const openInset = theme.Grid

func (r *OpenRow) lines() float32 {
	if r.detail == "" {
		return lineHeight(theme.Strong)
	}
	return lineHeight(theme.Strong) + 1 + lineHeight(theme.Secondary)
}

func (r *OpenRow) measure() fyne.Size { return fyne.NewSize(60*theme.Grid, ceil(r.lines())+20) }

func (r *OpenRow) arrange(size fyne.Size) {
	place(&r.veil, openInset, openInset, size.Width-2*openInset, size.Height-2*openInset)
	r.ring.around(openInset, openInset, size.Width-2*openInset, size.Height-2*openInset)
	r.sign.middle(CardMargin, IconSide, size.Height)
	r.onward.middle(size.Width-CardMargin-IconSide, IconSide, size.Height)

	left := float32(CardMargin + IconSide + 12)
	room := size.Width - left - CardMargin - IconSide - 8
	top := middle(size.Height, r.lines())
	r.name.Text = shorten(flatten(r.title), theme.Strong, room)
	setLine(&r.name, left, top, room, lineHeight(theme.Strong))
	r.about.Text = shorten(flatten(r.detail), theme.Secondary, room)
	setLine(&r.about, left, top+lineHeight(theme.Strong)+1, room, lineHeight(theme.Secondary))
}
