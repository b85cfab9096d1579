package widget

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// MenuItem is one line of a menu. The zero value is a line between groups.
type MenuItem struct {
	Label    string
	Icon     assets.IconName
	Avatar   string // a name, for a tile with its first letter instead of the icon
	Shortcut string // the key that does the same, as text
	Danger   bool
	Disabled bool
	Checked  bool
	Do       func()
}

func (m MenuItem) divides() bool { return m.Label == "" }

// ShowMenu opens a menu at a position on the window.
func (r *Root) ShowMenu(at fyne.Position, items ...MenuItem) {
	r.openMenu(newMenu(items, at, 0))
}

// ShowMenuBelow opens a menu below a widget, at least as wide, and puts the highlight on the first checked item.
func (r *Root) ShowMenuBelow(anchor fyne.CanvasObject, items ...MenuItem) {
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(anchor)
	m := newMenu(items, at.AddXY(0, anchor.Size().Height+theme.Grid), anchor.Size().Width)
	m.above = at.Y - theme.Grid
	for i, item := range items {
		if item.Checked {
			m.current = i
			break
		}
	}
	r.openMenu(m)
}

func (r *Root) openMenu(m *menu) {
	m.covering = r.cover(m)
	m.keyed = m.before != nil && !m.quiet
	m.panel.Refresh()
	r.canvas.Focus(m.panel)
}

// menu covers the window and closes at a tap beside its panel.
type menu struct {
	stock.BaseWidget
	grouping
	covering
	items   []MenuItem
	at      fyne.Position
	above   float32 // the end of a panel that does not fit below its anchor
	least   float32
	current int
	keyed   bool // the keyboard is used, so that a ring shows where it is
	panel   *menuPanel
}

func newMenu(items []MenuItem, at fyne.Position, least float32) *menu {
	m := &menu{items: items, at: at, above: at.Y, least: least, current: -1}
	m.panel = newMenuPanel(m)
	m.ExtendBaseWidget(m)
	return m
}

func (m *menu) close() { m.uncover(m) }

// Tapped implements fyne.Tappable.
func (m *menu) Tapped(*fyne.PointEvent) { m.close() }

// TappedSecondary implements fyne.SecondaryTappable.
func (m *menu) TappedSecondary(*fyne.PointEvent) { m.close() }

func (m *menu) typedKey(event *fyne.KeyEvent) {
	m.keyed = true
	switch event.Name {
	case fyne.KeyEscape, fyne.KeyTab:
		m.close()
	case fyne.KeyDown:
		m.step(m.current, 1)
	case fyne.KeyUp:
		m.step(max(m.current, 0), -1)
	case fyne.KeyHome:
		m.step(-1, 1)
	case fyne.KeyEnd:
		m.step(len(m.items), -1)
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		m.choose(m.current)
	}
}

// step moves the highlight to the next item that can be chosen, around the end.
func (m *menu) step(from, by int) {
	count := len(m.items)
	for i := 1; i <= count; i++ {
		index := ((from+by*i)%count + count) % count
		if !m.items[index].divides() && !m.items[index].Disabled {
			m.highlight(index)
			return
		}
	}
}

// find moves the highlight to the next item that begins with a letter.
func (m *menu) find(r rune) {
	m.keyed = true
	for i := range m.items {
		index := (m.current + 1 + i) % len(m.items)
		if item := m.items[index]; !item.Disabled && hasPrefixFold(item.Label, strings.ToLower(string(r))) {
			m.highlight(index)
			return
		}
	}
}

func (m *menu) highlight(index int) {
	m.current = index
	m.panel.Refresh()
	for _, row := range m.panel.rows {
		if row.index == index {
			m.panel.scroll.Reveal(row)
		}
	}
}

func (m *menu) choose(index int) {
	if index < 0 || m.items[index].divides() || m.items[index].Disabled {
		return
	}
	m.close()
	if m.items[index].Do != nil {
		m.items[index].Do()
	}
}

// CreateRenderer implements fyne.Widget.
func (m *menu) CreateRenderer() fyne.WidgetRenderer { return render(m) }

func (m *menu) objects() []fyne.CanvasObject { return []fyne.CanvasObject{m.panel} }
func (m *menu) paint()                       {}
func (m *menu) measure() fyne.Size           { return fyne.NewSize(0, 0) }

// arrange keeps the panel within the window.
func (m *menu) arrange(window fyne.Size) {
	const edge = 2 * theme.Grid
	size := m.panel.MinSize()
	size.Height = min(size.Height, window.Height-2*edge)
	x, y := min(m.at.X, window.Width-size.Width-edge), m.at.Y
	if y+size.Height > window.Height-edge {
		y = m.above - size.Height
	}
	place(m.panel, max(x, edge), min(max(y, edge), window.Height-size.Height-edge), size.Width, size.Height)
}

// menuPanel is the visible part of a menu and has its focus.
type menuPanel struct {
	stock.BaseWidget
	menu   *menu
	ground *Surface
	ring   *ring // while no line has the keyboard
	scroll *ScrollArea
	rows   []*menuRow
}

var _ fyne.Focusable = (*menuPanel)(nil)

func newMenuPanel(m *menu) *menuPanel {
	p := &menuPanel{menu: m, ring: newRing(-1, theme.RadiusMenu), ground: NewSurface(theme.ColorMenu, theme.ColorHairline, theme.RadiusMenu).Raised(16)}
	lines := make([]fyne.CanvasObject, len(m.items))
	for i, item := range m.items {
		if item.divides() {
			lines[i] = Pad(Rule(), theme.Grid, 0, theme.Grid, 0)
			continue
		}
		row := newMenuRow(m, i)
		p.rows = append(p.rows, row)
		lines[i] = row
	}
	p.scroll = NewScrollArea(Inset(Column(0, lines...), menuMargin))
	p.ExtendBaseWidget(p)
	return p
}

// Tapped implements fyne.Tappable: a tap on the edge does not close the menu.
func (p *menuPanel) Tapped(*fyne.PointEvent) {}

// FocusGained implements fyne.Focusable.
func (p *menuPanel) FocusGained() {}

// FocusLost implements fyne.Focusable.
func (p *menuPanel) FocusLost() {}

// TypedRune implements fyne.Focusable.
func (p *menuPanel) TypedRune(r rune) {
	if r != ' ' {
		p.menu.find(r)
	}
}

// TypedKey implements fyne.Focusable.
func (p *menuPanel) TypedKey(event *fyne.KeyEvent) { p.menu.typedKey(event) }

// AcceptsTab implements fyne.Tabbable: there is nothing to go on to.
func (p *menuPanel) AcceptsTab() bool { return true }

// AccessibilityLabel implements fyne.Accessible: the line that the keyboard is at.
func (p *menuPanel) AccessibilityLabel() string {
	label := word(p, "widget.menu")
	for _, row := range p.rows {
		if row.current {
			return joinLabels(label, row.AccessibilityLabel())
		}
	}
	return label
}

// AccessibilityRole implements fyne.Accessible.
func (p *menuPanel) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleContainer }

// CreateRenderer implements fyne.Widget.
func (p *menuPanel) CreateRenderer() fyne.WidgetRenderer { return render(p) }

func (p *menuPanel) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{p.ground, p.ring.object(), p.scroll}
}

func (p *menuPanel) paint() {
	p.ring.show(p.menu.keyed && p.menu.current < 0)
	for _, row := range p.rows {
		row.setCurrent(row.index == p.menu.current, p.menu.keyed)
	}
}

const menuMargin = 5 // within what scrolls, so that the ring of a line has room

func (p *menuPanel) measure() fyne.Size {
	return p.scroll.Content().MinSize().Max(fyne.NewSize(p.menu.least, 0))
}

func (p *menuPanel) arrange(size fyne.Size) {
	p.ground.Resize(size)
	p.ring.around(0, 0, size.Width, size.Height)
	p.scroll.Resize(size)
}

// menuRow is one item as it is drawn.
type menuRow struct {
	stock.BaseWidget
	menu           *menu
	index          int
	current, keyed bool
	veil           canvas.Rectangle
	ring           *ring
	glyph, check   *glyph
	avatar         *Avatar
	text, shortcut canvas.Text
}

var _ desktop.Hoverable = (*menuRow)(nil)

func newMenuRow(m *menu, index int) *menuRow {
	r := &menuRow{menu: m, index: index, ring: newRing(-1, 6), glyph: newGlyph(), check: newGlyph(), avatar: NewAvatar(m.items[index].Avatar, assets.NoIcon, avatarMenu)}
	r.ExtendBaseWidget(r)
	return r
}

func (r *menuRow) item() MenuItem { return r.menu.items[r.index] }

func (r *menuRow) setCurrent(on, keyed bool) {
	if r.current != on || r.keyed != keyed {
		r.current, r.keyed = on, keyed
		r.Refresh()
	}
}

// Tapped implements fyne.Tappable.
func (r *menuRow) Tapped(*fyne.PointEvent) { r.menu.choose(r.index) }

// MouseIn implements desktop.Hoverable.
func (r *menuRow) MouseIn(*desktop.MouseEvent) {
	if !r.item().Disabled {
		r.menu.keyed = false
		r.menu.highlight(r.index)
	}
}

// MouseMoved implements desktop.Hoverable.
func (r *menuRow) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (r *menuRow) MouseOut() {}

// AccessibilityLabel implements fyne.Accessible.
func (r *menuRow) AccessibilityLabel() string {
	item := r.item()
	state := chosen(r, item.Checked)
	if item.Disabled {
		state = word(r, "widget.unavailable")
	}
	return joinLabels(item.Label, item.Shortcut, state)
}

// AccessibilityRole implements fyne.Accessible.
func (r *menuRow) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// CreateRenderer implements fyne.Widget.
func (r *menuRow) CreateRenderer() fyne.WidgetRenderer { return render(r) }

func (r *menuRow) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{&r.veil, r.ring.object(), r.glyph.object(), r.avatar, &r.text, &r.shortcut, r.check.object()}
}

func (r *menuRow) paint() {
	item, ink, icon := r.item(), theme.ColorText, theme.ColorMuted
	switch {
	case item.Disabled:
		ink, icon = theme.ColorDisabled, theme.ColorDisabled
	case item.Danger:
		ink, icon = theme.ColorError, theme.ColorError
	case r.current:
		ink, icon = theme.ColorAccentText, theme.ColorAccentText
	}
	veil := theme.ColorNone
	switch {
	case r.current && item.Danger:
		veil = theme.ColorErrorSoft
	case r.current:
		veil = theme.ColorAccentSoft
	}
	fillRect(&r.veil, veil, theme.ColorNone, 6)
	r.ring.show(r.current && r.keyed)
	r.avatar.Hidden = item.Avatar == ""
	if !r.avatar.Hidden {
		item.Icon = assets.NoIcon
	}
	r.glyph.set(item.Icon, icon)
	r.check.set(assets.IconCheck, icon)
	r.check.Hidden = !item.Checked
	dressLine(&r.text, theme.Body.In(ink))
	r.text.Text = item.Label
	hint := theme.ColorMuted
	if item.Disabled {
		hint = theme.ColorDisabled
	}
	dressLine(&r.shortcut, theme.Caption.In(hint))
	r.shortcut.Text = item.Shortcut
}

const (
	menuRowHeight = 30
	menuTextLeft  = 36
)

// textLeft aligns the labels of a menu: all are indented if one has an icon.
func (r *menuRow) textLeft() float32 {
	for _, item := range r.menu.items {
		if item.Icon != assets.NoIcon {
			return menuTextLeft
		}
	}
	return 10
}

func (r *menuRow) measure() fyne.Size {
	width := r.textLeft() + ceil(r.text.MinSize().Width) + 16
	if r.item().Shortcut != "" {
		width += ceil(r.shortcut.MinSize().Width) + 24
	}
	if r.item().Checked {
		width += IconSide + 8
	}
	return fyne.NewSize(width, menuRowHeight)
}

func (r *menuRow) arrange(size fyne.Size) {
	r.veil.Resize(size)
	r.ring.around(0, 0, size.Width, size.Height)
	r.glyph.middle(9, IconSide, size.Height)
	place(r.avatar, 7, (size.Height-avatarMenu)/2, avatarMenu, avatarMenu)
	right := size.Width - 10
	if r.item().Checked {
		r.check.middle(right-IconSide, IconSide, size.Height)
		right -= IconSide + 8
	}
	width := ceil(r.shortcut.MinSize().Width)
	setLine(&r.shortcut, right-width, 0, width, size.Height)
	setLine(&r.text, r.textLeft(), 0, right-width-r.textLeft(), size.Height)
}
