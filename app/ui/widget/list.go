package widget

import (
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

// List is a long list of rows of one height, of which one can be selected. It keeps only the rows that are in sight.
//
// The toolkit's own list ties the gap between rows to the theme's padding, reports the pointer's way over its rows as
// highlights, and has neither Home, End, PageUp and PageDown nor search by typing, so this one is built on its scroller.
type List struct {
	stock.BaseWidget

	// Length is the number of rows.
	Length func() int
	// NewRow makes a row, Bind shows an index in it. Rows are reused.
	NewRow func() fyne.CanvasObject
	Bind   func(index int, row fyne.CanvasObject)
	// Label is the text of a row that typing finds; nil for no search by typing.
	Label func(index int) string

	OnSelected  func(index int)                   // by tap or key, not by Select
	OnActivated func(index int)                   // Enter, or a double tap
	OnMenu      func(index int, at fyne.Position) // a secondary tap or the menu key; at is on the window
	OnTicked    func(index int)                   // a tap or Space, of a list in which several rows can be chosen; nil of others
	OnLeaveTop  func()                            // Up on the first row

	// Several lets rows be selected together; nil lets one.
	Several *Several

	// Name says what is listed, for assistive technology.
	Name string

	now      func() time.Time
	selected int
	focused  bool
	quiet    bool
	typed    typedPrefix

	pitch   float32
	ring    *ring // while no row has the keyboard
	scroll  *container.Scroll
	content *fyne.Container
	rows    []*listRow
}

var (
	_ fyne.Focusable    = (*List)(nil)
	_ fyne.Shortcutable = (*List)(nil)
)

// Several is how a list of which several rows can be selected asks for that and tells what a person wants.
type Several struct {
	Any    func() bool          // whether a selection is kept that is more than the row with the cursor
	Marked func(index int) bool // whether a row is in it
	Toggle func(index int)      // Space, a tap with Ctrl, or one on the box of a row
	Extend func(index int)      // an arrow or a tap with Shift
	Move   func(index int)      // an arrow with Ctrl: the cursor alone
}

// rowGap is between the grounds of two rows.
const rowGap = 1

// NewList makes a list with nothing selected.
func NewList(length func() int, newRow func() fyne.CanvasObject, bind func(int, fyne.CanvasObject)) *List {
	l := &List{Length: length, NewRow: newRow, Bind: bind, now: time.Now, selected: -1, ring: newRing(-1, theme.RadiusControl)}
	l.content = container.New(&listLayout{l})
	l.scroll = container.NewVScroll(l.content)
	l.scroll.OnScrolled = func(fyne.Position) { l.showRows(false) }
	l.ExtendBaseWidget(l)
	return l
}

// Selected returns the selected row, -1 for none.
func (l *List) Selected() int { return l.selected }

// Select selects a row and brings it into sight; -1 selects none. OnSelected is not called.
func (l *List) Select(index int) {
	if index >= l.Length() {
		index = -1
	}
	l.selected = index
	l.reveal(index)
	l.showRows(false)
	l.showRing()
}

// choose is Select by a person.
func (l *List) choose(index int) {
	index = min(max(index, 0), l.Length()-1)
	if index < 0 || index == l.selected && !l.several() {
		return
	}
	l.Select(index)
	if l.OnSelected != nil {
		l.OnSelected(index)
	}
}

func (l *List) several() bool { return l.Several != nil && l.Several.Any() }

// step goes to a row by a key: with Shift the selection is extended to it.
func (l *List) step(index int) {
	if l.Several == nil || heldOn(l)&fyne.KeyModifierShift == 0 {
		l.choose(index)
		return
	}
	if index = min(max(index, 0), l.Length()-1); index >= 0 {
		l.Select(index)
		l.Several.Extend(index)
	}
}

// moveTo moves the cursor and leaves the selection as it is.
func (l *List) moveTo(index int) {
	if index = min(max(index, 0), l.Length()-1); index >= 0 {
		l.Select(index)
		l.Several.Move(index)
	}
}

// ScrollToTop shows the first row.
func (l *List) ScrollToTop() {
	l.scroll.ScrollToTop()
	l.showRows(false)
}

// Refresh shows all rows anew after the data changed.
func (l *List) Refresh() {
	if l.selected >= l.Length() {
		l.selected = -1
	}
	l.content.Refresh()
	l.scroll.Refresh()
	l.showRows(true)
	l.BaseWidget.Refresh()
}

// reveal scrolls a row into sight.
func (l *List) reveal(index int) {
	if index < 0 || l.pitch == 0 {
		return
	}
	top, offset, height := float32(index)*l.pitch, l.scroll.Offset, l.scroll.Size().Height
	switch {
	case top < offset.Y:
		offset.Y = top
	case top+l.pitch > offset.Y+height:
		offset.Y = top + l.pitch - height
	default:
		return
	}
	l.scroll.ScrollToOffset(offset)
}

// showRows puts rows where the scroller shows some. Row i always stands for an index that leaves remainder i, so that
// scrolling by one row binds one row; all binds every row.
func (l *List) showRows(all bool) {
	height := l.scroll.Size().Height
	if height <= 0 || l.pitch == 0 {
		return
	}
	l.makeRows(int(height/l.pitch) + 2)
	first, count := int(l.scroll.Offset.Y/l.pitch), l.Length()
	for i := range l.rows {
		index := first + i
		row := l.rows[index%len(l.rows)]
		if index >= count {
			row.Hide()
			continue
		}
		row.show(index, all)
	}
}

func (l *List) makeRows(count int) {
	for len(l.rows) < count {
		row := newListRow(l, l.NewRow())
		l.rows = append(l.rows, row)
		l.content.Objects = append(l.content.Objects, row)
	}
}

// listLayout gives the scroller the height of all rows.
type listLayout struct{ list *List }

func (l *listLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(1, float32(l.list.Length())*l.list.pitch)
}

func (l *listLayout) Layout([]fyne.CanvasObject, fyne.Size) {}

// CreateRenderer implements fyne.Widget.
func (l *List) CreateRenderer() fyne.WidgetRenderer { return render(l) }

func (l *List) objects() []fyne.CanvasObject { return []fyne.CanvasObject{l.scroll, l.ring.object()} }

func (l *List) paint() {
	if l.pitch == 0 {
		l.makeRows(1)
		l.pitch = l.rows[0].child.MinSize().Height + rowGap
		l.content.Refresh()
	}
	l.ring.show(l.ringed() && l.selected < 0)
}

// ringed reports whether the keyboard is to be seen.
func (l *List) ringed() bool { return l.focused && !l.quiet }

func (l *List) arrange(size fyne.Size) {
	l.scroll.Resize(size)
	l.ring.around(0, 0, size.Width-barRoom, size.Height)
	l.showRows(false)
}

func (l *List) measure() fyne.Size {
	return fyne.NewSize(l.rows[0].child.MinSize().Width, 2*l.pitch)
}

// FocusGained implements fyne.Focusable.
func (l *List) FocusGained() {
	if !l.quiet {
		l.reveal(l.selected)
		showFocused(l)
	}
	l.setFocused(true)
}

// FocusLost implements fyne.Focusable.
func (l *List) FocusLost() {
	l.quiet = false
	l.setFocused(false)
}

func (l *List) isQuiet() bool { return l.quiet }

func (l *List) setQuiet(on bool) { l.quiet = on }

func (l *List) setFocused(on bool) {
	l.focused = on
	l.showRows(false)
	l.showRing()
}

// showRing draws or hides the ring around the whole list.
func (l *List) showRing() {
	l.ring.show(l.ringed() && l.selected < 0)
	l.ring.Refresh()
}

// TypedKey implements fyne.Focusable.
func (l *List) TypedKey(event *fyne.KeyEvent) {
	if l.quiet {
		l.quiet = false
		l.showRows(false)
		l.showRing()
	}
	switch event.Name {
	case fyne.KeyUp:
		l.up()
	case fyne.KeyReturn, fyne.KeyEnter:
		l.activate(l.selected)
	case desktopMenuKey:
		l.OpenMenu()
	case fyne.KeySpace:
		l.space(event)
	default:
		if index, ok := l.target(event.Name); ok {
			l.step(index)
		} else if opensMenu(l, event) {
			l.OpenMenu()
		} else {
			pass(l, event)
		}
	}
}

// target is the row that a key leads to; false for other keys.
func (l *List) target(key fyne.KeyName) (index int, ok bool) {
	page := max(int(l.scroll.Size().Height/l.pitch)-1, 1)
	switch key {
	case fyne.KeyDown:
		return l.selected + 1, true
	case fyne.KeyUp:
		return l.selected - 1, true
	case fyne.KeyHome:
		return 0, true
	case fyne.KeyEnd:
		return l.Length() - 1, true
	case fyne.KeyPageDown:
		return max(l.selected, 0) + page, true
	case fyne.KeyPageUp:
		return l.selected - page, true
	}
	return 0, false
}

// TypedShortcut implements fyne.Shortcutable: Ctrl with a key that moves leaves the selection as it is.
func (l *List) TypedShortcut(shortcut fyne.Shortcut) {
	if custom, ok := shortcut.(*desktop.CustomShortcut); ok && l.Several != nil && custom.Modifier == fyne.KeyModifierShortcutDefault {
		if index, ok := l.target(custom.KeyName); ok {
			l.moveTo(index)
			return
		}
		if custom.KeyName == fyne.KeySpace && l.selected >= 0 {
			l.Several.Toggle(l.selected)
			return
		}
	}
	passShortcut(l, shortcut)
}

func (l *List) up() {
	if l.selected > 0 {
		l.step(l.selected - 1)
	} else if l.OnLeaveTop != nil && heldOn(l)&fyne.KeyModifierShift == 0 {
		l.OnLeaveTop()
	}
}

// space ticks a row, unless it is part of a name that is being typed.
func (l *List) space(event *fyne.KeyEvent) {
	switch {
	case l.OnTicked != nil:
		l.tick(l.selected)
	case l.Several != nil && l.selected >= 0 && !l.typed.going(l.now()):
		l.Several.Toggle(l.selected)
	default:
		pass(l, event)
	}
}

func (l *List) activate(index int) {
	if index >= 0 && l.OnActivated != nil {
		l.OnActivated(index)
	}
}

func (l *List) tick(index int) {
	if index >= 0 && l.OnTicked != nil {
		l.OnTicked(index)
	}
}

// OpenMenu opens the menu of the selected row below its title.
func (l *List) OpenMenu() {
	if l.selected < 0 || l.OnMenu == nil {
		return
	}
	l.reveal(l.selected)
	row := l.rows[l.selected%len(l.rows)]
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(row)
	l.OnMenu(l.selected, at.AddXY(AvatarRow, l.pitch-2*theme.Grid))
}

// TypedRune implements fyne.Focusable: typing selects the row whose label begins so.
func (l *List) TypedRune(r rune) {
	if l.Label == nil || r == ' ' && !l.typed.going(l.now()) {
		return
	}
	if r == '?' {
		passRune(l, r)
		return
	}
	start := max(l.selected, 0)
	if l.typed.add(r, l.now()) && l.selected >= 0 {
		start++ // a letter by itself, or again, goes on to the next
	}
	count := l.Length()
	for i := range count {
		index := (start + i) % count
		if hasPrefixFold(l.Label(index), l.typed.text) {
			l.choose(index)
			return
		}
	}
}

// typedPrefix collects what is typed in one go.
type typedPrefix struct {
	text string
	last time.Time
}

// typingPause ends one search by typing.
const typingPause = time.Second

// add appends a character and reports whether the search is for a single letter, which a repetition does not lengthen.
func (p *typedPrefix) add(r rune, now time.Time) (single bool) {
	if now.Sub(p.last) > typingPause || p.text == string(r) {
		p.text = ""
	}
	p.text += string(r)
	p.last = now
	return p.text == string(r)
}

// going tells whether what is typed now goes on with what was typed.
func (p *typedPrefix) going(now time.Time) bool {
	return p.text != "" && now.Sub(p.last) <= typingPause
}

func hasPrefixFold(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}

// AccessibilityLabel implements fyne.Accessible: what is listed, and the row that the keyboard is at.
func (l *List) AccessibilityLabel() string {
	if l.selected < 0 || len(l.rows) == 0 {
		return l.Name
	}
	row := ""
	if at := l.rows[l.selected%len(l.rows)]; at.index == l.selected {
		row = labelOf(at.child)
	}
	return joinLabels(l.Name, row, placeIn(l, l.selected, l.Length()))
}

// AccessibilityRole implements fyne.Accessible.
func (l *List) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleContainer }
