package widget

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

// desktopMenuKey opens the menu of what is selected.
const desktopMenuKey = desktop.KeyMenu

// listRow is the ground of one row in a list: it takes the taps and shows what is selected.
type listRow struct {
	stock.BaseWidget
	grouping
	list    *List
	child   fyne.CanvasObject
	index   int
	hovered bool
	tapped  time.Time

	ground, veil canvas.Rectangle
	ring         *ring
	shown        rowLook
}

// rowLook is what of a row's looks follows from the list.
type rowLook struct{ selected, ringed, hovered bool }

var (
	_ fyne.Tappable          = (*listRow)(nil)
	_ fyne.SecondaryTappable = (*listRow)(nil)
	_ desktop.Hoverable      = (*listRow)(nil)
)

func newListRow(list *List, child fyne.CanvasObject) *listRow {
	r := &listRow{list: list, child: child, index: -1, ring: newRing(-1, theme.RadiusControl)}
	r.ExtendBaseWidget(r)
	r.Hide()
	return r
}

// show binds the row to an index if it is not, or anew, and places it.
func (r *listRow) show(index int, anew bool) {
	if r.index != index || anew || r.Hidden {
		r.index = index
		r.list.Bind(index, r.child)
	}
	size := fyne.NewSize(r.list.scroll.Size().Width, r.list.pitch-rowGap)
	r.Move(fyne.NewPos(0, float32(index)*r.list.pitch))
	if r.Size() != size {
		r.Resize(size)
	}
	if r.Hidden {
		r.Show()
	}
	if r.shown != r.look() || anew {
		r.Refresh()
	}
}

func (r *listRow) look() rowLook {
	cursor := r.list.selected == r.index
	selected := cursor
	if r.list.several() {
		// A row that shows nothing now is drawn too, with the others.
		selected = r.index >= 0 && r.index < r.list.Length() && r.list.Several.Marked(r.index)
	}
	return rowLook{selected, cursor && r.list.ringed(), r.hovered}
}

// Tapped implements fyne.Tappable. A second tap soon after activates the row; taking double taps from the toolkit
// would delay every single one.
func (r *listRow) Tapped(event *fyne.PointEvent) {
	if r.pick(event) {
		return
	}
	now := r.list.now()
	again := now.Sub(r.tapped) < fyne.CurrentApp().Driver().DoubleTapDelay()
	r.tapped = now
	r.take()
	r.list.tick(r.index)
	if again {
		r.list.activate(r.index)
	}
}

// tickEnd is where the box of a row ends, with what is around it.
const tickEnd = 38

// pick changes the selection of several rows, and reports whether the tap was for that.
func (r *listRow) pick(event *fyne.PointEvent) bool {
	if r.list.Several == nil {
		return false
	}
	held := heldOn(r.list)
	toggle := held&fyne.KeyModifierShortcutDefault != 0 || r.list.several() && event.Position.X < tickEnd
	switch {
	case held&fyne.KeyModifierShift != 0:
		r.focusList()
		r.list.Select(r.index)
		r.list.Several.Extend(r.index)
	case toggle:
		r.focusList()
		r.list.Select(r.index)
		r.list.Several.Toggle(r.index)
	default:
		return false
	}
	return true
}

// take selects the row and gives the list the focus.
func (r *listRow) take() {
	r.focusList()
	r.list.choose(r.index)
}

func (r *listRow) focusList() {
	if !r.list.focused {
		r.list.quiet = true
		Focus(r.list)
	}
}

// TappedSecondary implements fyne.SecondaryTappable.
func (r *listRow) TappedSecondary(event *fyne.PointEvent) {
	if r.list.several() && r.list.Several.Marked(r.index) {
		r.focusList() // the menu is for all that are selected
	} else {
		r.take()
	}
	if r.list.OnMenu != nil {
		r.list.OnMenu(r.index, event.AbsolutePosition)
	}
}

// MouseIn implements desktop.Hoverable.
func (r *listRow) MouseIn(*desktop.MouseEvent) {
	r.hovered = true
	r.Refresh()
}

// MouseMoved implements desktop.Hoverable.
func (r *listRow) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (r *listRow) MouseOut() {
	r.hovered = false
	r.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (r *listRow) CreateRenderer() fyne.WidgetRenderer { return render(r) }

func (r *listRow) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{&r.ground, &r.veil, r.ring.object(), r.child}
}

func (r *listRow) paint() {
	r.shown = r.look()
	ground, veil := theme.ColorNone, theme.ColorNone
	if r.shown.selected {
		ground = theme.ColorAccentSoft
	} else if r.shown.hovered {
		veil = theme.ColorHover
	}
	fillRect(&r.ground, ground, theme.ColorNone, theme.RadiusControl)
	fillRect(&r.veil, veil, theme.ColorNone, theme.RadiusControl)
	r.ring.show(r.shown.ringed)
}

// barRoom keeps the rows clear of the scroll bar.
const barRoom = 8

func (r *listRow) arrange(size fyne.Size) {
	width := size.Width - barRoom
	r.ground.Resize(fyne.NewSize(width, size.Height))
	r.veil.Resize(fyne.NewSize(width, size.Height))
	r.ring.around(0, 0, width, size.Height)
	r.child.Resize(fyne.NewSize(width, size.Height))
}

func (r *listRow) measure() fyne.Size { return r.child.MinSize().AddWidthHeight(barRoom, 0) }
