package widget

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// Badge is a small sign at the end of an item's row.
type Badge struct {
	Icon  assets.IconName
	Color fyne.ThemeColorName
	Label string // what it means, for assistive technology
}

const badgeSide = 16

// maxBadges is how many badges a row has room for.
const maxBadges = 4

// ItemRow is one item in a list: avatar, title, second line and badges. It is drawn for another item by Set.
type ItemRow struct {
	stock.BaseWidget
	saying
	title, subtitle string
	badges          []Badge
	ticks, ticked   bool

	box         canvas.Rectangle
	tick        *glyph
	avatar      *Avatar
	first, next canvas.Text
	signs       [maxBadges]*glyph
}

// NewItemRow makes a row without content.
func NewItemRow() *ItemRow {
	r := &ItemRow{avatar: NewAvatar("", assets.NoIcon, AvatarRow), tick: newGlyph()}
	for i := range r.signs {
		r.signs[i] = newGlyph()
	}
	r.ExtendBaseWidget(r)
	return r
}

// Set shows an item. With icon the avatar has that instead of the title's first letter; badges beyond four are left out.
func (r *ItemRow) Set(title, subtitle string, icon assets.IconName, badges ...Badge) {
	badges = badges[:min(len(badges), maxBadges)]
	r.avatar.Set(title, icon)
	if r.title == title && r.subtitle == subtitle && slices.Equal(r.badges, badges) {
		return
	}
	r.title, r.subtitle, r.badges = title, subtitle, slices.Clone(badges)
	r.Refresh()
}

// SetTick shows a box before the avatar, ticked or not; without shown there is none.
func (r *ItemRow) SetTick(shown, on bool) {
	if r.ticks != shown || r.ticked != on {
		r.ticks, r.ticked = shown, on
		r.Refresh()
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (r *ItemRow) AccessibilityLabel() string {
	labels := []string{r.title, r.subtitle, chosen(r, r.ticks && r.ticked)}
	for _, badge := range r.badges {
		labels = append(labels, badge.Label)
	}
	return joinLabels(labels...)
}

// CreateRenderer implements fyne.Widget.
func (r *ItemRow) CreateRenderer() fyne.WidgetRenderer { return render(r) }

func (r *ItemRow) objects() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{&r.box, r.tick.object(), r.avatar, &r.first, &r.next}
	for _, sign := range r.signs {
		objects = append(objects, sign.object())
	}
	return objects
}

func (r *ItemRow) paint() {
	dressLine(&r.first, theme.Strong)
	dressLine(&r.next, theme.Secondary)
	fill, stroke := theme.ColorInput, theme.ColorInputBorder
	if r.ticked {
		fill, stroke = theme.ColorAccent, theme.ColorNone
	}
	fillRect(&r.box, fill, stroke, 5)
	r.box.Hidden = !r.ticks
	r.tick.set(assets.IconCheck, theme.ColorOnAccent)
	r.tick.Hidden = !r.ticks || !r.ticked
	for i, sign := range r.signs {
		sign.set(assets.NoIcon, theme.ColorNone)
		if i < len(r.badges) {
			sign.set(r.badges[i].Icon, r.badges[i].Color)
		}
	}
}

func (r *ItemRow) measure() fyne.Size { return fyne.NewSize(45*theme.Grid, theme.ItemHeight) }

func (r *ItemRow) arrange(size fyne.Size) {
	const margin = 10
	left := float32(margin)
	if r.ticks {
		top := round((size.Height - markSide) / 2)
		place(&r.box, left, top, markSide, markSide)
		place(r.tick, left+2, top+2, markSide-4, markSide-4)
		left += markSide + 10
	}
	place(r.avatar, left, 0, AvatarRow, size.Height)
	textLeft := left + AvatarRow + 11
	right := size.Width - margin
	for i := range r.badges {
		right -= badgeSide
		r.signs[i].middle(right, badgeSide, size.Height)
		right -= 6
	}
	room := right - textLeft - theme.Grid
	r.first.Text = shorten(flatten(r.title), theme.Strong, room)
	r.next.Text = shorten(flatten(r.subtitle), theme.Secondary, room)

	height, nextHeight := lineHeight(theme.Strong), lineHeight(theme.Secondary)
	if r.subtitle == "" {
		setLine(&r.first, textLeft, 0, room, size.Height)
		return
	}
	top := middle(size.Height, height+nextHeight)
	setLine(&r.first, textLeft, top, room, height)
	setLine(&r.next, textLeft, top+height, room, nextHeight)
}
